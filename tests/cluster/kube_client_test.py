"""The client, its credentials and the TLS of its transport, on a real API server."""
import json
import os
import subprocess
import sys
import time

from apiserver import TOP, ApiServer, Cases, LabError, Pki, expect, expect_equal, run, wait_until

BUILD = os.environ.get("HAWSER_BUILD", os.path.join(TOP, "build", "release"))
PROBE = os.path.join(BUILD, "cluster", "kube_probe")


class Watch:
    """A watch of the probe, in the background; ends when its input does."""

    def __init__(self, server, target):
        self._lines, self._out = [], open(os.path.join(server.folder, "watch.out"), "w+")
        self._process = subprocess.Popen(command(server, server.kubeconfig, "", "watch", target), stdin=subprocess.PIPE,
                                         stdout=self._out)

    def pieces(self):
        with open(self._out.name) as text:
            return [json.loads(line) for line in text.read().split("\n")[:-1]]

    def events(self):
        return [event for piece in self.pieces() for event in piece["events"]]

    def ended(self):
        return any(piece["end"] for piece in self.pieces())

    def stop(self):
        self._process.stdin.close()
        try:
            return self._process.wait(20)
        finally:
            self._process.kill()
            self._out.close()


def command(server, kubeconfig, context, verb, target):
    return ["nsenter", f"--net=/run/netns/{server.netns}", "--", PROBE, kubeconfig, context, verb, target]


def probe(server, verb, target, kubeconfig=None, context="", stdin="", env=None):
    """The answer, or {"refused": why it was not even sent}."""
    done = run(*command(server, kubeconfig or server.kubeconfig, context, verb, target), check=False, stdin=stdin,
               env={**os.environ, **(env or {})})
    if done.returncode == 2:
        return {"refused": done.stderr}
    if done.returncode != 0:
        raise LabError(f"the probe ended with {done.returncode}: {done.stderr}")
    return {**json.loads(done.stdout), "warnings": done.stderr}


def kubeconfig(server, name, cluster, user):
    path = os.path.join(server.folder, f"{name}.kubeconfig")
    with open(path, "w") as out:
        json.dump({"clusters": [{"name": "k", "cluster": {"server": server.url, **cluster}}],
                   "users": [{"name": "u", "user": user}], "current-context": "c",
                   "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}]}, out)
    return path


def good_body(answer):
    expect(f"an answer, not {answer.get('error') or answer.get('refused')}", answer.get("error", 1) is None)
    return answer["body"]


def check_calls(cases, server):
    with cases.case("lists, by client certificate from inline data"):
        body = good_body(probe(server, "get", "/api/v1/namespaces?limit=500"))
        expect("default is there", "default" in [item["metadata"]["name"] for item in body["items"]])

    with cases.case("a selector is escaped"):
        body = good_body(probe(server, "get", "/api/v1/namespaces?fieldSelector=metadata.name=kube-system"))
        expect_equal("names", [item["metadata"]["name"] for item in body["items"]], ["kube-system"])

    with cases.case("what is not there is a Status with its reason"):
        error = probe(server, "get", "/api/v1/namespaces/default/configmaps/none")["error"]
        expect_equal("error", (error["code"], error["reason"]), (404, "NotFound"))
        expect(error["message"], 'GET /api/v1/namespaces/default/configmaps/none: configmaps "none" not found' == error["message"])

    with cases.case("what breaks a rule has causes with fields"):
        target = "/api/v1/namespaces/default/services/s?fieldManager=test&force=true&fieldValidation=Strict"
        wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 70000}]}}
        error = probe(server, "apply", target, stdin=json.dumps(wrong))["error"]
        expect_equal("error", (error["code"], error["reason"]), (422, "Invalid"))
        expect(f"a cause names the port: {error['causes']}", any(c["field"] == "spec.ports[0].port" for c in error["causes"]))

    with cases.case("what is deprecated brings a warning"):
        answer = probe(server, "get", "/api/v1/endpoints")
        good_body(answer)
        expect(f"a warning that names EndpointSlice: {answer['warnings']}", "EndpointSlice" in answer["warnings"])


def check_apply(cases, server):
    with cases.case("status by server-side apply, and again without a change"):
        server.kubectl("apply", "-f", os.path.join(TOP, "crds"))
        server.wait_established()
        server.kubectl("apply", "-f", os.path.join(TOP, "examples", "azure-stack-site6"))
        base = "/apis/hawser.dev/v1alpha1/namespaces/default/ipsecpolicies/"
        name = good_body(probe(server, "get", base[:-1]))["items"][0]["metadata"]["name"]
        status = {"apiVersion": "hawser.dev/v1alpha1", "kind": "IpsecPolicy", "metadata": {"name": name},
                  "status": {"observedGeneration": 1, "conditions": [
                      {"type": "Ready", "status": "True", "reason": "Accepted", "message": "ok",
                       "observedGeneration": 1, "lastTransitionTime": "2026-11-23T00:00:00Z"}]}}
        target = f"{base}{name}/status?fieldManager=hawser-operator-status&force=true&fieldValidation=Strict"
        first = good_body(probe(server, "apply", target, stdin=json.dumps(status)))
        expect_equal("reason", first["status"]["conditions"][0]["reason"], "Accepted")
        again = good_body(probe(server, "apply", target, stdin=json.dumps(status)))
        expect_equal("resourceVersion", again["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"])
        expect_equal("generation", again["metadata"]["generation"], 1)


def check_watch(cases, server):
    with cases.case("a streaming list ends in its bookmark, events follow at once, and leaving ends it cleanly"):
        watch = Watch(server, "/api/v1/namespaces/default/configmaps?watch=1&sendInitialEvents=true&"
                              "resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=300")
        try:
            wait_until(lambda: f"the bookmark in {watch.pieces()}", lambda: any(
                e["type"] == "BOOKMARK" and e["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"
                for e in watch.events()), 20)
            server.kubectl("create", "configmap", "watched")
            created = time.monotonic()
            wait_until("ADDED watched", lambda: any(
                e["type"] == "ADDED" and e["object"]["metadata"]["name"] == "watched" for e in watch.events()), 5)
            cases.note(f"the event was there {1000 * (time.monotonic() - created):.0f} ms after kubectl")
            server.kubectl("delete", "configmap", "watched")
            wait_until("DELETED watched", lambda: any(e["type"] == "DELETED" for e in watch.events()), 5)
            expect("it goes on", not watch.ended())
        finally:
            code = watch.stop()
        expect_equal("exit code", code, 0)

    with cases.case("a watch that the server ends is no error; one that it refuses is"):
        expect_equal("its end", last_piece(server, "namespaces?watch=1&timeoutSeconds=1")["error"], None)
        expect_equal("code", last_piece(server, "nosuchthings?watch=1&timeoutSeconds=1")["error"]["code"], 404)

    with cases.case("a server that is killed ends the watch with an error without a code"):
        watch = Watch(server, "/api/v1/namespaces?watch=1&timeoutSeconds=300")
        try:
            wait_until("it is open", watch.events, 20)
            server.restart_server()
            wait_until(lambda: f"its end in {watch.pieces()}", watch.ended, 10)
            expect_equal("code", watch.pieces()[-1]["error"]["code"], 0)
        finally:
            watch.stop()


def last_piece(server, resource):
    watch = Watch(server, f"/api/v1/{resource}")
    try:
        wait_until(lambda: f"its end in {watch.pieces()}", watch.ended, 10)
        return watch.pieces()[-1]
    finally:
        watch.stop()


def check_credentials(cases, server):
    server.kubectl("create", "serviceaccount", "viewer")
    server.kubectl("create", "clusterrolebinding", "viewer", "--clusterrole=cluster-admin", "--serviceaccount=default:viewer")
    token = server.kubectl("create", "token", "viewer").strip()
    ca = {"certificate-authority": server.pki.ca}
    pods = "/api/v1/namespaces/default/pods"

    with cases.case("a token, and a wrong one: 401"):
        good_body(probe(server, "get", pods, kubeconfig(server, "token", ca, {"token": token})))
        error = probe(server, "get", pods, kubeconfig(server, "bad", ca, {"token": token[:-8] + "AAAAAAAA"}))["error"]
        expect_equal("error", (error["code"], error["reason"]), (401, "Unauthorized"))

    with cases.case("a token file beside the kubeconfig, by a relative path"):
        with open(os.path.join(server.folder, "token"), "w") as out:
            out.write(token + "\n")
        good_body(probe(server, "get", pods, kubeconfig(server, "file", ca, {"tokenFile": "token"})))

    with cases.case("a client certificate from files; who may not is told 403"):
        certificate, key = server.pki.issue("someone", "someone")
        user = {"client-certificate": certificate, "client-key": key}
        error = probe(server, "get", pods, kubeconfig(server, "files", ca, user))["error"]
        expect_equal("error", (error["code"], error["reason"]), (403, "Forbidden"))
        expect(f"it is told who: {error['message']}", 'User "someone"' in error["message"])

    with cases.case("what a pod has: service address, token, CA"):
        folder = os.path.join(server.folder, "pod")
        os.makedirs(folder)
        for name, text in (("token", token), ("namespace", "default"), ("ca.crt", open(server.pki.ca).read())):
            with open(os.path.join(folder, name), "w") as out:
                out.write(text)
        env = {"KUBERNETES_SERVICE_HOST": server.address, "KUBERNETES_SERVICE_PORT": "6443"}
        good_body(probe(server, "get", pods, "in-cluster", folder, env=env))


def check_tls(cases, server):
    pods = "/api/v1/namespaces/default/pods"
    other = Pki(os.path.join(server.folder, "other"))
    certificate, key = server.pki.issue("admin2", "admin2", "system:masters")
    user = {"client-certificate": certificate, "client-key": key}

    def unreachable(name, cluster):
        error = probe(server, "get", pods, kubeconfig(server, name, cluster, user))["error"]
        expect_equal("code", error["code"] if error else "an answer", 0)
        return error["message"]

    with cases.case("another authority, and the system's ones, are not trusted"):
        why = unreachable("other-ca", {"certificate-authority": other.ca})
        expect(f"the reason: {why}", "self-signed certificate" in why or "local issuer" in why)
        unreachable("system-ca", {})

    with cases.case("another name is refused; the name of the certificate is taken"):
        why = unreachable("wrong-name", {"certificate-authority": server.pki.ca, "tls-server-name": "elsewhere.example"})
        expect(f"the reason: {why}", "hostname mismatch" in why)
        right = {"certificate-authority": server.pki.ca, "tls-server-name": "kubernetes.default.svc"}
        good_body(probe(server, "get", pods, kubeconfig(server, "right-name", right, user)))

    with cases.case("no check at all, only when asked for"):
        good_body(probe(server, "get", pods, kubeconfig(server, "insecure", {"insecure-skip-tls-verify": True}, user)))

    with cases.case("an exec plugin is refused by name"):
        config = kubeconfig(server, "exec", {"certificate-authority": server.pki.ca}, {"exec": {"command": "aws"}})
        why = probe(server, "get", pods, config)["refused"]
        expect(why, "user 'u': 'exec' is not supported yet" in why and config in why)


def main():
    cases = Cases("kube client")
    with ApiServer() as server:
        check_calls(cases, server)
        check_apply(cases, server)
        check_watch(cases, server)
        check_credentials(cases, server)
        check_tls(cases, server)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
