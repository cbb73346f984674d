#!/usr/bin/env python3
"""Writes what is made from something else: the chart's appVersion, its copies of crds/ and monitoring/, the table of
values in its README, and deploy/*.yaml. With --check it writes nothing and names what is not as it should be.

Helm takes only files below the chart's folder, and archives no symbolic links that lead out of it: hence the copies.
"""
import argparse
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CHART = os.path.join("helm", "hawser")
COPIES = {"crds": f"{CHART}/files/crds", "monitoring": f"{CHART}/files/monitoring"}
COPIED = {"crds": (".yaml",), "monitoring": ("alerts.yaml", "dashboard.json")}
KUBERNETES = "1.37.2"
MARKS = ("<!-- values: written by helm/sync.py -->\n", "<!-- end of values -->\n")

# One file for `kubectl apply`, for those without Helm: its values, and what is said at its head.
INSTALLS = {
    "deploy/install.yaml": ([], "Watches its own namespace, hawser-system, and may read no Secret until you name them:\n"
                                "see deploy/README.md."),
    "deploy/install-cluster-wide.yaml": (["--set", "clusterWide=true"],
                                         "Watches every namespace. The operator may get and watch EVERY Secret."),
}
NAMESPACE = """apiVersion: v1
kind: Namespace
metadata:
  name: hawser-system
  labels:
    # The sidecars use their nodes' network.
    pod-security.kubernetes.io/enforce: privileged
"""


def read(path):
    with open(os.path.join(TOP, path)) as text:
        return text.read()


def copies():
    made = {}
    for source, target in COPIES.items():
        folder = os.path.join(TOP, source)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if name.endswith(COPIED[source]):
                made[f"{target}/{name}"] = read(f"{source}/{name}")
    return made


def chart():
    """Chart.yaml with the product's version."""
    version = re.search(r'kProductVersion = "([^"]+)"', read("common/base/product_version.h"))[1]
    path = f"{CHART}/Chart.yaml"
    return {path: re.sub(r"^appVersion: .*$", f"appVersion: {version}", read(path), flags=re.MULTILINE)}


def value_rows():
    """(key, default, description) of each value: what `# --` stands above."""
    lines, path, comment, rows = read(f"{CHART}/values.yaml").split("\n"), [], [], []
    for number, line in enumerate(lines):
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped[1:].strip())
            continue
        found = re.match(r"( *)([\w]+):(?: (.*))?$", line)
        if found:
            depth = len(found[1]) // 2
            path[depth:] = [found[2]]
            if comment and comment[0].startswith("-- "):
                rows.append((".".join(path), found[3] or nested(lines, number), " ".join(comment)[3:]))
        comment = []
    return rows


def nested(lines, number):
    """The YAML below a key, in one line."""
    import yaml
    indent = len(lines[number]) - len(lines[number].lstrip())
    block = []
    for line in lines[number + 1:]:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        block.append(line)
    return yaml.safe_dump(yaml.safe_load("\n".join(block)), default_flow_style=True, width=10000).strip()


def readme():
    path = f"{CHART}/README.md"
    text = read(path)
    rows = "".join(f"| `{key}` | `{default}` | {description} |\n".replace("||", "|\\|") for key, default, description in value_rows())
    head, rest = text.split(MARKS[0])
    return {path: f"{head}{MARKS[0]}| value | default | meaning |\n|---|---|---|\n{rows}{MARKS[1]}{rest.split(MARKS[1])[1]}"}


def documents(text):
    """Manifests without the source comments and empty lines that differ from Helm 3 to Helm 4, in a fixed order."""
    parts = [re.sub(r"\n{2,}", "\n", re.sub(r"^# Source: .*\n", "", part, flags=re.MULTILINE)).strip() + "\n"
             for part in re.split(r"^---\n", text, flags=re.MULTILINE)]
    return sorted((part for part in parts if re.search(r"^kind:", part, re.MULTILINE)), key=_order)


_FIRST = ("CustomResourceDefinition", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ConfigMap",
          "Service")


def _order(part):
    kind = re.search(r"^kind: (\S+)", part, re.MULTILINE)[1]
    name = re.search(r"^  name: (\S+)", part, re.MULTILINE)[1]
    space = re.search(r"^  namespace: (\S+)", part, re.MULTILINE)
    return (_FIRST.index(kind) if kind in _FIRST else len(_FIRST), kind, space[1] if space else "", name)


def render(helm, *arguments):
    command = [helm, "template", "hawser", os.path.join(TOP, CHART), "--namespace", "hawser-system", "--kube-version",
               KUBERNETES, "--no-hooks", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def installs(helm):
    made = {}
    for path, (arguments, words) in INSTALLS.items():
        # Nothing here was put there by a running Helm.
        text = "---\n".join(documents(render(helm, "--set", "tests.enabled=false", *arguments)))
        text = re.sub(r"^ +helm\.sh/(chart|resource-policy): .*\n", "", text, flags=re.MULTILINE)
        text = text.replace("app.kubernetes.io/managed-by: Helm", "app.kubernetes.io/managed-by: hawser-install")
        head = "".join(f"# {line}\n" for line in ["Written by helm/sync.py from the chart; do not edit.", *words.split("\n"),
                                                 f"kubectl apply --server-side -f {path}"])
        made[path] = f"{head}{NAMESPACE}---\n{text}"
    return made


def helm_program():
    cache = os.environ.get("HAWSER_CACHE", os.path.expanduser("~/.cache/hawser"))
    return os.environ.get("HELM", os.path.join(cache, "bin", "helm4"))


def write(made):
    for path, text in made.items():
        full = os.path.join(TOP, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as out:
            out.write(text)


def differences(made):
    """What is missing or other than it should be; and copies of what is not there any more."""
    wrong = [path for path, text in made.items() if not os.path.exists(os.path.join(TOP, path)) or read(path) != text]
    for folder in COPIES.values():
        listed = os.listdir(os.path.join(TOP, folder)) if os.path.isdir(os.path.join(TOP, folder)) else []
        wrong += [f"{folder}/{name}" for name in listed if f"{folder}/{name}" not in made]
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    wrong = []
    # The copies come first: the manifests are rendered from them.
    for step in (chart, copies, readme, lambda: installs(helm_program())):
        made = step()
        if check:
            wrong += [path for path in differences({**(copies() if step is not copies else {}), **made}) if path not in wrong]
        else:
            write(made)
    for path in wrong:
        print(f"{path}: not as helm/sync.py writes it")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
