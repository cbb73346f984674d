"""An API server without WatchList, as Kubernetes 1.31 and 1.33 are, and an operator that may get and watch one Secret."""
import json
import sys

from _account import Account, apply_roles
from _audit import audit_time
from apiserver import Cases, LabError, expect, expect_equal, wait_until
from operator_lab import Operator, OperatorLab

SECRET = "site6-psk"
CONNECTION = ("connection", "vnet1tosite6")


def without_watch_list(cases, lab):
    with cases.case("this API server cannot begin a watch with a list, and the operator may not list Secrets"):
        done = lab.server.run_kubectl("get", "--raw", "/api/v1/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch="
                                      "NotOlderThan&timeoutSeconds=1", check=False)
        expect(f"refused, not: {done.stdout[:200]}{done.stderr}", "sendInitialEvents" in done.stderr)

        def may():
            return [lab.server.run_kubectl("auth", "can-i", verb, f"secrets/{SECRET}", "-n", "default",
                                           "--as=system:serviceaccount:default:hawser-operator", check=False).stdout.strip()
                    for verb in ("get", "watch", "list")]
        # The authorizer learns of a new binding by a watch of its own.
        wait_until(lambda: f"get and watch without list, not {may()}", lambda: may() == ["yes", "yes", "no"], 20)


def play(cases, lab):
    lab.apply_crds()
    apply_roles(lab.server, "default", "default", rbac__secretNames=f"{{{SECRET}}}")
    without_watch_list(cases, lab)
    account = Account(lab.server, "default")
    operator = Operator(lab, "operator", "--watch-namespaces", "default", "--leader-elect=false",
                        kubeconfig=account.kubeconfig)
    operator.wait_ready()
    with cases.case("a connection gets its key"):
        lab.apply("secret", "policy", "network", "connection")
        lab.wait_condition(*CONNECTION, "ResolvedRefs", "True", "Resolved")
        lab.wait_condition(*CONNECTION, "Ready", "True")
        expect_equal("in the sidecar", set(lab.sidecar.held()), {"default/vnet1tosite6"})
    with cases.case("a changed Secret is noticed"):
        seen = len(lab.sidecar.states())
        lab.server.kubectl("patch", "secret", SECRET, "--type=merge", "-p", '{"stringData": {"psk": "Other456"}}')
        wait_until(lambda: f"the sidecar is told: {operator.process.tail(5)}", lambda: any(
            "default/vnet1tosite6" in state["changed"] for state in lab.sidecar.states()[seen:]), 20)
    with cases.case("a deleted Secret is noticed, and one that comes back"):
        lab.server.kubectl("delete", "secret", SECRET)
        lab.wait_condition(*CONNECTION, "ResolvedRefs", "False", "SecretNotFound")
        lab.apply("secret")
        lab.wait_condition(*CONNECTION, "ResolvedRefs", "True", "Resolved", timeout=40)
    with cases.case("a watch that is cut off is taken up again: the next change is noticed too"):
        expect_equal("answers 403 so far", account.forbidden(), [])
        lab.server.restart_server()
        # A server that starts refuses what it may not yet know to be allowed.
        ready = audit_time()
        operator.wait_ready(120)
        lab.server.kubectl("patch", "secret", SECRET, "--type=merge", "-p", json.dumps({"stringData": {"psk": "with newline\n"}}))
        lab.wait_condition(*CONNECTION, "ResolvedRefs", "False", "InvalidSharedKey", timeout=120)
    with cases.case("it asked by get and watch of that name alone, and nothing was forbidden"):
        asked = {(verb, uri.split("?")[0].removeprefix("/api/v1/namespaces/default/"), "fieldSelector" in uri)
                 for verb, uri, _ in account.requests() if "/secrets" in uri}
        expect_equal("how it asked for Secrets", asked, {("get", f"secrets/{SECRET}", False), ("watch", "secrets", True)})
        account.expect_nothing_forbidden(received_after=ready)
    operator.process.stop(10)


def main():
    cases = Cases("plain list")
    with OperatorLab(extra_arguments=["--feature-gates=WatchList=false"]) as lab:
        try:
            play(cases, lab)
        except LabError as reason:
            cases.fail("the programs go on", str(reason))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
