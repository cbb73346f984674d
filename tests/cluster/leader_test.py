"""Two operators on one Lease, under a real tunnel: stopped, killed, its Lease deleted. The sidecar tells whose word counted.

A real API server, operators with the chart's role, a real sidecar, and a peer at another site. What a leader wants shows
as a route: a prefix of the site is in the node's table once the sidecar has been told.
"""
import os
import re
import sys
import time

import yaml

from _account import Account, apply_roles
from _audit import WRITES, audit_time
from apiserver import ApiServer, Cases, LabError, Process, expect, expect_equal, run, wait_until
from lab import manifests
from lab.hawser import Gateway, program
from lab.topology import TwoSites
from lab.traffic import NumberedStream
from operator_lab import BUILD, LEASE, Operator, OperatorLab

TAKEOVER = 20       # seconds: the Lease lasts 15, and who stands by looks every 1 to 2
STOPPED = 20        # seconds that the leader is stopped
CONNECTION = f"connections.hawser.dev/{manifests.CONNECTION}"
FAILED_PRECONDITION = 9


class Sidecar:
    """The real one on the left gateway."""

    def __init__(self, sites):
        self._node, self.socket = sites.left.gateway, sites.path("sidecar.sock")
        self.process = Process([program("hawser-sidecar"), "run", f"--listen=unix:{self.socket}", "--node-name=node-a",
                                "--metrics-address=127.0.0.1:9447", "--health-address=127.0.0.1:9448"],
                               sites.path("sidecar.log"), netns=self._node.name)
        wait_until(lambda: f"the sidecar listens: {self.process.tail()}", lambda: os.path.exists(self.socket), 10)

    def epochs(self):
        """Of each operator that it took, in order."""
        return [int(epoch) for epoch in re.findall(r"operator connected, .*epoch (\d+)", self.process.output())]

    def lines(self, since=0):
        return self.process.output().splitlines()[since:]

    def routes(self):
        """Destinations in its table, without those that only keep packets in."""
        shown = self._node.ip("route", "show", "table", "18519", check=False).stdout
        return {line.split()[0] for line in shown.splitlines() if "dev hws" in line}


class TunnelLab(OperatorLab):
    """API server, both sites, a tunnel between them whose left end is told by operators in the cluster."""

    def __init__(self):
        self.sites = TwoSites("leader")
        self.folder = self.sites.folder
        self.operators, self._port, self.accounts = [], 9500, {}
        self.server = self.sidecar = self.stream = None
        try:
            self.server = ApiServer()
            peer = Gateway(self.sites, self.sites.right, export_keys=False)
            # One side begins: of two tunnels that cross, one would go later.
            peer.apply(manifests.sample(self.sites.right, self.sites.left, connectionMode="ResponderOnly"))
            peer.start()
            self.sidecar = Sidecar(self.sites)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if self.stream:
            self.stream.__exit__()
        super().stop()
        self.sites.remove()

    def begin(self, name):
        """An operator with a token of its own."""
        self.accounts[name] = Account(self.server, "default", name)
        return Operator(self, name, kubeconfig=self.accounts[name].kubeconfig)

    def apply_objects(self):
        objects = manifests.sample(self.sites.left, self.sites.right)
        self.server.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects.values()))

    def tell(self, number):
        """One more prefix for the site; whoever leads must bring it to the sidecar. Returns it."""
        prefix = f"10.{number}.0.0/16"
        self.patch("localnetworkgateway", "site6", {"addressPrefixes": [*self.sites.right.prefixes, prefix]})
        return prefix

    def wait_told(self, prefix, timeout):
        wait_until(lambda: f"a route to {prefix}, not {self.sidecar.routes()}; {[o.process.tail(2) for o in self.operators]}",
                   lambda: prefix in self.sidecar.routes(), timeout)

    def wait_epoch(self, above, timeout=10):
        """Until the sidecar has taken an operator of a higher epoch; returns that."""
        return wait_until(lambda: f"an epoch above {above}, not {self.sidecar.epochs()}",
                          lambda: max(self.sidecar.epochs()) > above and self.sidecar.epochs()[-1], timeout)

    def stale_operator(self, epoch):
        """An operator of that epoch tells the sidecar to drop everything. How that went."""
        done = run(os.path.join(BUILD, "cluster", "stale_operator"), self.sidecar.socket, epoch)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())

    def spis(self):
        negotiated = self.get(CONNECTION)["status"]["negotiated"]
        return [negotiated["ike"][f"{side}SPI"] for side in ("initiator", "responder")] + [
            negotiated["child"][f"{way}SPI"] for way in ("inbound", "outbound")]

    def events(self):
        return {(e["metadata"]["name"], e["metadata"]["resourceVersion"]) for e in self.get("events.events.k8s.io")["items"]}


def stand_by(cases, lab):
    """Returns the leader and the other."""
    first = lab.begin("first")
    first.wait_leading()
    second = lab.begin("second")
    with cases.case("who stands by is ready, says who leads, and tells the sidecar nothing"):
        second.wait_ready()
        lab.apply_objects()
        lab.server.kubectl("wait", "--for=condition=Ready", CONNECTION, "--timeout=60s")
        lab.stream = NumberedStream(lab.sites)
        wait_until("numbered packets in the tunnel, both ways", lab.stream.flowing, 10)
        expect_equal("operators that the sidecar took", len(lab.sidecar.epochs()), 1)
        expect(f"the holder in {second.process.output()}", "is held by first" in second.process.output())
    return first, second


def freeze(cases, lab, first):
    old, account = lab.sidecar.epochs()[-1], lab.accounts["first"]
    with cases.case(f"the leader is stopped for {STOPPED} s: the other leads meanwhile"):
        # Not while it renews the Lease: what it had begun to send would go out when it goes on.
        renewed = lab.get("lease", LEASE)["spec"]["renewTime"]
        wait_until("a renewal", lambda: lab.get("lease", LEASE)["spec"]["renewTime"] != renewed, 10, 0.02)
        first.freeze()
        frozen = time.monotonic()
        lab.wait_told(lab.tell(63), TAKEOVER)
        cases.note(f"the other had told the sidecar {time.monotonic() - frozen:.1f} s after the leader was stopped, of {TAKEOVER}")
        new = lab.wait_epoch(old)
        expect(f"epoch {old} was pushed out, in: {lab.sidecar.process.tail(5)}",
               f"operator stream ended: epoch {new} is in force" in lab.sidecar.process.output())
        time.sleep(max(0.0, frozen + STOPPED - time.monotonic()))
        # News that the old leader finds when it wakes up, beside that of its streams.
        lab.wait_told(lab.tell(64), 10)
        lab.patch("connection", manifests.CONNECTION, {"dpdTimeoutSeconds": 60})
    with cases.case("continued, nothing of the old leader takes effect: it ends, and asks for no change"):
        before = lab.wait_quiet(2), lab.events(), lab.sidecar.routes(), lab.spis()
        heard, held, thawed = len(lab.sidecar.lines()), time.monotonic() - frozen, audit_time()
        expect(f"stopped for {held:.1f} s", held >= STOPPED)
        first.thaw()
        expect_equal("exit code of the old leader", first.wait_exit(), 1)
        expect(f"why, in: {first.process.tail(3)}", "no longer holds the Lease" in first.process.output())
        after = lab.wait_quiet(2), lab.events(), lab.sidecar.routes(), lab.spis()
        for what, was, now in zip(("objects", "events", "routes", "SPIs"), before, after):
            expect_equal(what, now, was)
        expect(f"its writes are known: {account.requests()[:3]}", len(account.requests(WRITES)) > 3)
        expect_equal("its writes after it went on", account.requests(WRITES, thawed), [])
        heard = [line for line in lab.sidecar.lines(heard) if "operator" in line]
        expect(f"the sidecar took nobody, or refused epoch {old}: {heard}",
               all(f"epoch {old} is over" in line for line in heard))
        cases.note(f"stopped for {held:.1f} s; its requests after: {account.requests(None, thawed)}; the sidecar heard: {heard}")
    return old, new


def refuse_stale(cases, lab, old, new):
    with cases.case("a DesiredState of the old epoch is refused, with the epoch in force, and the sidecar's log has it"):
        routes, spis, heard = lab.sidecar.routes(), lab.spis(), len(lab.sidecar.lines())
        why = f"epoch {old} is over: epoch {new} is in force"
        answer = lab.stale_operator(old)
        message = answer.pop("message")
        expect_equal("answer", answer, {"acked": "no", "code": str(FAILED_PRECONDITION)})
        expect(f"it says why: {message}", message.startswith(why))
        lines = [line for line in lab.sidecar.lines(heard) if "operator" in line]
        expect(f"one line that says so: {lines}", len(lines) == 1 and f"operator stream ended: {why}" in lines[0])
        expect_equal("routes", lab.sidecar.routes(), routes)
        expect_equal("SPIs", lab.spis(), spis)
        lab.wait_told(lab.tell(65), 10)  # the stream of who leads is none the worse


def kill(cases, lab, second):
    third = lab.begin("third")
    third.wait_ready()
    with cases.case(f"the leader is killed: the other leads within {TAKEOVER} s"):
        second.process.kill()
        started = time.monotonic()
        third.wait_leading(TAKEOVER)
        lab.wait_told(lab.tell(66), 10)
        cases.note(f"after {time.monotonic() - started:.1f} s, of {TAKEOVER}")
    return third


def delete_lease(cases, lab, third):
    """Returns who leads at the end."""
    with cases.case("the Lease is deleted by hand: whoever leads next is accepted"):
        fourth = lab.begin("fourth")
        fourth.wait_ready()
        before, uid = lab.sidecar.epochs()[-1], lab.get("lease", LEASE)["metadata"]["uid"]
        lab.server.kubectl("delete", "lease", LEASE)

        def holder():
            done = lab.server.run_kubectl("get", "lease", LEASE, "-o", "jsonpath={.metadata.uid} {.spec.holderIdentity}",
                                          check=False)
            new, _, name = done.stdout.partition(" ")
            return done.returncode == 0 and new != uid and next((o for o in (third, fourth) if o.name == name), None)
        leader = wait_until("another Lease with a holder", holder, TAKEOVER)
        leader.wait_leading()
        if leader is not third:
            lab.wait_epoch(before)
        lab.wait_told(lab.tell(67), 10)
        cases.note(f"{leader.name} leads, epoch {lab.sidecar.epochs()[-1]} after {before}")
        leader.process.kill()
        survivor = fourth if leader is third else lab.begin("fifth")
        survivor.wait_leading(TAKEOVER)
        lab.wait_epoch(before)
        lab.wait_told(lab.tell(68), 10)
        expect(f"epochs rise: {lab.sidecar.epochs()}", lab.sidecar.epochs() == sorted(lab.sidecar.epochs()))
    return survivor


def finish(cases, lab, spis, survivor):
    with cases.case("SIGTERM gives the Lease back: the next leads at once"):
        sixth = lab.begin("sixth")
        sixth.wait_ready()
        expect_equal("exit code", survivor.process.stop(10), 0)
        started = time.monotonic()
        sixth.wait_leading(8)
        cases.note(f"after {time.monotonic() - started:.1f} s")
        lab.wait_told(lab.tell(69), 10)
    with cases.case("the tunnel noticed none of it: the same SAs, and no packet lost"):
        expect_equal("SPIs", lab.spis(), spis)
        count = lab.stream.count()
        cases.note(str(count))
        expect("every packet arrived", count.clean)
    with cases.case("no operator was forbidden anything"):
        lab.accounts["sixth"].expect_nothing_forbidden()
        others = {name: account.forbidden() for name, account in lab.accounts.items() if name != "sixth"}
        expect_equal("answers 403 to the others", [name for name, denied in others.items() if denied], [])
    sixth.process.stop(10)
    with cases.case("control: what the old epoch was refused, a higher one gets"):
        answer = lab.stale_operator(lab.sidecar.epochs()[-1] + 1)
        expect_equal("taken", answer["acked"], "yes")
        wait_until(lambda: f"no route, not {lab.sidecar.routes()}", lambda: not lab.sidecar.routes(), 10)


def play(cases, lab):
    lab.apply_crds()
    apply_roles(lab.server, "default", rbac__secretNames=f"{{{manifests.SECRET}}}")
    first, second = stand_by(cases, lab)
    spis = lab.spis()
    old, new = freeze(cases, lab, first)
    refuse_stale(cases, lab, old, new)
    third = kill(cases, lab, second)
    finish(cases, lab, spis, delete_lease(cases, lab, third))


def main():
    cases = Cases("leader")
    with TunnelLab() as lab:
        try:
            play(cases, lab)
        except LabError as reason:
            cases.fail("the programs go on", str(reason))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
