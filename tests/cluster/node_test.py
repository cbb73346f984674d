"""The test node itself: what the other programs of the ring take for granted, and that it leaves nothing."""
import os
import signal
import subprocess
import sys

import cgroups
from apiserver import TOP, Cases, LabError, expect, expect_equal, run, wait_until
from image import hawser_images
from node import Node

IMAGE = "docker.io/hawser/hawser-sidecar:0.1.0"  # it has a shell
SLEEP = {"name": "main", "image": IMAGE, "command": ["sleep", "infinity"]}


def workload(kind, name, pod, **spec):
    labels = {"app": name}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": labels}, **spec,
        "template": {"metadata": {"labels": labels}, "spec": {"terminationGracePeriodSeconds": 0, **pod}}}}


def execute(node, pod, *argv, check=True):
    return node.run_kubectl("exec", pod["metadata"]["name"], "--", *argv, check=check)


def pods_and_services(cases, node):
    with cases.case("a Deployment of two pods rolls out, with addresses of the pod network"):
        server = {**SLEEP, "env": [{"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]}
        node.apply(workload("Deployment", "two", {"containers": [server]}, replicas=2))
        node.rollout("deployment/two")
        pods = node.pods("app=two")
        expect("addresses", all(pod["status"]["podIP"].startswith("10.11.64.") for pod in pods) and len(pods) == 2)
    with cases.case("a pod reaches the API server by the address of the Service kubernetes, and its log is read"):
        script = 'exec 3<>"/dev/tcp/$KUBERNETES_SERVICE_HOST/$KUBERNETES_SERVICE_PORT"; echo $KUBERNETES_SERVICE_HOST'
        expect_equal("host", execute(node, pods[0], "bash", "-c", script).stdout.strip(), "10.96.0.1")
        node.kubectl("logs", pods[0]["metadata"]["name"])
    with cases.case("a pod has a token of its ServiceAccount, and none when it wants none"):
        token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
        execute(node, pods[0], "test", "-s", token)
        node.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "plain"}, "spec": {
            "containers": [SLEEP], "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0}})
        node.kubectl("wait", "--for=condition=Ready", "pod/plain", "--timeout=90s", timeout=110)
        expect("a token", node.run_kubectl("exec", "plain", "--", "test", "-e", token, check=False).returncode == 1)


def network_pod(cases, node):
    pod = {"hostNetwork": True, "automountServiceAccountToken": False, "containers": [{
        **SLEEP, "volumeMounts": [{"name": "tun", "mountPath": "/dev/net/tun"}, {"name": "key", "mountPath": "/key"}],
        "securityContext": {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}}}],
           "volumes": [{"name": "tun", "hostPath": {"path": "/dev/net/tun", "type": "CharDevice"}},
                       {"name": "key", "secret": {"secretName": "late"}}]}
    with cases.case("a DaemonSet on the node's network waits for its Secret, then starts"):
        node.apply(workload("DaemonSet", "net", pod))
        wait_until("the pod to wait for the Secret", lambda: any(
            "late" in event.get("message", "") for event in node.get("events")), 90, 0.5)
        node.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "stringData": {"x": "one"}})
        # kubelet waits longer from try to try.
        node.rollout("daemonset/net", timeout=180)
    found = node.pods("app=net")[0]
    with cases.case("it may open /dev/net/tun and sees the node's interfaces, with the capabilities it was given"):
        execute(node, found, "bash", "-c", "exec 3<>/dev/net/tun")
        expect("no wan", "wan" in execute(node, found, "cat", "/proc/net/dev").stdout)
        status = execute(node, found, "cat", "/proc/1/status").stdout
        expect_equal("CapBnd", [line.split()[1] for line in status.splitlines() if line.startswith("CapBnd")],
                     [f"{1 << 12:016x}"])
    with cases.case("a Secret that is changed changes in the pod"):
        node.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}, "stringData": {"x": "two"}})
        wait_until("the new content", lambda: execute(node, found, "cat", "/key/x").stdout == "two", 150, 0.5)


def left_over(pid):
    """What a node of process `pid` may have left: namespaces, folders, control groups, mounts."""
    with open("/proc/self/mounts") as mounts:
        found = [line for line in mounts if f"hwt-{pid}-" in line]
    for folder in ("/run/netns", "/tmp", *cgroups.hierarchies()):
        if os.path.isdir(folder):
            found += [os.path.join(folder, name) for name in os.listdir(folder) if name.startswith(f"hwt-{pid}-")]
    return found + processes(pid)


def processes(pid):
    commands = run("pgrep", "-fa", f"/tmp/hwt-{pid}-", check=False).stdout.splitlines()
    return [line for line in commands if not line.startswith(f"{os.getpid()} ")]


def expect_nothing_left(pid):
    # A PID namespace dies after its first process, not with it.
    wait_until(lambda: f"nothing left, not {left_over(pid)}", lambda: not left_over(pid), 20, 0.2)


def another_node(number):
    """Starts a node in a process of its own, ends that by a signal, and returns the process's number."""
    # A shell that starts this in the background has it ignore Ctrl-C.
    script = ("import signal, sys; sys.path.insert(0, 'tests/cluster')\nimport time\nfrom node import Node\n"
              "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
              "with Node():\n  print('up', flush=True)\n  time.sleep(100)")
    with subprocess.Popen(["/usr/bin/python3", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          cwd=TOP) as other:
        expect_equal("its output", other.stdout.readline(), b"up\n")
        expect("nothing is there while it is up", left_over(other.pid))
        other.send_signal(number)
        other.wait(120)
    expect_equal("how it ended", other.returncode, -number)
    return other.pid


def endings(cases):
    with cases.case("a node that stopped leaves no process, mount, control group, namespace or folder"):
        expect_nothing_left(os.getpid())
    for number, what in ((signal.SIGINT, "Ctrl-C leaves nothing either"),
                         (signal.SIGKILL, "kill -9 leaves no process; the next node removes the rest")):
        with cases.case(what):
            pid = another_node(number)
            if number == signal.SIGKILL:
                wait_until(lambda pid=pid: f"its processes to end: {processes(pid)}", lambda pid=pid: not processes(pid), 60, 0.2)
                another_node(signal.SIGINT)
            expect_nothing_left(pid)
    with cases.case("a node that cannot start says why, and leaves nothing"):
        try:
            Node(pod_network="nonsense", address="nonsense").stop()
            raise AssertionError("it started")
        except LabError as reason:
            expect(f"the address is named in: {reason}", "nonsense" in str(reason))
        expect_nothing_left(os.getpid())
    with cases.case("one thing that cannot be cleaned away does not keep the rest"):
        class Stubborn(Node):
            def _remove_cgroups(self):
                raise LabError("stubborn")

        try:
            Stubborn(address="nonsense")
            raise AssertionError("it started")
        except LabError as reason:
            expect(f"not why it did not start: {reason}", "nonsense" in str(reason))
        expect_nothing_left(os.getpid())


def main():
    cases = Cases("node")
    archives = hawser_images()
    with cases.case("the node becomes Ready"):
        node = Node()
    if cases.failed:
        return cases.finish()
    with node:
        with cases.case("it takes an image that images/build.sh made"):
            node.load(archives["sidecar"])
            expect(f"{IMAGE} is there", IMAGE in node.ctr("images", "ls", "-q").stdout)
        pods_and_services(cases, node)
        network_pod(cases, node)
        if cases.failed:
            cases.note(node.tell("default") + node.logs(15))
    endings(cases)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
