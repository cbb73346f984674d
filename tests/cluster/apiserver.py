"""A real API server: etcd and kube-apiserver, in a network namespace of their own, removed whatever happens."""
import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "support"))

from lab.cases import Cases, expect, expect_equal  # noqa: E402,F401
from lab.netns import Namespace  # noqa: E402
from lab.owner import own_name  # noqa: E402
from lab.process import LabError, Process, run, wait_until  # noqa: E402

CACHE = os.environ.get("HAWSER_CACHE", os.path.expanduser("~/.cache/hawser"))
BIN = os.path.join(CACHE, "bin")
SERVICE_NETWORK = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"


class Pki:
    """A CA and what it signs, in a folder. Keys are P-256."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.ca, self.ca_key = self._path("ca.crt"), self._path("ca.key")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=test-cluster-ca", "-keyout", self.ca_key, "-out", self.ca)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, common_name, organization=None, names=(), days=30):
        """Returns (certificate, key) files. `names` are subjectAltNames, "DNS:a" or "IP:192.0.2.1"."""
        key, request, certificate, extensions = (self._path(f"{name}.{end}") for end in ("key", "csr", "crt", "ext"))
        subject = (f"/O={organization}" if organization else "") + f"/CN={common_name}"
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
            "-keyout", key, "-out", request)
        with open(extensions, "w") as out:
            out.write("extendedKeyUsage=serverAuth,clientAuth\n")
            if names:
                out.write(f"subjectAltName={','.join(names)}\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.ca_key, "-CAcreateserial",
            "-days", days, "-extfile", extensions, "-out", certificate)
        return certificate, key

    def service_account_key(self, name="service-account"):
        key, public = self._path(f"{name}.key"), self._path(f"{name}.pub")
        run("openssl", "genrsa", "-out", key, "2048")
        run("openssl", "rsa", "-in", key, "-pubout", "-out", public)
        return key, public


class ApiServer:
    """etcd and kube-apiserver with RBAC and an audit log.

        with ApiServer() as server:
            server.kubectl("get", "namespaces")        # in the server's namespace; returns its output
            server.kubeconfig                          # of an administrator, for our programs with netns=server.netns

    The server listens on `address` (of `namespace`), port 6443. `namespace` may be one of the caller's; else it is
    made here and only loopback is in it.
    """

    def __init__(self, namespace=None, address="127.0.0.1", extra_arguments=(), kubelet_client=False):
        self.folder = tempfile.mkdtemp(prefix=own_name("api-"))
        self._own_namespace = namespace is None
        self.namespace = namespace or Namespace("api")
        self.netns = self.namespace.name
        self.address = address
        self.url = f"https://{address}:6443"
        self.etcd_url = "http://127.0.0.1:2379"
        self.audit_log = os.path.join(self.folder, "audit.log")
        self.etcd = self.server = None
        self._extra = list(extra_arguments)
        try:
            self.pki = Pki(os.path.join(self.folder, "pki"))
            self.service_account = self.pki.service_account_key()
            self._server_certificate = self.pki.issue(
                "apiserver", "kube-apiserver", names=[f"IP:{address}", "IP:127.0.0.1", f"IP:{SERVICE_ADDRESS}",
                                                      "DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default.svc"])
            self.kubeconfig = self.make_kubeconfig("admin", "test-admin", "system:masters")
            if kubelet_client:  # for logs and exec of pods
                certificate, key = self.pki.issue("kubelet-client", "kube-apiserver-kubelet-client", "system:masters")
                self._extra += [f"--kubelet-client-certificate={certificate}", f"--kubelet-client-key={key}",
                                "--kubelet-preferred-address-types=InternalIP"]
            self._write_audit_policy()
            self.start_etcd()
            self.start_server()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def make_kubeconfig(self, name, user, group=None, namespace="default"):
        """A kubeconfig with a client certificate of its own, all data inside. Returns its path."""
        certificate, key = self.pki.issue(name, user, group)

        def data(path):
            with open(path, "rb") as file:
                return base64.b64encode(file.read()).decode()

        path = os.path.join(self.folder, f"{name}.kubeconfig")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(f"""apiVersion: v1
kind: Config
clusters:
- name: test
  cluster:
    server: {self.url}
    certificate-authority-data: {data(self.pki.ca)}
contexts:
- name: test
  context: {{cluster: test, user: {user!r}, namespace: {namespace}}}
current-context: test
users:
- name: {user!r}
  user:
    client-certificate-data: {data(certificate)}
    client-key-data: {data(key)}
""")
        return path

    def _write_audit_policy(self):
        self._audit_policy = os.path.join(self.folder, "audit-policy.yaml")
        with open(self._audit_policy, "w") as out:
            out.write("apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\n"
                      "rules:\n- level: Metadata\n")

    def start_etcd(self):
        self.etcd = self._start("etcd", [
            "--data-dir", os.path.join(self.folder, "etcd"), "--listen-client-urls", self.etcd_url,
            "--advertise-client-urls", self.etcd_url, "--listen-peer-urls", "http://127.0.0.1:2380",
            "--initial-advertise-peer-urls", "http://127.0.0.1:2380", "--initial-cluster", "default=http://127.0.0.1:2380",
            "--unsafe-no-fsync", "--log-level", "warn"])

    def start_server(self):
        certificate, key = self._server_certificate
        sa_key, sa_public = self.service_account
        self.server = self._start("kube-apiserver", [
            f"--etcd-servers={self.etcd_url}", f"--bind-address={'0.0.0.0' if self.address != '127.0.0.1' else '127.0.0.1'}",
            f"--advertise-address={self.address if self.address != '127.0.0.1' else '192.0.2.250'}", "--secure-port=6443",
            f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}", f"--client-ca-file={self.pki.ca}",
            f"--service-account-key-file={sa_public}", f"--service-account-signing-key-file={sa_key}",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-cluster-ip-range={SERVICE_NETWORK}",
            "--authorization-mode=Node,RBAC", "--allow-privileged=true", "--endpoint-reconciler-type=none" if
            self.address == "127.0.0.1" else "--endpoint-reconciler-type=lease",
            f"--audit-log-path={self.audit_log}", f"--audit-policy-file={self._audit_policy}",
            "--audit-log-maxsize=4000", *self._extra])
        self.wait_ready()

    def _start(self, program, arguments):
        path = os.path.join(BIN, program)
        if not os.path.exists(path):
            raise LabError(f"{path} is missing; build it with tests/cluster/parts.sh")
        return Process([path, *arguments], os.path.join(self.folder, f"{program}.log"), netns=self.netns)

    def wait_ready(self, timeout=180):
        def ready():
            for process, name in ((self.etcd, "etcd"), (self.server, "kube-apiserver")):
                if not process.running():
                    raise LabError(f"{name} ended: {process.tail()}")
            done = self.run_kubectl("get", "--raw", "/readyz", check=False)
            return done.returncode == 0 and self.run_kubectl("get", "namespace", "default", check=False).returncode == 0

        wait_until(lambda: f"API server ready; its log ends: {self.server.tail(3)}", ready, timeout, 0.2)

    def wait_established(self, timeout=60):
        """Until the server serves every CRD it has. `kubectl wait` gives up on one that has no conditions yet."""
        def established(crd):
            return any(c["type"] == "Established" and c["status"] == "True" for c in crd["status"].get("conditions") or [])

        def all_are():
            crds = json.loads(self.kubectl("get", "crd", "-o", "json"))["items"]
            return crds and all(map(established, crds))

        wait_until("the CRDs to be established", all_are, timeout, 0.2)

    def restart_server(self):
        """kill -9, and a new one on the same data."""
        self.server.kill()
        self.start_server()

    def change_service_account_key(self):
        """All tokens of service accounts become worthless."""
        self.service_account = self.pki.service_account_key("service-account-2")
        self.restart_server()

    def compact(self):
        """Drops the history of etcd up to now. The server forgets its own a moment later."""
        def etcd(path, body):
            done = self.namespace.exec("curl", "-sf", "-d", json.dumps(body), f"{self.etcd_url}/v3/{path}")
            return json.loads(done.stdout)

        revision = etcd("kv/range", {"key": base64.b64encode(b"x").decode()})["header"]["revision"]
        etcd("kv/compaction", {"revision": revision, "physical": True})

    def run_kubectl(self, *arguments, check=True, stdin=None, kubeconfig=None, timeout=60):
        """The CompletedProcess of kubectl, run in the server's namespace."""
        return run("nsenter", f"--net=/run/netns/{self.netns}", "--", os.path.join(BIN, "kubectl"), "--kubeconfig",
                   kubeconfig or self.kubeconfig, *arguments, check=check, stdin=stdin, timeout=timeout,
                   env={**os.environ, "HOME": self.folder})

    def kubectl(self, *arguments, **options):
        return self.run_kubectl(*arguments, **options).stdout

    def stop(self):
        with contextlib.ExitStack() as ending:  # each is done although one fails; from the last to the first
            ending.callback(shutil.rmtree, self.folder, ignore_errors=True)
            if self._own_namespace:
                ending.callback(self.namespace.remove)
            for process in (self.etcd, self.server):
                if process:
                    ending.callback(process.kill)
            self.server = self.etcd = None


def main():
    """Starts a server for a person; ends with Ctrl-C."""
    with ApiServer() as server:
        shell = ["nsenter", f"--net=/run/netns/{server.netns}", "--"]
        print(f"KUBECONFIG={server.kubeconfig}\n{' '.join(shell)} env KUBECONFIG={server.kubeconfig} PATH={BIN}:$PATH bash")
        subprocess.run([*shell, "bash"], check=False,
                       env={**os.environ, "KUBECONFIG": server.kubeconfig, "PATH": f"{BIN}:{os.environ['PATH']}"})


if __name__ == "__main__":
    main()
