"""hawser get and hawser show policy on a real API server, also as kubectl's plug-in."""
import json
import os
import sys

from apiserver import BIN, TOP, ApiServer, Cases, expect, expect_equal, run

PROGRAMS = os.environ.get("HAWSER_BIN", os.path.join(TOP, "build", "release", "bin"))
EIGHT_LINES = """SALifeTimeSeconds : 14400
SADataSizeKilobytes : 102400000
IpsecEncryption : AES256
IpsecIntegrity : SHA256
IkeEncryption : AES128
IkeIntegrity : SHA1
DhGroup : DHGroup14
PfsGroup : None
"""


def hawser(server, *arguments, program=None, env=None):
    return run("nsenter", f"--net=/run/netns/{server.netns}", "--", program or os.path.join(PROGRAMS, "hawser"), *arguments,
               check=False, env={**os.environ, "HOME": server.folder, "KUBECONFIG": server.kubeconfig, **(env or {})})


def apply_example(server):
    server.kubectl("apply", "-f", os.path.join(TOP, "crds"))
    server.wait_established()
    server.kubectl("apply", "-f", os.path.join(TOP, "examples", "azure-stack-site6"))


def set_status(server):
    """As the operator does."""
    status = {"apiVersion": "hawser.dev/v1alpha1", "kind": "Connection", "metadata": {"name": "vnet1tosite6", "namespace": "default"},
              "status": {"observedGeneration": 1, "connectionStatus": "Connected", "node": "node-a", "conditions": [
                  {"type": "Ready", "status": "True", "reason": "Established", "message": "",
                   "observedGeneration": 1, "lastTransitionTime": "2026-11-23T00:00:00Z"}]}}
    server.kubectl("apply", "--server-side", "--subresource=status", "--field-manager=hawser-operator-status", "-f", "-",
                   stdin=json.dumps(status))


def main():
    cases = Cases("hawser on a cluster")
    with ApiServer() as server:
        with cases.case("without the CRDs it says what is missing"):
            done = hawser(server, "get", "connections")
            expect_equal("exit code", done.returncode, 1)
            expect(done.stderr, "are the CRDs installed?" in done.stderr)

        apply_example(server)
        with cases.case("show policy: the eight lines"):
            done = hawser(server, "show", "policy", "vnet1tosite6")
            expect_equal(f"output ({done.stderr})", done.stdout, EIGHT_LINES)

        with cases.case("get: every kind, then the status of one"):
            done = hawser(server, "get")
            for name in ("virtualnetwork.hawser.dev/testvnet1", "connection.hawser.dev/vnet1tosite6"):
                expect(f"{name} in {done.stdout}{done.stderr}", name in done.stdout)
            set_status(server)
            row = hawser(server, "get", "vpnconn").stdout.split("\n")[1].split()
            expect_equal("row", row[:5], ["vnet1tosite6", "True", "Connected", "Established", "131.107.72.22"])
            one = json.loads(hawser(server, "get", "connection", "vnet1tosite6", "-o", "json").stdout)
            expect_equal("node", one["status"]["node"], "node-a")

        with cases.case("--kubeconfig, --context, -n and -A"):
            flags = ("--kubeconfig", server.kubeconfig, "--context", "test")
            done = hawser(server, "get", "connections", *flags, "-A", env={"KUBECONFIG": "/nowhere"})
            expect(done.stdout + done.stderr, done.stdout.startswith("NAMESPACE"))
            done = hawser(server, "get", "connections", "-n", "kube-system")
            expect_equal("nothing there", done.stderr, "No resources found in namespace kube-system.\n")
            done = hawser(server, "get", "connections", "--context", "other")
            expect(done.stderr, done.returncode != 0 and "there is no context 'other'; there are test" in done.stderr)

        with cases.case("who may not read is told so"):
            nobody = server.make_kubeconfig("nobody", "nobody")
            done = hawser(server, "get", "connections", "--kubeconfig", nobody)
            expect(done.stderr, done.returncode == 1 and 'User "nobody" cannot list' in done.stderr)

        with cases.case("as kubectl's plug-in"):
            plugin = os.path.join(server.folder, "kubectl-hawser")
            os.symlink(os.path.join(PROGRAMS, "hawser"), plugin)
            help_text = hawser(server, "--help", program=plugin).stdout
            expect(help_text, "Usage: kubectl hawser" in help_text)
            done = hawser(server, "hawser", "get", "connections", program=os.path.join(BIN, "kubectl"),
                          env={"PATH": f"{server.folder}:{os.environ['PATH']}"})
            expect(done.stdout + done.stderr, "vnet1tosite6" in done.stdout)

        with cases.case("twenty times in a row it ends well"):
            expect_equal("exit codes", {hawser(server, "get", "-A").returncode for _ in range(20)}, {0})
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
