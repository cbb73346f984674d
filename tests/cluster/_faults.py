"""The API server behind a proxy that makes trouble, and operators that know it by the proxy's address alone."""
import base64
import json
import os
import re
import signal

from _audit import AuditLog
from apiserver import TOP, LabError, Process, expect, wait_until

NAMESPACE = "hawser-system"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:hawser-operator"
_PORT = 7443
_LEAST_REQUESTS = 200  # before, the share says little


class Faults:
    """The proxy. 30 % of the requests fail during trouble() and no watch lives for more than 4 s."""
    url = f"https://127.0.0.1:{_PORT}"

    def __init__(self, server, folder, seed):
        self._control = os.path.join(folder, "control")
        certificate, key = server.pki.issue("proxy", "proxy", names=["IP:127.0.0.1"])
        self.calm()
        self.process = Process(["/usr/bin/python3", os.path.join(TOP, "tests/cluster/fault_proxy.py"), _PORT, server.address,
                                server.pki.ca, certificate, key, seed, self._control],
                               os.path.join(folder, "proxy.log"), netns=server.netns)
        wait_until(lambda: f"the proxy runs: {self.process.tail()}", lambda: os.path.exists(f"{self._control}.counts"), 10)

    def _set(self, fail, cut):
        with open(f"{self._control}.new", "w") as out:
            json.dump({"fail": fail, "cut": cut}, out)
        os.rename(f"{self._control}.new", self._control)

    def trouble(self):
        """The watches that are open are cut now."""
        self._set(0.3, [0.3, 4])
        self.process.signal(signal.SIGHUP)

    def calm(self):
        self._set(0, None)

    def count(self, name):
        """fault_proxy.py says what is counted."""
        with open(f"{self._control}.counts") as file:
            return json.load(file).get(name, 0)

    def wait_all_cut(self):
        """Until every watch that was opened in trouble has been cut."""
        wait_until(lambda: f"no watch is left to be cut, not {self.count('doomed')}", lambda: not self.count("doomed"), 10)

    def expect_share(self):
        """Of all requests while there was trouble, 30 % failed."""
        failed, requests = self.count("failed"), self.count("requests")
        expect(f"25 to 35 % of at least {_LEAST_REQUESTS} requests failed, not {failed} of {requests}",
               requests >= _LEAST_REQUESTS and 0.25 <= failed / requests <= 0.35)
        return f"{failed} of {requests} requests failed ({failed / requests:.1%})"


class Operator:
    """An operator with a token file of its own, by which the audit log tells it from others."""

    def __init__(self, server, folder, name, *flags):
        self.name, self._server, self.folder, self._flags = name, server, os.path.join(folder, name), flags
        self.log = os.path.join(self.folder, "log")
        self.tokens, self.process, self.exits = set(), None, 0
        os.mkdir(self.folder)
        with open(os.path.join(self.folder, "kubeconfig"), "w") as out:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "test",
                       "clusters": [{"name": "test", "cluster": {"server": Faults.url, "certificate-authority": server.pki.ca}}],
                       "users": [{"name": "test", "user": {"tokenFile": "token"}}],
                       "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}, out)
        self.new_token()

    def new_token(self):
        """Put where the operator reads it, as the kubelet does."""
        token = self._server.kubectl("-n", NAMESPACE, "create", "token", "hawser-operator", "--duration=1h").strip()
        claims = token.split(".")[1]
        self.tokens.add("JTI=" + json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"])
        fresh = os.path.join(self.folder, "token.new")
        with open(fresh, "w") as out:
            out.write(token)
        os.rename(fresh, os.path.join(self.folder, "token"))

    def start(self):
        self.process = Process([os.path.join(TOP, "build/release/bin/hawser-operator"), "--kubeconfig",
                                os.path.join(self.folder, "kubeconfig"), "--namespace", NAMESPACE, "--identity", self.name,
                                "--metrics-address", "off", "--health-address", "off", *self._flags],
                               self.log, netns=self._server.netns)

    def running(self):
        """False when it has ended with code 1, which says that it may no longer act. Anything else is an error."""
        if self.process.running():
            return True
        if self.process.exit_code() != 1:
            raise LabError(f"{self.name} ended with {self.process.exit_code()}: {self.process.tail()}")
        return False

    def start_again(self):
        self.exits += 1
        self.start()

    def leads(self):
        """The process that runs now says so."""
        said = self.process.output()
        return self.process.running() and said.rfind("leads: holds the Lease") > said.rfind("hawser-operator 0")

    def terms(self):
        """(when, epoch) of each time that it began to lead."""
        return [(when, int(epoch)) for when, epoch in
                re.findall(r"^(\S+) .*leads: holds the Lease .*, epoch (\d+)$", self.process.output(), re.MULTILINE)]

    def memory(self):
        """Resident, in KiB: all of it, and what is its own and not of files."""
        with open(f"/proc/{self.process.pid}/status") as status:
            fields = dict(line.split(":", 1) for line in status)
        return tuple(int(fields[name].split()[0]) for name in ("VmRSS", "RssAnon"))

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def kill(self):
        if self.process:
            self.process.kill()


def requests_of_account(server):
    """In the order of the log."""
    return [r for r in AuditLog(server.audit_log).requests() if r.user == ACCOUNT and r.stage == "ResponseComplete"]


def writes_beside_the_lease(requests, operators):
    """(writes of an operator though another one wrote the Lease last, number of writes of each operator)."""
    name_of = {token: operator.name for operator in operators for token in operator.tokens}

    def who(request):
        return next((name_of[token] for token in request.tokens if token in name_of), None)

    moments = []
    for request in requests:
        if request.writes and who(request):
            lease = request.resource == "leases"
            # The Lease is theirs when the server says so; before they have been told so they cannot write.
            moments.append((request.answered if lease else request.received, lease, request))
    holder, wrong, counts = None, [], {operator.name: 0 for operator in operators}
    for _, lease, request in sorted(moments, key=lambda moment: moment[0]):
        if lease:
            holder = who(request)
            continue
        counts[who(request)] += 1
        if who(request) != holder:
            wrong.append(f"{who(request)} beside {holder}: {request}")
    return wrong, counts
