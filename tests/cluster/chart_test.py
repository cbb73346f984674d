"""The chart: both Helm majors render and check it, and a real API server takes what they render."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from _helm import CHART, EXCEPTIONS, MAJORS, SETS, closed_paths, helm, leaves, lint, objects, one, pod_of, rendered, sync, \
    template, values_of
from _flux import flux_example, flux_expressions
from _schemas import write_schemas
from apiserver import BIN, CACHE, TOP, ApiServer, Cases, LabError, expect, expect_equal
from lab.owner import own_name
from lab.process import Process, run, wait_until

KINDS = ["connections", "ipsecpolicies", "localnetworkgateways", "virtualnetworkgateways", "virtualnetworks"]
# `helm test` is the one hook there is.
HOOKS = {"hawser-test": "test"}
NOT_REPEATABLE = re.compile(r"\b(lookup|rand\w+|genCA\w*|genSigned\w*|genSelf\w*|genPrivateKey|uuidv4|now|date\w*|htpasswd|"
                            r"derivePassword|getHostByName|ago|unixEpoch)\b")


def read(*path):
    with open(os.path.join(*path)) as text:
        return text.read()


def flags(cases):
    """The programs know every flag that the chart gives them."""
    for kind, program, command in (("Deployment", "hawser-operator", ()), ("DaemonSet", "hawser-sidecar", ("run",))):
        with cases.case(f"{program} knows every flag that the chart gives it"):
            known = run(os.path.join(TOP, "build", "release", "bin", program), *command, "--help").stdout
            for name in SETS:
                for argument in pod_of(one(rendered(name), kind))["containers"][0]["args"]:
                    flag = argument.split("=")[0]
                    expect(f"{flag} is unknown", flag in command or re.search(rf"^\s+{flag}\b", known, re.MULTILINE))
    # The last argument is what each program looks at after it has read all others; the chart gives it too.
    for kind, program, last, says in (
            ("Deployment", "hawser-operator", "--health-address=nowhere", "--health-address 'nowhere'"),
            ("DaemonSet", "hawser-sidecar", "--nat-port={ike}", "--ike-port and --nat-port are both {ike}")):
        with cases.case(f"{program} takes the chart's arguments, and of two that are the same the last: extraArgs win"):
            for name in SETS:
                arguments = pod_of(one(rendered(name), kind))["containers"][0]["args"]
                port = {"ike": next((a.split("=")[1] for a in arguments if a.startswith("--ike-port=")), None)}
                done = run(os.path.join(TOP, "build", "release", "bin", program), *arguments, last.format(**port), check=False, timeout=20)
                expect(f"{name}: {done.stderr}", done.returncode == 2 and says.format(**port) in done.stderr)


def values_and_schema(cases):
    values, schema = yaml.safe_load(read(CHART, "values.yaml")), json.loads(read(CHART, "values.schema.json"))
    rows = [key for key, _, _ in sync.value_rows()]
    with cases.case("every value is described above it"):
        undescribed = [leaf for leaf in leaves(values) if not any(leaf == row or leaf.startswith(f"{row}.") for row in rows)]
        expect_equal("values without a description", sorted(undescribed), [])
        expect_equal("descriptions without a value", [r for r in rows if not any(f"{x}.".startswith(f"{r}.") for x in leaves(values))], [])
    with cases.case("values.yaml and the schema have the same keys, and every object of ours is closed"):
        for path, node in closed_paths(schema):
            have = values
            for key in path:
                have = have[key]
            expect_equal(".".join(path) or "top", sorted(have), sorted(set(node["properties"]) - {"global"}))
            expect(f"{path} is open", node.get("additionalProperties") is False)
    with cases.case("maximal.yaml names every value"):
        expect_equal("not there", sorted(set(rows) - {row for row in rows for have in leaves(yaml.safe_load(
            read(TOP, "tests/cluster/chart/maximal.yaml"))) if f"{have}.".startswith(f"{row}.")}), [])
    for major in MAJORS:
        with cases.case(f"{major}: a misspelt key fails in each of the {len(closed_paths(schema))} objects of the values"):
            for path, _ in closed_paths(schema):
                done = template(major, "--set", ".".join([*path, "misspelt"]) + "=1", check=False)
                expect(f"{path}: not refused: {done.stderr}", done.returncode != 0 and "misspelt" in done.stderr)
        with cases.case(f"{major}: wrong values fail and say which"):
            for wrong, word in (("operator.image.tag=latest", "tag"), ("sidecar.dataPlane=fast", "dataPlane"),
                                ("sidecar.dataPlane=kernel", "dataPlane"), ("operator.replicas=0", "replicas"), ("operator.log.level=loud", "level"),
                                ("sidecar.ports.ike=65536", "ike"), ("sidecar.image.digest=sha256:12", "digest"),
                                ("clusterWide=true,watchNamespaces={a}", "watchNamespaces"),
                                ("rbac.secretNames={*}", "secretNames"),
                                ("monitoring.prometheusRule.runbookUrl=https://wiki.example/", "runbookUrl")):
                done = template(major, "--set", wrong, check=False)
                expect(f"{wrong}: {done.stderr}", done.returncode != 0 and word in done.stderr)


def rendering(cases):
    for major in MAJORS:
        with cases.case(f"{major}: lint --strict finds nothing with {', '.join(SETS)} values"):
            for name in SETS:
                helm(major, "lint", "--strict", CHART, "--kube-version", sync.KUBERNETES, *values_of(name))
        with cases.case(f"{major}: rendering twice gives the same bytes"):
            for name in SETS:
                expect_equal(name, template(major, *values_of(name)).stdout, template(major, *values_of(name)).stdout)
        with cases.case(f"{major}: Kubernetes 1.30 is refused"):
            done = helm(major, "template", CHART, "--kube-version", "1.30.9", check=False)
            expect(done.stderr, done.returncode != 0 and "1.31" in done.stderr)
    with cases.case("both majors render the same objects"):
        for name in SETS:
            expect_equal(name, *[sync.documents(template(major, *values_of(name)).stdout) for major in MAJORS])
    with cases.case("no lookup, nothing random, no clock in a template; no hook but the test"):
        for folder, _, names in os.walk(os.path.join(CHART, "templates")):
            for name in names:
                for action in re.findall(r"\{\{.*?\}\}", read(folder, name), re.DOTALL):
                    found = NOT_REPEATABLE.search(re.sub(r'"[^"]*"|/\*.*?\*/', "", action, flags=re.DOTALL))
                    expect(f"{name}: {action}", not found)
        hooks = {d["metadata"]["name"]: d["metadata"]["annotations"]["helm.sh/hook"] for d in rendered("default")
                 if "helm.sh/hook" in d["metadata"].get("annotations", {})}
        expect_equal("hooks", hooks, HOOKS)
    with cases.case("helm/sync.py --check: copies, README and deploy/*.yaml are as it writes them"):
        done = subprocess.run([sys.executable, os.path.join(TOP, "helm", "sync.py"), "--check"], capture_output=True, text=True, check=False)
        expect(done.stdout + done.stderr, done.returncode == 0)


def crds(cases):
    folder = os.path.join(TOP, "crds")
    with cases.case("the CRDs are those of crds/, with only the keep annotation added"):
        plain = sorted((yaml.safe_load(read(folder, n)) for n in os.listdir(folder) if n.endswith(".yaml")), key=lambda d: d["metadata"]["name"])
        expect_equal("kinds", [d["spec"]["names"]["plural"] for d in plain], KINDS)
        for keep, more in ((True, {"helm.sh/resource-policy": "keep"}), (False, {})):
            have = [d for d in rendered("default", "helm4", "--set", f"crds.keep={str(keep).lower()}") if d["kind"] == "CustomResourceDefinition"]
            want = json.loads(json.dumps(plain))
            for document in want:
                document["metadata"]["annotations"].update(more)
            expect_equal(f"keep={keep}", sorted(have, key=lambda d: d["metadata"]["name"]), want)
    with cases.case("crds.enabled=false renders none; each is below the 256 KiB of kubectl's annotation"):
        expect_equal("CRDs", [d["kind"] for d in rendered("minimal") if d["kind"] == "CustomResourceDefinition"], [])
        sizes = {d["metadata"]["name"]: len(json.dumps(d)) for d in plain}
        cases.note(f"largest: {max(sizes.values())} bytes")
        expect(str(sizes), max(sizes.values()) < 256 * 1024)


def linted(cases):
    for name in SETS:
        with cases.case(f"{name}: the rules of kube-linter's default set, but for {len(EXCEPTIONS)} named exceptions"):
            complaints, needed = lint(rendered(name))
            expect("\n".join(complaints), not complaints)
            if name == "default":
                expect_equal("exceptions that nothing needs", sorted(set(EXCEPTIONS) - needed), [])
    with cases.case("the linter sees what is wrong"):
        documents = rendered("default", "helm4", "--set-json", 'operator.securityContext={"allowPrivilegeEscalation":true}', "--set",
                             "operator.resources=null")
        complaints = "\n".join(lint(documents)[0])
        for check in ("privilege-escalation-container", "unset-cpu-requirements"):
            expect(f"{check} missing in: {complaints}", check in complaints)
    with cases.case("selectors are name, instance and component; a later chart has the same"):
        for document in rendered("default"):
            if document["kind"] in ("Deployment", "DaemonSet"):
                expect_equal(document["kind"], sorted(document["spec"]["selector"]["matchLabels"]),
                             [f"app.kubernetes.io/{word}" for word in ("component", "instance", "name")])
                labels = document["spec"]["template"]["metadata"]["labels"]
                expect(f"{labels}", "helm.sh/chart" not in labels and "app.kubernetes.io/version" not in labels)
    with cases.case("every object has the standard labels and, where it can, its namespace"):
        for document in rendered("maximal"):
            labels = document["metadata"]["labels"]
            if document["kind"] != "CustomResourceDefinition":
                for word in ("name", "instance", "component", "version", "part-of", "managed-by"):
                    expect(f"{document['kind']}: {labels}", f"app.kubernetes.io/{word}" in labels and labels["team"] == "network")
            cluster = document["kind"] in ("CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding")
            expect(f"{document['kind']} {document['metadata']}", cluster != ("namespace" in document["metadata"]))


def rules_of(documents, kind):
    """{(group, resource, names): verbs} of every role of a kind, by the role's name and namespace."""
    found = {}
    for document in documents:
        if document["kind"] == kind and "users" != document["metadata"]["labels"]["app.kubernetes.io/component"]:
            key = (document["metadata"].get("namespace"), document["metadata"]["name"])
            for rule in document["rules"]:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        names = ",".join(rule.get("resourceNames", []))
                        found.setdefault(key, {})[(group, resource, names)] = ",".join(rule["verbs"])
    return found


def objects_rules(secrets):
    return {**{("hawser.dev", kind, ""): "list,watch" for kind in KINDS},
            **{("hawser.dev", f"{kind}/status", ""): "patch" for kind in KINDS},
            ("events.k8s.io", "events", ""): "create,patch",
            **({} if secrets is None else {("", "secrets", secrets): "get,watch"})}


OWN = {("coordination.k8s.io", "leases", "hawser-operator"): "get,update", ("coordination.k8s.io", "leases", ""): "create",
       ("", "secrets", "hawser-ca,hawser-sidecar-tls"): "get,update", ("", "secrets", ""): "create",
       ("", "pods", ""): "list,watch"}
NODES = {("", "nodes", ""): "list,watch"}


def permissions(cases):
    with cases.case("default: one Role for what is its own, one for the objects of its namespace, and no Secret of a user"):
        documents = rendered("default")
        expect_equal("Roles", rules_of(documents, "Role"), {("hawser-system", "hawser-operator"): OWN,
                                                          ("hawser-system", "hawser-hawser-system-objects"): objects_rules(None)})
        expect_equal("ClusterRoles", rules_of(documents, "ClusterRole"), {(None, "hawser-hawser-system-nodes"): NODES})
    with cases.case("namespaced: a Role in each namespace, with Secrets by name; no ClusterRole but that of the nodes"):
        documents = rendered("namespaced")
        expect_equal("Roles", rules_of(documents, "Role"), {("hawser-system", "hawser-operator"): OWN, **{
            (space, "hawser-hawser-system-objects"): objects_rules("site6-psk,site7-psk") for space in ("site-a", "site-b")}})
        expect_equal("ClusterRoles", rules_of(documents, "ClusterRole"), {(None, "hawser-hawser-system-nodes"): NODES})
        expect("told", "--watch-namespaces=site-a,site-b" in pod_of(one(documents, "Deployment"))["containers"][0]["args"])
    with cases.case("cluster-wide: get and watch of Secrets and no more, by name where names are given; told in the notes"):
        documents = rendered("cluster-wide")
        expect_equal("ClusterRoles", rules_of(documents, "ClusterRole"), {(None, "hawser-hawser-system-nodes"): NODES,
                     (None, "hawser-hawser-system-objects"): objects_rules("")})
        expect_equal("Roles", rules_of(documents, "Role"), {("hawser-system", "hawser-operator"): OWN})
        expect("no namespaces named", "--watch-namespaces" not in " ".join(pod_of(one(documents, "Deployment"))["containers"][0]["args"]))
        documents = rendered("cluster-wide", "helm4", "--set", "rbac.secretNames={a}")
        expect_equal("by name", rules_of(documents, "ClusterRole")[(None, "hawser-hawser-system-objects")], objects_rules("a"))
    with cases.case("no wildcard anywhere; the sidecar is bound to nothing and has no token; users' roles have no Secrets"):
        for name in SETS:
            documents = rendered(name)
            for document in documents:
                expect(f"{name}: {document.get('rules')}", "*" not in json.dumps(document.get("rules", [])))
                if document["kind"].endswith("RoleBinding"):
                    expect_equal(f"{name}: bound", {s["name"].endswith("-operator") for s in document["subjects"]}, {True})
                if document["metadata"]["labels"].get("app.kubernetes.io/component") == "users":
                    expect_equal("groups", [r["apiGroups"] for r in document["rules"]], [["hawser.dev"]])
            expect(f"{name}: token", pod_of(one(documents, "DaemonSet"))["automountServiceAccountToken"] is False)
    with cases.case("people: view may read; edit is in no role of the cluster unless somebody asks for it, for it steers nodes' routes"):
        def aggregated(*settings):
            documents = rendered("default", "helm4", *[word for setting in settings for word in ("--set", f"rbac.userRoles.{setting}=true")])
            return {what: {label.split("-to-")[1] for label, value in one(documents, "ClusterRole", f"-{what}")["metadata"]["labels"].items()
                           if "/aggregate-to-" in label and value == "true"} for what in ("view", "edit")}
        expect_equal("default", aggregated(), {"view": {"view"}, "edit": set()})
        expect_equal("to admin", aggregated("aggregateToAdmin"), {"view": {"view"}, "edit": {"admin"}})
        expect_equal("to edit, and so to admin", aggregated("aggregateToEdit"), {"view": {"view"}, "edit": {"edit", "admin"}})
        expect_equal("none", [d["metadata"]["name"] for d in rendered("default", "helm4", "--set", "rbac.userRoles.create=false")
                              if d["metadata"]["labels"].get("app.kubernetes.io/component") == "users"], [])
    with cases.case("two releases in two namespaces share no name but those of CRDs and users' roles"):
        names = [{(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in rendered("default", "helm4", "--set",
                  "crds.enabled=false,rbac.userRoles.create=false", namespace=space)} for space in ("a", "b")]
        expect_equal("in both", names[0] & names[1], set())


def switches(cases):
    asked = [f"monitoring.{what}.enabled=true" for what in ("serviceMonitor", "podMonitor", "prometheusRule")]
    arguments = [word for setting in asked for word in ("--set", setting)]

    def kinds(*more):
        return {d["kind"] for d in objects(template("helm3", *arguments, *more).stdout)} & {"ServiceMonitor", "PodMonitor", "PrometheusRule"}

    with cases.case("monitors without the Prometheus operator: skipIfMissing leaves them out, failIfMissing fails, alwaysRender renders"):
        expect_equal("skipIfMissing", kinds(), set())
        done = template("helm3", *arguments, "--set", "monitoring.renderMode=failIfMissing", check=False)
        expect(done.stderr, done.returncode != 0 and "monitoring.coreos.com/v1" in done.stderr)
        expect_equal("alwaysRender", len(kinds("--set", "monitoring.renderMode=alwaysRender")), 3)
        for mode in ("skipIfMissing", "failIfMissing"):
            expect_equal(f"{mode}, present", len(kinds("--set", f"monitoring.renderMode={mode}", "--api-versions", "monitoring.coreos.com/v1")), 3)
    with cases.case("the alerts' pages are where runbookUrl says, by the alert's name"):
        urls = {rule["alert"]: rule["annotations"]["runbook_url"] for group in one(rendered("maximal"), "PrometheusRule")["spec"]["groups"]
                for rule in group["rules"]}
        expect_equal("pages", urls, {name: f"https://wiki.example/hawser/{name}.md?cost=$1" for name in urls})
        expect_equal("files", sorted(f"{name}.md" for name in urls), sorted(os.listdir(os.path.join(TOP, "docs", "runbooks"))))
        plain = one(rendered("default", "helm4", "--set", "monitoring.prometheusRule.enabled=true,monitoring.renderMode=alwaysRender"), "PrometheusRule")
        expect_equal("default", plain["spec"], yaml.safe_load(read(TOP, "monitoring", "alerts.yaml")))
    with cases.case("the operator's NetworkPolicy lets out DNS, the API server and the sidecars, and in the test pod to both of its ports"):
        policy = one(rendered("maximal"), "NetworkPolicy")["spec"]
        out = {(port["port"], port["protocol"]) for rule in policy["egress"] for port in rule["ports"]}
        expect_equal("egress", out, {(53, "UDP"), (53, "TCP"), (6443, "TCP"), (19446, "TCP")})
        inside = [sorted(port["port"] for port in rule["ports"]) for rule in policy["ingress"]
                  if any("podSelector" in peer and "namespaceSelector" not in peer for peer in rule.get("from", []))]
        expect_equal("from the test pod", inside, [["health", "metrics"]])
    with cases.case("both monitors keep the label namespace of our series"):
        documents = rendered("maximal")
        endpoints = one(documents, "ServiceMonitor")["spec"]["endpoints"] + one(documents, "PodMonitor")["spec"]["podMetricsEndpoints"]
        expect_equal("honorLabels", [e["honorLabels"] for e in endpoints], [True, True])
    with cases.case("minimal is no more than the two workloads and their Services"):
        expect_equal("kinds", sorted(d["kind"] for d in rendered("minimal")), ["DaemonSet", "Deployment", "Service", "Service"])
    with cases.case("the sidecar is what contracts say: host network, dropped root, its ports on the node, TUN and TLS mounted"):
        daemons = one(rendered("default"), "DaemonSet")
        pod, container = pod_of(daemons), pod_of(daemons)["containers"][0]
        expect_equal("capabilities", container["securityContext"]["capabilities"],
                     {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_BIND_SERVICE", "NET_RAW"]})
        expect_equal("ports", {(p["hostPort"], p["containerPort"], p["protocol"]) for p in container["ports"]},
                     {(n, n, way) for n, way in ((9446, "TCP"), (9447, "TCP"), (9448, "TCP"), (500, "UDP"), (4500, "UDP"))})
        expect_equal("volumes", {v["name"]: v.get("hostPath", v.get("secret", {}).get("secretName", "memory")) for v in pod["volumes"]},
                     {"tls": "hawser-sidecar-tls", "run": "memory", "tun": {"path": "/dev/net/tun", "type": "CharDevice"}})
        expect_equal("update", daemons["spec"]["updateStrategy"], {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}})
        documents = rendered("default", "helm4", "--set", "sidecar.updateStrategy.type=OnDelete")
        expect_equal("update", one(documents, "DaemonSet")["spec"]["updateStrategy"], {"type": "OnDelete"})


class HelmOf:
    """Helm that talks to a server, with nothing of ours in its home."""

    def __init__(self, server):
        self._server = server
        self._environment = {**os.environ, "HOME": server.folder, "KUBECONFIG": server.kubeconfig,
                             **{f"HELM_{what}_HOME": os.path.join(server.folder, what) for what in ("CACHE", "CONFIG", "DATA")}}

    def run(self, major, *arguments, check=True):
        return self._server.namespace.exec(os.path.join(BIN, major), *arguments, env=self._environment, timeout=120, check=check)

    def __call__(self, major, *arguments):
        return self.run(major, *arguments).stdout


def notes(cases, server):
    def shown(major, *more):
        return HelmOf(server)(major, "install", "hawser", CHART, "--namespace", "hawser-system", "--dry-run=client", *more).split("NOTES:\n")[1]

    for major in MAJORS:
        with cases.case(f"{major}: the notes name problems first, then the next three commands"):
            text = shown(major)
            expect(text, text.startswith("PROBLEMS") and "rbac.secretNames is empty" in text)
            commands = text.split("Next:\n")[1].split("\n\n")[0].splitlines()
            expect_equal("commands", [c.split()[0] for c in commands], ["kubectl", "helm", "kubectl"])
            text = shown(major, "--set", "rbac.secretNames={a}")
            expect(text, "PROBLEMS" not in text)
            expect(shown(major, "--set", "clusterWide=true"), "EVERY Secret of the cluster" in shown(major, "--set", "clusterWide=true"))
            text = shown(major, "--set", "rbac.secretNames={a},monitoring.podMonitor.enabled=true")
            expect(text, "monitoring.coreos.com/v1" in text.split("Next:")[0])
        with cases.case(f"{major}: to uninstall, the Connections of the watched namespaces go and no others"):
            for setting, places in ((None, ["-n hawser-system"]), ("watchNamespaces={b,a}", ["-n a", "-n b"]), ("clusterWide=true", ["-A"])):
                commands = shown(major, *(["--set", setting] if setting else [])).split("To uninstall")[1].splitlines()
                expect_equal(str(setting), [c.split("--all ")[1].split("  #")[0] for c in commands if " delete connections" in c], places)
                expect(f"{commands}", any("helm uninstall hawser -n hawser-system" in c for c in commands))


def everything():
    """(name, manifests) of all that is given to the API server and to kubeconform."""
    return [(name, template("helm4", *values_of(name)).stdout) for name in SETS] + [(path, read(TOP, path)) for path in sync.INSTALLS]


def monitoring_kinds(server):
    """The Prometheus operator's own CRDs."""
    folder = os.path.join(CACHE, "monitoring-crds")
    if not os.path.isdir(folder):
        raise LabError(f"{folder} is missing; tests/cluster/parts.sh fills it")
    server.kubectl("apply", "--server-side", "-f", folder)
    server.wait_established()
    wait_until("the kinds in what the server says of itself", lambda: all(
        f"monitoring.v1.{kind}" in said for said in [server.kubectl("get", "--raw", "/openapi/v2")]
        for kind in ("PodMonitor", "PrometheusRule", "ServiceMonitor")), 60, 0.5)


def on_the_server(cases, server):
    for space in ("hawser-system", "site-a", "site-b"):
        server.kubectl("create", "namespace", space)
        server.kubectl("create", "serviceaccount", "default", "-n", space)  # a controller's work, which does not run here
    with tempfile.TemporaryDirectory(prefix=own_name("schemas-")) as folder:
        write_schemas(server, folder)
        for name, text in everything():
            with cases.case(f"{name}: kubeconform, strict, with the schemas of this API server"):
                done = subprocess.run([os.path.join(BIN, "kubeconform"), "-strict", "-summary", "-output", "json", "-schema-location",
                                       f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"], input=text, capture_output=True, text=True,
                                      check=False)
                summary = json.loads(done.stdout)["summary"]
                expect(f"{done.stdout}{done.stderr}", done.returncode == 0 and summary["valid"] and not summary["skipped"])
                cases.note(f"{summary['valid']} objects valid")
            with cases.case(f"{name}: the API server takes it all in a dry run, without a warning"):
                done = server.run_kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text, check=False)
                expect(done.stderr, done.returncode == 0)
                warnings = [line for line in done.stderr.splitlines() if "Warning" in line]
                expect("\n".join(warnings), not warnings)


def pod_security(cases, server):
    """The levels of Pod Security, as the API server enforces them."""
    documents = rendered("default")
    for level, kind, allowed in (("restricted", "Deployment", True), ("restricted", "Pod", True), ("baseline", "DaemonSet", False),
                                 ("privileged", "DaemonSet", True)):
        with cases.case(f"Pod Security {level} {'takes' if allowed else 'refuses'} the pod of the {kind}"):
            space = f"level-{level}-{kind.lower()}"
            server.kubectl("create", "namespace", space)
            server.kubectl("label", "namespace", space, f"pod-security.kubernetes.io/enforce={level}")
            spec = {k: v for k, v in pod_of(one(documents, kind)).items() if k not in ("serviceAccountName", "priorityClassName")}
            server.kubectl("create", "serviceaccount", "default", "-n", space, check=False)
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": space}, "spec": spec}

            def create(pod=pod):
                done = server.run_kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod), check=False)
                return done.returncode == 0, done.stdout + done.stderr

            # Admission learns of the label by a watch of its own.
            wait_until(lambda: f"the answer, not: {create()}", lambda: create()[0] is allowed, 20, 0.2)
            expect(create()[1], allowed or "violates PodSecurity" in create()[1])


def permitted(cases, server):
    """What the API server lets the ServiceAccounts do, in each mode."""
    modes = {"default": ([], ()), "named": (["--set", "rbac.secretNames={psk}"], ("psk",)),
             "wide": (["--set", "clusterWide=true"], ("psk", "other"))}
    for mode, (arguments, readable) in modes.items():
        space = f"rbac-{mode}"
        server.kubectl("create", "namespace", space)
        server.kubectl("apply", "--server-side", "-f", "-", stdin=template("helm4", *arguments, "--set", "tests.enabled=false,crds.enabled=false",
                                                                          namespace=space).stdout)

        def may(verb, what, account="operator", where=None, space=space):
            what, _, part = what.partition(":")
            answer = server.run_kubectl("auth", "can-i", verb, what, f"--subresource={part}", "-n", where or space, "--as",
                                        f"system:serviceaccount:{space}:hawser-{account}", check=False).stdout.strip()
            return answer == "yes"

        # The authorizer learns of a new binding by a watch of its own.
        wait_until("the roles to count", lambda: may("list", "connections.hawser.dev"), 20)
        with cases.case(f"RBAC, {mode}: the operator may what it needs, and of users' Secrets only {readable or 'none'}"):
            for verb, what in (("list", "connections.hawser.dev"), ("watch", "ipsecpolicies.hawser.dev"), ("watch", "pods"), ("list", "nodes"),
                               ("patch", "connections.hawser.dev:status"), ("create", "leases.coordination.k8s.io"),
                               ("update", "leases.coordination.k8s.io/hawser-operator"), ("create", "events.events.k8s.io"),
                               ("update", "secrets/hawser-ca"), ("get", "secrets/hawser-sidecar-tls"),
                               *[(verb, f"secrets/{name}") for name in readable for verb in ("get", "watch")]):
                expect(f"{verb} {what} is refused", may(verb, what))
            for verb, what in (("list", "secrets"), ("update", "secrets/psk"), ("delete", "secrets/hawser-ca"), ("patch", "connections.hawser.dev"),
                               ("update", "connections.hawser.dev:status"), ("update", "leases.coordination.k8s.io/other"), ("delete", "pods"),
                               ("create", "pods"), ("patch", "nodes"), ("get", "configmaps"),
                               ("patch", "secrets/hawser-ca"), ("get", "pods"), ("get", "nodes"),
                               *([] if mode == "wide" else [("watch", "secrets/hawser-sidecar-tls")]),
                               ("patch", "leases.coordination.k8s.io/hawser-operator"), ("get", "connections.hawser.dev"),
                               *[("get", f"secrets/{name}") for name in ("psk", "other") if name not in readable]):
                expect(f"{verb} {what} is allowed", not may(verb, what))
            expect_equal("connections of another namespace", may("list", "connections.hawser.dev", where="kube-system"), mode == "wide")
        with cases.case(f"RBAC, {mode}: people who have the chart's roles may read, or write too"):
            for role, person in (("view", "vera"), ("edit", "edgar")):
                server.kubectl("create", "rolebinding", person, "-n", space, f"--clusterrole=hawser-{role}", f"--user={person}")
            for verb, what, wanted in (("list", "connections.hawser.dev", {"vera", "edgar"}), ("create", "connections.hawser.dev", {"edgar"}),
                                       ("patch", "connections.hawser.dev:status", set()), ("get", "secrets", set())):
                what, _, part = what.partition(":")

                def able(verb=verb, what=what, part=part, space=space):
                    return {person for person in ("vera", "edgar") if server.run_kubectl(
                        "auth", "can-i", verb, what, f"--subresource={part}", "-n", space, "--as", person, check=False).stdout.strip() == "yes"}
                if wanted == {"vera", "edgar"}:
                    wait_until("the new bindings to count", lambda: able() == wanted, 20)
                expect_equal(f"{verb} {what} {part}", able(), wanted)
        with cases.case(f"RBAC, {mode}: the sidecar may nothing"):
            for verb, what in (("get", "secrets/hawser-sidecar-tls"), ("list", "connections.hawser.dev"), ("list", "pods"), ("get", "nodes")):
                expect(f"{verb} {what} is allowed", not may(verb, what, "sidecar"))
        server.kubectl("delete", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/name=hawser")


def older_chart(folder):
    """The chart as an older version may have been: one name in a CRD was another."""
    older = os.path.join(folder, "older", "hawser")
    shutil.copytree(CHART, older, dirs_exist_ok=True)
    path = os.path.join(older, "files", "crds", "connections.hawser.dev.yaml")
    text = read(path).replace("- vpnconn\n", "- oldconn\n")
    with open(path, "w") as out:
        out.write(text)
    return older


def life(cases, server, major):
    """Install, upgrade, uninstall, for real; nothing runs, because there is no node."""
    space = f"life-{major}"
    server.kubectl("create", "namespace", space)

    def helm_there(*arguments):
        return HelmOf(server)(major, *arguments, "--namespace", space)

    def there(kind):
        return server.kubectl("get", kind, "-n", space, "-o", "name").split()

    with cases.case(f"{major}: install, a changed CRD comes with upgrade, uninstall leaves the CRDs and nothing else"):
        text = helm_there("install", "hawser", older_chart(server.folder))
        expect(text, "Next:" in text)
        expect_equal("workloads", there("deployment,daemonset"), ["deployment.apps/hawser-operator", "daemonset.apps/hawser-sidecar"])
        server.wait_established()
        commands = [line.strip() for line in text.split("Next:\n")[1].split("\n\n")[0].splitlines() if line.startswith("  kubectl")]
        expect_equal("commands", len(commands), 2)
        for command in commands:
            server.kubectl(*command.split()[1:], *(["--watch=false"] if "rollout" in command else []))
        short = ("get", "crd/connections.hawser.dev", "-o", "jsonpath={.spec.names.shortNames[*]}")
        expect_equal("short name of the older chart", server.kubectl(*short), "oldconn")
        generation = server.kubectl("get", "daemonset/hawser-sidecar", "-n", space, "-o", "jsonpath={.metadata.generation}")
        helm_there("upgrade", "hawser", CHART, "--set", "rbac.secretNames={a},operator.replicas=3")
        expect_equal("short name after the upgrade", server.kubectl(*short), "vpnconn")
        expect_equal("replicas", server.kubectl("get", "deployment/hawser-operator", "-n", space, "-o", "jsonpath={.spec.replicas}"), "3")
        expect_equal("generation of the DaemonSet", server.kubectl("get", "daemonset/hawser-sidecar", "-n", space, "-o",
                                                                   "jsonpath={.metadata.generation}"), generation)
        helm_there("uninstall", "hawser")
        expect_equal("left", there("deployment,daemonset,service,role,rolebinding,poddisruptionbudget,secret"), [])
        expect_equal("roles left", [n for n in server.kubectl("get", "clusterrole,clusterrolebinding", "-o", "name").split() if "hawser" in n], [])
        expect_equal("CRDs", len([n for n in server.kubectl("get", "crd", "-o", "name").split() if n.endswith(".hawser.dev")]), 5)
    with cases.case(f"{major}: the CRDs that stayed are the old release's; one of another name takes them when it is told to"):
        other = ("install", "other", CHART, "--namespace", space)
        done = HelmOf(server).run(major, *other, check=False)
        expect(done.stderr, done.returncode != 0 and "ownership" in done.stderr)
        expect("taken", "Next:" in HelmOf(server)(major, *other, "--take-ownership"))
        owners = server.kubectl("get", "crd", "-o", "jsonpath={.items[*].metadata.annotations.meta\\.helm\\.sh/release-name}").split()
        expect_equal("owners", owners, ["other"] * 5)
        expect("next to them", "Next:" in HelmOf(server)(major, "install", "third", CHART, "--namespace", space, "--set", "crds.enabled=false,"
                                                        "rbac.userRoles.create=false"))


def the_test_pod(cases, server):
    """The script of `helm test`, against listeners that answer as the two programs do."""
    container = pod_of(one(rendered("default"), "Pod"))["containers"][0]
    # Each answer is another one of the list, as the Service picks another operator each time.
    answer = ("import http.server, itertools, sys\n"
              "bodies = itertools.cycle(sys.argv[3:])\n"
              "class Answer(http.server.BaseHTTPRequestHandler):\n"
              "    def do_GET(self):\n"
              "        self.send_response(int(sys.argv[2])); self.end_headers(); self.wfile.write(next(bodies).encode())\n"
              "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Answer).serve_forever()\n")
    standby = '# HELP hawser_operator_sidecar_connected 1 while it is up.\nhawser_operator_objects{kind="Connection"} 0\n'

    def leader(*connected):
        return standby + "".join(f'hawser_operator_sidecar_connected{{node="n{i}"}} {up}\n' for i, up in enumerate(connected))

    for operator, sidecar, metrics, wanted, says in (
            (200, 200, [standby, leader(1, 1)], 0, "all 2 connected"), (500, 200, [leader(1)], 1, "operator ready: HTTP/1.0 500"),
            (200, None, [leader(1)], 1, "sidecar metrics:"), (200, 200, [leader(1, 0), standby], 1, 'not connected: hawser_operator_sidecar_connected{node="n1"}'),
            (200, 200, [standby], 1, "no operator knows of any"), (200, 200, None, 1, "no operator knows of any")):
        with cases.case(f"the script of helm test: operator {operator}, sidecar {sidecar}, {len(metrics or [])} kinds of metrics: exit {wanted}, {says}"):
            with tempfile.TemporaryDirectory(prefix=own_name("test-pod-")) as folder:
                listeners = [(9450, operator, [""]), (9447, sidecar, [""]), (9449, 200 if metrics else None, metrics)]
                listeners = [(str(port), str(code), bodies) for port, code, bodies in listeners if code]
                started = [Process([sys.executable, "-c", answer, port, code, *bodies], f"{folder}/{port}.log", netns=server.netns)
                           for port, code, bodies in listeners]
                try:
                    wait_until("all to listen", lambda n=len(started): len(re.findall(r":9450|:9447|:9449", server.namespace.exec(
                        "ss", "-Hltn").stdout)) == n, 10)
                    done = server.namespace.exec(*container["command"], check=False, env={
                        **os.environ, "HAWSER_OPERATOR_SERVICE_HOST": "127.0.0.1", "HAWSER_SIDECAR_SERVICE_HOST": "127.0.0.1",
                        "HAWSER_TEST_SECONDS": "3"})
                    expect_equal(f"exit; {done.stdout}{done.stderr}", done.returncode, wanted)
                    expect(done.stdout + done.stderr, says in done.stdout)
                finally:
                    for process in started:
                        process.kill()


def main():
    cases = Cases("chart")
    flags(cases)
    values_and_schema(cases)
    rendering(cases)
    crds(cases)
    linted(cases)
    permissions(cases)
    switches(cases)
    flux_example(cases)
    with ApiServer() as server:
        notes(cases, server)  # before there is a Prometheus operator
        monitoring_kinds(server)
        on_the_server(cases, server)
        pod_security(cases, server)
        the_test_pod(cases, server)
        flux_expressions(cases, server)
        permitted(cases, server)
    for major in MAJORS:
        # A server each: to delete CRDs for the next one now and then takes an API server more than a minute.
        with ApiServer() as server:
            life(cases, server, major)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
