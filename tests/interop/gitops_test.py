"""What GitOps tools make of our statuses: Argo CD's health.lua by two Lua interpreters, and kstatus (Flux, kubectl-like
tools), over the manifests in gitops/argocd/testdata and over what a running operator says in the same situations.

    gitops_test.py --write      writes the testdata anew from the running operator
"""
import os
import sys

import yaml

import _lab  # noqa: F401
from lab import manifests, suites
from lab.cases import Cases, expect, expect_equal
from lab.hawser import TOP
from lab.process import run, wait_until
from lab.topology import TwoSites
from lab.walkthrough import Walkthrough

FOLDER = os.path.join(TOP, "gitops", "argocd")
# Argo CD's own is Lua 5.1; Debian's newest must agree.
INTERPRETERS = ("lua5.1", "lua5.4")
PLURALS = {"Connection": "connections", "IpsecPolicy": "ipsecpolicies", "LocalNetworkGateway": "localnetworkgateways",
           "VirtualNetworkGateway": "virtualnetworkgateways", "VirtualNetwork": "virtualnetworks"}

# A situation that the laboratory makes: file, kind, name, what kstatus says. What Argo CD says stands in health_test.yaml.
LIVE = (
    ("connection-up", "Connection", "vnet1tosite6", "Current"),
    ("connection-peer-absent", "Connection", "absent", "InProgress"),
    ("connection-waiting-for-peer", "Connection", "responder", "InProgress"),
    ("connection-secret-missing", "Connection", "no-secret", "InProgress"),
    ("connection-site-missing", "Connection", "no-site", "InProgress"),
    ("connection-refused", "Connection", "overlap", "Failed"),
    ("policy-weak", "IpsecPolicy", "ipsecpolicy6", "Current"),
    ("policy-refused", "IpsecPolicy", "broken", "Failed"),
    ("site", "LocalNetworkGateway", "site6", "Current"),
    ("gateway-pending", "VirtualNetworkGateway", "vnet1gw", "InProgress"),
    ("network", "VirtualNetwork", "testvnet1", "Current"),
)
# Made from one of them by hand: what lasts too short to be caught.
MADE = (
    ("connection-new", "connection-up", lambda o: o.update(status=status_default(o["kind"])), "InProgress"),
    ("connection-changed", "connection-up", lambda o: o["metadata"].update(generation=2), "InProgress"),
    ("connection-deleting", "connection-up", lambda o: o["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"), "Terminating"),
    ("gateway-ready", "gateway-pending", lambda o: [
        c.update(status="True", message="", reason={"Pending": c["type"]}.get(c["reason"], c["reason"])) for c in o["status"]["conditions"]], "Current"),
)


def status_default(kind):
    """What the API server gives an object that the operator has not looked at."""
    definition = yaml.safe_load(read(TOP, "crds", f"{PLURALS[kind]}.hawser.dev.yaml"))
    version, = definition["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["status"]["default"]


def read(*path):
    with open(os.path.join(*path)) as text:
        return text.read()


def testdata(name):
    return yaml.safe_load(read(FOLDER, "testdata", f"{name}.yaml"))


def kstatus(thing):
    """As sigs.k8s.io/cli-utils computes it for a kind that it does not know by name."""
    meta, status = thing["metadata"], thing.get("status") or {}
    conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
    if "deletionTimestamp" in meta:
        return "Terminating"
    if "observedGeneration" in status and status["observedGeneration"] != meta["generation"]:
        return "InProgress"
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    if "Ready" in conditions:
        return "Current" if conditions["Ready"] == "True" else "InProgress"
    return "Current"


def lua_value(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{lua_value(k)}] = {lua_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(map(lua_value, value)) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\{b:03d}" for b in str(value).encode())
    return f'"{text}"'


def health(thing, interpreter):
    """(status, message) of health.lua, which sees the object and the few functions that Argo CD leaves it."""
    script = (f"local file = io.open({lua_value(os.path.join(FOLDER, 'health.lua'))})\nlocal text = file:read('*a')\n"
              f"local box = {{obj = {lua_value(thing)}, ipairs = ipairs, pairs = pairs, string = string, table = table}}\n"
              "local run\nif setfenv then run = setfenv(assert(loadstring(text)), box)\n"
              "else run = assert(load(text, 'health.lua', 't', box)) end\n"
              "local hs = run()\nio.write(hs.status, '\\n', hs.message)\n")
    status, _, message = run(interpreter, "-", stdin=script).stdout.partition("\n")
    return status, message


def situations(walk):
    """Objects beside the walkthrough's, each with one thing wrong."""
    def thing(kind, name, spec):
        return {"apiVersion": "hawser.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}

    def site(number, prefix):
        return thing("LocalNetworkGateway", f"site{number}", {"gatewayIpAddress": f"198.51.100.{number}", "addressPrefixes": [prefix]})

    def connection(name, site_name, **fields):
        made = manifests.connection(name=name, **fields)
        made["spec"]["localNetworkGatewayRef"] = {"name": site_name}
        return made

    walk.left.apply({
        "site77": site(77, "10.77.0.0/16"), "absent": connection("absent", "site77"),
        "site78": site(78, "10.78.0.0/16"), "responder": connection("responder", "site78", connectionMode="ResponderOnly"),
        "no-site": connection("no-site", "nowhere"),
        "site79": site(79, "10.79.0.0/16"), "no-secret": connection("no-secret", "site79", sharedKeySecretRef={"name": "nothing"}),
        "site80": site(80, "10.11.5.0/24"), "overlap": connection("overlap", "site80"),
        "broken": manifests.policy({**suites.SAMPLE, "ipsecEncryption": "GCMAES256"}, name="broken")})


def specs(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".yaml"):
            for thing in yaml.safe_load_all(read(folder, name)):
                found[thing["kind"], thing["metadata"]["name"]] = thing.get("spec")
    return found


def live_objects(cases):
    """{file: object} as the running operator has them."""
    found = {}
    with TwoSites("gitops") as lab, cases.case("a running operator shows each situation"):
        walk = Walkthrough(lab, "hawser")
        situations(walk)
        walk.start()
        walk.wait_programmed()
        walk.wait_connected()
        walk.left.wait_condition("Established", "False", "PeerUnreachable", timeout=30, name="absent")
        wanted = specs(walk.left.manifests)
        for name, kind, thing, _ in LIVE:
            path = os.path.join(walk.left.status_folder, "default", PLURALS[kind], f"{thing}.yaml")
            wait_until(f"the status of {kind} {thing}", lambda path=path: os.path.exists(path), 10)
            have = yaml.safe_load(read(path))
            del have["metadata"]["annotations"]  # folder mode's own
            found[name] = {**have, "spec": wanted[kind, thing]}
        walk.stream.stop()
        walk.stop()
    return found


def write_testdata(objects):
    made = {name: yaml.safe_load(yaml.safe_dump(objects[source])) for name, source, _, _ in MADE}
    for name, _, change, _ in MADE:
        change(made[name])
    for name, thing in {**objects, **made}.items():
        with open(os.path.join(FOLDER, "testdata", f"{name}.yaml"), "w") as out:
            yaml.safe_dump(thing, out, sort_keys=False, width=120)


def conditions(thing):
    return [(c["type"], c["status"], c["reason"]) for c in thing["status"]["conditions"]]


def files(cases):
    tests = {t["inputPath"].removeprefix("testdata/").removesuffix(".yaml"): t["healthStatus"]
             for t in yaml.safe_load(read(FOLDER, "health_test.yaml"))["tests"]}
    with cases.case("health_test.yaml has every manifest of testdata, and the other way round"):
        expect_equal("names", sorted(tests), sorted(n.removesuffix(".yaml") for n in os.listdir(os.path.join(FOLDER, "testdata"))))
        expect_equal("table", sorted(tests), sorted(row[0] for row in (*LIVE, *MADE)))
        expect_equal("kinds", {testdata(name)["kind"] for name in tests}, set(PLURALS))
    for interpreter in INTERPRETERS:
        with cases.case(f"{interpreter}: health.lua says of each manifest what health_test.yaml says"):
            for name, wanted in tests.items():
                expect_equal(name, health(testdata(name), interpreter), (wanted["status"], wanted.get("message", "")))
            expect_equal("statuses", {t["status"] for t in tests.values()}, {"Healthy", "Progressing", "Degraded"})
    with cases.case("a paused object is Suspended"):
        paused = testdata("connection-up")
        paused["status"]["conditions"].append({"type": "Paused", "status": "True", "reason": "Paused", "message": "by hand"})
        expect_equal("health", health(paused, "lua5.1"), ("Suspended", "by hand"))
    with cases.case("kstatus says of each manifest what it should"):
        for row in (*LIVE, *MADE):
            expect_equal(row[0], kstatus(testdata(row[0])), row[3])
    with cases.case("the ConfigMap for Argo CD has this health.lua for every kind"):
        data = yaml.safe_load(read(FOLDER, "argocd-cm.yaml"))["data"]
        expect_equal("keys", sorted(data), [f"resource.customizations.health.hawser.dev_{kind}" for kind in sorted(PLURALS)])
        for key, text in data.items():
            expect(f"{key}: other than health.lua", text == read(FOLDER, "health.lua"))
    with cases.case("the examples for Argo CD and Flux are YAML, with a check for every kind that can fail"):
        for path in ("argocd/application.yaml", "flux/hawser.yaml"):
            expect(path, all(d["apiVersion"] and d["kind"] for d in yaml.safe_load_all(read(TOP, "gitops", path))))
        checks = [c for d in yaml.safe_load_all(read(TOP, "gitops", "flux/hawser.yaml")) for c in d["spec"].get("healthCheckExprs", [])]
        expect_equal("kinds", {c["kind"] for c in checks}, {"Connection"})


def live(cases, objects):
    with cases.case("the running operator says the same as testdata, condition by condition"):
        for name, _, _, _ in LIVE:
            expect_equal(name, conditions(objects[name]), conditions(testdata(name)))
    with cases.case("Argo CD and kstatus judge the running operator's statuses as testdata's"):
        for name, _, _, wanted in LIVE:
            expect_equal(f"{name}: kstatus", kstatus(objects[name]), wanted)
            expect_equal(f"{name}: health", health(objects[name], "lua5.1")[0], health(testdata(name), "lua5.1")[0])


def main():
    cases = Cases("gitops")
    objects = live_objects(cases)
    if "--write" in sys.argv[1:]:
        write_testdata(objects)
        return cases.finish()
    files(cases)
    if len(objects) == len(LIVE):
        live(cases, objects)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
