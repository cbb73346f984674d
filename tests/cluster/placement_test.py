"""Sidecars of a cluster: found by their pods, reached over TLS with the operator's own certificates, left when lost.

A real API server and the operator with the chart's roles; two real sidecars, each on a "node" that is a network
namespace. The test plays the kubelet: it keeps Node and Pod objects, and brings the Secret to the sidecars' files.
"""
import base64
import json
import os
import sys
import time

import yaml

from _account import Account, apply_roles
from _helm import rendered
from apiserver import TOP, ApiServer, Cases, LabError, Namespace, Process, expect, expect_equal, wait_until
from lab.hawser import program
from lab.netns import link

NAMESPACE = "hawser-system"
LABELS = {"app.kubernetes.io/name": "hawser", "app.kubernetes.io/component": "sidecar",
          "app.kubernetes.io/instance": "hawser"}
OBJECTS = {"gateway": "virtualnetworkgateways.hawser.dev/vnet1gw", "connection": "connections.hawser.dev/vnet1tosite6"}


class Node:
    """A node: its namespace, its objects at the API server, and its sidecar."""

    def __init__(self, server, name, number):
        self.server, self.name = server, name
        self.address = f"10.77.{number}.2"
        self.folder = os.path.join(server.folder, name)
        self.tls = os.path.join(self.folder, "tls")
        os.makedirs(self.tls)
        self.namespace = Namespace(name)
        link(server.namespace, f"to-{name}", self.namespace, "eth0")
        server.namespace.ip("address", "add", f"10.77.{number}.1/24", "dev", f"to-{name}")
        self.namespace.ip("address", "add", f"{self.address}/24", "dev", "eth0")
        self.namespace.ip("route", "add", "default", "via", f"10.77.{number}.1")
        self.sidecar, self.versions = None, 0

    def register(self):
        self._create({"apiVersion": "v1", "kind": "Node", "metadata": {
            "name": self.name, "labels": {"kubernetes.io/hostname": self.name}}})
        self.say_ready(True)

    def say_ready(self, ready):
        self._status("node", self.name, {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]})

    def create_pod(self):
        self._create({"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": f"hawser-sidecar-{self.name}", "namespace": NAMESPACE, "labels": LABELS}, "spec": {
                "nodeName": self.name, "serviceAccountName": "hawser-sidecar", "hostNetwork": True,
                "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "sidecar", "image": "none"}]}})
        self._status("pod", f"hawser-sidecar-{self.name}", {
            "phase": "Running", "podIP": self.address, "podIPs": [{"ip": self.address}],
            "conditions": [{"type": "Ready", "status": "True"}]})

    def delete_pod(self):
        self.server.kubectl("-n", NAMESPACE, "delete", "pod", f"hawser-sidecar-{self.name}", "--force",
                            "--grace-period=0", "--wait=true")

    def mount(self):
        """What the kubelet does with the Secret: all files change at once. Returns the certificate."""
        data = {name: base64.b64decode(value) for name, value in secret(self.server, "hawser-sidecar-tls").items()}
        self.versions += 1
        version = os.path.join(self.tls, f"..v{self.versions}")
        os.mkdir(version)
        for name, content in data.items():
            with open(os.path.join(version, name), "wb") as out:
                out.write(content)
            if not os.path.islink(os.path.join(self.tls, name)):
                os.symlink(os.path.join("..data", name), os.path.join(self.tls, name))
        os.symlink(version, os.path.join(self.tls, "..new"))
        os.rename(os.path.join(self.tls, "..new"), os.path.join(self.tls, "..data"))
        return data["tls.crt"]

    def start_sidecar(self):
        self.sidecar = Process(
            [program("hawser-sidecar"), "run", f"--listen={self.address}:9446", f"--tls-cert={self.tls}/tls.crt",
             f"--tls-key={self.tls}/tls.key", f"--tls-ca={self.tls}/ca.crt", "--tls-peer-name=operator.hawser.dev",
             f"--node-name={self.name}", "--metrics-address=127.0.0.1:9447", "--health-address=127.0.0.1:9448"],
            os.path.join(self.folder, "sidecar.log"), netns=self.namespace.name)

    def served(self):
        """The certificate that whoever connects is shown: PEM, the first of the chain."""
        shown = self.server.namespace.exec("openssl", "s_client", "-connect", f"{self.address}:9446", "-alpn", "h2",
                                           check=False, stdin="")
        begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n"
        if begin not in shown.stdout:
            return f"no certificate in: {shown.stdout[-500:]}{shown.stderr[-500:]}".encode()
        return (begin + shown.stdout.partition(begin)[2].partition(end)[0] + end).encode()

    def wait_route(self, prefix):
        wait_until(lambda: f"a route to {prefix} on {self.name}", lambda: prefix in self.namespace.ip(
            "route", "show", "table", "18519", check=False).stdout, 10, 0.1)

    def interfaces(self):
        return self.namespace.ip("-br", "link").stdout.count("hws")

    def remove(self):
        if self.sidecar:
            self.sidecar.kill()
        self.namespace.remove()

    def _create(self, item):
        self.server.kubectl("create", "-f", "-", stdin=json.dumps(item))

    def _status(self, kind, name, status):
        where = ["-n", NAMESPACE] if kind == "pod" else []
        self.server.kubectl(*where, "patch", kind, name, "--subresource=status", "--type=merge", "-p",
                            json.dumps({"status": status}))


def secret(server, name):
    return json.loads(server.kubectl("-n", NAMESPACE, "get", "secret", name, "-o", "json"))["data"]


def status(server, what):
    return json.loads(server.kubectl("get", OBJECTS[what], "-o", "json")).get("status", {})


def condition(server, what, kind="Programmed"):
    found = [c for c in status(server, what).get("conditions", []) if c["type"] == kind]
    return found[0] if found else {"status": "", "reason": "", "message": ""}


def wait_served(server, node, timeout):
    """Until the node has the gateway and its connection. Returns the seconds it took."""
    started = time.monotonic()

    def served():
        return (status(server, "gateway").get("node") == node.name
                and condition(server, "connection")["status"] == "True" and condition(server, "gateway")["status"] == "True")

    wait_until(lambda: f"{node.name} serves the gateway, not: {status(server, 'gateway')} {condition(server, 'connection')}",
               served, timeout, 0.2)
    return time.monotonic() - started


def install(server):
    """The chart's kinds and roles. Returns the operator's account."""
    server.kubectl("create", "namespace", NAMESPACE)
    kinds = [d for d in rendered("cluster-wide") if d["kind"] == "CustomResourceDefinition"]
    server.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(kinds))
    server.wait_established()
    apply_roles(server, NAMESPACE)
    return Account(server, NAMESPACE)


def start_operator(server, kubeconfig):
    return Process([program("hawser-operator"), "--kubeconfig", kubeconfig, "--namespace", NAMESPACE, "--identity", "operator-0",
                    "--sidecar-selector", ",".join(f"{k}={v}" for k, v in LABELS.items()),
                    "--metrics-address=127.0.0.1:9449", "--health-address=127.0.0.1:9450"],
                   os.path.join(server.folder, "operator.log"), netns=server.netns)


def streams(operator, nodes):
    """How often a stream began or ended, as either side tells it; and the processes."""
    words = ("connected to sidecar", "cannot be reached", "obeys another")
    told = {"operator": [operator.output().count(word) for word in words]}
    for node in nodes:
        told[node.name] = [node.sidecar.output().count(word) for word in ("operator connected", "operator stream")]
        told[f"{node.name} runs"] = node.sidecar.running()
    return told, operator.running()


def rotate_certificate(cases, server, operator, nodes):
    """Both sidecars take the new certificate, and what is wanted still reaches the first by the stream of before."""
    before, old = streams(operator, nodes), [node.served() for node in nodes]
    expect(f"each sidecar has a stream: {before}", all(before[0][node.name] == [1, 0] for node in nodes))
    expect_equal("certificates served and mounted", old, [node.mount() for node in nodes])
    server.kubectl("-n", NAMESPACE, "delete", "secret", "hawser-sidecar-tls")
    wait_until("the Secret is there again", lambda: server.run_kubectl(
        "-n", NAMESPACE, "get", "secret", "hawser-sidecar-tls", check=False).returncode == 0, 90, 0.5)
    for node, served in zip(nodes, old):
        new = node.mount()
        expect("the certificate is another", new != served)
        started = time.monotonic()
        wait_until(lambda node=node: f"{node.name} serves the new certificate, not {node.served().decode()}",
                   lambda node=node, new=new: node.served() == new, 20, 0.2)
        cases.note(f"{node.name} served it {time.monotonic() - started:.1f} s later")
    server.kubectl("patch", "localnetworkgateways.hawser.dev/site6", "--type=merge", "-p",
                   json.dumps({"spec": {"addressPrefixes": ["10.61.0.0/16", "10.62.0.0/16", "10.63.0.0/16"]}}))
    nodes[0].wait_route("10.63.0.0/16")
    expect_equal("streams and processes", streams(operator, nodes), before)


def play(cases, server, nodes):
    first, second = nodes
    account = install(server)
    for node in nodes:
        node.register()
        node.create_pod()
    operator = start_operator(server, account.kubeconfig)

    with cases.case("the operator makes both Secrets"):
        wait_until(lambda: f"both Secrets; the operator says: {operator.tail()}", lambda: server.run_kubectl(
            "-n", NAMESPACE, "get", "secret", "hawser-ca", "hawser-sidecar-tls", check=False).returncode == 0, 30, 0.2)
        expect_equal("files for the sidecars", sorted(secret(server, "hawser-sidecar-tls")), ["ca.crt", "tls.crt", "tls.key"])

    with cases.case("a gateway goes to a node, over TLS, and says what is not routed"):
        for node in nodes:
            node.mount()
            node.start_sidecar()
        for node in nodes:  # of the nodes that are connected the first by name is chosen
            wait_until(lambda: f"streams to both: {operator.tail(10)}",
                       lambda node=node: f"connected to sidecar {node.name} " in operator.output(), 60, 0.1)
        server.kubectl("apply", "-f", os.path.join(TOP, "examples/azure-stack-site6"))
        cases.note(f"{wait_served(server, first, 60):.1f} s")
        expect("the message tells of pods on other nodes: " + condition(server, "gateway")["message"],
               "pods on other nodes are not routed yet" in condition(server, "gateway")["message"])
        expect_equal("interfaces on the first node", first.interfaces(), 1)
        expect_equal("interfaces on the second node", second.interfaces(), 0)

    with cases.case("a selector that nobody matches leaves it there and names labels and nodes"):
        patch = {"spec": {"nodeSelector": {"zone": "moon"}}}
        server.kubectl("patch", OBJECTS["gateway"], "--type=merge", "-p", json.dumps(patch))
        wait_until(lambda: f"NodeUnavailable, not {condition(server, 'gateway')}",
                   lambda: condition(server, "gateway")["reason"] == "NodeUnavailable", 10, 0.2)
        message = condition(server, "gateway")["message"]
        cases.note(message)
        expect("labels and nodes are named", "zone=moon" in message and "node-a, node-b" in message)
        expect_equal("interfaces on the first node", first.interfaces(), 1)
        server.kubectl("patch", OBJECTS["gateway"], "--type=merge", "-p", json.dumps({"spec": {"nodeSelector": None}}))
        wait_served(server, first, 10)

    with cases.case("a new certificate needs no restart, and no stream ends"):
        rotate_certificate(cases, server, operator, nodes)

    with cases.case("who connects afterwards does so with the new certificates"):
        operator.stop()
        operator = start_operator(server, account.kubeconfig)
        wait_until(lambda: f"connected again: {operator.tail()}", lambda: operator.output().count(
            "connected to sidecar node-a") >= 2, 40, 0.2)
        wait_served(server, first, 20)

    with cases.case("a lost stream alone moves nothing in 25 s"):
        first.sidecar.kill()
        time.sleep(25)
        expect_equal("the gateway's node", status(server, "gateway")["node"], first.name)
        expect_equal("Programmed", condition(server, "gateway")["reason"], "SidecarUnreachable")

    with cases.case("with its pod gone too, it moves"):
        first.delete_pod()
        cases.note(f"{wait_served(server, second, 20):.1f} s after the pod, whose stream had been down for 25 s")
        expect_equal("interfaces on the second node", second.interfaces(), 1)
        expect("the log tells why: " + operator.tail(), "moved from node node-a to node-b: its sidecar's pod is gone" in operator.output())

    with cases.case("the first sidecar comes back and is told to let go; the gateway stays"):
        first.create_pod()
        first.start_sidecar()
        wait_until(lambda: f"connected: {operator.tail()}", lambda: operator.output().rstrip().rfind(
            "connected to sidecar node-a") > operator.output().rfind("moved from"), 60, 0.2)
        wait_until(lambda: f"no interface of ours on the first node: {first.namespace.ip('-br', 'link').stdout}",
                   lambda: first.interfaces() == 0, 20, 0.2)
        expect_equal("the gateway's node", status(server, "gateway")["node"], second.name)

    with cases.case("nothing was forbidden"):
        account.expect_nothing_forbidden()
    with cases.case("no private key is in a log"):
        logs = operator.output() + first.sidecar.output() + second.sidecar.output()
        for name in ("hawser-ca", "hawser-sidecar-tls"):
            key = base64.b64decode(secret(server, name)["tls.key"]).decode()
            lines = [line for line in key.splitlines() if "-----" not in line]
            expect(f"the key of {name} has text", len(lines) >= 2)
            expect(f"no line of the key of {name} is in a log", not any(line in logs for line in lines))
    operator.stop()


def main():
    cases = Cases("placement")
    with ApiServer() as server:
        nodes = [Node(server, name, number) for number, name in enumerate(("node-a", "node-b"), start=1)]
        try:
            play(cases, server, nodes)
        except LabError as reason:
            cases.fail("the scenario", str(reason))
        finally:
            for node in nodes:
                node.remove()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
