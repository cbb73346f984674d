"""The test cluster itself: what the other programs of the ring take for granted."""
import json
import os
import sys

from _audit import AuditLog, audit_time
from apiserver import ApiServer, Cases, LabError, expect, expect_equal


def main():
    cases = Cases("apiserver")
    with ApiServer() as server:
        with cases.case("the server is the version that parts.sh names"):
            version = json.loads(server.kubectl("version", "-o", "json"))["serverVersion"]
            cases.note(version["gitVersion"])
            expect("a minor version of 31 or newer", int(version["minor"]) >= 31)

        with cases.case("somebody without a role is refused"):
            nobody = server.make_kubeconfig("nobody", "nobody")
            done = server.run_kubectl("get", "secrets", kubeconfig=nobody, check=False)
            expect(f"Forbidden, not: {done.stdout}{done.stderr}", "Forbidden" in done.stderr)

        with cases.case("the audit log tells who asked for what"):
            asked = [r for r in AuditLog(server.audit_log).requests() if r.user == "nobody" and r.resource == "secrets"]
            expect_equal("answers to nobody", {r.code for r in asked}, {403})
        with cases.case("and of whom the server does not know, that they have no name"):
            begun = audit_time()
            done = server.run_kubectl("--server", server.url, "--certificate-authority", server.pki.ca, "--token", "no-such-token",
                                      "get", "--raw", "/api/v1/nodes", kubeconfig="/dev/null", check=False)
            expect(f"Unauthorized, not: {done.stdout}{done.stderr}", "Unauthorized" in done.stderr)
            asked = [r for r in AuditLog(server.audit_log).requests(begun) if r.resource == "nodes" or "/nodes" in r.uri]
            expect_equal("who and what", {(r.user, r.code) for r in asked}, {("", 401)})

        with cases.case("after a compaction and a restart an old resource version has expired, and the objects are there"):
            server.kubectl("create", "configmap", "a")
            old = json.loads(server.kubectl("get", "configmap", "a", "-o", "json"))["metadata"]["resourceVersion"]
            server.kubectl("label", "configmap", "a", "x=y")
            server.compact()
            server.restart_server()  # its own memory of the past goes too
            answer = server.kubectl("get", "--raw", f"/api/v1/configmaps?watch=1&resourceVersion={old}&timeoutSeconds=1")
            expect_equal("the only event", json.loads(answer)["object"]["code"], 410)
            expect("the configmap is there", "a" in server.kubectl("get", "configmaps", "-o", "name"))

    with cases.case("a server that cannot start says why, and leaves nothing"):
        try:
            ApiServer(extra_arguments=["--no-such-flag"]).stop()
            raise AssertionError("it started")
        except LabError as reason:
            expect(f"the flag is named in: {reason}", "no-such-flag" in str(reason))
        expect_equal("namespaces left", [n for n in os.listdir("/run/netns") if f"-{os.getpid()}-" in n], [])
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
