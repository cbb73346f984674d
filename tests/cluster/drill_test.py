"""The operator through everything that can happen to an API server, while objects change by a fixed seed."""
import contextlib
import os
import random
import sys
import tempfile
import time

from _account import apply_roles
from _audit import audit_time
from _faults import NAMESPACE, Faults, Operator, requests_of_account, writes_beside_the_lease
from apiserver import TOP, ApiServer, Cases, LabError, expect, expect_equal, wait_until
from fleet_objects import Requests, connection, fleet, path_of, policy, secret
from lab.owner import own_name
from operator_lab import Sidecar

SEED = 20261123
GATEWAYS, POLICIES, CONNECTIONS = 10, 20, 200
RESTARTS, COMPACTIONS = 20, 5
ELECTED_RESTARTS = 5
WATCHES = 6  # five kinds and a Secret
REST = 15


class World:
    """What the objects should be; every change is made here and at the API server."""

    def __init__(self, requests, dice):
        self.requests, self.dice = requests, dice
        self.dpd = {c: 45 for c in range(CONNECTIONS)}
        self.seconds = {p: 27000 for p in range(POLICIES)}
        self.changes = 0

    def change(self):
        kind = self.dice.choice(("edit", "edit", "edit", "policy", "delete", "create"))
        present, gone = sorted(self.dpd), sorted(set(range(CONNECTIONS)) - set(self.dpd))
        if kind == "policy":
            p = self.dice.randrange(POLICIES)
            seconds = self.dice.randrange(300, 100000)
            self._must(self.requests.merge, policy(f"policy-{p}", p), {"spec": {"saLifeTimeSeconds": seconds}})
            self.seconds[p] = seconds
        elif kind == "delete" and present:
            c = self.dice.choice(present)
            self._must(self._delete, connection(c, GATEWAYS, POLICIES))
            del self.dpd[c]
        elif kind == "create" and gone:
            c = self.dice.choice(gone)
            self._must(self._create, connection(c, GATEWAYS, POLICIES))
            self.dpd[c] = 45
        elif present:
            c, dpd = self.dice.choice(present), self.dice.randrange(9, 3600)
            self._must(self.requests.merge, connection(c, GATEWAYS, POLICIES), {"spec": {"dpdTimeoutSeconds": dpd}})
            self.dpd[c] = dpd
        self.changes += 1

    def _delete(self, item):
        status, text = self.requests.send([("DELETE", path_of(item), None, "")])[0]
        if status not in (200, 404):
            raise RuntimeError(f"{status} {text}")

    def _create(self, item):
        status, text = self.requests.send([("POST", path_of(item, named=False), item, "application/json")])[0]
        if status not in (201, 409):
            raise RuntimeError(f"{status} {text}")

    @staticmethod
    def _must(action, *arguments):
        def tried():
            try:
                action(*arguments)
                return True
            except RuntimeError:
                return False
        wait_until("a change is taken by the server", tried, 60, 0.3)

    def expected(self):
        """What the sidecar should hold, as Sidecar.held() says it."""
        sites = {item["metadata"]["name"]: item["spec"]["gatewayIpAddress"] for item in fleet(GATEWAYS, POLICIES, CONNECTIONS)
                 if item["kind"] == "LocalNetworkGateway"}
        return {f"default/connection-{c}": (sites[f"site-{c}"], str(dpd), str(self.seconds[c % POLICIES]))
                for c, dpd in self.dpd.items()}


class Drill:
    """API server, proxy, sidecar, objects, and the operators of the moment."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.requests = Requests(server)
        self.sidecar = self.faults = None
        self.operators = []
        self.starts = []  # when the server was away or not ready
        try:
            self.sidecar = Sidecar(folder)
            self.world = World(self.requests, random.Random(SEED))
            self.faults = Faults(server, folder, SEED)
        except BaseException:
            self.stop()
            raise

    def operate(self, *names, flags=()):
        """Starts operators of these names; those of before end."""
        for operator in self.operators:
            operator.kill()
        self.operators = [Operator(self.server, self.folder, name, "--sidecar", f"node-a=unix:{self.sidecar.socket}", *flags)
                          for name in names]
        for operator in self.operators:
            operator.start()
        return self.operators

    def keep(self):
        """Starts again who has ended because it may no longer act, as the kubelet does."""
        for operator in self.operators:
            if not operator.running():
                operator.start_again()

    def wait_leader(self):
        """The one operator that says it leads."""
        def leader():
            self.keep()
            leading = [o for o in self.operators if o.leads()]
            return leading[0] if len(leading) == 1 else None
        return wait_until(lambda: f"one leads: {[o.process.tail(3) for o in self.operators]}", leader, 60, 0.2)

    def settle(self, timeout=120):
        """Until the sidecar and every status are what the objects say."""
        def settled():
            self.keep()
            return self.sidecar.held() == self.world.expected() and not self.late()
        wait_until(lambda: f"sidecar and statuses follow the objects; not yet: {self.wrong()[:4]} {self.late()[:4]}; "
                           f"{[o.process.tail(5) for o in self.operators]}", settled, timeout, 1)

    def wrong(self):
        return sorted(set(self.sidecar.held().items()) ^ set(self.world.expected().items()))

    def late(self):
        """Connections whose status is not that of their present generation, or not Ready."""
        late = []
        for item in self.requests.get("/apis/hawser.dev/v1alpha1/connections")["items"]:
            status = item.get("status", {})
            ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))
            seconds = self.world.seconds[int(item["metadata"]["name"].split("-")[1]) % POLICIES]
            if not ready or status.get("observedGeneration") != item["metadata"]["generation"] or \
                    status.get("effectivePolicy", {}).get("saLifeTimeSeconds") != seconds:
                late.append(item["metadata"]["name"])
        return late

    def churn(self, changes):
        for _ in range(changes):
            self.world.change()
            self.keep()

    def restart_server(self, compact=False):
        """kill -9 in the midst of changes. With a compaction the operators sleep meanwhile: what they know is gone then."""
        if compact:
            for operator in self.operators:
                operator.freeze()
        self.churn(5)
        if compact:
            self.server.compact()
        with self.away():
            time.sleep(self.world.dice.random() * 2)
        for operator in self.operators:
            operator.thaw()
        self.churn(5)

    @contextlib.contextmanager
    def away(self, start=None):
        """The server is dead, and is started at the end. Until it is ready it forbids what it will allow."""
        self.server.server.kill()
        since = audit_time()
        try:
            yield
        finally:
            (start or self.server.start_server)()
            self.starts.append((since, audit_time()))

    def stop(self):
        for part in (*self.operators, self.faults and self.faults.process, self.sidecar and self.sidecar.process):
            if part:
                part.kill()
        self.requests.close()


def at_rest(operator):
    """Its memory when it has had nothing to do for so long that it gave back what it need not keep."""
    time.sleep(REST)
    return operator.memory()


def mebibytes(kibibytes):
    return f"{kibibytes / 1024:.1f} MiB"


def faults(cases, drill, operator):
    with cases.case("30 % of requests answered 429 or 500 and every watch cut, under changes"):
        otherwise = drill.faults.count("ended")
        drill.faults.trouble()
        for _ in range(20):
            drill.churn(10)
            time.sleep(0.5)
        drill.faults.calm()
        drill.faults.wait_all_cut()
        cases.note(f"{drill.faults.expect_share()}; {drill.faults.count('cut')} watches cut")
        expect(f"at least {WATCHES} were open when trouble began: {drill.faults.count('sighup-open')}",
               drill.faults.count("sighup-open") >= WATCHES)
        expect_equal("of those were cut", drill.faults.count("sighup-cut"), drill.faults.count("sighup-open"))
        expect_equal("watches that ended otherwise", drill.faults.count("ended") - otherwise, 0)
        expect(f"each was cut about every 4 s: {drill.faults.count('cut')}", drill.faults.count("cut") >= 3 * WATCHES)
        drill.settle(180)
        cases.note(mebibytes(operator.memory()[0]))


def restarts(cases, drill, operator):
    with cases.case(f"{RESTARTS} restarts of the server, {COMPACTIONS} compactions of etcd, under changes and faults"):
        expired = drill.faults.count("expired")
        drill.faults.trouble()
        for restart in range(RESTARTS):
            drill.restart_server(compact=restart % (RESTARTS // COMPACTIONS) == 0)
        drill.faults.calm()
        cases.note(f"{drill.faults.expect_share()}; {drill.faults.count('cut')} watches cut, "
                   f"{drill.faults.count('unreachable')} requests found nobody")
        drill.settle(180)
        # Whoever slept through the last compaction may find out only now.
        wait_until("an answer 410", lambda: drill.faults.count("expired") > expired, 90, 1)
        cases.note(f"{drill.faults.count('expired') - expired} answers 410; {mebibytes(operator.memory()[0])}")


def new_key(cases, drill, operator):
    with cases.case("the signing key changes and the token file is replaced"):
        drill.faults.trouble()
        refused = drill.faults.count("refused-401")
        with drill.away(drill.server.change_service_account_key):
            pass
        wait_until("the old token is refused", lambda: drill.faults.count("refused-401") > refused, 30)
        operator.new_token()
        drill.churn(10)
        drill.faults.calm()
        drill.settle(180)
        cases.note(f"{drill.faults.count('refused-401') - refused} answers 401; {mebibytes(operator.memory()[0])}")


def alone(cases, drill):
    """One operator lives through everything; without election, so that it may. Returns it."""
    with cases.case(f"{CONNECTIONS} connections converge"):
        drill.requests.create(fleet(GATEWAYS, POLICIES, CONNECTIONS))
        operator, = drill.operate("alone", flags=["--leader-elect=false"])
        drill.settle()
        drill.churn(100)  # the first changes fill what is filled once
        drill.settle()
    pid, (before, own_before) = operator.process.pid, at_rest(operator)
    faults(cases, drill, operator)
    restarts(cases, drill, operator)
    new_key(cases, drill, operator)
    with cases.case("when the trouble is over the end state equals the objects"):
        drill.churn(20)
        drill.settle()
        expect_equal("wrong in the sidecar", drill.wrong(), [])
        cases.note(f"{drill.world.changes} changes, {len(drill.world.dpd)} connections left")
        told = len(drill.sidecar.states())
        drill.requests.merge(secret("shared-key", ""), {"stringData": {"psk": "Another-key-0002"}})
        wait_until(lambda: f"every connection has the new key; {operator.process.tail(5)}", lambda: any(
            s["changedCount"] == len(drill.world.dpd) for s in drill.sidecar.states()[told:]), 90)
    with cases.case("memory is within 10 % of before"):
        after, own_after = at_rest(operator)
        cases.note(f"{mebibytes(before)} before, {mebibytes(after)} after ({after / before - 1:+.1%}); "
                   f"without files {mebibytes(own_before)} and {mebibytes(own_after)}")
        expect_equal("the process", (operator.process.pid, operator.exits), (pid, 0))
        expect(f"{after} KiB is at most 110 % of {before} KiB", after <= before * 1.1)
    return operator


def elected(cases, drill, alone):
    """Two with a Lease; who may no longer act ends with code 1 and is started again."""
    first, second = drill.operate("elected-1", "elected-2")
    with cases.case("two operators, one Lease: one leads"):
        drill.wait_leader()
        drill.churn(10)
        drill.settle()

    with cases.case(f"faults and {ELECTED_RESTARTS} restarts of the server, under changes"):
        refused = drill.faults.count("failed-leases")
        drill.faults.trouble()
        for _ in range(ELECTED_RESTARTS):
            drill.restart_server()
        refused = drill.faults.count("failed-leases") - refused
        cases.note(f"{drill.faults.expect_share()}, {refused} of them for the Lease; "
                   f"{sum(o.exits for o in drill.operators)} leaders ended")
        expect("some were for the Lease", refused > 0)
        drill.faults.calm()
        drill.settle(180)

    with cases.case("the server is away for longer than the Lease: the leader ends with 1, another leads"):
        drill.faults.trouble()
        leader = drill.wait_leader()
        with drill.away():
            wait_until(lambda: f"the leader ends: {leader.process.tail(3)}", lambda: not leader.running(), 30, 0.1)
            expect(f"it says why: {leader.process.tail(3)}", "no longer holds the Lease" in leader.process.output())
        other = second if leader is first else first
        wait_until(lambda: f"the other leads: {other.process.tail(3)}", other.leads, 60, 0.2)
        leader.start_again()
        drill.churn(10)
        drill.faults.calm()
        drill.settle(180)
    judge_election(cases, drill, alone)


def judge_election(cases, drill, alone):
    with cases.case("epochs only rise, and the sidecar heard them in that order"):
        terms = sorted((term for o in drill.operators for term in o.terms()), key=lambda term: term[0])
        epochs = [epoch for _, epoch in terms]
        cases.note(f"epochs {epochs}")
        expect(f"several leaders, each with a higher epoch: {terms}", len(epochs) >= 2 and epochs == sorted(set(epochs)))
        heard = list(dict.fromkeys(s["epoch"] for s in drill.sidecar.states() if s["epoch"] >= epochs[0]))
        expect_equal("heard", heard, [epoch for epoch in epochs if epoch in heard])
        expect_equal("heard last", heard[-1], epochs[-1])

    with cases.case("only who wrote the Lease last writes"):
        requests = requests_of_account(drill.server)
        wrong, counts = writes_beside_the_lease(requests, drill.operators)
        control, _ = writes_beside_the_lease(requests, [alone])
        cases.note(f"writes: {counts}; {len(control)} by the one that had no Lease")
        expect("writes without a Lease would show", control)
        expect(f"both have written: {counts}", all(counts.values()))
        expect_equal("writes beside the Lease", wrong[:5], [])

    with cases.case("when the trouble is over the end state equals the objects again"):
        drill.churn(10)
        drill.settle()
        expect_equal("wrong in the sidecar", drill.wrong(), [])


def nothing_forbidden(cases, drill):
    with cases.case("the chart's roles were enough"):
        requests = requests_of_account(drill.server)
        granted = sum(200 <= request.code < 300 for request in requests)
        forbidden = [request for request in requests if request.code == 403]
        by_role = [r for r in forbidden if not any(since <= r.received <= until for since, until in drill.starts)]
        cases.note(f"{granted} requests granted; {len(forbidden) - len(by_role)} forbidden by a server that was not ready")
        expect(f"the account asked for something: {granted}", granted > 1000)
        expect_equal("answers 403", by_role[:5], [])


def main():
    cases = Cases("drill")
    with ApiServer() as server, tempfile.TemporaryDirectory(prefix=own_name("drill-")) as folder:
        server.kubectl("apply", "--server-side", "-f", os.path.join(TOP, "crds"))
        server.wait_established()
        server.kubectl("create", "namespace", NAMESPACE)
        apply_roles(server, NAMESPACE, rbac__secretNames="{shared-key}")
        drill = Drill(server, folder)
        try:
            elected(cases, drill, alone(cases, drill))
            nothing_forbidden(cases, drill)
        except LabError as reason:
            cases.fail("the drill runs to its end", str(reason))
        finally:
            drill.stop()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
