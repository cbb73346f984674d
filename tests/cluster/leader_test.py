"""Two operators on one Lease: stopped, killed, its Lease deleted. The sidecar tells whose word counted."""
import sys
import time

from apiserver import Cases, LabError, expect, expect_equal, wait_until
from operator_lab import LEASE, Operator, OperatorLab

TAKEOVER = 20


def epochs(lab):
    return [state["epoch"] for state in lab.sidecar.states()]


def change_dpd(lab, seconds):
    lab.patch("connection", "vnet1tosite6", {"dpdTimeoutSeconds": seconds})


def wait_dpd(lab, seconds, timeout):
    started = time.monotonic()
    wait_until(lambda: f"dpd {seconds}, not {lab.sidecar.held()}; {[o.process.tail(2) for o in lab.operators]}",
               lambda: lab.sidecar.held().get("default/vnet1tosite6", (0, 0))[1] == str(seconds), timeout)
    return time.monotonic() - started


def never_removed(lab):
    expect_equal("states that removed something", [s for s in lab.sidecar.states() if s["removedCount"]], [])


def run(cases, lab):
    lab.apply_crds()
    first = Operator(lab, "first")
    first.wait_leading()
    second = Operator(lab, "second")
    with cases.case("who stands by is ready, says who leads, and tells the sidecar nothing"):
        second.wait_ready()
        lab.apply("secret", "policy", "network", "connection")
        wait_dpd(lab, 45, 20)
        lab.server.kubectl("wait", "--for=condition=Ready", "connections.hawser.dev/vnet1tosite6", "--timeout=30s")
        expect_equal("epochs", len(set(epochs(lab))), 1)
        expect(f"the holder in {second.process.output()}", "is held by first" in second.process.output())

    with cases.case("the leader is stopped for 20 s: the other leads, and nothing of the old one takes effect"):
        old = epochs(lab)[-1]
        first.freeze()
        change_dpd(lab, 60)
        cases.note(f"the other had told the sidecar after {wait_dpd(lab, 60, TAKEOVER):.1f} s")
        time.sleep(20 - 15)
        change_dpd(lab, 61)
        wait_dpd(lab, 61, 10)
        told = len(lab.sidecar.states())
        versions = lab.wait_quiet(2)
        first.thaw()
        expect_equal("exit code of the old leader", first.wait_exit(), 1)
        expect(f"why, in: {first.process.tail(3)}", "no longer holds the Lease" in first.process.output())
        time.sleep(2)
        expect(f"epochs rise: {epochs(lab)}", epochs(lab) == sorted(epochs(lab)) and epochs(lab)[-1] > old)
        expect_equal("what the sidecar was told after", lab.sidecar.states()[told:], [])
        expect_equal("resource versions", lab.versions(), versions)

    third = Operator(lab, "third")
    third.wait_ready()
    with cases.case("the leader is killed: the other leads within 20 s and no tunnel notices"):
        second.process.kill()
        started = time.monotonic()
        third.wait_leading(TAKEOVER)
        change_dpd(lab, 62)
        wait_dpd(lab, 62, 10)
        cases.note(f"after {time.monotonic() - started:.1f} s")
        never_removed(lab)

    with cases.case("the Lease is deleted by hand: whoever leads next is accepted"):
        before = max(epochs(lab))
        lab.server.kubectl("delete", "lease", LEASE)
        fourth = Operator(lab, "fourth")
        time.sleep(20)
        change_dpd(lab, 63)
        wait_dpd(lab, 63, 10)
        for operator in (third, fourth):
            if operator.process.running() and lab.get("lease", LEASE)["spec"].get("holderIdentity") == operator.name:
                operator.process.kill()
                survivor = fourth if operator is third else third
        if not survivor.process.running():
            survivor = Operator(lab, "fifth")
        change_dpd(lab, 64)
        wait_dpd(lab, 64, TAKEOVER + 5)
        expect(f"a higher epoch than {before}: {epochs(lab)}", epochs(lab)[-1] > before)
        never_removed(lab)

    with cases.case("SIGTERM gives the Lease back: the next leads at once"):
        sixth = Operator(lab, "sixth")
        sixth.wait_ready()
        expect_equal("exit code", survivor.process.stop(10), 0)
        started = time.monotonic()
        sixth.wait_leading(8)
        cases.note(f"after {time.monotonic() - started:.1f} s")


def main():
    cases = Cases("leader")
    with OperatorLab() as lab:
        try:
            run(cases, lab)
        except LabError as reason:
            cases.fail("the programs go on", str(reason))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
