"""The chart under both Helm majors, and what a linter of manifests would say."""
import os
import subprocess
import sys

import yaml

from apiserver import BIN, TOP, LabError

sys.path.insert(0, os.path.join(TOP, "helm"))
import sync  # noqa: E402

CHART = os.path.join(TOP, "helm", "hawser")
VALUES = os.path.join(TOP, "tests", "cluster", "chart")
MAJORS = ("helm3", "helm4")
# "default" has no file.
SETS = ("default", "minimal", "maximal", "namespaced", "cluster-wide")
WORKLOADS = ("Deployment", "DaemonSet", "Pod")


def values_of(name):
    return [] if name == "default" else ["--values", os.path.join(VALUES, f"{name}.yaml")]


def helm(major, *arguments, check=True, env=None, stdin=None):
    done = subprocess.run([os.path.join(BIN, major), *arguments], capture_output=True, text=True, timeout=120, check=False,
                          input=stdin, env={**os.environ, **(env or {})})
    if check and done.returncode != 0:
        raise LabError(f"{major} {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def template(major, *arguments, release="hawser", namespace="hawser-system", check=True):
    return helm(major, "template", release, CHART, "--namespace", namespace, "--kube-version", sync.KUBERNETES, *arguments,
                check=check)


def objects(text):
    return [document for document in yaml.safe_load_all(text) if document]


def rendered(name, major="helm4", *more, **where):
    return objects(template(major, *values_of(name), *more, **where).stdout)


def one(documents, kind, ending=""):
    found = [d for d in documents if d["kind"] == kind and d["metadata"]["name"].endswith(ending)]
    if len(found) != 1:
        raise LabError(f"{len(found)} objects {kind} …{ending}")
    return found[0]


def pod_of(document):
    return document["spec"] if document["kind"] == "Pod" else document["spec"]["template"]["spec"]


def leaves(tree, prefix=""):
    """The paths of a tree of dictionaries; a list, a scalar or an empty dictionary is a leaf."""
    if not isinstance(tree, dict) or not tree:
        return {prefix}
    return set().union(*(leaves(below, f"{prefix}.{key}" if prefix else key) for key, below in tree.items()))


def closed_paths(schema):
    """Paths of every object of the values whose keys the schema closes."""
    def below(node, path):
        node = schema["definitions"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
        if "properties" in node:
            yield path, node
            for key, child in node["properties"].items():
                yield from below(child, [*path, key])
    return list(below(schema, []))


# -- what kube-linter's default checks look at, by the names of its checks

def _containers(document):
    return pod_of(document)["containers"]


def _security(document, container, key):
    return container["securityContext"].get(key, pod_of(document).get("securityContext", {}).get(key))


def _image(document, all_):
    return [c["image"] for c in _containers(document) if c["image"].endswith(":latest") or ":" not in c["image"].split("/")[-1]]


def _probe_ports(document, all_):
    wrong = []
    for container in _containers(document):
        known = {p["name"] for p in container.get("ports", [])} | {p["containerPort"] for p in container.get("ports", [])}
        for kind in ("livenessProbe", "readinessProbe"):
            probe = container.get(kind)
            if document["kind"] != "Pod" and not probe:
                wrong.append(f"no {kind}")
            for how in ("httpGet", "grpc", "tcpSocket"):
                if probe and how in probe and probe[how]["port"] not in known:
                    wrong.append(f"{kind} on an undeclared port {probe[how]['port']}")
    return wrong


def _resources(document, all_):
    return [c["name"] for c in _containers(document)
            if not c.get("resources", {}).get("requests", {}).get("cpu") or not c["resources"].get("limits", {}).get("memory")
            or not c["resources"]["requests"].get("memory")]


def _non_root(document, all_):
    return [c["name"] for c in _containers(document) if not _security(document, c, "runAsNonRoot")]


def _flag(key, wanted):
    return lambda document, all_: [c["name"] for c in _containers(document) if _security(document, c, key) is not wanted]


def _privileged(document, all_):
    return [c["name"] for c in _containers(document) if c["securityContext"].get("privileged")]


def _net_raw(document, all_):
    kept = [c["name"] for c in _containers(document) if "ALL" not in c["securityContext"]["capabilities"]["drop"]]
    return kept + [c["name"] for c in _containers(document) if "NET_RAW" in c["securityContext"]["capabilities"].get("add", [])]


def _host(key):
    return lambda document, all_: [key] if pod_of(document).get(key) else []


def _host_mounts(document, all_):
    return [v["hostPath"]["path"] for v in pod_of(document).get("volumes", []) if "hostPath" in v]


def _selector(document, all_):
    if document["kind"] == "Pod":
        return []
    labels = document["spec"]["template"]["metadata"]["labels"]
    return [k for k, v in document["spec"]["selector"]["matchLabels"].items() if labels.get(k) != v]


def _account(document, all_):
    name = pod_of(document).get("serviceAccountName", "default")
    return [] if name == "default" or any(d["kind"] == "ServiceAccount" and d["metadata"]["name"] == name for d in all_) else [name]


def _env_secrets(document, all_):
    return [e["name"] for c in _containers(document) for e in c.get("env", [])
            if "secretKeyRef" in e.get("valueFrom", {}) or any(w in e["name"].lower() for w in ("secret", "password", "psk"))]


def _anti_affinity(document, all_):
    replicas = document["spec"].get("replicas", 1)
    return [] if replicas < 2 or "podAntiAffinity" in pod_of(document).get("affinity", {}) else [f"{replicas} replicas"]


def _latest_seccomp(document, all_):
    return [c["name"] for c in _containers(document)
            if (_security(document, c, "seccompProfile") or {}).get("type") != "RuntimeDefault"]


CHECKS = {
    "latest-tag": _image,
    "probes and their ports": _probe_ports,
    "unset-cpu-requirements, unset-memory-requirements": _resources,
    "run-as-non-root": _non_root,
    "no-read-only-root-fs": _flag("readOnlyRootFilesystem", True),
    "privilege-escalation-container": _flag("allowPrivilegeEscalation", False),
    "privileged-container": _privileged,
    "drop-net-raw-capability": _net_raw,
    "host-network": _host("hostNetwork"),
    "host-pid": _host("hostPID"),
    "host-ipc": _host("hostIPC"),
    "sensitive-host-mounts": _host_mounts,
    "mismatching-selector": _selector,
    "non-existent-service-account": _account,
    "env-var-secret": _env_secrets,
    "no-anti-affinity": _anti_affinity,
    "seccomp RuntimeDefault": _latest_seccomp,
}

# Where the sidecar has to be what a linter warns of, and why.
EXCEPTIONS = {
    ("DaemonSet", "host-network"): "the node's interfaces and routes are what it works on",
    ("DaemonSet", "run-as-non-root"): "Kubernetes gives capabilities to root only",
    ("DaemonSet", "drop-net-raw-capability"): "ESP without UDP is a raw socket",
    ("DaemonSet", "sensitive-host-mounts"): "/dev/net/tun, a character device and nothing else",
}


def lint(documents):
    """(complaints, exceptions that were needed)."""
    complaints, needed = [], set()
    for document in documents:
        if document["kind"] not in WORKLOADS:
            continue
        for check, look in CHECKS.items():
            found = look(document, documents)
            if found and (document["kind"], check) in EXCEPTIONS:
                needed.add((document["kind"], check))
            elif found:
                complaints.append(f"{document['kind']} {document['metadata']['name']}: {check}: {', '.join(map(str, found))}")
    return complaints + dangling(documents), needed


def dangling(documents):
    """Services, monitors and budgets that select no pod of ours."""
    labels = [d["spec"]["template"]["metadata"]["labels"] for d in documents if d["kind"] in ("Deployment", "DaemonSet")]
    services = [d["metadata"]["labels"] for d in documents if d["kind"] == "Service"]
    complaints = []
    for document in documents:
        spec = document.get("spec", {})
        selector = {"Service": lambda: spec["selector"], "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
                    "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"],
                    "PodMonitor": lambda: spec["selector"]["matchLabels"],
                    "ServiceMonitor": lambda: spec["selector"]["matchLabels"]}.get(document["kind"])
        among = services if document["kind"] == "ServiceMonitor" else labels
        if selector and not any(selector().items() <= have.items() for have in among):
            complaints.append(f"{document['kind']} {document['metadata']['name']} selects nothing")
    return complaints
