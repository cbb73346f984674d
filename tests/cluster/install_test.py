"""The chart with the built images on a real node, and a tunnel from a pod to a host behind strongSwan."""
import json
import os
import sys
import time
from types import SimpleNamespace

from _install import NAMESPACE, POD_SELECTOR, ClientPod, InstalledGateway, node_network
from apiserver import Cases, LabError, Process, expect, expect_equal, wait_until
from image import hawser_images
from lab import manifests, suites
from lab.strongswan import StrongSwan
from lab.topology import TwoSites
from lab.traffic import NumberedStream
from lab.walkthrough import iperf
from node import Node

_OTHER = suites.policy(ikeEncryption="AES256", ikeIntegrity="SHA384", dhGroup="ECP256", ipsecEncryption="GCMAES128",
                       ipsecIntegrity="GCMAES128", pfsGroup="ECP256")
_CANARY = "Kanarienvogel-4711-of-the-shared-key"
_FORMS = (_CANARY, _CANARY.encode().hex(), "S2FuYXJpZW52b2dlbC00NzEx")  # plain, hex, base64
_OPERATOR = f"system:serviceaccount:{NAMESPACE}:hawser-operator"


class Site:
    """What the parts of the scenario share."""

    def __init__(self, lab, cases):
        self.lab, self.cases = lab, cases
        self.node = Node(lab.left.gateway, lab.left.outer)
        self.ours = self.pod = None
        self.peer = StrongSwan(lab, lab.right)

    def stream(self, tag):
        """Numbered packets between a pod and the host behind strongSwan."""
        return NumberedStream(SimpleNamespace(left=self.pod, right=self.lab.right, path=self.lab.path), tag=tag)

    def during(self, what, change, wait=lambda: None, may_lose=True):
        """What a change costs a stream that runs all the while."""
        with self.stream(what.replace(" ", "-")) as stream:
            wait_until("packets both ways", stream.flowing, 10)
            since = time.monotonic()
            change()
            wait()
            wait_until(lambda: f"packets both ways\n{self.ours.logs()}", stream.flowing, 60)
            count = stream.count(start=since, settle=2)
        self.cases.note(f"{what}: {count}")
        expect(f"lost: {count}", may_lose or count.clean)

    def stop(self):
        for part in (self.ours, self.pod):
            if part:
                part.stop() if part is self.ours else part.remove()
        self.peer.stop()
        self.node.stop()


def install(site):
    cases, node = site.cases, site.node
    with cases.case("the images are loaded"):
        for archive in hawser_images().values():
            node.load(archive)
    site.pod = ClientPod(node)
    site.ours = InstalledGateway(site.lab, node)
    site.before = node_network(node.namespace)
    with cases.case("the README's installation, with the built images: operator and sidecar roll out, helm test"):
        started = time.monotonic()
        site.ours.as_written("install")
        cases.note(f"after {time.monotonic() - started:.1f} s")


def first_tunnel(site):
    cases, node, ours = site.cases, site.node, site.ours
    site.peer.fail_closed()
    site.peer.start()
    site.peer.load(suites.SAMPLE, manifests.KEY)
    with cases.case("the README's tunnel: kubectl apply of the example, kubectl wait --for=condition=Ready; under 30 s"):
        started = time.monotonic()
        shown = ours.as_written("tunnel")
        taken = time.monotonic() - started
        cases.note(f"Ready and described {taken:.1f} s after kubectl apply")
        expect(f"conditions and events in {shown}", "Established" in shown and "Events:" in shown)
        expect(f"{taken:.1f} s", taken < 30)
        ours.wait_suite(suites.SAMPLE, 5)
    with cases.case("every object of the example is Ready"):
        kinds = [f"{kind}.hawser.dev" for kind in ("virtualnetworks", "virtualnetworkgateways", "localnetworkgateways",
                                                   "ipsecpolicies", "connections")]
        cases.note(node.kubectl("-n", NAMESPACE, "get", ",".join(kinds)))
        for kind in kinds:
            node.kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", kind, "--all", "--timeout=10s")
    with cases.case("ping from a pod to the host behind strongSwan, and back"):
        for here, there in ((site.pod, site.lab.right), (site.lab.right, site.pod)):
            done = here.host.exec("ping", "-c", "10", "-i", "0.1", "-W", "2", there.host_address, check=False)
            expect(done.stdout, " 0% packet loss" in done.stdout)
    with cases.case("iperf3 from a pod to the host behind strongSwan"):
        site.lab.offload(True)
        cases.note(f"{iperf(site.pod, site.lab.right.host, site.lab.right.host_address, 3):.0f} Mbit/s")
        site.lab.offload(False)


def prometheus(site):
    """A real Prometheus in the node's namespace."""
    folder = site.lab.path("prometheus")
    os.makedirs(folder)
    targets = {"operator": [f"{pod['status']['podIP']}:9449" for pod in site.ours.pods("operator")],
               "sidecar": [f"{site.lab.left.outer}:9447"]}
    with open(os.path.join(folder, "config.yml"), "w") as out:
        json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [
            {"job_name": job, "honor_labels": True, "static_configs": [{"targets": where}]}
            for job, where in targets.items()]}, out)
    process = Process(["prometheus", f"--config.file={folder}/config.yml", f"--storage.tsdb.path={folder}/data",
                       "--web.listen-address=127.0.0.1:9090"], os.path.join(folder, "log"), netns=site.node.namespace.name)

    def ask(query):
        done = site.node.namespace.exec("curl", "-sfG", "http://127.0.0.1:9090/api/v1/query", "--data-urlencode",
                                        f"query={query}", check=False)
        return [(r["metric"], float(r["value"][1])) for r in json.loads(done.stdout)["data"]["result"]] if done.stdout else []

    try:
        with site.cases.case("a real Prometheus scrapes both operators and the sidecar"):
            wait_until(lambda: f"three targets up, not {ask('up')}\n{process.tail()}",
                       lambda: [value for _, value in ask("up")] == [1] * 3, 20, 0.3)
        with site.cases.case("and knows the tunnel, its packets, and who leads"):
            labels = f'{{namespace="{NAMESPACE}",connection="{manifests.CONNECTION}"}}'
            expect_equal("hawser_connection_up", [value for _, value in ask(f"hawser_connection_up{labels}")], [1])
            expect("packets", ask(f"hawser_receive_packets_total{labels} > 0"))
            expect_equal("operators with a sidecar", [v for _, v in ask("sum(hawser_operator_sidecar_connected)")], [1])
    finally:
        process.stop()


def story(site):
    with site.cases.case("events tell the story"):
        told = [(e["regarding"]["kind"], e["reason"], e["note"]) for e in site.ours.events()
                if e.get("reportingController", "").startswith("hawser") or e["regarding"]["kind"] == "Connection"]
        site.cases.note("\n".join(f"{kind}: {reason}: {note}" for kind, reason, note in told))
        expect("no event of the Connection says Established", any(
            kind == "Connection" and "Established" in reason + note for kind, reason, note in told))


def changes(site):
    cases, ours = site.cases, site.ours
    for what, suite, objects in (
            ("another policy", _OTHER, {"policy": manifests.policy(_OTHER)}),
            ("policy removed", suites.PROFILE_1910, {"connection": manifests.connection(None)}),
            ("policy added again", suites.SAMPLE, {"policy": manifests.policy(suites.SAMPLE),
                                                   "connection": manifests.connection()})):
        with cases.case(f"{what} by kubectl apply: renegotiated to exactly that"):
            def change(suite=suite, objects=objects):
                site.peer.load(suite, manifests.KEY)
                ours.apply(objects)
            site.during(what, change, lambda suite=suite: ours.wait_suite(suite, 40))
            expect_equal("strongSwan", site.peer.problems_of(suite), [])
    with cases.case("the key rotated in the Secret: a new IKE SA"):
        before = ours.spis()[0]

        def rotate():
            site.peer.load(suites.SAMPLE, _CANARY)
            ours.apply({"secret": manifests.secret(_CANARY)})
        site.during("key rotated", rotate, lambda: wait_until(
            lambda: f"a new IKE SA; conditions {ours.conditions()}\n{ours.logs()}",
            lambda: ours.is_connected() and ours.spis()[0] != before, 40))
        ours.wait_condition("Ready", "True")


def restarts(site):
    cases, ours = site.cases, site.ours
    with cases.case("both operator pods deleted: no packet is lost, the SAs stay"):
        before = ours.spis()
        site.during("operator deleted", lambda: ours.delete_pods("operator"),
                    lambda: ours.wait_condition("Ready", "True", timeout=30), may_lose=False)
        expect_equal("SPIs", ours.spis(), before)
    with cases.case("the new operator is in charge: a change reaches the sidecar"):
        ours.apply({"connection": manifests.connection(dpdTimeoutSeconds=60)})
        wait_until("observedGeneration", lambda: ours.status().get("observedGeneration")
                   == ours.object()["metadata"]["generation"], 20)
    with cases.case("the sidecar's pod deleted: the tunnel comes back"):
        before = ours.spis()
        site.during("sidecar deleted", lambda: ours.delete_pods("sidecar"), lambda: new_tunnel(site, before))
    with cases.case("helm upgrade of the operator's settings: no packet is lost, the sidecar's pod stays"):
        name = ours.sidecar_pod()["metadata"]["name"]
        site.during("operator upgraded", lambda: ours.upgrade("operator.log.level=debug"), may_lose=False)
        expect_equal("sidecar", ours.sidecar_pod()["metadata"]["name"], name)
    with cases.case("helm upgrade to another image of the sidecar: the tunnel comes back"):
        site.node.ctr("images", "tag", "docker.io/hawser/hawser-sidecar:0.1.0", "docker.io/hawser/hawser-sidecar:0.1.0-next")
        before = ours.spis()
        site.during("sidecar upgraded", lambda: ours.upgrade("sidecar.image.tag=0.1.0-next"),
                    lambda: new_tunnel(site, before))


def new_tunnel(site, before):
    wait_until(lambda: f"a new tunnel; conditions {site.ours.conditions()}\n{site.ours.logs()}",
               lambda: site.ours.is_connected() and site.ours.spis()[0] != before[0], 60)
    site.ours.wait_condition("Ready", "True", timeout=20)


def permissions(site):
    cases, node, ours = site.cases, site.node, site.ours
    with cases.case("the operator has the chart's roles only, and no request of it was forbidden"):
        with open(node.audit_log) as lines:
            events = [json.loads(line) for line in lines]
        mine = [e for e in events if e["user"]["username"] == _OPERATOR]
        expect("it asked nothing", len(mine) > 10)
        refused = {(e["verb"], e["requestURI"]) for e in mine if e["responseStatus"]["code"] == 403}
        expect_equal("forbidden", refused, set())
        asked = {}
        for event in mine:
            reference = event.get("objectRef", {})
            asked.setdefault("/".join(filter(None, (reference.get("resource"), reference.get("subresource")))), set()).add(event["verb"])
        cases.note("\n".join(f"{what}: {' '.join(sorted(verbs))}" for what, verbs in sorted(asked.items())))
    with cases.case("the same audit log would show a forbidden request"):
        node.run_kubectl("--as", _OPERATOR, "-n", "kube-system", "get", "secrets", check=False)
        wait_until("a 403", lambda: any(f'"{_OPERATOR}"' in line and '"code":403' in line for line in open(node.audit_log)), 10)
    with cases.case("the sidecar's pod has no token, and nobody made requests with its account"):
        pod = ours.sidecar_pod()["metadata"]["name"]
        done = node.run_kubectl("-n", NAMESPACE, "exec", pod, "--", "ls", "/var/run/secrets/kubernetes.io", check=False)
        expect(f"{done.stdout}{done.stderr}", done.returncode != 0 and "No such file" in done.stderr)
        users = {e["user"]["username"] for e in events}
        expect_equal("requests", f"system:serviceaccount:{NAMESPACE}:hawser-sidecar" in users, False)
    with cases.case("the sidecar has three capabilities and no more; the operator none and another user"):
        def state(part):
            with open(f"/proc/{ours.process(part)}/status") as text:
                fields = dict(line.split(":\t", 1) for line in text.read().splitlines() if ":\t" in line)
            return {key: fields[key].split()[0] for key in ("Uid", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")}
        three = f"{1 << 12 | 1 << 10 | 1 << 13:016x}"
        expect_equal("sidecar", state("sidecar"), {"Uid": "0", "CapEff": three, "CapBnd": three, "NoNewPrivs": "1", "Seccomp": "2"})
        none = "0" * 16
        expect_equal("operator", state("operator"), {"Uid": "65532", "CapEff": none, "CapBnd": none, "NoNewPrivs": "1", "Seccomp": "2"})
    with cases.case("the operator leaves no core, whatever the node does with cores: its memory is root's alone"):
        # A process that may not be dumped shows: its files in /proc belong to root, not to its user.
        expect_equal("owner", os.stat(f"/proc/{ours.process('operator')}/environ").st_uid, 0)


def canary(site):
    """Everything that Hawser shows, and what the cluster shows of it, but the Secret itself."""
    node, ours = site.node, site.ours

    def found(text):
        return any(form.lower() in text.lower() for form in _FORMS)

    places = {"metrics": lambda: ours.metrics_text() + ours.operator_metrics_text(),
              "logs": lambda: "".join(node.kubectl("-n", NAMESPACE, "logs", "-l", POD_SELECTOR + part, "--tail=-1")
                                      for part in ("operator", "sidecar")),
              "the node's logs": lambda: node.logs(1000000),
              "audit log": lambda: open(node.audit_log).read(),
              "processes": lambda: "".join(open(f"/proc/{ours.process(part)}/{name}", errors="replace").read()
                                           for part in ("operator", "sidecar") for name in ("cmdline", "environ"))}
    kinds = node.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    with site.cases.case(f"the shared key is in none of {len(kinds)} kinds of object but its Secret"):
        expect("the detector misses the Secret", found(node.kubectl("-n", NAMESPACE, "get", "secret", "site6-psk", "-o", "yaml")))
        for kind in kinds:
            items = json.loads(node.kubectl("get", kind, "-A", "-o", "json"))["items"]
            shown = [item["metadata"]["name"] for item in items if found(json.dumps(item))]
            expect_equal(kind, shown, ["site6-psk"] if kind == "secrets" else [])
    for what, text in places.items():
        with site.cases.case(f"the shared key is not in {what}"):
            shown = text()
            expect("nothing to search", shown)
            expect("found", not found(shown))


def uninstall(site):
    cases, node = site.cases, site.node
    with cases.case("the README's uninstallation leaves the node as it was"):
        site.ours.as_written("uninstall")
        wait_until("the pods to go", lambda: not node.get("pods", "-n", NAMESPACE), 40, 0.5)
        after = node_network(node.namespace)
        expect_equal("more than before", sorted(set(after) - set(site.before)), [])
        expect_equal("less than before", sorted(set(site.before) - set(after)), [])
    with cases.case("and of the cluster's objects only the CRDs"):
        left = node.kubectl("get", "clusterroles,clusterrolebindings,roles,rolebindings,leases,services,poddisruptionbudgets", "-A",
                            "-l", "app.kubernetes.io/name=hawser", "-o", "name").split()
        expect_equal("left", left, [])
        crds = [name for name in node.kubectl("get", "crd", "-o", "name").split() if name.endswith(".hawser.dev")]
        expect_equal("CRDs", len(crds), 5)
    with cases.case("the namespace is not stuck"):
        node.kubectl("delete", "namespace", NAMESPACE, "--timeout=60s", timeout=80)


def main():
    cases = Cases("install")
    with TwoSites() as lab:
        site = Site(lab, cases)
        try:
            for part in (install, first_tunnel, prometheus, story, changes, restarts, permissions, canary, uninstall):
                failed = len(cases.failed)
                try:
                    part(site)
                except LabError as reason:
                    cases.fail(part.__name__, str(reason))
                if len(cases.failed) > failed and site.ours:
                    cases.note(site.ours.logs(25))
                if cases.failed and part in (install, first_tunnel):
                    break  # nothing of what follows could tell anything
        finally:
            site.stop()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
