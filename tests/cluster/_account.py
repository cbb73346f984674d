"""The operator's own account: the roles that the chart gives it, a token, and what the audit log says of that token."""
import base64
import json
import os

import yaml

from _audit import AuditLog
from _helm import rendered
from apiserver import expect, expect_equal, wait_until

KINDS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
# Nobody granted this: what the control asks for.
_NOT_GRANTED = "/api/v1/configmaps"


def apply_roles(server, namespace, values="cluster-wide", **settings):
    """Accounts, roles and bindings of the chart, installed in `namespace`; `settings` are values, "a.b" as a__b."""
    more = [word for key, value in settings.items() for word in ("--set", f"{key.replace('__', '.')}={value}")]
    documents = [d for d in rendered(values, "helm4", *more, namespace=namespace) if d["kind"] in KINDS]
    server.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(documents))
    reviews = [review for binding in documents if binding["kind"].endswith("RoleBinding") for review in reviews_of(binding, documents)]

    def granted():
        done = server.kubectl("create", "-f", "-", "-o", "json", stdin="\n".join(map(json.dumps, reviews)))
        return [r["status"].get("allowed", False) for r in whole_documents(done)]

    # The authorizer learns of roles and bindings by watches of its own.
    wait_until(lambda: f"the roles to count: {granted()}", lambda: granted() == [True] * len(reviews), 30, 0.2)


def reviews_of(binding, documents):
    """A SubjectAccessReview for each rule that it grants."""
    subject, role = binding["subjects"][0], binding["roleRef"]
    rules = next(d["rules"] for d in documents if (d["kind"], d["metadata"]["name"]) == (role["kind"], role["name"]))
    for rule in rules:
        resource, _, subresource = rule["resources"][0].partition("/")
        yield {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": f"system:serviceaccount:{subject['namespace']}:{subject['name']}", "resourceAttributes": {
                "namespace": binding["metadata"].get("namespace", ""), "verb": rule["verbs"][0], "group": rule["apiGroups"][0],
                "resource": resource, "subresource": subresource, "name": rule.get("resourceNames", [""])[0]}}}


def whole_documents(text):
    """JSON objects, one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        found, at = decoder.raw_decode(text, at)
        yield found


class Account:
    """A token of the ServiceAccount hawser-operator. Each has an id of its own, by which the audit log tells several
    operators of one account apart."""

    def __init__(self, server, namespace, label="operator"):
        self._server = server
        token = server.kubectl("-n", namespace, "create", "token", "hawser-operator", "--duration=1h").strip()
        claims = token.split(".")[1]
        self._id = "JTI=" + json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"]
        with open(server.kubeconfig) as text:
            config = yaml.safe_load(text)
        config["users"][0]["user"] = {"token": token}
        self.kubeconfig = os.path.join(server.folder, f"{label}.kubeconfig")
        with open(os.open(self.kubeconfig, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            yaml.safe_dump(config, out)

    def requests(self, verbs=None, received_after=""):
        """What was asked with this token, as (verb, URI, code), in the order of the answers."""
        return [(r.verb, r.uri, r.code) for r in AuditLog(self._server.audit_log).requests(received_after)
                if self._id in r.tokens and (verbs is None or r.verb in verbs)]

    def forbidden(self, received_after=""):
        return [(verb, uri) for verb, uri, code in self.requests(None, received_after) if code == 403]

    def expect_nothing_forbidden(self, received_after=""):
        """And a control: what really is forbidden shows."""
        asked = [request for request in self.requests(None, received_after) if 200 <= request[2] < 300]
        expect(f"it asked something and got it: {asked[:3]}", asked)
        expect_equal("answers 403", self.forbidden(received_after), [])
        done = self._server.run_kubectl("get", "--raw", _NOT_GRANTED, kubeconfig=self.kubeconfig, check=False)
        expect(f"the control is forbidden: {done.stdout[:200]}{done.stderr}", "forbidden" in done.stderr.lower())
        expect_equal("answers 403 with the control", self.forbidden(received_after), [("list", _NOT_GRANTED)])
