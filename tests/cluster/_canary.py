"""A shared key that nobody can overlook, and the search for it in all that Hawser and the cluster show of it."""
import base64
import json
import os

from _install import NAMESPACE, cluster_objects, pod_processes
from apiserver import expect, expect_equal, wait_until
from lab import manifests

_WORD = "Kanarienvogel-4711"
_SECRET = f"Secret {NAMESPACE}/{manifests.SECRET}"
_TELLER = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "teller"}, "spec": {
    "terminationGracePeriodSeconds": 0, "containers": [{
        "name": "main", "image": "docker.io/hawser/hawser-sidecar:0.1.0", "env": [{"name": "KEY", "value": _WORD}],
        "command": ["sh", "-c", "echo the key is $KEY; exec sleep infinity"]}]}}


def canary(number):
    """A shared key: another for each number, and all are found."""
    return f"{_WORD}-{number}"


def _base64_forms(octets):
    """Base64 of it wherever it begins within a group of three octets, without what its neighbours have a part in."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + octets).decode()
        yield text[-(-before * 8 // 6):(before + len(octets)) * 8 // 6]


_FORMS = [form.lower() for form in (_WORD, _WORD.encode().hex(), *_base64_forms(_WORD.encode()))]


def shows(text):
    lower = text.lower()
    return any(form in lower for form in _FORMS)


class Search:
    """Each method names the places that show the key."""

    def __init__(self, node, ours):
        self._node, self._ours = node, ours

    def objects(self):
        return sorted(name for name, item in cluster_objects(self._node).items() if shows(json.dumps(item)))

    def logs(self):
        """Of every pod that is there or was, in full, and of the node's own programs."""
        texts = self._ours.kept_logs()
        for part in ("operator", "sidecar"):
            expect(f"a log of the {part} among {sorted(texts)}", any(f"hawser-{part}" in name and texts[name] for name in texts))
        for folder in (self._node.folder, self._node.server.folder):
            for name in os.listdir(folder):
                if name.endswith(".log") and name != "audit.log":  # which tells no contents
                    texts[name] = _read(os.path.join(folder, name))
        return sorted(name for name, text in texts.items() if shows(text))

    def processes(self):
        """Command lines and environments of all processes in all pods."""
        found = pod_processes(self._node.get("pods", "-A"))
        for part, pods in (("operator", 2), ("sidecar", 1)):
            names = {name for name, pid in found if _read(f"/proc/{pid}/cmdline").split("\0")[0].endswith(f"/hawser-{part}")}
            expect_equal(f"pods with a {part}", len(names), pods)
        return sorted({name for name, pid in found for part in ("cmdline", "environ") if shows(_read(f"/proc/{pid}/{part}"))})

    def metrics(self):
        texts = {"operators": self._ours.operator_metrics_text(), "sidecar": self._ours.metrics_text()}
        for name, text in texts.items():
            expect(f"no metrics of the {name}", "hawser_" in text)
        return [name for name, text in texts.items() if shows(text)]

    def command_line(self):
        found = []
        for command in (("get",), ("get", "-o", "json"), ("get", "-o", "yaml"), ("get", "-o", "wide"),
                        ("get", "connection", manifests.CONNECTION, "-o", "json"), ("show", "policy", manifests.CONNECTION),
                        ("show", "policy", manifests.CONNECTION, "-o", "json")):
            done = self._ours.cli(*command, "-n", NAMESPACE)
            expect(f"{command} prints nothing", done.stdout)
            found += [" ".join(command)] if shows(done.stdout + done.stderr) else []
        return found


def search(cases, node, ours, when):
    looking = Search(node, ours)
    for what, where, there in (("no object but its Secret", looking.objects, [_SECRET]), ("no log", looking.logs, []),
                               ("no process", looking.processes, []), ("no metrics", looking.metrics, []),
                               ("nothing that hawser prints", looking.command_line, [])):
        with cases.case(f"{when}: the shared key is in {what}"):
            expect_equal("places", where(), there)


def control(cases, node, ours):
    """A pod that shows the key in each way that a pod can."""
    with cases.case("the search finds a key that a pod has in its object, its environment and its log"):
        node.apply(_TELLER)
        node.kubectl("wait", "--for=condition=Ready", "pod/teller", "--timeout=120s", timeout=140)
        looking = Search(node, ours)
        wait_until(lambda: f"its log; found {looking.logs()}",
                   lambda: [name for name in looking.logs() if name.startswith("default_teller_")], 10, 0.3)
        expect("the object", "Pod default/teller" in looking.objects())
        expect_equal("processes", looking.processes(), ["teller"])
        node.kubectl("delete", "pod", "teller")


def _read(path):
    try:
        with open(path, errors="replace") as text:
            return text.read()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return ""
