"""Objects for kube_parity_test.py: a valid one of each kind, and every way to spoil a field of it."""
import copy
import random
import string

REST = {
    "VirtualNetwork": {
        "addressPrefixes": ["10.11.0.0/16", "10.12.0.0/16", "2001:db8:11::/48"],
        "subnets": [{"name": "FrontEnd", "addressPrefix": "10.11.0.0/24"},
                    {"name": "GatewaySubnet", "addressPrefix": "10.12.255.0/27"}]},
    "VirtualNetworkGateway": {
        "virtualNetworkRef": {"name": "testvnet1"}, "gatewayType": "Vpn", "vpnType": "RouteBased", "sku": "VpnGw1",
        "profile": "AzureStack1910", "publicIPAddress": "192.0.2.10",
        "nodeSelector": {"kubernetes.io/hostname": "node-1"}, "dataPlane": "Auto"},
    "LocalNetworkGateway": {"gatewayIpAddress": "198.51.100.6", "addressPrefixes": ["10.61.0.0/16", "10.62.0.0/16"]},
    "IpsecPolicy": {
        "ikeEncryption": "AES256", "ikeIntegrity": "SHA384", "dhGroup": "ECP384", "ipsecEncryption": "GCMAES256",
        "ipsecIntegrity": "GCMAES256", "pfsGroup": "ECP384", "saLifeTimeSeconds": 14400,
        "saDataSizeKilobytes": 102400000},
    "Connection": {
        "virtualNetworkGatewayRef": {"name": "vnet1gw"}, "localNetworkGatewayRef": {"name": "site6"},
        "sharedKeySecretRef": {"name": "site6-psk", "key": "psk"}, "ipsecPolicyRef": {"name": "policy"},
        "connectionType": "IPsec", "connectionProtocol": "IKEv2", "connectionMode": "Default",
        "dpdTimeoutSeconds": 45, "usePolicyBasedTrafficSelectors": False, "localIdentity": "gw@example.com",
        "remoteIdentity": "198.51.100.6"},
}

_PREFIXES = [
    "0.0.0.0/0", "10.0.0.0/8", "10.61.0.0/16", "10.11.0.0/17", "10.11.128.0/17", "10.12.255.0/28", "10.61.0.1/32", "127.0.0.0/8",
    "224.0.0.0/4", "255.255.255.255/32", "::/0", "2001:db8::/32", "2001:DB8::/32", "2001:db8:0:0:0:0:0:0/64",
    "::1.2.3.4/128", "1:2:3:4:5:6:7::/112", "fe80::/10", "::1/128", "64:ff9b::192.0.2.0/120", "2001:db8:11:ff00::/64",
    "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/008", "010.0.0.0/8", "10.0.0/24", "10.0.0.0", "10.0.0.0/", "/8",
    "::ffff:10.0.0.0/104", "::ffff:0:0/96", "::ffff:a00:0/104", "::fffe:0:0/95", "fe80::%eth0/64", "2001:db8::/129",
    "2001:db8::1/64", " 10.0.0.0/8", "10.0.0.0/8 ", "10.0.0.0/8\n", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/8/8",
    "1:2:3:4:5:6:7:8::/128", "12345::/16", "2001:db8:::/32", "::00001/128", "[::]/0", "1.2.3.256/32", "１0.0.0.0/8",
    "10.0.0.0/255.0.0.0", "example.com/8", "", "0/0", "0x0a.0.0.0/8", "2001:db8::/1e1", "10.0.0.0/２",
    "1111:2222:3333:4444:5555:6666:255.255.255.255/128", "0000:0000:0000:0000:0000:0000:255.255.255.255/0128",
]
_ADDRESSES = [prefix.split("/")[0] for prefix in _PREFIXES] + [
    "198.51.100.6", "8.8.8.8", "169.254.1.1", "240.0.0.1", "0.0.0.0", "0.0.0.1", "127.0.0.1", "224.0.0.1", "239.255.255.255",
    "255.255.255.255", "255.255.255.254", "::", "::1", "::2", "ff02::1", "fe80::1", "febf::1", "fec0::1", "fc00::1",
    "2001:db8::6", "::ffff:198.51.100.6", "::198.51.100.6", "198.51.100.6:500", "[2001:db8::6]", "2001:db8::6%eth0",
    "vpn.example.com", "198.51.100", "198.51.100.06", "1.2.3.4.5", "3325256710", "::ffff:0:1", "::ffff:0:0:1", "64:ff9b::1",
]
_IDENTITIES = ["a", "192.0.2.1", "2001:db8::1", "gw.example.com", "a@b", "!", "~", "x" * 255, "x" * 256, "", " ", "a b", "a\n",
               "a\t", "\x7f", "\x1f", "ü", "ü" * 128, "€" * 255, "a\u0000b", "\ufeffa", "a\u2028"]
_NAMES = ["a", "a-b", "a.b", "a.b-c.d", "0", "x" * 253, "x" * 254, "", "A", "-a", "a-", ".a", "a.", "a..b", "a_b", "a/b", "../a",
          "..", "a b", "a\n", "ü", "a.-b", "a-.b", "x" * 64 + ".y"]
_KEYS = ["psk", ".psk", "A_b-c.1", "..psk", ".", "..", "...", "a..b", "", "a/b", "a b", "k" * 253, "k" * 254, "k\n", "ü"]
_LABELS = [
    {}, {"a": "b"}, {"a": ""}, {"kubernetes.io/hostname": "n"}, {"a/b/c": "d"}, {"/a": "b"}, {"a/": "b"}, {"": "b"}, {"A/b": "c"},
    {"a": "-b"}, {"a": "b-"}, {"a": "b c"}, {"a": "b\n"}, {"a b": "c"}, {"-a": "b"}, {"a_.-B": "c_.-D"}, {"a": "x" * 63},
    {"a": "x" * 64}, {"x" * 63: "a"}, {"x" * 64: "a"}, {"x" * 253 + "/" + "y" * 63: "a"}, {"x" * 254 + "/y": "a"},
    {"a": None}, {"a": None, "b": "c"}, {"a": 1}, {"a": True}, {"a": []}, {"a": {}}, {"a": "ü"}, {"ü": "a"}, {"a..b/c": "d"},
    {f"l{i}": "x" for i in range(16)}, {f"l{i}": "x" for i in range(17)},
]
_NETWORK = [[], ["10.0.0.0/8"], ["10.11.0.0/16", "10.11.0.0/16"], ["10.11.0.0/16", "10.0.0.0/8"], ["::/0", "0.0.0.0/0"],
            ["10.11.0.0/16", "10.12.0.1/16"], ["10.11.0.0/16", None], ["10.11.0.0/16", 1], [["10.11.0.0/16"]], [{}],
            [f"10.{i}.0.0/16" for i in range(64)], [f"10.{i}.0.0/16" for i in range(65)]]
_SUBNETS = [
    [], [{}], [None], ["a"], [{"name": "a"}], [{"addressPrefix": "10.11.0.0/24"}], [{"name": "", "addressPrefix": "10.11.0.0/24"}],
    [{"name": "a", "addressPrefix": "10.11.0.0/24", "more": 1}], [{"name": None, "addressPrefix": "10.11.0.0/24"}],
    [{"name": "x" * 80, "addressPrefix": "10.11.0.0/24"}], [{"name": "x" * 81, "addressPrefix": "10.11.0.0/24"}],
    [{"name": "ü" * 80, "addressPrefix": "10.11.0.0/24"}], [{"name": "ü" * 81, "addressPrefix": "10.11.0.0/24"}],
    [{"name": "a", "addressPrefix": "10.13.0.0/24"}], [{"name": "a", "addressPrefix": "10.0.0.0/8"}],
    [{"name": "a", "addressPrefix": "10.11.0.0/16"}, {"name": "b", "addressPrefix": "10.12.0.0/16"}],
    [{"name": "a", "addressPrefix": "10.11.0.0/24"}, {"name": "b", "addressPrefix": "10.11.0.0/24"}],
    [{"name": "a", "addressPrefix": "10.11.0.0/24"}, {"name": "b", "addressPrefix": "10.11.0.128/25"}],
    [{"name": "a", "addressPrefix": "10.11.0.128/25"}, {"name": "b", "addressPrefix": "10.11.0.0/24"}],
    [{"name": "a", "addressPrefix": "10.11.0.0/25"}, {"name": "b", "addressPrefix": "10.11.0.128/25"}],
    [{"name": "a", "addressPrefix": "10.11.0.0/24"}, {"name": "a", "addressPrefix": "10.11.1.0/24"}],
    [{"name": "a", "addressPrefix": "10.11.0.0/24"}, {"name": "A", "addressPrefix": "10.11.1.0/24"}],
    [{"name": "a", "addressPrefix": "2001:db8:11:1::/64"}], [{"name": "a", "addressPrefix": "2001:db8:12::/64"}],
    [{"name": f"s{i}", "addressPrefix": f"10.11.{i}.0/24"} for i in range(64)],
    [{"name": f"s{i}", "addressPrefix": f"10.11.{i}.0/24"} for i in range(65)],
]

# By the last part of the path; what a schema alone does not tell.
TEXTS = {
    "addressPrefixes[]": _PREFIXES, "addressPrefix": _PREFIXES, "gatewayIpAddress": _ADDRESSES,
    "publicIPAddress": _ADDRESSES, "localIdentity": _IDENTITIES, "remoteIdentity": _IDENTITIES, "key": _KEYS,
    "nodeSelector": _LABELS, "addressPrefixes": _NETWORK, "subnets": _SUBNETS,
}
_REFERENCE = _NAMES
WRONG_TYPES = [None, True, False, 0, 1, -1, 1.5, "1", "true", "", [], ["a"], {}, {"a": "b"}, {"name": "a", "namespace": "b"}, [[]]]
_INTEGERS = [0, -1, 1, 2**31 - 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30, 0.5, 1000.5, 300.0, 1024.0, 45.0, "27000", "1e4"]
MISSING = object()


def manifest(kind, spec, name="a"):
    out = {"apiVersion": "hawser.dev/v1alpha1", "kind": kind, "metadata": {"name": name}}
    return out if spec is MISSING else {**out, "spec": spec}


def fields(schema, path=()):
    """(path, schema) of every field below; a list's entries are [0]."""
    for name, inner in schema.get("properties", {}).items():
        yield path + (name,), inner
        yield from fields(inner, path + (name,))
        if inner.get("type") == "array":
            yield path + (name, 0), inner["items"]
            yield from fields(inner["items"], path + (name, 0))


def changed(spec, path, value):
    """A copy with one field changed, or gone."""
    out = copy.deepcopy(spec)
    at = out
    for step in path[:-1]:
        at = at[step]
    if value is not MISSING:
        at[path[-1]] = value
    elif isinstance(at, dict):
        at.pop(path[-1], None)
    else:
        del at[path[-1]]
    return out


def _misspelt(word):
    return {word.lower(), word.upper(), word[:-1], word + word[-1], word + " ", " " + word, word + "\n", word[::-1],
            word.replace("A", "А")}  # the last one is Cyrillic


def _lengths(schema):
    if schema.get("type") == "string" and "maxLength" in schema:
        yield from ("x" * n for n in (1, schema["maxLength"] - 1, schema["maxLength"], schema["maxLength"] + 1))


def values(path, schema):
    """Valid, misspelt, missing and of a wrong type."""
    name = path[-1] if path[-1] != 0 else f"{path[-2]}[]"
    out = [MISSING, *WRONG_TYPES, *_lengths(schema)]
    if "enum" in schema:
        out += schema["enum"] + sorted(set().union(*(_misspelt(word) for word in schema["enum"])))
    if schema.get("type") == "integer":
        out += _INTEGERS + [bound + step for bound in (schema["minimum"], schema["maximum"]) for step in (-1, 0, 1)]
    if name == "name" and str(path[-2]).endswith("Ref"):
        out += _REFERENCE
    return out + TEXTS.get(name, [])


def single(kind, schema):
    """Each value of each field against a valid rest."""
    rest = REST[kind]
    for value in (MISSING, *WRONG_TYPES, {**rest, "unknown": 1}, rest):
        yield manifest(kind, value)
    for path, inner in fields(schema):
        for value in values(path, inner):
            yield manifest(kind, changed(rest, path, value))


def largest():
    """As many and as long as may be, in the order that costs most: what CEL may spend on one object suffices."""
    prefixes = [f"1111:2222:3333:4444:5555:6666:255.255.{100 + i}.0/120" for i in range(64)]
    subnets = [{"name": "ü" * 77 + f"{100 + i}", "addressPrefix": f"1111:2222:3333:4444:5555:6666:255.255.163.{128 + i}/128"} for i in range(64)]
    for wrong in ([], [prefixes[0]]):
        yield manifest("LocalNetworkGateway", {"gatewayIpAddress": "198.51.100.6", "addressPrefixes": prefixes[:64 - len(wrong)] + wrong})
    for wrong in ([], [{"name": "last", "addressPrefix": "10.0.0.0/8"}], [{**subnets[0], "name": "again"}], [subnets[0]]):
        yield manifest("VirtualNetwork", {"addressPrefixes": prefixes, "subnets": subnets[:64 - len(wrong)] + wrong})
    yield manifest("VirtualNetworkGateway", {**REST["VirtualNetworkGateway"], "nodeSelector": {
        "x" * 240 + f"{i}/" + "y" * 63: "z" * 63 for i in range(16)}})


def esp_pairs(schema):
    """All pairs of the two ESP fields."""
    options = {}
    for name in ("ipsecEncryption", "ipsecIntegrity"):
        words = schema["properties"][name]["enum"]
        options[name] = [*words, *sorted(w.lower() for w in words), "AES512", "", None, 1, MISSING]
    for encryption in options["ipsecEncryption"]:
        for integrity in options["ipsecIntegrity"]:
            spec = changed(REST["IpsecPolicy"], ("ipsecEncryption",), encryption)
            yield manifest("IpsecPolicy", changed(spec, ("ipsecIntegrity",), integrity))


class Dice:
    """Random combinations: most fields as they may be, some spoilt, texts with a few characters changed."""

    def __init__(self, seed, schemas):
        self._random, self._schemas = random.Random(seed), schemas
        self._fields = {kind: list(fields(schema)) for kind, schema in schemas.items()}

    def _mutated(self, text):
        letters = list(text)
        for _ in range(self._random.choice((1, 1, 2, 3))):
            at = self._random.randrange(len(letters) + 1)
            new = self._random.choice(string.digits + ".:/-abcdefF@%_ ")
            letters[at:at + self._random.choice((0, 1))] = self._random.choice(([new], [new], []))
        return "".join(letters)

    def _prefixes(self):
        return [f"10.{self._random.randrange(16)}.{16 * self._random.randrange(16)}.0/{self._random.choice((12, 16, 20, 24))}"
                for _ in range(self._random.randrange(1, 4))]

    def _subnets(self, spaces):
        return [{"name": self._random.choice("abcdefgh"), "addressPrefix": self._random.choice(spaces)[:-2]
                 + self._random.choice(("16", "20", "24", "27"))} for _ in range(self._random.randrange(4))]

    def _value(self, path, schema, have):
        choices = values(path, schema)
        if isinstance(have, str) and "enum" not in schema and self._random.random() < 0.5:
            return self._mutated(have)
        if "enum" in schema and self._random.random() < 0.9:
            return self._random.choice(schema["enum"])
        if schema.get("type") == "integer" and self._random.random() < 0.8:
            return self._random.randint(schema["minimum"], schema["maximum"])
        return self._random.choice(choices)

    def roll(self):
        kind = self._random.choice(list(REST))
        spec = copy.deepcopy(REST[kind])
        if "addressPrefixes" in spec and self._random.random() < 0.5:
            spec["addressPrefixes"] = self._prefixes()
        if "subnets" in spec and self._random.random() < 0.7:
            spec["subnets"] = self._subnets(spec["addressPrefixes"])
        for path, schema in self._random.choices(self._fields[kind], k=self._random.choice((0, 1, 1, 2, 2, 3, 4))):
            try:
                have = spec
                for step in path:
                    have = have[step]
                spec = changed(spec, path, self._value(path, schema, have))
            except (KeyError, IndexError, TypeError):
                continue  # what held the field is gone already
        return manifest(kind, spec)
