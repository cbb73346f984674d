"""Manifests of the walkthrough as plain values, with the laboratory's outer addresses, for tests that change them."""
from . import suites

CONNECTION = "vnet1tosite6"
POLICY = "ipsecpolicy6"
SECRET = "site6-psk"
KEY = "Azs123"
_API = "hawser.dev/v1alpha1"


def _object(kind, name, spec):
    return {"apiVersion": _API, "kind": kind, "metadata": {"name": name}, "spec": spec}


def secret(key, name=SECRET):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque",
            "stringData": {"psk": key}}


def policy(suite, name=POLICY, **lifetimes):
    return _object("IpsecPolicy", name, {**suite, "saLifeTimeSeconds": 14400, "saDataSizeKilobytes": 102400000,
                                         **lifetimes})


def connection(policy_name=POLICY, name=CONNECTION, **fields):
    spec = {"virtualNetworkGatewayRef": {"name": "vnet1gw"}, "localNetworkGatewayRef": {"name": "site6"},
            "sharedKeySecretRef": {"name": SECRET}, **fields}
    if policy_name:
        spec["ipsecPolicyRef"] = {"name": policy_name}
    return _object("Connection", name, spec)


def walkthrough(site, other, peer_address=None, suite=None, key=KEY, profile="AzureStack1910", gateway=None, **fields):
    """All objects of one side, by file name. `suite` None: no policy; fields go into the Connection."""
    gateway_subnet = site.subnets[1].rpartition(".")[0] + ".255.0/27"
    objects = {
        "virtual-network": _object("VirtualNetwork", "testvnet1", {
            "addressPrefixes": list(site.prefixes),
            "subnets": [{"name": "FrontEnd", "addressPrefix": f"{site.subnets[0]}.0/24"},
                        {"name": "Backend", "addressPrefix": f"{site.subnets[1]}.0/24"},
                        {"name": "GatewaySubnet", "addressPrefix": gateway_subnet}]}),
        "virtual-network-gateway": _object("VirtualNetworkGateway", "vnet1gw", {
            "virtualNetworkRef": {"name": "testvnet1"}, "gatewayType": "Vpn", "vpnType": "RouteBased",
            "sku": "VpnGw1", "profile": profile, **(gateway or {})}),
        "local-network-gateway": _object("LocalNetworkGateway", "site6", {
            "gatewayIpAddress": peer_address or other.outer, "addressPrefixes": list(other.prefixes)}),
        "secret": secret(key),
        "connection": connection(POLICY if suite else None, **fields),
    }
    if suite:
        objects["policy"] = policy(suite)
    return objects


def sample(site, other, **changes):
    return walkthrough(site, other, suite=suites.SAMPLE, **changes)
