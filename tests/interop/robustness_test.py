"""What must not disturb a tunnel that is up: the operator's deaths, broken manifests, an older operator."""
import os
import re
import sys
import time

import _lab  # noqa: F401
from _pair import HawserPair
from lab import manifests, suites
from lab.cases import Cases, expect, expect_equal
from lab.process import LabError, wait_until
from lab.topology import TwoSites
from lab.traffic import NumberedStream


_AT_LEAST = 2  # seconds of the stream that each case looks at


class Undisturbed:
    """A tunnel with a numbered stream over it; `case` fails when a packet is lost or an SA is replaced in it."""

    def __init__(self, cases, pair, stream):
        self._cases, self._pair, self._stream = cases, pair, stream

    def case(self, sentence, action, same_sas=True):
        with self._cases.case(f"{sentence}: no packet is lost"):
            started, before = time.monotonic(), self._pair.left.spis()
            action()
            ended = max(time.monotonic(), started + _AT_LEAST)
            count = self._stream.count(start=started, end=ended)
            self._cases.note(str(count))
            expect(f"{count}\n{self._pair.logs(8)}", count.clean)
            expect("fewer than 100 packets a second", self._stream.rate(started, ended) >= 100)
            if same_sas:
                expect_equal("SPIs", self._pair.left.spis(), before)


def wait_connected_to_sidecar(gateway):
    """The status of before is still there; the operator's own metrics tell that the new one is at work."""
    def acknowledged():
        try:
            text = gateway.operator_metrics_text()
        except LabError:
            return False
        return re.search(r'^hawser_operator_config_applied_generation\{node="\w+"\} [1-9]', text, re.MULTILINE)

    wait_until(lambda: f"the operator's state to be acknowledged\n{gateway.logs()}", acknowledged, 15)


def operator_deaths(tunnel, left):
    def kill_and_restart():
        left.operator.kill()
        time.sleep(1)
        left.start_operator()
        wait_connected_to_sidecar(left)
        left.wait_connected()

    def term_and_restart():
        expect_equal("exit code of the operator", left.operator.stop(), 0)
        time.sleep(1)
        left.start_operator()
        wait_connected_to_sidecar(left)
        left.wait_connected()

    def never_comes_back():
        left.operator.kill()
        before = left.metric("hawser_rekeys_total")
        left.trigger_when_idle("rekey-child")
        wait_until("a rekey without an operator", lambda: left.metric("hawser_rekeys_total") > before, 10)
        time.sleep(5)
        expect_equal("connection_up", left.metric("hawser_connection_up"), 1)

    def comes_back_at_last():
        left.start_operator()
        wait_connected_to_sidecar(left)
        left.wait_connected()

    tunnel.case("the operator is killed with -9 and started again", kill_and_restart)
    tunnel.case("the operator ends by SIGTERM and is started again", term_and_restart)
    tunnel.case("the operator never comes back, and the Child SA is rekeyed all the same", never_comes_back, same_sas=False)
    tunnel.case("an operator comes back at last", comes_back_at_last, same_sas=False)


def bad_edits(tunnel, left):
    good = {name: left.read(name) for name in ("connection", "policy", "secret", "local-network-gateway")}

    def broken(name, text, condition=None, reason=None):
        left.write(name, text)
        if condition:
            left.wait_condition(condition, "False", reason)
            expect_equal("Established", left.conditions()["Established"][0], "True")
        else:
            time.sleep(2)

    def mended(name):
        left.write(name, good[name])
        left.wait_condition("Ready", "True")

    def restart_while_broken():
        left.write("policy", good["policy"].replace("AES128", "AES129"))
        left.wait_condition("Ready", "False")
        left.operator.kill()
        left.start_operator()
        wait_connected_to_sidecar(left)
        time.sleep(2)
        expect_equal("connection_up", left.metric("hawser_connection_up"), 1)

    tunnel.case("a manifest that is no YAML", lambda: broken("connection", "spec: [\n  }: :"))
    tunnel.case("that manifest mended", lambda: mended("connection"))
    tunnel.case("an empty manifest file", lambda: broken("policy", ""))
    tunnel.case("that manifest mended again", lambda: mended("policy"))
    tunnel.case("a policy that breaks a rule",
                lambda: broken("policy", good["policy"].replace("AES128", "AES129"), "Ready"))
    tunnel.case("that policy mended", lambda: mended("policy"))
    tunnel.case("a shared key with a trailing newline",
                lambda: broken("secret", good["secret"].replace("Azs123", '"Azs123\\n"'), "ResolvedRefs", "InvalidSharedKey"))
    tunnel.case("that Secret mended", lambda: mended("secret"))
    tunnel.case("a restart of the operator while the policy is broken (hold)", restart_while_broken)
    tunnel.case("and that policy mended", lambda: mended("policy"))


def older_operator(tunnel, pair):
    left = pair.left
    manifests_folder, status_folder = pair.lab.path("old-manifests"), pair.lab.path("old-status")
    for folder in (manifests_folder, status_folder):
        os.makedirs(folder)

    def lower_epoch():
        # A fresh status folder counts epochs from the beginning, and its folder of manifests has no Connection:
        # were it listened to, the tunnel would go.
        old = left.another_operator(status_folder, manifests_folder, log="old-operator.log", metrics="127.0.0.1:9549",
                                    health="127.0.0.1:9550")
        wait_until(lambda: f"the older operator to be refused\n{old.tail()}",
                   lambda: re.search(r"epoch 1 is over: epoch \d+ is in force", old.output()), 10)
        time.sleep(2)
        expect("the older operator ended by itself", old.running())
        old.stop()

    tunnel.case("an operator with a lower epoch on a live stream", lower_epoch)

    def still_in_force():
        left.apply({"policy": manifests.policy(suites.SAMPLE, saLifeTimeSeconds=14401)})
        wait_until("the newer operator's word to count", lambda: left.status().get("effectivePolicy", {}).get(
            "saLifeTimeSeconds") == 14401 and left.conditions()["Programmed"][0] == "True", 10)

    tunnel.case("the newer operator is still listened to", still_in_force, same_sas=False)


def main():
    cases = Cases("robustness")
    with TwoSites() as lab:
        pair = HawserPair(lab).start()
        with cases.case("two Hawsers connect"):
            pair.connect()
        with NumberedStream(lab) as stream:
            wait_until("numbered packets both ways", stream.flowing, 10)
            tunnel = Undisturbed(cases, pair, stream)
            operator_deaths(tunnel, pair.left)
            bad_edits(tunnel, pair.left)
            older_operator(tunnel, pair)
            with cases.case("control: the same check fails when one packet is dropped on purpose"):
                started = time.monotonic()
                stream.drop_one()
                count = stream.count(start=started)
                cases.note(str(count))
                expect_equal("lost", count.lost, 1)
                expect("the check calls it clean", not count.clean)
            cases.note(f"in all: {stream.stop()}")
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
