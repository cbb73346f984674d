"""Flux's health expressions, evaluated by the API server's own CEL over the statuses in gitops/argocd/testdata."""
import json
import os
import re

import yaml

from apiserver import TOP, expect, expect_equal
from lab.process import wait_until

# What Flux makes of its three expressions, in its order; none true: it goes on waiting.
WANTED = {"connection-up": "current", "connection-peer-absent": "current", "connection-waiting-for-peer": "current",
          "connection-refused": "failed", "connection-secret-missing": "waiting", "connection-site-missing": "waiting"}
ORDER = ("inProgress", "failed", "current")


def checks():
    with open(os.path.join(TOP, "gitops", "flux", "hawser.yaml")) as text:
        return [c for d in yaml.safe_load_all(text) for c in d["spec"].get("healthCheckExprs", [])]


def of_object(expression):
    """Flux gives an object's parts as variables; an admission policy gives the object."""
    return re.sub(r"(?<![.\w])(status|metadata|spec)\.", r"object.\1.", expression)


def policy(check):
    """Refuses every new status, and says in its message what each expression is."""
    told = " + ' ' + ".join(f"'{name}=' + string({of_object(check[name])})" for name in ORDER)
    rules = [{"apiGroups": ["hawser.dev"], "apiVersions": ["v1alpha1"], "operations": ["UPDATE"], "resources": ["connections/status"]}]
    name = {"metadata": {"name": "flux-expressions"}, "apiVersion": "admissionregistration.k8s.io/v1"}
    return [{**name, "kind": "ValidatingAdmissionPolicy", "spec": {
                "failurePolicy": "Fail", "matchConstraints": {"resourceRules": rules},
                "validations": [{"expression": "false", "messageExpression": told}]}},
            {**name, "kind": "ValidatingAdmissionPolicyBinding", "spec": {"policyName": "flux-expressions", "validationActions": ["Deny"]}}]


def told(server, thing):
    """{expression: true or false} of an object's status; nothing while the policy is not yet in force."""
    current = json.loads(server.kubectl("get", "connections.hawser.dev", thing["metadata"]["name"], "-o", "json"))
    status = {**thing["status"], "observedGeneration": current["metadata"]["generation"]}
    done = server.run_kubectl("replace", "--subresource=status", "--dry-run=server", "-f", "-",
                              stdin=json.dumps({**current, "status": status}), check=False)
    found = dict(re.findall(r"(\w+)=(true|false)", done.stderr))
    expect(done.stderr, found or done.returncode == 0)
    return found


def flux_expressions(cases, server):
    with cases.case(f"Flux's expressions, by the API server's CEL, over {len(WANTED)} statuses"):
        expect_equal("kinds", [c["kind"] for c in checks()], ["Connection"])
        server.kubectl("apply", "--server-side", "-f", os.path.join(TOP, "crds"))
        server.kubectl("wait", "--for=condition=Established", "crd/connections.hawser.dev")
        things = {}
        for name in WANTED:
            with open(os.path.join(TOP, "gitops", "argocd", "testdata", f"{name}.yaml")) as text:
                things[name] = yaml.safe_load(text)
            bare = {k: v for k, v in things[name].items() if k != "status"}
            bare["metadata"] = {"name": bare["metadata"]["name"], "namespace": "default"}
            server.kubectl("create", "-f", "-", stdin=json.dumps(bare))
        for part in policy(checks()[0]):
            server.kubectl("create", "-f", "-", stdin=json.dumps(part))
        wait_until("the policy to be in force", lambda: told(server, things["connection-up"]), 30, 0.5)
        for name, wanted in WANTED.items():
            answers = told(server, things[name])
            expect_equal("expressions", sorted(answers), sorted(ORDER))
            expect_equal(name, next((e for e in ORDER if answers[e] == "true"), "waiting"), wanted)
