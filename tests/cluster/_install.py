"""Hawser installed by its chart on the test node: left is the node with its pods, right is the foreign peer's site."""
import contextlib
import glob
import http.client
import json
import os
import re
import signal
import socket

import yaml

from apiserver import BIN, TOP, LabError, Process, run, wait_until
from lab import manifests
from lab.hawser import Gateway, program
from lab.owner import own_name
from lab.walkthrough import example

NAMESPACE = "hawser-system"
EXAMPLE = "examples/azure-stack-site6"
CHART = os.path.join(TOP, "helm", "hawser")
POD_SELECTOR = "app.kubernetes.io/name=hawser,app.kubernetes.io/component="


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class Api:
    """Reads objects often and cheaply: kubectl proxy on a socket."""

    def __init__(self, node):
        self._path = node.path("proxy.sock")
        self._process = Process([os.path.join(BIN, "kubectl"), "--kubeconfig", node.kubeconfig, "proxy",
                                 f"--unix-socket={self._path}"], node.path("proxy.log"), netns=node.namespace.name)
        wait_until("kubectl proxy", lambda: os.path.exists(self._path), 10)

    def read(self, path):
        """An object or a list; None when there is none."""
        try:
            status, body = self._get(path)
        except OSError:  # it took long: once more
            status, body = self._get(path)
        if status == 404:
            return None
        if status != 200:
            raise LabError(f"GET {path}: {status} {body[:300]}")
        return json.loads(body)

    def _get(self, path):
        connection = _UnixConnection(self._path)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stop(self):
        self._process.kill()


class InstalledGateway(Gateway):
    """The Gateway of the other tests, with a cluster instead of folders and pods instead of processes."""

    def __init__(self, lab, node, key):
        self.lab, self.node, self.site, self._key = lab, node, lab.left, key
        self.api = Api(node)

    # -- the chart

    def as_written(self, block):
        """Runs a block of commands of the README's section on clusters, word by word; returns what it printed. Only the
        folder of the example is another: ours has the test's addresses and key."""
        commands = readme_blocks()[block].replace(EXAMPLE, self.example_folder())
        tools = self.lab.path("tools")
        if not os.path.exists(tools):
            os.makedirs(tools)
            os.symlink(os.path.join(BIN, "kubectl"), os.path.join(tools, "kubectl"))
            os.symlink(os.path.join(BIN, "helm4"), os.path.join(tools, "helm"))
        done = self.node.namespace.exec(
            "bash", "-exc", f"cd {TOP}\n{commands}", check=False, timeout=240,
            env={**os.environ, "HOME": self.node.folder, "KUBECONFIG": self.node.kubeconfig,
                 "PATH": f"{tools}:{os.environ['PATH']}"})
        if done.returncode != 0:
            raise LabError(f"{done.stdout[-2000:]}{done.stderr[-2000:]}\n{self.logs(20)}")
        return done.stdout

    def example_folder(self):
        """The example with only the two outer addresses and the key replaced."""
        folder = self.lab.path("azure-stack-site6")
        os.makedirs(folder, exist_ok=True)
        for name, text in example("azure-stack-site6", self.lab.left.outer, self.lab.right.outer).items():
            with open(os.path.join(folder, f"{name}.yaml"), "w") as out:
                out.write(text.replace(manifests.KEY, self._key))
        return folder

    def upgrade(self, *values):
        """Changes these values of the release and no others."""
        self.keep_logs()
        self.node.helm("upgrade", "hawser", CHART, "-n", NAMESPACE, "--reuse-values",
                       *[word for value in values for word in ("--set", value)])
        self.rollout()

    def rollout(self):
        for what in ("deployment/hawser-operator", "daemonset/hawser-sidecar"):
            try:
                self.node.rollout(what, NAMESPACE)
            except LabError as reason:
                raise LabError(f"{reason}\n{self.logs(20)}") from reason

    # -- pods

    def pods(self, part):
        return self.node.pods(POD_SELECTOR + part, NAMESPACE)

    def sidecar_pod(self):
        return self.pods("sidecar")[0]

    def delete_pods(self, part):
        """Deletes a part's pods and waits for the next ones."""
        self.keep_logs()
        before = {pod["metadata"]["uid"] for pod in self.pods(part)}
        self.node.kubectl("-n", NAMESPACE, "delete", "pod", "-l", POD_SELECTOR + part, "--wait=false")

        def replaced():
            pods = self.pods(part)
            return pods and not before & {pod["metadata"]["uid"] for pod in pods}

        wait_until(f"new pods of the {part}", replaced, 120, 0.2)
        self.rollout()

    def process(self, part):
        """The process of a part's first pod, as this machine numbers it."""
        return pod_process(self.pods(part)[0], f"hawser-{part}")

    def logs(self, lines=12):
        shown = self.node.tell(NAMESPACE)
        for part in ("operator", "sidecar"):
            for options in ((), ("--previous",)):
                done = self.node.run_kubectl("-n", NAMESPACE, "logs", "-l", POD_SELECTOR + part, "--prefix",
                                             f"--tail={lines}", *options, check=False)
                shown += f"\n--- {part} {''.join(options)}\n{done.stdout}{done.stderr}"
        return shown

    def keep_logs(self):
        """Gives the logs of all pods another name, under which they stay, and are written to their end, when the pods go."""
        os.makedirs(self.node.path("kept-logs"), exist_ok=True)
        for path in glob.glob(self.node.path("pod-logs", "*", "*", "*.log")):
            kept = self.node.path("kept-logs", "-".join(path.split("/")[-3:]))
            # A pod that goes takes its log with it.
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                os.link(path, kept)

    def kept_logs(self):
        """What the pods that are there and those that were have logged: name of the log, text."""
        self.keep_logs()
        texts = {}
        for name in sorted(os.listdir(self.node.path("kept-logs"))):
            with open(self.node.path("kept-logs", name), errors="replace") as text:
                texts[name] = text.read()
        return texts

    # -- who leads

    def lease(self):
        return self.api.read(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/hawser-operator")["spec"]

    def leader(self):
        """The name of the pod that leads; empty: nobody."""
        return self.lease().get("holderIdentity", "")

    def kill_leader(self):
        """kill -9 of the leading operator, and its pod goes with it: it cannot give the Lease back."""
        self.keep_logs()
        name = self.leader()
        [pod] = [pod for pod in self.pods("operator") if pod["metadata"]["name"] == name]
        os.kill(pod_process(pod, "hawser-operator"), signal.SIGKILL)
        self.node.kubectl("-n", NAMESPACE, "delete", "pod", name, "--force", "--grace-period=0", "--wait=false")

    # -- objects

    def apply(self, objects):
        self.node.kubectl("-n", NAMESPACE, "apply", "-f", "-", stdin=yaml.safe_dump_all(objects.values()))

    def object(self, plural="connections", name=manifests.CONNECTION):
        return self.api.read(f"/apis/hawser.dev/v1alpha1/namespaces/{NAMESPACE}/{plural}/{name}")

    def status(self, name=manifests.CONNECTION, plural="connections", namespace=NAMESPACE):
        return (self.object(plural, name) or {}).get("status") or {}

    def edit(self, dpd):
        """Changes the Connection in a way that leaves its tunnel alone; `wait_edit` waits for an operator's answer."""
        self.apply({"connection": manifests.connection(dpdTimeoutSeconds=dpd)})

    def wait_edit(self, timeout):
        def answered():
            connection = self.object()
            return connection["status"].get("observedGeneration") == connection["metadata"]["generation"]

        wait_until(lambda: f"the leader {self.leader()} to answer an edit\n{self.logs()}", answered, timeout)

    def cli(self, *args, check=True):
        """hawser …, as its user runs it."""
        return self.node.namespace.exec(program("hawser"), *args, check=check,
                                        env={**os.environ, "HOME": self.node.folder, "KUBECONFIG": self.node.kubeconfig})

    def events(self):
        """What our operators have told, in their order: (identity, kind, reason, type, note). A repetition is told once more."""
        told = []
        path = f"/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events?limit=500"
        for event in self.api.read(path)["items"]:
            if event.get("reportingController") == "hawser.dev/operator":
                what = (event["regarding"]["kind"], event["reason"], event["type"])
                told.append((event["eventTime"], event["metadata"]["uid"], *what, event.get("note", "")))
                if event.get("series"):
                    told.append((event["series"]["lastObservedTime"], event["metadata"]["uid"] + " again", *what,
                                 event.get("note", "")))
        return [entry[1:] for entry in sorted(told)]

    # -- metrics

    def metrics_text(self, address=None):
        return super().metrics_text(address or f"{self.lab.left.outer}:9447")

    def operator_metrics_text(self):
        return "".join(self.metrics_text(f"{pod['status']['podIP']}:9449") for pod in self.pods("operator"))

    def drops(self):
        """Packets that the sidecar says it has dropped, by direction and reason."""
        return {labels: int(float(count)) for labels, count in re.findall(
            r'^hawser_dropped_packets_total\{([^}]*)\} (\S+)', self.metrics_text(), re.MULTILINE) if float(count)}

    def stop(self):
        self.api.stop()


def readme_blocks():
    """The fenced blocks of the README's section on clusters: install, tunnel, uninstall."""
    with open(os.path.join(TOP, "README.md")) as text:
        section = text.read().split("## In a cluster\n")[1].split("\n## ")[0]
    return dict(zip(("install", "tunnel", "uninstall"), re.findall(r"```\n(.*?)```", section, re.S), strict=True))


def pod_process(pod, program):
    """The number of a program in a pod: the process whose control group carries the pod's uid."""
    uid = pod["metadata"]["uid"]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cgroup") as groups, open(f"/proc/{pid}/cmdline") as command:
                if uid in groups.read() and program in command.read().split("\0")[0]:
                    return int(pid)
        except OSError:  # it ended meanwhile
            pass
    raise LabError(f"no process {program} in pod {pod['metadata']['name']}")


class ClientPod:
    """A pod on the pod network, as a host for the numbered stream, ping and iperf3: its network namespace gets a name."""

    label = "pod"

    def __init__(self, node):
        node.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client"}, "spec": {
            "terminationGracePeriodSeconds": 0, "containers": [{
                "name": "main", "image": "docker.io/hawser/hawser-sidecar:0.1.0", "command": ["sleep", "infinity"]}]}})
        node.kubectl("wait", "--for=condition=Ready", "pod/client", "--timeout=120s", timeout=140)
        pod = node.get("pod", "client")
        self.host_address = pod["status"]["podIP"]
        self.host = self
        self.name = own_name("pod")
        run("ip", "netns", "attach", self.name, pod_process(pod, "sleep"))

    def exec(self, *argv, check=True, timeout=60):
        return run("nsenter", f"--net=/run/netns/{self.name}", "--", *argv, check=check, timeout=timeout)

    def remove(self):
        run("ip", "netns", "del", self.name, check=False)


def pod_processes(pods):
    """All processes of pods: (pod's name, number)."""
    names = {pod["metadata"]["uid"]: pod["metadata"]["name"] for pod in pods}
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cgroup") as groups:
                text = groups.read()
        except OSError:  # it ended meanwhile
            continue
        found += [(name, int(pid)) for uid, name in names.items() if uid in text]
    return found


def cluster_objects(node):
    """Every object of every kind that can be listed, by "Kind namespace/name"."""
    kinds = node.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    found = json.loads(node.kubectl("get", ",".join(kinds), "-A", "-o", "json"))["items"]
    return {f"{item['kind']} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}": item for item in found}


def node_network(namespace):
    """What Hawser may have left on a node, one line each: links, rules, routes, tables of nft."""
    links = [line.split(": ")[1] for line in namespace.exec("ip", "-o", "link").stdout.splitlines()]
    lines = [f"link {name}" for name in links if not name.startswith("veth")]
    for family in ("-4", "-6"):
        lines += [f"rule {family} {line}" for line in namespace.exec("ip", family, "rule").stdout.splitlines()]
        routes = namespace.exec("ip", family, "route", "show", "table", "all").stdout.splitlines()
        lines += [f"route {family} {line.strip()}" for line in routes if "veth" not in line]
    lines += namespace.exec("nft", "list", "tables").stdout.splitlines()
    return sorted(re.sub(r"\s+", " ", line) for line in lines if "fe80" not in line and "ff00" not in line)
