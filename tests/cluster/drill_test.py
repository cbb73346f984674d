"""The operator through everything that can happen to an API server, while objects change by a fixed seed."""
import json
import os
import random
import signal
import sys
import tempfile
import time

from apiserver import TOP, ApiServer, Cases, LabError, Process, expect, expect_equal, wait_until
from fleet_objects import Requests, connection, fleet, path_of, policy
from lab.owner import own_name
from scale_test import memory_of

SEED = 20261123
GATEWAYS, POLICIES, CONNECTIONS = 10, 20, 200
RESTARTS, COMPACTIONS = 20, 5
PROXY_PORT = 7443


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
        """The lines of the sidecar's state file."""
        sites = {item["metadata"]["name"]: item["spec"]["gatewayIpAddress"] for item in fleet(GATEWAYS, POLICIES, CONNECTIONS)
                 if item["kind"] == "LocalNetworkGateway"}
        return sorted(f"default/connection-{c} {sites[f'site-{c}']} {dpd} {self.seconds[c % POLICIES]}"
                      for c, dpd in self.dpd.items())


class Drill:
    def __init__(self, cases, server, folder):
        self.cases, self.server, self.folder = cases, server, folder
        self.requests = Requests(server)
        self.state = os.path.join(folder, "state")
        socket = os.path.join(folder, "sidecar.sock")
        self.sidecar = Process([os.path.join(TOP, "build/release/cluster/acking_sidecar"), socket, "node-a", self.state],
                               os.path.join(folder, "sidecar.log"))
        wait_until("the sidecar listens", lambda: os.path.exists(socket), 10)
        self.socket = socket
        self.world = World(self.requests, random.Random(SEED))
        self.proxy = self.operator = None

    def control(self, fail, cut):
        fresh = os.path.join(self.folder, "control.new")
        with open(fresh, "w") as out:
            json.dump({"fail": fail, "cut": cut}, out)
        os.rename(fresh, self.control_file)

    def trouble(self):
        """30 % of requests fail, and no watch lives for more than 4 s; those that are open are cut now."""
        self.control(0.3, [0.3, 4])
        self.proxy.signal(signal.SIGHUP)

    def calm(self):
        self.control(0, None)

    @property
    def control_file(self):
        return os.path.join(self.folder, "control")

    def counts(self):
        with open(self.control_file + ".counts") as file:
            return json.load(file)

    def new_token(self):
        """A token of the operator's account, put where the operator reads it, as the kubelet does."""
        token = self.server.kubectl("create", "token", "operator", "--duration=1h").strip()
        fresh = os.path.join(self.folder, "token.new")
        with open(fresh, "w") as out:
            out.write(token)
        os.rename(fresh, os.path.join(self.folder, "token"))

    def start(self):
        certificate, key = self.server.pki.issue("proxy", "proxy", names=["IP:127.0.0.1"])
        self.control(0, None)
        self.proxy = Process(["/usr/bin/python3", os.path.join(TOP, "tests/cluster/fault_proxy.py"), PROXY_PORT,
                              self.server.address, self.server.pki.ca, certificate, key, SEED, self.control_file],
                             os.path.join(self.folder, "proxy.log"), netns=self.server.netns)
        self.server.kubectl("create", "serviceaccount", "operator")
        self.server.kubectl("create", "clusterrolebinding", "operator", "--clusterrole=cluster-admin",
                            "--serviceaccount=default:operator")
        self.new_token()
        kubeconfig = os.path.join(self.folder, "kubeconfig")
        with open(kubeconfig, "w") as out:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "test",
                       "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{PROXY_PORT}",
                                                                 "certificate-authority": self.server.pki.ca}}],
                       "users": [{"name": "test", "user": {"tokenFile": "token"}}],
                       "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}, out)
        self.operator = Process([os.path.join(TOP, "build/release/bin/hawser-operator"), "--kubeconfig", kubeconfig,
                                 "--namespace", "default", "--sidecar", f"node-a=unix:{self.socket}", "--identity", "drill",
                                 "--leader-elect=false", "--metrics-address", "off", "--health-address", "off"],
                                os.path.join(self.folder, "operator.log"), netns=self.server.netns)

    def held(self):
        try:
            with open(self.state) as file:
                return sorted(file.read().splitlines())
        except FileNotFoundError:
            return []

    def memory(self):
        """Resident, MiB."""
        return memory_of(self.operator.pid)[0]

    def settle(self, timeout=120):
        """Until the sidecar and every status are what the objects say."""
        def settled():
            if not self.operator.running():
                raise LabError(f"the operator ended: {self.operator.tail()}")
            return self.held() == self.world.expected() and not self.late()
        wait_until(lambda: f"sidecar and statuses follow the objects; not yet: "
                           f"{sorted(set(self.held()) ^ set(self.world.expected()))[:4]} {self.late()[:4]}; "
                           f"{self.operator.tail(5)}", settled, timeout, 1)

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

    def stop(self):
        for process in (self.operator, self.proxy, self.sidecar):
            if process:
                process.kill()
        self.requests.close()


def run(cases, drill, server):
    with cases.case(f"{CONNECTIONS} connections converge"):
        drill.requests.create(fleet(GATEWAYS, POLICIES, CONNECTIONS))
        drill.start()
        drill.settle()
        drill.churn(100)  # the first changes fill what is filled once
        drill.settle()
    before = drill.memory()

    with cases.case("30 % of requests answered 429 or 500 and every watch cut, under changes"):
        drill.trouble()
        for _ in range(20):
            drill.churn(10)
            time.sleep(0.5)
        counts = drill.counts()
        cases.note(f"{counts}")
        expect(f"faults were made: {counts}", counts["failed"] > 20 and counts["cut"] > 10)
        drill.calm()
        drill.settle(180)
        cases.note(f"{drill.memory()} MiB")

    with cases.case(f"{RESTARTS} restarts of the server, {COMPACTIONS} compactions of etcd, under changes and faults"):
        drill.trouble()
        for restart in range(RESTARTS):
            drill.churn(5)
            if restart % (RESTARTS // COMPACTIONS) == 0:
                server.compact()
            server.server.kill()
            time.sleep(drill.world.dice.random() * 2)
            server.start_server()
            drill.churn(5)
        cases.note(f"{drill.counts()}")
        drill.calm()
        drill.settle(180)
        cases.note(f"{drill.memory()} MiB")

    with cases.case("the signing key changes and the token file is replaced"):
        drill.trouble()
        server.change_service_account_key()
        drill.new_token()
        drill.churn(10)
        drill.calm()
        drill.settle(180)
        cases.note(f"{drill.memory()} MiB")

    with cases.case("when the trouble is over the end state equals the objects"):
        drill.churn(20)
        drill.settle()
        expect_equal("in the sidecar", drill.held(), drill.world.expected())
        cases.note(f"{drill.world.changes} changes, {len(drill.world.dpd)} connections left; {drill.counts()}")

    with cases.case("memory is within 10 % of before"):
        after = drill.memory()
        cases.note(f"{before} MiB before, {after} MiB after")
        expect(f"{after} MiB is at most 110 % of {before} MiB", after <= before * 1.1 + 1)


def main():
    cases = Cases("drill")
    with ApiServer() as server, tempfile.TemporaryDirectory(prefix=own_name("drill-")) as folder:
        server.kubectl("apply", "--server-side", "-f", os.path.join(TOP, "crds"))
        server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        drill = Drill(cases, server, folder)
        try:
            run(cases, drill, server)
        except LabError as reason:
            cases.fail("the drill runs to its end", str(reason))
        finally:
            drill.stop()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
