"""hawser-operator on a real API server, with the chart's role: conditions, references that heal, quiet, deletion, refused
Secrets."""
import json
import os
import signal
import sys
import time

from _account import Account, apply_roles
from _audit import WRITES, AuditLog, audit_time
from apiserver import Cases, LabError, expect, expect_equal, wait_until
from operator_lab import LEASE, Operator, OperatorLab

LIMITED_ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: limited}
rules:
- apiGroups: [hawser.dev]
  resources: [virtualnetworks, virtualnetworkgateways, localnetworkgateways, ipsecpolicies, connections]
  verbs: [get, list, watch]
- apiGroups: [hawser.dev]
  resources: [virtualnetworks/status, virtualnetworkgateways/status, localnetworkgateways/status, ipsecpolicies/status,
              connections/status]
  verbs: [patch]
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}
- {apiGroups: [events.k8s.io], resources: [events], verbs: [create, patch]}
"""
SECRET_ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: secret, namespace: NAMESPACE}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [get, watch], resourceNames: [site6-psk]}
"""


def audit_from_now(lab):
    return AuditLog(lab.server.audit_log, from_now=True)


def writes(log):
    """What operators changed in that part of the audit log, but for their Lease."""
    return [f"{r.verb} {r.uri}" for r in log.requests()
            if r.verb in WRITES and "hawser-operator" in r.agent and r.resource != "leases"]


class ChartLab(OperatorLab):
    """Operators here have the chart's role."""

    def __init__(self):
        super().__init__()
        apply_roles(self.server, "default", rbac__secretNames="{site6-psk}")
        self.account = Account(self.server, "default")

    def begin(self, name):
        return Operator(self, name, kubeconfig=self.account.kubeconfig)


def appear(cases, lab):
    operator = lab.begin("operator-a")
    with cases.case("without the CRDs it is not ready, says which is missing, and goes on"):
        def named():
            code, text = operator.readyz()
            return code == 503 and "virtualnetworks" in text
        wait_until(lambda: f"readyz names a CRD, not {operator.readyz()}", named, 20, 0.2)
        time.sleep(3)
        expect("it runs", operator.process.running())
    with cases.case("once they are there it is ready and leads"):
        lab.apply_crds()
        operator.wait_ready(120)
        operator.wait_leading()
    return operator


def walkthrough(cases, lab):
    server = lab.server
    with cases.case("a Connection before all that it needs says what is missing"):
        lab.apply("connection")
        seen = lab.wait_condition("connection", "vnet1tosite6", "ResolvedRefs", "False", "VirtualNetworkGatewayNotFound")
        for name in ("vnet1gw", "site6", "ipsecpolicy6", "site6-psk"):
            expect(f"{name} is named in: {seen['message']}", name in seen["message"])
    with cases.case("it heals as they come, the Secret last"):
        lab.apply("policy", "network")
        lab.wait_condition("connection", "vnet1tosite6", "ResolvedRefs", "False", "SecretNotFound")
        lab.apply("secret")
        server.kubectl("wait", "--for=condition=Ready", "connections.hawser.dev/vnet1tosite6", "--timeout=30s")
        expect_equal("in the sidecar", lab.sidecar.held(), {"default/vnet1tosite6": ("131.107.72.22", "45", "14400")})
    with cases.case("every kind has the conditions and the generation of the contracts"):
        for kind, name, types in (("virtualnetwork", "testvnet1", "Accepted Ready"),
                                  ("localnetworkgateway", "site6", "ResolvedRefs Accepted Ready"),
                                  ("ipsecpolicy", "ipsecpolicy6", "Accepted Ready Weak"),
                                  ("virtualnetworkgateway", "vnet1gw", "ResolvedRefs Accepted Programmed Ready"),
                                  ("connection", "vnet1tosite6",
                                   "ResolvedRefs Accepted Programmed Established PfsVerified Ready Weak")):
            server.kubectl("wait", "--for=condition=Ready", f"{kind}.hawser.dev/{name}", "--timeout=10s")
            item = lab.get(kind, name)
            conditions = {c["type"]: c for c in item["status"]["conditions"]}
            expect_equal(f"conditions of {kind}", set(conditions), set(types.split()))
            expect_equal(f"those of {kind} that are not True", [t for t, c in conditions.items() if c["status"] != "True"], [])
            expect_equal(f"observedGeneration of {kind}", item["status"]["observedGeneration"], item["metadata"]["generation"])
        status = lab.get("connection", "vnet1tosite6")["status"]
        expect_equal("connectionStatus", status["connectionStatus"], "Connected")
        expect_equal("node", status["node"], "node-a")
        expect_equal("effective policy", status["effectivePolicy"]["saLifeTimeSeconds"], 14400)
    with cases.case("events tell the story"):
        def story():
            return {(e["reason"], e["type"]) for e in lab.get("events.events.k8s.io")["items"]
                    if e["regarding"]["name"] == "vnet1tosite6"}
        wait_until(lambda: f"events, not {story()}", lambda: {("VirtualNetworkGatewayNotFound", "Warning"),
                                                              ("Resolved", "Normal"), ("Established", "Normal")} <= story(), 20, 0.5)


def changes(cases, lab):
    server = lab.server
    with cases.case("a changed Secret reaches the sidecar"):
        seen = len(lab.sidecar.states())
        server.kubectl("patch", "secret", "site6-psk", "--type=merge", "-p", '{"stringData": {"psk": "Other456"}}')
        wait_until("a new state", lambda: any("default/vnet1tosite6" in s["changed"] for s in lab.sidecar.states()[seen:]), 10)
    with cases.case("a key that can never be one is refused; the tunnel keeps the last"):
        seen = len(lab.sidecar.states())
        server.kubectl("patch", "secret", "site6-psk", "--type=merge", "-p", '{"stringData": {"psk": "with newline\\n"}}')
        lab.wait_condition("connection", "vnet1tosite6", "ResolvedRefs", "False", "InvalidSharedKey")
        expect_equal("Established", lab.condition("connection", "vnet1tosite6", "Established")["status"], "True")
        expect("nothing removed", not any(s["removedCount"] or s["changedCount"] for s in lab.sidecar.states()[seen:]))
        server.kubectl("patch", "secret", "site6-psk", "--type=merge", "-p", '{"stringData": {"psk": "Other456"}}')
        lab.wait_condition("connection", "vnet1tosite6", "Ready", "True")
    with cases.case("a changed policy reaches the connections that use it"):
        lab.patch("ipsecpolicy", "ipsecpolicy6", {"saLifeTimeSeconds": 3600})
        wait_until(lambda: f"3600 s, not {lab.sidecar.held()}",
                   lambda: lab.sidecar.held()["default/vnet1tosite6"][2] == "3600", 10)
        wait_until("the status says so", lambda: lab.get("connection", "vnet1tosite6")["status"]["effectivePolicy"]
                   ["saLifeTimeSeconds"] == 3600, 10)
        policy = lab.get("ipsecpolicy", "ipsecpolicy6")
        expect_equal("generation", policy["metadata"]["generation"], 2)
        expect_equal("observedGeneration", policy["status"]["observedGeneration"], 2)
    with cases.case("a changed gateway address too"):
        lab.patch("localnetworkgateway", "site6", {"gatewayIpAddress": "131.107.72.23"})
        wait_until("the new address", lambda: lab.sidecar.held()["default/vnet1tosite6"][0] == "131.107.72.23", 10)
    with cases.case("a second gateway on the network is refused with advice, and its removal heals nothing else"):
        server.kubectl("apply", "-f", "-", stdin=json.dumps({
            "apiVersion": "hawser.dev/v1alpha1", "kind": "VirtualNetworkGateway", "metadata": {"name": "second"},
            "spec": {"virtualNetworkRef": {"name": "testvnet1"}, "gatewayType": "Vpn", "vpnType": "RouteBased"}}))
        seen = lab.wait_condition("virtualnetworkgateway", "second", "Accepted", "False", "DuplicateGateway")
        expect(f"who has it, in: {seen['message']}", "vnet1gw" in seen["message"] and "remove one" in seen["message"])
        expect_equal("the first", lab.condition("virtualnetworkgateway", "vnet1gw", "Accepted")["status"], "True")
        server.kubectl("delete", "virtualnetworkgateway", "second")


def rest(cases, lab, operator):
    server = lab.server
    with cases.case("a quiet system writes nothing for 20 s"):
        before, log = lab.wait_quiet(), audit_from_now(lab)
        time.sleep(20)
        expect_equal("resource versions", lab.versions(), before)
        expect_equal("writes", writes(log), [])
    with cases.case("a restart writes nothing and changes nothing in the sidecar; SIGTERM gives the Lease back at any moment"):
        for turn in range(4):  # the moment of a renewal is one of them
            expect_equal("exit code", operator.process.stop(10), 0)
            expect_equal("holder of the lease", lab.get("lease", LEASE)["spec"].get("holderIdentity", ""), "")
            operator = lab.begin(f"operator-turn-{turn}")
            operator.wait_leading(10)
            time.sleep(1.97)
        log, seen = audit_from_now(lab), len(lab.sidecar.states())
        expect_equal("exit code", operator.process.stop(10), 0)
        operator = lab.begin("operator-b")
        operator.wait_leading(10)
        wait_until("the sidecar is told again", lambda: len(lab.sidecar.states()) > seen, 10)
        time.sleep(5)
        expect_equal("writes", writes(log), [])
        later = lab.sidecar.states()[seen:]
        expect(f"nothing changed, not {later}", not any(s["changedCount"] or s["removedCount"] for s in later))
    with cases.case("what was deleted while no operator ran is gone, without a finalizer"):
        operator.process.stop(10)
        server.kubectl("delete", "connection", "vnet1tosite6", "--timeout=10s")
        operator = lab.begin("operator-c")
        wait_until(lambda: f"nothing held, not {lab.sidecar.held()}", lambda: not lab.sidecar.held(), 20)
        lab.apply("connection")
        server.kubectl("wait", "--for=condition=Ready", "connections.hawser.dev/vnet1tosite6", "--timeout=30s")
    with cases.case("the status that somebody overwrites is put right"):
        server.kubectl("patch", "connection", "vnet1tosite6", "--subresource=status", "--type=merge", "-p",
                       '{"status": {"connectionStatus": "NotConnected"}}')
        wait_until("Connected again", lambda: lab.get("connection", "vnet1tosite6")["status"]["connectionStatus"] ==
                   "Connected", 10, 0.2)
    with cases.case("the shared key is in no status, event or log"):
        text = server.kubectl("get", "events,connections,virtualnetworkgateways,ipsecpolicies", "-A", "-o", "yaml")
        for each in lab.operators:
            text += each.process.output()
        for key in ("Azs123", "Other456", "with newline"):
            expect(f"{key} is not there", key not in text)
    operator.process.stop(10)


def times_before(conditions, moment):
    """Those whose lastTransitionTime, which has no fractions, is before that."""
    return [c for c in conditions if c["lastTransitionTime"] < moment[:19] + "Z"]


def unattended(cases, lab):
    """No operator runs. Afterwards one does."""
    server, connection = lab.server, "connections.hawser.dev/vnet1tosite6"
    begun = audit_time()
    with cases.case("what is made while no operator runs says that it waits for one"):
        server.kubectl("delete", "connection,virtualnetworkgateway", "--all")
        lab.apply("network", "connection")
        for kind, name in (("connection", "vnet1tosite6"), ("virtualnetworkgateway", "vnet1gw")):
            status = lab.get(kind, name).get("status", {})
            conditions = [(c["type"], c["status"], c["reason"]) for c in status.get("conditions", [])]
            expect_equal(f"conditions of {kind}", conditions, [("Ready", "Unknown", "Pending")])
            expect_equal(f"observedGeneration of {kind}", status.get("observedGeneration"), None)
        done = server.run_kubectl("wait", "--for=condition=Ready", connection, "--timeout=3s", check=False)
        expect(f"kubectl waits for it: {done.stdout}{done.stderr}", done.returncode != 0 and "timed out waiting" in done.stderr)
    with cases.case("an operator without its sidecar makes that status whole, with times of now, though Ready stays Unknown"):
        os.kill(lab.sidecar.process.pid, signal.SIGSTOP)
        operator = lab.begin("operator-late")
        wait_until("the gateway's status", lambda: lab.get("virtualnetworkgateway", "vnet1gw").get("status", {}).get(
            "observedGeneration") == 1, 20)
        conditions = lab.get("virtualnetworkgateway", "vnet1gw")["status"]["conditions"]
        expect_equal("types", {c["type"] for c in conditions}, {"ResolvedRefs", "Accepted", "Programmed", "Ready"})
        expect(f"Ready is Unknown: {conditions}", ("Ready", "Unknown") in [(c["type"], c["status"]) for c in conditions])
        expect_equal("times before this test", times_before(conditions, begun), [])
    os.kill(lab.sidecar.process.pid, signal.SIGCONT)
    with cases.case("with its sidecar the status is whole, and who waits for Ready is served"):
        server.kubectl("wait", "--for=condition=Ready", connection, "--timeout=30s")
        for kind, name in (("connection", "vnet1tosite6"), ("virtualnetworkgateway", "vnet1gw")):
            server.kubectl("wait", "--for=condition=Ready", f"{kind}.hawser.dev/{name}", "--timeout=10s")
            status = lab.get(kind, name)["status"]
            expect_equal(f"observedGeneration of {kind}", status["observedGeneration"], 1)
            expect_equal(f"times of {kind} before this test", times_before(status["conditions"], begun), [])
    operator.process.stop(10)


def limited(cases, lab):
    server, namespace = lab.server, "tenant"
    server.kubectl("create", "namespace", namespace)
    server.kubectl("apply", "-f", "-", stdin=LIMITED_ROLE)
    for binding in (("rolebinding", "-n", namespace), ("rolebinding", "-n", "default")):
        server.kubectl("create", *binding, "limited", "--clusterrole=limited", "--user=limited")
    lab.apply("connection", "policy", "network", "secret", namespace=namespace)
    # In another namespace: one local network gateway for an address.
    server.kubectl("delete", "localnetworkgateway", "site6", "-n", "default")
    kubeconfig = server.make_kubeconfig("limited", "limited")
    operator = Operator(lab, "operator-limited", "--watch-namespaces", namespace, kubeconfig=kubeconfig)
    with cases.case("a Secret it may not read is a condition that names the chart's value, not a crash"):
        seen = lab.wait_condition("connection", "vnet1tosite6", "ResolvedRefs", "False", "SecretNotFound", namespace=namespace)
        expect(f"rbac.secretNames in: {seen['message']}", "rbac.secretNames" in seen["message"])
        expect("it runs", operator.process.running())
    with cases.case("get and watch of that one name are enough, and it heals without a restart"):
        server.kubectl("apply", "-f", "-", stdin=SECRET_ROLE.replace("NAMESPACE", namespace))
        server.kubectl("create", "rolebinding", "-n", namespace, "secret", "--role=secret", "--user=limited")
        lab.wait_condition("connection", "vnet1tosite6", "ResolvedRefs", "True", timeout=90, namespace=namespace)
        lab.wait_condition("connection", "vnet1tosite6", "Ready", "True", namespace=namespace)
    operator.process.stop(10)


def main():
    cases = Cases("kube operator")
    with ChartLab() as lab:
        try:
            operator = appear(cases, lab)
            walkthrough(cases, lab)
            changes(cases, lab)
            rest(cases, lab, operator)
            unattended(cases, lab)
            with cases.case("with the chart's role nothing was forbidden"):
                lab.account.expect_nothing_forbidden()
            limited(cases, lab)
        except LabError as reason:
            cases.fail("the programs go on", str(reason))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
