"""An operator binary against the real API server, with a sidecar that acknowledges everything."""
import json
import os
import shutil
import signal
import tempfile
import time

from apiserver import TOP, ApiServer, LabError, Process, wait_until
from lab.owner import own_name

BUILD = os.path.join(TOP, "build", "release")
EXAMPLE = os.path.join(TOP, "examples", "azure-stack-site6")
LEASE = "hawser-operator"
PLURALS = ("virtualnetworks", "virtualnetworkgateways", "localnetworkgateways", "ipsecpolicies", "connections")


class Sidecar:
    """The acking sidecar on a unix socket: what it was told, and what it holds."""

    def __init__(self, folder):
        self.socket, self._state = os.path.join(folder, "sidecar.sock"), os.path.join(folder, "state")
        self.process = Process([os.path.join(BUILD, "cluster", "acking_sidecar"), self.socket, "node-a", self._state],
                               os.path.join(folder, "sidecar.log"))
        wait_until("the sidecar listens", lambda: os.path.exists(self.socket), 10)

    def states(self):
        """One dictionary for each DesiredState."""
        return [json.loads(line) for line in self.process.output().splitlines() if line.startswith("{")]

    def held(self):
        """name -> (remote address, dpd seconds, SA lifetime)."""
        try:
            with open(self._state) as file:
                return {line.split()[0]: tuple(line.split()[1:]) for line in file}
        except FileNotFoundError:
            return {}


class Operator:
    """One hawser-operator process in the API server's namespace."""

    def __init__(self, lab, name, *flags, kubeconfig=None, namespace="default"):
        self.lab, self.name = lab, name
        self.health = f"127.0.0.1:{lab.next_port()}"
        self.log = os.path.join(lab.folder, f"{name}.log")
        self.process = Process(
            [os.path.join(BUILD, "bin", "hawser-operator"), "--kubeconfig", kubeconfig or lab.server.kubeconfig,
             "--namespace", namespace, "--sidecar", f"node-a=unix:{lab.sidecar.socket}", "--identity", name,
             "--metrics-address", "off", "--health-address", self.health, *flags], self.log, netns=lab.server.netns)
        lab.operators.append(self)

    def readyz(self):
        """(status code, text); 0 while nobody listens."""
        done = self.lab.server.namespace.exec("curl", "-s", "-w", "\n%{http_code}", f"http://{self.health}/readyz", check=False)
        text, _, code = done.stdout.rpartition("\n")
        return int(code or 0), text

    def wait_ready(self, timeout=30):
        wait_until(lambda: f"{self.name} ready, not {self.readyz()}; its log ends: {self.process.tail(5)}",
                   lambda: self._alive() and self.readyz()[0] == 200, timeout, 0.2)

    def wait_leading(self, timeout=30):
        wait_until(lambda: f"{self.name} leads; its log ends: {self.process.tail(5)}",
                   lambda: self._alive() and "leads: " in self.process.output(), timeout, 0.1)

    def _alive(self):
        if not self.process.running():
            raise LabError(f"{self.name} ended with {self.process.exit_code()}: {self.process.tail()}")
        return True

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def wait_exit(self, timeout=20):
        wait_until(f"{self.name} ends", lambda: not self.process.running(), timeout, 0.1)
        return self.process.exit_code()


class OperatorLab:
    """API server, sidecar, operators. Options are those of ApiServer."""

    def __init__(self, **server_options):
        self.folder = tempfile.mkdtemp(prefix=own_name("operator-"))
        self.operators, self._port = [], 9500
        self.server = self.sidecar = None
        try:
            self.server, self.sidecar = ApiServer(**server_options), Sidecar(self.folder)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def next_port(self):
        self._port += 1
        return self._port

    def stop(self):
        for operator in self.operators:
            operator.process.kill()
        if self.sidecar:
            self.sidecar.process.kill()
        if self.server:
            self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def apply_crds(self):
        self.server.kubectl("apply", "--server-side", "-f", os.path.join(TOP, "crds"))
        self.server.wait_established()

    def apply(self, *files, namespace="default"):
        for file in files:
            self.server.kubectl("apply", "-n", namespace, "-f", os.path.join(EXAMPLE, f"{file}.yaml"))

    def get(self, *what):
        return json.loads(self.server.kubectl("get", *what, "-o", "json"))

    def patch(self, kind, name, spec):
        self.server.kubectl("patch", kind, name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def condition(self, kind, name, type_, namespace="default"):
        """The condition as a dictionary; empty when it is not there."""
        item = self.get("-n", namespace, kind, name)
        return next((c for c in item.get("status", {}).get("conditions", []) if c["type"] == type_), {})

    def wait_condition(self, kind, name, type_, status, reason=None, timeout=20, namespace="default"):
        def reached():
            seen = self.condition(kind, name, type_, namespace)
            return seen if seen.get("status") == status and reason in (None, seen.get("reason")) else None
        return wait_until(lambda: f"{kind} {name}: {type_}={status} ({reason}), not "
                                  f"{self.condition(kind, name, type_, namespace)}; "
                                  f"{self.operators[-1].process.tail(4)}", reached, timeout, 0.2)

    def versions(self):
        """resourceVersion of every object of ours."""
        return {(plural, i["metadata"]["namespace"], i["metadata"]["name"]): i["metadata"]["resourceVersion"]
                for plural in PLURALS for i in self.get("-A", f"{plural}.hawser.dev")["items"]}

    def wait_quiet(self, seconds=4, timeout=60):
        """Until no object of ours has changed for so long."""
        seen = {"versions": None, "since": time.monotonic()}

        def quiet():
            now = self.versions()
            if now != seen["versions"]:
                seen.update(versions=now, since=time.monotonic())
            return time.monotonic() - seen["since"] >= seconds
        wait_until("statuses come to rest", quiet, timeout, 0.5)
        return seen["versions"]
