"""Our own programs in a gateway's namespace: an operator over a folder of manifests, and a sidecar."""
import os
import re

import yaml

from . import manifests
from .process import LabError, Process, run, wait_until

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BIN = os.environ.get("HAWSER_BIN", os.path.join(TOP, "build", "release", "bin"))

_SIDECAR_METRICS, _SIDECAR_HEALTH = "127.0.0.1:9447", "127.0.0.1:9448"
_OPERATOR_METRICS, _OPERATOR_HEALTH = "127.0.0.1:9449", "127.0.0.1:9450"


def program(name):
    path = os.path.join(BIN, name)
    if not os.access(path, os.X_OK):
        raise LabError(f"{path} is not built: cmake --preset release && ninja -C build/release programs")
    return path


class Gateway:
    """Operator, sidecar, manifests and status of one site. Nothing is started by the constructor."""

    def __init__(self, lab, site, tag="hawser", export_keys=True, keep=False):
        self.site, self.other = site, lab.other(site)
        self.folder = lab.path(f"{tag}-{site.label}")
        self.manifests = os.path.join(self.folder, "manifests")
        self.status_folder = os.path.join(self.folder, "status")
        self.keys = os.path.join(self.folder, "keys")
        self._socket = os.path.join(self.folder, "sidecar.sock")
        self._export_keys, self._keep = export_keys, keep
        self.sidecar = self.operator = None
        for folder in (self.manifests, self.status_folder, self.keys):
            os.makedirs(folder, exist_ok=True)

    # -- programs

    def start(self):
        self.start_sidecar()
        self.start_operator()
        return self

    def start_sidecar(self):
        argv = [program("hawser-sidecar"), "run", "--listen", f"unix:{self._socket}", "--node-name", self.site.label,
                "--metrics-address", _SIDECAR_METRICS, "--health-address", _SIDECAR_HEALTH]
        if self._export_keys:
            argv += ["--insecure-export-keys", self.keys]
        self.sidecar = Process(argv, os.path.join(self.folder, "sidecar.log"), netns=self.site.gateway.name,
                               keep=self._keep)

    def start_operator(self, status_folder=None, manifests_folder=None):
        self.operator = self.another_operator(status_folder or self.status_folder, manifests_folder or self.manifests)

    def another_operator(self, status_folder, manifests_folder, log="operator.log", metrics=_OPERATOR_METRICS,
                         health=_OPERATOR_HEALTH):
        return Process([program("hawser-operator"), "--manifests", manifests_folder, "--status", status_folder,
                        "--sidecar", f"{self.site.label}=unix:{self._socket}", "--metrics-address", metrics,
                        "--health-address", health], os.path.join(self.folder, log),
                       netns=self.site.gateway.name, keep=self._keep)

    def stop(self):
        """The exit codes of operator and sidecar, those of them that ran."""
        return [process.stop() for process in (self.operator, self.sidecar) if process]

    def logs(self, lines=12):
        return "\n".join(f"--- {self.site.label} {name}\n{process.tail(lines)}"
                         for name, process in (("operator", self.operator), ("sidecar", self.sidecar)) if process)

    # -- manifests

    def apply(self, objects):
        """Writes objects, one file each. The file name is the dictionary's key."""
        for name, thing in objects.items():
            self.write(name, yaml.safe_dump(thing, sort_keys=False))

    def write(self, name, text):
        """Replaces a manifest atomically. Only root can read it: it may hold a key."""
        path = os.path.join(self.manifests, f"{name}.yaml")
        temporary = f"{path}.tmp"
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)
        os.replace(temporary, path)

    def read(self, name):
        with open(os.path.join(self.manifests, f"{name}.yaml")) as text:
            return text.read()

    def read_or_none(self, name):
        try:
            return self.read(name)
        except FileNotFoundError:
            return None

    def delete(self, *names):
        for name in names:
            os.unlink(os.path.join(self.manifests, f"{name}.yaml"))

    # -- status

    def status(self, name=manifests.CONNECTION, plural="connections", namespace="default"):
        """The status of an object; empty when there is none yet."""
        try:
            with open(os.path.join(self.status_folder, namespace, plural, f"{name}.yaml")) as text:
                return (yaml.safe_load(text) or {}).get("status") or {}
        except FileNotFoundError:
            return {}

    def conditions(self, **which):
        """{type: (status, reason)}."""
        return {c["type"]: (c["status"], c["reason"]) for c in self.status(**which).get("conditions", [])}

    def wait_condition(self, kind, status, reason=None, timeout=20, interval=0.05, **which):
        """Waits for a condition, and returns the status of the object."""
        def there():
            have = self.conditions(**which).get(kind)
            return have and have[0] == status and reason in (None, have[1])

        wait_until(lambda: f"{self.site.label}: {kind}={status}{f' ({reason})' if reason else ''}; conditions are "
                           f"{self.conditions(**which)}\n{self.logs()}", there, timeout, interval)
        return self.status(**which)

    def wait_connected(self, timeout=20, **which):
        """Waits until the connection is Connected, negotiated and that is said."""
        wait_until(lambda: f"{self.site.label}: Connected; conditions are {self.conditions(**which)}\n{self.logs()}",
                   lambda: self.is_connected(**which), timeout)
        return self.status(**which)

    def is_connected(self, **which):
        status = self.status(**which)
        return status.get("connectionStatus") == "Connected" and bool(status.get("negotiated"))

    def suite(self, **which):
        """The negotiated suite by the names of a policy's fields; PFS is not told by a first Child SA."""
        negotiated = self.status(**which).get("negotiated") or {}
        ike, child = negotiated.get("ike", {}), negotiated.get("child", {})
        return {"ikeEncryption": ike.get("encryption"), "ikeIntegrity": ike.get("integrity"),
                "dhGroup": ike.get("dhGroup"), "ipsecEncryption": child.get("encryption"),
                "ipsecIntegrity": child.get("integrity"), "pfsGroup": child.get("pfsGroup")}

    def wait_suite(self, suite, timeout=20, **which):
        """Waits until exactly this suite is negotiated (the PFS group apart)."""
        want = {name: value for name, value in suite.items() if name != "pfsGroup"}
        wait_until(lambda: f"{self.site.label}: the suite {want}; it is {self.suite(**which)}, conditions "
                           f"{self.conditions(**which)}\n{self.logs()}",
                   lambda: self.is_connected(**which) and all(self.suite(**which)[n] == v for n, v in want.items()),
                   timeout)
        return self.status(**which)

    def spis(self, **which):
        """(IKE SPIs, Child SPIs) as in the status; changes with every rekey."""
        negotiated = self.status(**which).get("negotiated") or {}
        ike, child = negotiated.get("ike", {}), negotiated.get("child", {})
        return ((ike.get("initiatorSPI"), ike.get("responderSPI")), (child.get("inboundSPI"), child.get("outboundSPI")))

    # -- metrics, command line, triggers

    def metrics_text(self, address=_SIDECAR_METRICS):
        """The text that Prometheus would scrape; read through a socket inside the namespace."""
        script = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"
        return self.site.gateway.exec("/usr/bin/python3", "-c", script, f"http://{address}/metrics").stdout

    def operator_metrics_text(self):
        return self.metrics_text(_OPERATOR_METRICS)

    def metric(self, name, connection=manifests.CONNECTION, **labels):
        """The sum of the series of a metric that have these labels. LabError when there is none."""
        wanted = {"connection": connection, **labels} if connection else labels
        found = [float(value) for series, text, value in _SERIES.findall(self.metrics_text())
                 if series == name and all(f'{k}="{v}"' in text for k, v in wanted.items())]
        if not found:
            raise LabError(f"{self.site.label} exports no {name} with {wanted}")
        return sum(found)

    def cli(self, *args, check=True):
        """hawser …, reading this site's folders."""
        return run(program("hawser"), *args, check=check,
                   env={**os.environ, "HAWSER_MANIFESTS": self.manifests, "HAWSER_STATUS": self.status_folder})

    def show_policy(self, name=manifests.CONNECTION):
        return self.cli("show", "policy", name).stdout

    def trigger(self, action, name=f"default/{manifests.CONNECTION}", check=True):
        """rekey-child, rekey-ike or restart."""
        return run(program("hawser-sidecar"), "trigger", "--sidecar", f"unix:{self._socket}", action, name, check=check)

    def trigger_when_idle(self, action, timeout=5):
        """As trigger, but waits while an exchange is under way."""
        wait_until(f"{self.site.label}: {action} to be taken",
                   lambda: self.trigger(action, check=False).returncode == 0, timeout, 0.1)

    def clean_node(self):
        """hawser-sidecar cleanup: removes all that is ours from the gateway."""
        self.site.gateway.exec(program("hawser-sidecar"), "cleanup")



_SERIES = re.compile(r"^(\w+)\{([^}]*)\} (\S+)", re.MULTILINE)
