"""The chart's DaemonSet with the built image on a real node, served by an operator elsewhere, over TLS: what each of its
capabilities is for, and what it costs to lose the pod."""
import base64
import sys
import time
from types import SimpleNamespace

from _install import CHART, NAMESPACE, POD_SELECTOR, ClientPod, node_network, pod_process
from apiserver import Cases, LabError, Process, expect, expect_equal, wait_until
from image import hawser_images
from lab import manifests, suites
from lab.hawser import Gateway, program
from lab.strongswan import StrongSwan
from lab.topology import TwoSites
from lab.traffic import NumberedStream
from lab.walkthrough import iperf
from node import Node

# Each capability, and what the sidecar cannot do without it. It ends and says so; kubelet starts it again and again.
_WITHOUT = {"NET_ADMIN": "the rule that leads to routing table 18519", "NET_BIND_SERVICE": "listen on UDP port 500",
            "NET_RAW": "open a raw ESP socket"}


class PodGateway(Gateway):
    """A Gateway whose operator reads a folder and whose sidecar is a pod."""

    def __init__(self, lab, node):
        super().__init__(lab, lab.left)
        self.node = node
        self._certificate = node.server.pki.issue("operator", "operator", names=["DNS:operator.hawser.dev"])
        node.kubectl("create", "namespace", NAMESPACE)
        certificate, key = node.server.pki.issue("sidecar", "sidecar", names=["DNS:sidecar.hawser.dev", f"DNS:{node.name}"])
        files = {"tls.crt": certificate, "tls.key": key, "ca.crt": node.server.pki.ca}
        node.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hawser-sidecar-tls"}, "data": {
            name: base64.b64encode(open(path, "rb").read()).decode() for name, path in files.items()}}, namespace=NAMESPACE)

    def apply_daemon_set(self, *values):
        """What the chart renders for the sidecar."""
        rendered = self.node.helm("template", "hawser", CHART, "-n", NAMESPACE, "--show-only", "templates/sidecar/daemonset.yaml",
                                  "--show-only", "templates/rbac/serviceaccounts.yaml",
                                  *[word for value in values for word in ("--set", value)]).stdout
        self.node.kubectl("apply", "-f", "-", stdin=rendered)

    def another_operator(self, status_folder, manifests_folder, **_):
        certificate, key = self._certificate
        return Process([program("hawser-operator"), "--manifests", manifests_folder, "--status", status_folder, "--sidecar",
                        f"{self.node.name}={self.site.outer}:9446", "--tls-cert", certificate, "--tls-key", key, "--tls-ca",
                        self.node.server.pki.ca, "--metrics-address", "127.0.0.1:9449", "--health-address", "127.0.0.1:9450"],
                       self.lab_path("operator.log"), netns=self.site.gateway.name)

    def lab_path(self, name):
        return f"{self.folder}/{name}"

    def pod(self):
        return self.node.pods(POD_SELECTOR + "sidecar", NAMESPACE)[0]

    def sidecar_log(self):
        return self.node.kubectl("-n", NAMESPACE, "logs", "-l", POD_SELECTOR + "sidecar", "--tail=-1", check=False)

    def logs(self, lines=12):
        return f"{super().logs(lines)}\n{self.node.tell(NAMESPACE)}\n{self.sidecar_log()[-2000:]}"

    def metrics_text(self, address=None):
        return super().metrics_text(address or f"{self.site.outer}:9447")


def tunnel(lab, cases, node, ours, pod):
    with cases.case("the DaemonSet rolls out, and the tunnel is Ready"):
        ours.apply_daemon_set()
        node.rollout("daemonset/hawser-sidecar", NAMESPACE)
        ours.apply(manifests.sample(lab.left, lab.right))
        ours.start_operator()
        ours.wait_condition("Ready", "True", timeout=30)
    with cases.case("ping from a pod to the host behind strongSwan, and back"):
        for here, there in ((pod, lab.right), (lab.right, pod)):
            done = here.host.exec("ping", "-c", "10", "-l", "10", "-W", "5", there.host_address, check=False)
            expect(done.stdout, " 0% packet loss" in done.stdout)
    with cases.case("iperf3 from a pod to the host behind strongSwan"):
        lab.offload(True)
        cases.note(f"{iperf(pod, lab.right.host, lab.right.host_address, 3):.0f} Mbit/s")
        lab.offload(False)


def lost_pod(lab, cases, node, ours, pod):
    with NumberedStream(SimpleNamespace(left=pod, right=lab.right, path=lab.path), tag="pod-deleted") as stream:
        with cases.case("the pod deleted: the tunnel comes back, and what was lost is printed"):
            wait_until("packets both ways", stream.flowing, 10)
            since, before = time.monotonic(), ours.spis()
            node.kubectl("-n", NAMESPACE, "delete", "pod", "-l", POD_SELECTOR + "sidecar", "--wait=false")
            wait_until(lambda: f"a new tunnel\n{ours.logs()}", lambda: ours.is_connected() and ours.spis()[0] != before[0], 120)
            wait_until("packets both ways", stream.flowing, 60)
            cases.note(str(stream.count(start=since)))
            node.rollout("daemonset/hawser-sidecar", NAMESPACE)


def rights(cases, node, ours):
    with cases.case("the pod has no token, a file system it cannot write, and three capabilities"):
        name = ours.pod()["metadata"]["name"]
        done = node.run_kubectl("-n", NAMESPACE, "exec", name, "--", "ls", "/var/run/secrets/kubernetes.io", check=False)
        expect(f"{done.stdout}{done.stderr}", done.returncode != 0 and "No such file" in done.stderr)
        done = node.run_kubectl("-n", NAMESPACE, "exec", name, "--", "touch", "/usr/bin/x", check=False)
        expect(f"{done.stdout}{done.stderr}", "Read-only" in done.stderr)
        with open(f"/proc/{pod_process(ours.pod(), 'hawser-sidecar')}/status") as text:
            fields = dict(line.split(":\t", 1) for line in text.read().splitlines() if ":\t" in line)
        three = f"{1 << 12 | 1 << 10 | 1 << 13:016x}"  # NET_ADMIN, NET_BIND_SERVICE, NET_RAW
        expect_equal("state", {key: fields[key].split()[0] for key in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")},
                     {"CapEff": three, "CapBnd": three, "NoNewPrivs": "1", "Seccomp": "2"})


def without(dropped):
    return "sidecar.securityContext.capabilities.add={" + ",".join(name for name in _WITHOUT if name != dropped) + "}"


def capabilities(cases, node, ours):
    for dropped, broken in _WITHOUT.items():
        with cases.case(f"without {dropped} the sidecar ends; it cannot {broken.replace('the rule', 'add the rule')}"):
            ours.apply_daemon_set(without(dropped))
            said = wait_until(lambda: f"{dropped} in what it says:\n{ours.logs()}", lambda dropped=dropped, broken=broken: [
                line for line in ours.sidecar_log().splitlines() if broken in line and dropped in line], 120, 0.5)
            cases.note(said[0])
            ours.wait_condition("Ready", "Unknown", "SidecarUnreachable", timeout=60)
    for what, values in (("without NET_RAW, but with every ESP packet in UDP", (without("NET_RAW"), "sidecar.forceUdpEncapsulation=true")),
                         ("with all three again", ())):
        with cases.case(f"{what}: Ready"):
            ours.apply_daemon_set(*values)
            node.rollout("daemonset/hawser-sidecar", NAMESPACE)
            ours.wait_condition("Ready", "True", timeout=120)


def removal(cases, node, ours, before):
    with cases.case("the Connection deleted, then the DaemonSet: the node's network is as it was"):
        ours.delete("connection")
        wait_until("the status to go", lambda: not ours.status(), 10)
        time.sleep(5)  # as the chart says
        node.kubectl("-n", NAMESPACE, "delete", "daemonset", "hawser-sidecar", "--timeout=50s")
        wait_until("the pod to go", lambda: not node.get("pods", "-n", NAMESPACE), 120, 0.5)
        expect_equal("network", node_network(node.namespace), before)


def main():
    cases = Cases("sidecar-pod")
    archives = hawser_images()
    with TwoSites() as lab, Node(lab.left.gateway, lab.left.outer) as node:
        peer, pod = StrongSwan(lab, lab.right), None
        try:
            node.load(archives["sidecar"])
            pod = ClientPod(node)
            before = node_network(node.namespace)
            peer.fail_closed()
            peer.start()
            peer.load(suites.SAMPLE, manifests.KEY)
            ours = PodGateway(lab, node)
            tunnel(lab, cases, node, ours, pod)
            rights(cases, node, ours)
            lost_pod(lab, cases, node, ours, pod)
            capabilities(cases, node, ours)
            removal(cases, node, ours, before)
            if cases.failed:
                cases.note(ours.logs(20))
            ours.stop()
        except LabError as reason:
            cases.fail("the scenario goes on", f"{reason}\n{node.logs()}")
        finally:
            if pod:
                pod.remove()
            peer.stop()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
