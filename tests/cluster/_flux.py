"""Flux's health expressions, evaluated by the API server's own CEL over the statuses in gitops/argocd/testdata."""
import json
import os
import re

import yaml

from _helm import CHART, helm
from apiserver import TOP, expect, expect_equal
from lab.process import wait_until

# What Flux makes of its three expressions, in its order; none true: it goes on waiting.
WANTED = {"connection-up": "current", "connection-peer-absent": "current", "connection-waiting-for-peer": "current",
          "connection-refused": "failed", "connection-secret-missing": "waiting", "connection-site-missing": "waiting"}
ORDER = ("inProgress", "failed", "current")


def documents(*path):
    with open(os.path.join(TOP, "gitops", "flux", *path)) as text:
        return list(yaml.safe_load_all(text))


def checks():
    return [c for d in documents("hawser.yaml") for c in d["spec"].get("healthCheckExprs", [])]


def flux_example(cases):
    """What hangs together in the example; the kinds are Flux's own."""
    by = {(d["kind"], d["metadata"]["name"]): d for d in documents("hawser.yaml") + documents("operator", "operator.yaml")}
    release, first, second = by["HelmRelease", "hawser"], by["Kustomization", "hawser"], by["Kustomization", "connections"]
    with cases.case("Flux's example: every source is there, the objects wait for the operator, and both retry"):
        for owner in (first["spec"], second["spec"], release["spec"]["chart"]["spec"]):
            expect(str(owner["sourceRef"]), (owner["sourceRef"]["kind"], owner["sourceRef"]["name"]) in by)
        expect_equal("one namespace for Flux's objects", {d["metadata"].get("namespace") for d in by.values() if d["kind"] != "Namespace"}, {"flux-system"})
        expect_equal("order", second["spec"]["dependsOn"], [{"name": "hawser"}])
        for one in (first, second):
            expect(one["metadata"]["name"], one["spec"]["wait"] and one["spec"]["retryInterval"] and one["spec"]["timeout"])
        expect("operator's folder", os.path.samefile(os.path.join(TOP, first["spec"]["path"]), os.path.join(TOP, "gitops/flux/operator")))
        expect("chart", os.path.samefile(os.path.join(TOP, release["spec"]["chart"]["spec"]["chart"]), CHART))
    with cases.case("Flux's example: the namespace of release and objects is made, and lets the sidecars run"):
        namespace = by["Namespace", "hawser-system"]
        expect_equal("level", namespace["metadata"]["labels"], {"pod-security.kubernetes.io/enforce": "privileged"})
        expect_equal("targets", {release["spec"]["targetNamespace"], second["spec"]["targetNamespace"]}, {"hawser-system"})
        helm("helm4", "template", release["spec"]["releaseName"], CHART, "--values", "-", stdin=json.dumps(release["spec"]["values"]))


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
        server.wait_established()
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
