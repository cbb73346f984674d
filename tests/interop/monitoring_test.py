"""Alerts and dashboard: promtool, and a real Prometheus that scrapes a running operator and two connections, one of them
without a peer. Every query of the dashboard must have data, and the alerts must see what is wrong and nothing else."""
import json
import os
import re
import sys
import urllib.parse

import yaml

import _lab  # noqa: F401
from lab import manifests
from lab.cases import Cases, expect, expect_equal
from lab.hawser import TOP
from lab.process import Process, run, wait_until
from lab.topology import TwoSites
from lab.walkthrough import Walkthrough

FOLDER = os.path.join(TOP, "monitoring")
ALERTS = ("ConnectionDown", "ConnectionsNotReady", "NegotiationFailing", "SelectorMismatchDrops", "OperatorDown", "SidecarDisconnected",
          "WeakPolicyInUse")
# Labels that name an object: two clusters may have the same one.
NAMES = {"namespace", "connection", "node", "kind"}
PORT = 9090
# What Grafana would put in: everything chosen, a scrape a second.
VARIABLES = {"$__rate_interval": "15s", "$__range": "5m", **{f"${name}": ".*" for name in ("job", "instance", "namespace", "connection")}}
RUNBOOK = re.compile(r"^https://hawser\.dev/docs/runbooks/(\w+)$")


def read(*path):
    with open(os.path.join(*path)) as text:
        return text.read()


def rules():
    return [rule for group in yaml.safe_load(read(FOLDER, "alerts.yaml"))["groups"] for rule in group["rules"]]


def dashboard():
    return json.loads(read(FOLDER, "dashboard.json"))


def panels():
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions():
    """(panel's title, query as written)."""
    return [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]


def alert_files(cases):
    with cases.case("promtool takes the rules; each alert fires in one test and is silent in another"):
        run("promtool", "check", "rules", "--lint=all", "--lint-fatal", os.path.join(FOLDER, "alerts.yaml"))
        run("promtool", "test", "rules", os.path.join(FOLDER, "alerts_test.yaml"))
        tests = [test for group in yaml.safe_load(read(FOLDER, "alerts_test.yaml"))["tests"] for test in group["alert_rule_test"]]
        for name in ALERTS:
            expect_equal(name, {bool(t["exp_alerts"]) for t in tests if t["alertname"] == name}, {True, False})
    with cases.case("each alert has a severity, a time, a summary, a description and a runbook with four parts"):
        expect_equal("alerts", tuple(rule["alert"] for rule in rules()), ALERTS)
        for rule in rules():
            expect(rule["alert"], rule["for"] and rule["labels"]["severity"] in ("critical", "warning", "info"))
            notes = rule["annotations"]
            expect(rule["alert"], notes["summary"] and notes["description"])
            page = RUNBOOK.match(notes["runbook_url"])
            expect(f"{notes['runbook_url']} is its own page", page and page[1] == rule["alert"])
            text = read(TOP, "docs", "runbooks", f"{rule['alert']}.md")
            for part in ("Meaning", "Impact", "Diagnosis", "Mitigation"):
                expect(f"{rule['alert']}.md has no {part}", f"**{part}.**" in text)


def dashboard_file(cases):
    board = dashboard()
    variables = {v["name"]: v for v in board["templating"]["list"]}
    with cases.case("dashboard: not editable; a data source and job, instance, namespace, connection to choose"):
        expect_equal("editable", board["editable"], False)
        expect_equal("variables", sorted(variables), ["connection", "datasource", "instance", "job", "namespace"])
        for name, variable in variables.items():
            # 2: looked up again when the time changes.
            expect_equal(name, variable["refresh"], 1 if name == "datasource" else 2)
            expect(f"{name}: {variable.get('datasource')}", name == "datasource" or variable["datasource"]["uid"] == "${datasource}")
    with cases.case("dashboard: every panel has a title, a description, a unit and the chosen data source"):
        for panel in panels():
            expect(panel["title"], panel["title"] and panel["description"].endswith(".") and panel["fieldConfig"]["defaults"]["unit"])
            for where in (panel, *panel["targets"]):
                expect_equal(panel["title"], where["datasource"]["uid"], "${datasource}")
        expect_equal("titles twice", len(panels()), len({p["title"] for p in panels()}))
        expect_equal("ids twice", len(board["panels"]), len({p["id"] for p in board["panels"]}))
    with cases.case("dashboard: queries choose job and instance; counters stand under rate or increase, over $__rate_interval or $__range"):
        for title, query in expressions():
            for name, selector in re.findall(r"(\w+)\{([^}]*)\}", query):
                expect(f"{title}: {name}", 'job=~"$job", instance=~"$instance"' in selector)
                counter = re.search(r"_(total|bucket|sum|count)$", name)
                inside = re.search(rf"(rate|increase)\({name}\{{[^}}]*\}}\[(\$__rate_interval|\$__range)\]\)", query)
                expect(f"{title}: {name} {'not ' if counter else ''}under rate", bool(counter) == bool(inside))
    with cases.case("alerts and dashboard: cluster stands wherever a query tells objects apart, or takes the largest of several operators"):
        for title, query in expressions() + [(rule["alert"], rule["expr"]) for rule in rules()]:
            for how, names in re.findall(r"\b(max|min|sum|count|group)\b(?: by \(([^)]*)\))?", query):
                labels = set(names.split(", "))
                expect(f"{title}: {how} by ({names})", "cluster" in labels or not (labels & NAMES or how in ("max", "min")))


class Prometheus:
    """Debian's, in a namespace, on its loopback address."""

    def __init__(self, namespace, folder):
        self._namespace = namespace
        os.makedirs(folder)
        with open(os.path.join(folder, "prometheus.yml"), "w") as out:
            yaml.safe_dump({
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                "rule_files": [os.path.join(FOLDER, "alerts.yaml")],
                "scrape_configs": [{"job_name": f"hawser-{name}", "honor_labels": True,
                                    "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                                   for name, port in (("sidecar", 9447), ("operator", 9449))]}, out)
        self._process = Process(["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                                 f"--web.listen-address=127.0.0.1:{PORT}", "--log.level=warn"], os.path.join(folder, "prometheus.log"),
                                netns=namespace.name)
        wait_until(lambda: f"Prometheus to be ready: {self._process.tail()}", lambda: self._get("/-/ready", check=False), 30, 0.3)

    def _get(self, path, check=True):
        script = "import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
        return self._namespace.exec("/usr/bin/python3", "-c", script, f"http://127.0.0.1:{PORT}{path}", check=check).stdout

    def query(self, expression):
        """[(labels, value)]"""
        answer = json.loads(self._get(f"/api/v1/query?query={urllib.parse.quote(expression)}"))
        return [(sample["metric"], float(sample["value"][1])) for sample in answer["data"]["result"]]

    def targets(self):
        return {t["labels"]["job"]: (t["health"], t["lastError"]) for t in json.loads(self._get("/api/v1/targets"))["data"]["activeTargets"]}

    def alerts(self):
        """{alert: its label sets without severity}, pending or firing."""
        found = {}
        for alert in json.loads(self._get("/api/v1/alerts"))["data"]["alerts"]:
            labels = {k: v for k, v in alert["labels"].items() if k not in ("alertname", "severity")}
            found.setdefault(alert["labels"]["alertname"], []).append(labels)
        return found

    def unhealthy_rules(self):
        return [rule for group in json.loads(self._get("/api/v1/rules"))["data"]["groups"] for rule in group["rules"] if rule["health"] == "err"]


def absent_site(walk):
    """A second connection to a peer that is not there."""
    site = {"apiVersion": "hawser.dev/v1alpha1", "kind": "LocalNetworkGateway", "metadata": {"name": "site7"},
            "spec": {"gatewayIpAddress": "198.51.100.77", "addressPrefixes": ["10.77.0.0/16"]}}
    connection = manifests.connection(name="vnet1tosite7")
    connection["spec"]["localNetworkGatewayRef"] = {"name": "site7"}
    walk.left.apply({"site7": site, "connection7": connection})


def concrete(query):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


def without_data(prometheus):
    """Queries without a number. NaN is none: a quantile over nothing."""
    return [f"{title}: {query}" for title, query in expressions()
            if not any(value == value for _, value in prometheus.query(concrete(query)))]


def on_real_output(cases):
    with TwoSites("monitoring") as lab:
        walk = Walkthrough(lab, "hawser")
        absent_site(walk)
        with cases.case("a connection is up with traffic, and another has no peer"):
            walk.start()
            walk.wait_programmed()
            walk.wait_connected()
            walk.left.wait_condition("Established", "False", "PeerUnreachable", timeout=30, name="vnet1tosite7")
        prometheus = Prometheus(lab.left.gateway, lab.path("prometheus"))
        with cases.case("Prometheus scrapes both programs"):
            wait_until(lambda: f"both up: {prometheus.targets()}", lambda: prometheus.targets() == {
                "hawser-sidecar": ("up", ""), "hawser-operator": ("up", "")}, 60, 0.5)
        with cases.case(f"each of the {len(expressions())} queries of the {len(panels())} panels has data"):
            # A rekey and a whole handshake, so that their rates are more than nothing.
            for action in ("rekey-child", "restart"):
                wait_until(f"{action} to be taken", lambda action=action: walk.left.trigger(
                    action, name=f"default/{walk.connection}", check=False).returncode == 0, 10, 0.5)
            walk.wait_connected()
            wait_until(lambda: "data for\n" + "\n".join(without_data(prometheus)), lambda: not without_data(prometheus), 40, 1)
        with cases.case("the panels say what is true: two connections, one up, one down, both weak, one unreachable"):
            value = {title: prometheus.query(concrete(query)) for title, query in expressions()}
            for title, want in (("Connections", 2), ("Up", 1), ("Down", 1), ("Weak", 2), ("Sidecars without operator", 0)):
                expect_equal(title, [number for _, number in value[title]], [want])
            down = {labels["reason"]: number for labels, number in value["Why connections are down"] if number}
            expect_equal("why", down, {"peer_unreachable": 1})
            expect_equal("namespace", {labels["namespace"] for labels, _ in value["Received"]}, {"default"})
            expect("traffic is counted", max(number for _, number in value["Received"]) > 1000)
        with cases.case("every series that an alert looks at is there, with the labels that it chooses by"):
            for rule in rules():
                for series in re.findall(r"hawser_\w+(?:\{[^}]*\})?", rule["expr"]):
                    expect(f"{rule['alert']}: {series}", prometheus.query(series))
        with cases.case("the alerts see the connection that is down and the weak policy, and no other"):
            expect_equal("rules with an error", prometheus.unhealthy_rules(), [])
            have = prometheus.alerts()
            expect_equal("ConnectionDown", have.pop("ConnectionDown", None), [{"namespace": "default", "connection": "vnet1tosite7"}])
            expect_equal("WeakPolicyInUse", have.pop("WeakPolicyInUse", None), [{}])
            expect_equal("ConnectionsNotReady", have.pop("ConnectionsNotReady", None), [{}])
            # The peer that is not there may have failed often enough by now; nothing else has.
            for labels in have.pop("NegotiationFailing", []):
                expect_equal("NegotiationFailing", labels["connection"], "vnet1tosite7")
            expect_equal("others", have, {})
        with cases.case("a dead sidecar shows as SidecarDisconnected"):
            walk.left.sidecar.kill()
            wait_until(lambda: f"the alert: {prometheus.alerts()}", lambda: prometheus.alerts().get("SidecarDisconnected") == [
                {"node": lab.left.label}], 20, 0.5)
        walk.stream.stop()
        walk.stop()


def main():
    cases = Cases("monitoring")
    alert_files(cases)
    dashboard_file(cases)
    on_real_output(cases)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
