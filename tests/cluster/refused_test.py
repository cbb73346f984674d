"""What needs a second object: the API server accepts it, a running operator reports it, in these words."""
import os
import sys

import yaml

from _account import Account, apply_roles
from apiserver import TOP, Cases, LabError, expect_equal, wait_until
from operator_lab import Operator, OperatorLab

FOLDER = os.path.join(TOP, "examples", "refused")
# By rule: the object at fault, the condition that says so, its reason and its message.
REPORTS = {
    "CON-1": ("connection/vnet1tosite6", "Accepted", "PolicyNotAllowedOnSku",
              "spec.ipsecPolicyRef: 'policy' cannot be used, gateway 'vnet1gw' has SKU 'Basic'; allowed with a policy: every "
              "other SKU; change spec.sku of the gateway or remove the reference"),
    "CON-3": ("connection/vnet1tosite6", "ResolvedRefs", "InvalidSharedKey",
              "spec.sharedKeySecretRef: key 'psk' of Secret 'site-psk' ends with a newline, which the peer would not have; "
              "allowed: 1..128 characters 0x21-0x7E; store it without one (printf %s, not echo)"),
    "CON-4": ("connection/vnet1tosite6-again", "Accepted", "DuplicateConnection",
              "spec.localNetworkGatewayRef: 'site6' is joined to gateway 'vnet1gw' by Connection default/vnet1tosite6 already; "
              "allowed: one connection for a pair; remove one of the two"),
    "FMT-7": ("connection/vnet1tosite6", "Accepted", "InvalidSpec",
              "spec.localNetworkGatewayRef: gatewayIpAddress '198.51.100.6' and publicIPAddress '2001:db8::10' are of different "
              "IP versions; allowed: both IPv4 or both IPv6; correct one of them"),
    "LNG-1": ("connection/vnet1tosite6", "Accepted", "PrefixOverlap",
              "spec.localNetworkGatewayRef: '10.11.128.0/17' of LocalNetworkGateway default/site6 overlaps 10.11.0.0/16 of the "
              "virtual network; allowed: prefixes apart; change one of them"),
    "LNG-2": ("localnetworkgateway/site6-again", "Accepted", "DuplicateGatewayAddress",
              "spec.gatewayIpAddress: '198.51.100.6' is taken by LocalNetworkGateway default/site6; allowed: one local network "
              "gateway for an address, in all namespaces; use that one"),
    "VNG-1": ("virtualnetworkgateway/vnet1gw", "Accepted", "InvalidSpec",
              "spec.virtualNetworkRef: VirtualNetwork 'testvnet1' has no subnet named exactly 'GatewaySubnet'; allowed: one of "
              "/29 or larger; add it to its spec.subnets"),
    "VNG-2": ("virtualnetworkgateway/vnet1gw-again", "Accepted", "DuplicateGateway",
              "spec.virtualNetworkRef: 'default/testvnet1' is taken by VirtualNetworkGateway default/vnet1gw; allowed: one "
              "gateway for a virtual network; remove one of the two gateways"),
}


def documents_of(rule):
    """Names as kubectl takes them, of our kinds."""
    with open(os.path.join(FOLDER, f"{rule}.yaml")) as text:
        return [f"{d['kind'].lower()}/{d['metadata']['name']}" for d in yaml.safe_load_all(text) if d["kind"] != "Secret"]


def check(lab, rule):
    culprit, type_, reason, message = REPORTS[rule]
    kind, name = culprit.split("/")
    seen = lab.wait_condition(kind, name, type_, "False", reason)
    expect_equal("message", seen["message"], message)
    ready = lab.wait_condition(kind, name, "Ready", "False", reason)
    expect_equal("message of Ready", ready["message"], message)
    expect_equal("generation that it is about", seen["observedGeneration"], 1)
    for other in set(documents_of(rule)) - {culprit}:
        lab.wait_condition(*other.split("/"), "Accepted", "True", "Accepted")
    if kind == "connection":
        wait_until(lambda: f"the sidecar to have nothing of it: {lab.sidecar.held()}",
                   lambda: f"default/{name}" not in lab.sidecar.held(), 10, 0.1)


def play(cases, lab):
    lab.apply_crds()
    apply_roles(lab.server, "default")
    account = Account(lab.server, "default")
    operator = Operator(lab, "operator", kubeconfig=account.kubeconfig)
    operator.wait_leading()
    for rule in REPORTS:
        path = os.path.join(FOLDER, f"{rule}.yaml")
        with cases.case(f"{rule}: accepted by the API server, and reported by the operator"):
            lab.server.kubectl("apply", "-f", path)
            check(lab, rule)
        lab.server.kubectl("delete", "-f", path, "--ignore-not-found", "--timeout=20s")
    with cases.case("control: what breaks no rule is accepted, in every condition"):
        lab.apply("secret", "policy", "network", "connection")
        lab.server.kubectl("wait", "--for=condition=Ready", "connections.hawser.dev/vnet1tosite6", "--timeout=30s")
    with cases.case("nothing was forbidden"):
        account.expect_nothing_forbidden()


def main():
    cases = Cases("refused")
    with OperatorLab() as lab:
        try:
            play(cases, lab)
        except LabError as reason:
            cases.fail("the programs go on", str(reason))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
