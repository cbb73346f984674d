"""A real Kubernetes node: everything of apiserver.py, and controller-manager, scheduler, containerd, kubelet, kube-proxy.

All of it lives in one network namespace. What runs containers is in a mount and a PID namespace of its own as well:
when its first process ends, however, the kernel ends every shim and container and drops every mount with it.
"""
import contextlib
import json
import os
import shlex
import shutil
import subprocess
import tempfile

import cgroups
from apiserver import BIN, SERVICE_NETWORK, ApiServer, LabError, Namespace, Process, run, wait_until
from image import pause_image
from lab.netns import cleanup
from lab.owner import is_dead, own_name

_CONTAINERD = """version = 3
root = "{folder}/containerd"
state = "{folder}/containerd-state"
[grpc]
  address = "{folder}/containerd.sock"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{pause}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "{folder}/cni"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = "{bin}/runc"
"""

# Written by kubelet for the whole machine; it gets copies to write to.
_TUNABLES = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
             "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes")


class Node:
    """A cluster with one node.

        with Node() as node:
            node.load(archive)                      # an OCI archive, for containerd
            node.kubectl("apply", "-f", "-", stdin=…)

    `namespace` may be the caller's, then `address` is one of it that is not loopback. Pods get addresses of
    `pod_network`, not hidden behind the node's.
    """

    def __init__(self, namespace=None, address="192.0.2.1", pod_network="10.11.64.0/24", name="node-1"):
        _remove_dead()
        self.name, self.address, self.pod_network = name, address, pod_network
        self.folder = tempfile.mkdtemp(prefix=own_name("node-"))
        self.cgroup = os.path.basename(self.folder)
        self._own_namespace = namespace is None
        self.namespace, self.server, self.runtime = namespace, None, None
        self._managers = []
        try:
            self._start()
        except BaseException:
            with contextlib.suppress(Exception):  # the first failure is the one to tell
                self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # -- start

    def _start(self):
        if self._own_namespace:
            self.namespace = Namespace("node")
            self.namespace.ip("link", "add", "wan", "type", "bridge")
            self.namespace.ip("addr", "add", f"{self.address}/24", "dev", "wan")
            self.namespace.ip("link", "set", "wan", "up")
        self.namespace.sysctl("net.ipv4.ip_forward", 1)
        # Two pods of the bridge that talk by way of a Service: the answer must pass the translation.
        need_bridge_filter()
        self.namespace.sysctl("net.bridge.bridge-nf-call-iptables", 1)
        self.server = ApiServer(self.namespace, self.address, kubelet_client=True)
        self.kubeconfig, self.audit_log = self.server.kubeconfig, self.server.audit_log
        self._configure()
        self._managers = [self._manager("kube-controller-manager", "--use-service-account-credentials",
                                        f"--service-account-private-key-file={self.server.service_account[0]}",
                                        f"--root-ca-file={self.server.pki.ca}"),
                          self._manager("kube-scheduler")]
        self._start_runtime()
        self.load(pause_image(self.folder))
        self._wait_ready()

    def _manager(self, program, *arguments):
        config = self.server.make_kubeconfig(program, f"system:{program}")
        return Process([os.path.join(BIN, program), "--kubeconfig", config, "--authentication-kubeconfig", config,
                        "--authorization-kubeconfig", config, "--leader-elect=false", "--bind-address=127.0.0.1", *arguments],
                       self.path(f"{program}.log"), netns=self.namespace.name)

    def _write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as out:
            out.write(text if isinstance(text, str) else json.dumps(text, indent=1))  # JSON is YAML

    def _configure(self):
        self._write("containerd.toml", _CONTAINERD.format(folder=self.folder, bin=BIN, pause="docker.io/hawser/pause:1"))
        self._write("cni/10-pods.conflist", {
            "cniVersion": "1.0.0", "name": "pods", "plugins": [{
                "type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True,
                "ipam": {"type": "host-local", "dataDir": self.path("addresses"),
                         "ranges": [[{"subnet": self.pod_network}]], "routes": [{"dst": "0.0.0.0/0"}]}}]})
        self._write("kubelet.yaml", {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "failCgroupV1": False,
            "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{self.cgroup}", "failSwapOn": False,
            "containerRuntimeEndpoint": f"unix://{self.path('containerd.sock')}",
            "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": self.server.pki.ca}},
            "authorization": {"mode": "Webhook"}, "podLogsDir": self.path("pod-logs"),
            # Nobody answers there; without it kubelet warns of each pod.
            "clusterDNS": ["10.96.0.10"], "clusterDomain": "cluster.local",
            "volumePluginDir": self.path("volume-plugins"), "registerWithTaints": [], "resolvConf": self.path("resolv.conf"),
            # This machine's disk is not the test's.
            "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%",
                             "nodefs.inodesFree": "0%", "imagefs.inodesFree": "0%"},
            "imageGCHighThresholdPercent": 100, "nodeStatusUpdateFrequency": "5s", "syncFrequency": "5s",
            # A Secret that changed is in the pod at once.
            "configMapAndSecretChangeDetectionStrategy": "Watch"})
        self._write("resolv.conf", "")
        self._write("kube-proxy.yaml", {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "nftables",
            "hostnameOverride": self.name, "clientConnection": {
                "kubeconfig": self.server.make_kubeconfig("kube-proxy", "system:kube-proxy")},
            # The limits of the machine's connection tracking stay as they are.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}})

    def _script(self):
        """What the first process of the node's PID namespace does. It ends when one of its programs does."""
        def start(program, *arguments):
            return f"{shlex.join([os.path.join(BIN, program), *arguments])} >{self.path(program + '.log')} 2>&1 &"

        lines = ["set -e", "mount --make-rshared /"]
        # What they write there is theirs and goes with them.
        lines += [f"mount -t tmpfs none {folder}" for folder in ("/run", "/var/lib", "/var/log")]
        for name in _TUNABLES:
            copy = self.path("tunables", name.replace("/", "-"))
            lines += [f"mkdir -p {os.path.dirname(copy)}", f"cat /proc/sys/{name} >{copy}", f"mount --bind {copy} /proc/sys/{name}"]
        kubeconfig = self.server.make_kubeconfig("kubelet", f"system:node:{self.name}", "system:nodes")
        ask = shlex.join([os.path.join(BIN, "ctr"), "--address", self.path("containerd.sock"), "version"])
        lines += [start("containerd", "--config", self.path("containerd.toml")),
                  # kubelet asks it once, and ends when nobody answers.
                  f"until {ask} >/dev/null 2>&1; do kill -0 $!; sleep 0.1; done",
                  start("kubelet", "--config", self.path("kubelet.yaml"), "--kubeconfig", kubeconfig, "--hostname-override",
                        self.name, "--node-ip", self.address, "--root-dir", self.path("kubelet"), "--cert-dir",
                        self.path("kubelet-pki")),
                  start("kube-proxy", "--config", self.path("kube-proxy.yaml")),
                  # Anything but `wait` would leave what the shims leave behind unreaped.
                  "set +e; wait -n; echo a program of the node ended with $?"]
        return "\n".join(lines)

    def _start_runtime(self):
        for program in ("containerd", "containerd-shim-runc-v2", "runc", "kubelet", "kube-proxy", "ctr"):
            if not os.path.exists(os.path.join(BIN, program)):
                raise LabError(f"{program} is missing; build it with tests/cluster/parts.sh")
        cgroups.make(self.cgroup)
        self.runtime = Process(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c",
                                self._script()], self.path("node.log"), netns=self.namespace.name,
                               env={"PATH": f"{BIN}:/usr/sbin:/usr/bin:/sbin:/bin"})
        wait_until(lambda: f"containerd: {self.logs()}", lambda: self._running() and self.ctr("version", check=False).returncode == 0,
                   120)

    def _running(self):
        if not self.runtime.running():
            raise LabError(f"the node ended\n{self.logs()}")
        return True

    def _wait_ready(self):
        def ready():
            self._running()
            done = self.run_kubectl("get", "node", self.name, "-o",
                                    "jsonpath={.status.conditions[?(@.type=='Ready')].status}", check=False)
            account = self.run_kubectl("get", "serviceaccount", "default", check=False)
            # kube-proxy makes its tables when it has found the Node: what the network is before a test has them.
            tables = self.namespace.exec("nft", "list", "tables").stdout
            return done.stdout == "True" and account.returncode == 0 and "kube-proxy" in tables

        wait_until(lambda: f"the node to be Ready\n{self.logs()}", ready, 240, 0.5)

    # -- use

    def run_kubectl(self, *arguments, **options):
        return self.server.run_kubectl(*arguments, **options)

    def kubectl(self, *arguments, **options):
        return self.server.kubectl(*arguments, **options)

    def get(self, *arguments):
        """An object, or the items of a list."""
        found = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return found["items"] if found["kind"].endswith("List") else found

    def apply(self, *objects, namespace="default"):
        self.kubectl("apply", "-n", namespace, "-f", "-", stdin="\n---\n".join(
            thing if isinstance(thing, str) else json.dumps(thing) for thing in objects))

    def helm(self, *arguments, major="helm4", check=True, timeout=120):
        return self.namespace.exec(os.path.join(BIN, major), "--kubeconfig", self.kubeconfig, *arguments, check=check,
                                   timeout=timeout, env={**os.environ, "HOME": self.folder})

    def ctr(self, *arguments, check=True):
        return run(os.path.join(BIN, "ctr"), "--address", self.path("containerd.sock"), "--namespace", "k8s.io",
                   *arguments, check=check, timeout=120)

    def load(self, archive):
        """Gives containerd the images of an OCI archive."""
        self._inside(os.path.join(BIN, "ctr"), "--address", self.path("containerd.sock"), "--namespace", "k8s.io", "images",
                     "import", "--local", "--digests=false", archive)

    def _inside(self, *argv):
        """Runs a program with the node's own view of files and mounts."""
        first = run("pgrep", "--parent", self.runtime.pid).stdout.split()[0]
        return run("nsenter", "--target", first, "--mount", "--", *argv, timeout=300)

    def pods(self, selector, namespace="default"):
        return [pod for pod in self.get("pods", "-n", namespace, "-l", selector)
                if "deletionTimestamp" not in pod["metadata"]]

    def rollout(self, what, namespace="default", timeout=150):
        done = self.run_kubectl("-n", namespace, "rollout", "status", what, f"--timeout={timeout}s", check=False,
                                timeout=timeout + 20)
        if done.returncode:
            raise LabError(f"{what}: {done.stdout}{done.stderr}\n{self.tell(namespace)}")

    def tell(self, namespace):
        """What a person would look at first."""
        events = self.run_kubectl("-n", namespace, "get", "events", "--field-selector=type=Warning",
                                  "--sort-by=.lastTimestamp", check=False).stdout
        pods = self.run_kubectl("-n", namespace, "get", "pods", "-o", "wide", check=False).stdout
        return pods + "\n".join(events.splitlines()[-12:])

    def logs(self, lines=8):
        shown = []
        for name in sorted(name for name in os.listdir(self.folder) if name.endswith(".log")):
            with open(self.path(name), errors="replace") as text:
                shown.append(f"--- {name}\n" + "".join(text.readlines()[-lines:]))
        return "\n".join(shown)

    # -- end

    def stop(self):
        with contextlib.ExitStack() as ending:  # each is done although one fails; from the last to the first
            ending.callback(shutil.rmtree, self.folder, ignore_errors=True)
            if self._own_namespace and self.namespace:
                ending.callback(self.namespace.remove)
            ending.callback(self._remove_cgroups)
            if self.server:
                ending.callback(self.server.stop)
            for process in (*self._managers, self.runtime):
                if process:
                    ending.callback(process.kill)
            self.runtime, self.server, self._managers = None, None, []

    def _remove_cgroups(self):
        wait_until(lambda: f"the control groups {self.cgroup} to be empty", lambda: cgroups.remove(self.cgroup), 60, 0.2)


def need_bridge_filter(switch="/proc/sys/net/bridge/bridge-nf-call-iptables"):
    """Debian's kernel has it as a module, which nothing loads by itself."""
    if os.path.exists(switch):
        return
    done = run("modprobe", "br_netfilter", check=False)
    if not os.path.exists(switch):
        raise LabError(f"this kernel has no {switch}: it needs the module br_netfilter "
                       f"({done.stderr.strip() or 'modprobe loaded it, in vain'})")


def _remove_dead():
    """What was left by a test that was killed with -9: its processes died with it."""
    for name in {name for hierarchy in cgroups.hierarchies() for name in os.listdir(hierarchy) if is_dead(name)}:
        cgroups.remove(name)
    cleanup()


def main():
    """Starts a node for a person; ends with the shell."""
    with Node() as node:
        environment = {**os.environ, "KUBECONFIG": node.kubeconfig, "PATH": f"{BIN}:{os.environ['PATH']}"}
        print(f"KUBECONFIG={node.kubeconfig}; the node's services are {SERVICE_NETWORK}, its pods {node.pod_network}")
        subprocess.run(["nsenter", f"--net=/run/netns/{node.namespace.name}", "--", "bash"], check=False, env=environment)


if __name__ == "__main__":
    main()
