"""The chart with the built images on a real node, and a tunnel from a pod to a host behind strongSwan."""
import json
import os
import sys
import time
from contextlib import ExitStack, suppress

from _audit import AuditLog, audit_time
from _canary import canary, control, search
from _install import NAMESPACE, ClientPod, InstalledGateway, cluster_objects, node_network
from _traffic import Traffic, Wire, measure
from apiserver import Cases, LabError, Process, expect, expect_equal, wait_until
from image import hawser_images
from lab import manifests, suites
from lab.strongswan import StrongSwan
from lab.topology import TwoSites
from node import Node

_OTHER = suites.policy(ikeEncryption="AES256", ikeIntegrity="SHA384", dhGroup="ECP256", ipsecEncryption="GCMAES128",
                       ipsecIntegrity="GCMAES128", pfsGroup="ECP256")
_KEY, _NEXT_KEY, _WRONG_KEY = canary(1), canary(2), canary(3)
_OPERATOR = f"system:serviceaccount:{NAMESPACE}:hawser-operator"
_TAKEOVER = 20  # seconds
_NORMAL, _WARNING = "Normal", "Warning"
# kubectl applies one object after the other; a pass of the operator may come between any two.
_INCOMPLETE = [("Connection", reason, _WARNING) for reason in (
    "VirtualNetworkGatewayNotFound", "VirtualNetworkNotFound", "LocalNetworkGatewayNotFound", "IpsecPolicyNotFound",
    "SecretNotFound")] + [("VirtualNetworkGateway", "VirtualNetworkNotFound", _WARNING), ("VirtualNetworkGateway", "Resolved", _NORMAL)]
# While a sidecar's pod is replaced, when that takes long.
_AWAY = [(kind, reason, event_type) for kind in ("Connection", "VirtualNetworkGateway") for reason, event_type in (
    ("SidecarUnreachable", _WARNING), ("NodeUnavailable", _WARNING), ("Programmed", _NORMAL))]
# Not told when a sidecar is away so shortly that the tunnel counts as up meanwhile.
_BACK = ("Connection", "Established", _NORMAL)
# Whether an operator looks while it connects is a matter of milliseconds.
_MOMENTS = [("Connection", reason, _NORMAL) for reason in ("Connecting", "Resolved")]

# What the uninstallation leaves: what the user made, what Kubernetes makes of a namespace and of a CRD, and the CRDs.
_STAYS = {f"Namespace /{NAMESPACE}", f"ConfigMap {NAMESPACE}/kube-root-ca.crt", f"ServiceAccount {NAMESPACE}/default",
          f"Secret {NAMESPACE}/site6-psk", f"VirtualNetwork {NAMESPACE}/testvnet1", f"VirtualNetworkGateway {NAMESPACE}/vnet1gw",
          f"LocalNetworkGateway {NAMESPACE}/site6", f"IpsecPolicy {NAMESPACE}/ipsecpolicy6", "APIService /v1alpha1.hawser.dev",
          *(f"CustomResourceDefinition /{plural}.hawser.dev" for plural in (
              "virtualnetworks", "virtualnetworkgateways", "localnetworkgateways", "ipsecpolicies", "connections"))}


class Site:
    """What the parts of the scenario share. What they start goes with the stack, whatever fails."""

    def __init__(self, stack, cases):
        self.stack, self.cases = stack, cases
        self.lab = stack.enter_context(TwoSites())
        self.node = stack.enter_context(Node(self.lab.left.gateway, self.lab.left.outer))
        self.peer = StrongSwan(self.lab, self.lab.right)
        stack.callback(self.peer.stop)
        self.ours = self.pod = self.wire = None
        self._told = 0

    def traffic(self, tag):
        return Traffic(self.cases, self.lab, self.pod, tag, self.ours.drops)

    def story(self, *expected, passing=(), perhaps=None):
        """The events since the last time: exactly these, in this order, as (kind, reason, type). Those that may come between
        them, or be over before an operator looks, are `passing`. `perhaps` is one that need not be told; it is waited for,
        so that the next story does not begin with it."""
        def told(but=(*passing, perhaps)):
            return [event for event in self.ours.events()[self._told:] if event[1:4] not in but]

        if perhaps:
            with suppress(LabError):
                wait_until("it", lambda: perhaps in [event[1:4] for event in told(but=())], 5, 0.3)
        try:
            wait_until(lambda: f"the events {list(expected)}; they are\n" + "\n".join(map(str, told())),
                       lambda: [event[1:4] for event in told()] == list(expected), 5, 0.3)
            self.cases.note("\n".join(" ".join(event[1:4]) for event in told()) or "none")
        finally:
            self._told = len(self.ours.events())


def install(site):
    cases, node = site.cases, site.node
    with cases.case("the images are loaded"):
        for archive in hawser_images().values():
            node.load(archive)
    site.pod = ClientPod(node)
    site.stack.callback(site.pod.remove)
    site.ours = InstalledGateway(site.lab, node, _KEY)
    site.stack.callback(site.ours.stop)
    site.network, site.objects = node_network(node.namespace), lasting_objects(node)
    with cases.case("the README's installation, with the built images: operator and sidecar roll out, helm test"):
        started = time.monotonic()
        site.ours.as_written("install")
        cases.note(f"after {time.monotonic() - started:.1f} s")
    site.ours.keep_logs()


def first_tunnel(site):
    cases, node, ours = site.cases, site.node, site.ours
    site.wire = Wire(site.lab)
    site.peer.fail_closed()
    site.peer.start()
    site.peer.load(suites.SAMPLE, _KEY)
    with cases.case("the README's tunnel: kubectl apply of the example, kubectl wait --for=condition=Ready; under 30 s"):
        started = time.monotonic()
        shown = ours.as_written("tunnel")
        taken = time.monotonic() - started
        cases.note(f"Ready and described {taken:.1f} s after kubectl apply")
        expect(f"conditions and events in {shown}", "Established" in shown and "Events:" in shown)
        expect(f"{taken:.1f} s", taken < 30)
        ours.wait_suite(suites.SAMPLE, 5)
    with cases.case("events tell what was missing, and that the tunnel came up"):
        site.story(_BACK, passing=_INCOMPLETE + _MOMENTS)
    with cases.case("every object of the example is Ready"):
        kinds = [f"{kind}.hawser.dev" for kind in ("virtualnetworks", "virtualnetworkgateways", "localnetworkgateways",
                                                   "ipsecpolicies", "connections")]
        cases.note(node.kubectl("-n", NAMESPACE, "get", ",".join(kinds)))
        for kind in kinds:
            node.kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", kind, "--all", "--timeout=10s")
    with cases.case("ping from a pod to the host behind strongSwan, and back"):
        for here, there in ((site.pod, site.lab.right), (site.lab.right, site.pod)):
            done = here.host.exec("ping", "-c", "10", "-l", "10", "-W", "5", there.host_address, check=False)
            expect(done.stdout, " 0% packet loss" in done.stdout)
    with cases.case("iperf3 from a pod to the host behind strongSwan, through the tunnel"):
        measure(cases, site.lab, ours, site.pod)


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
        return [float(r["value"][1]) for r in json.loads(done.stdout)["data"]["result"]] if done.stdout else []

    def wait_answer(query, right):
        wait_until(lambda: f"{query}; it is {ask(query)}\n{process.tail()}", lambda: right(ask(query)), 20, 0.3)

    try:
        with site.cases.case("a real Prometheus scrapes both operators and the sidecar"):
            wait_answer("up", lambda values: values == [1] * 3)
        with site.cases.case("and knows the tunnel, its packets, and who leads"):
            labels = f'{{namespace="{NAMESPACE}",connection="{manifests.CONNECTION}"}}'
            wait_answer(f"hawser_connection_up{labels}", lambda values: values == [1])
            wait_answer(f"hawser_receive_packets_total{labels}", lambda values: len(values) == 1 and values[0] > 0)
            wait_answer("sum(hawser_operator_sidecar_connected)", lambda values: values == [1])
    finally:
        process.stop()


def changes(site):
    with site.traffic("changes") as traffic:
        change_policy(site, traffic, "another policy", _OTHER, {"policy": manifests.policy(_OTHER)})
        change_policy(site, traffic, "policy removed", suites.PROFILE_1910, {"connection": manifests.connection(None)})
        change_policy(site, traffic, "policy added again", suites.SAMPLE,
                      {"policy": manifests.policy(suites.SAMPLE), "connection": manifests.connection()})
        rotate_key(site, traffic)


def change_policy(site, traffic, what, suite, objects):
    ours, peer = site.ours, site.peer
    policy = "policy" in objects

    def exactly(rekeyed):
        wait_until(lambda: f"strongSwan: {peer.problems_of(suite, rekeyed)}\n{ours.logs()}",
                   lambda: not peer.problems_of(suite, rekeyed), 20, 0.2)

    def change():
        peer.load(suite, _KEY)
        ours.apply(objects)

    def effect():
        ours.wait_suite(suite, 40)
        exactly(rekeyed=False)
        peer.rekey_child()  # only CREATE_CHILD_SA shows the group
        exactly(rekeyed=True)

    with site.cases.case(f"{what} by kubectl apply, then a rekey: exactly that is negotiated, and no packet is lost"):
        traffic.lossless(what, change, effect)
    with site.cases.case(f"{what}: the status says what is in force"):
        ours.wait_edit(5)
        wait_until(lambda: f"{suite}, not {ours.suite()}", lambda: ours.suite() == suite, 5)
        effective = ours.status()["effectivePolicy"]
        expect_equal("effectivePolicy", {name: effective.get(name) for name in ("source", "name", *suite)},
                     {"source": "IpsecPolicy" if policy else "Profile", "name": manifests.POLICY if policy else "AzureStack1910",
                      **suite})
        ours.wait_condition("Ready", "True")
    with site.cases.case(f"{what}: no events, the tunnel stayed"):
        site.story()


def rotate_key(site, traffic):
    ours = site.ours
    before = ours.spis()[0]

    def change():
        site.peer.load(suites.SAMPLE, _NEXT_KEY)
        ours.apply({"secret": manifests.secret(_NEXT_KEY)})

    with site.cases.case("the key rotated in the Secret: a new IKE SA, and no packet is lost"):
        traffic.lossless("key rotated", change, lambda: wait_until(
            lambda: f"a new IKE SA; conditions {ours.conditions()}\n{ours.logs()}",
            lambda: ours.is_connected() and ours.spis()[0] != before and not site.peer.problems_of(suites.SAMPLE), 40))
        ours.wait_condition("Ready", "True")
    with site.cases.case("key rotated: no events, the tunnel stayed"):
        site.story()


class Succession:
    """A change that costs the leader its place, and the wait for the next one: it leads, and has answered an edit."""

    def __init__(self, site, change, dpd):
        self._site, self._change, self._dpd = site, change, dpd

    def change(self):
        self._old, self._since = self._site.ours.leader(), time.monotonic()
        self._change()

    def wait(self):
        ours = self._site.ours
        name = wait_until(lambda: f"another leader than {self._old}; it is {ours.lease()}\n{ours.logs()}", self._another,
                          _TAKEOVER, 0.1)
        self._site.cases.note(f"{name} leads {time.monotonic() - self._since:.1f} s after {self._old} was disturbed")
        ours.edit(self._dpd)
        ours.wait_edit(_TAKEOVER)

    def _another(self):
        name = self._site.ours.leader()
        return name != self._old and name in {pod["metadata"]["name"] for pod in self._site.ours.pods("operator")} and name


def restarts(site):
    cases, ours = site.cases, site.ours
    with site.traffic("restarts") as traffic:
        for dpd, what, change in (
                (60, "both operator pods deleted", lambda: ours.delete_pods("operator")),
                (61, "leading operator killed with SIGKILL", ours.kill_leader),
                (62, "operator upgraded by helm", lambda: ours.upgrade("operator.log.level=debug"))):
            with cases.case(f"{what}: another leads and answers, no packet is lost, the SAs stay"):
                before, sidecar = ours.spis(), ours.sidecar_pod()["metadata"]["name"]
                succession = Succession(site, change, dpd)
                traffic.lossless(what, succession.change, succession.wait)
                expect_equal("SPIs", ours.spis(), before)
                expect_equal("sidecar", ours.sidecar_pod()["metadata"]["name"], sidecar)
                ours.rollout()
            with cases.case(f"{what}: no events, the tunnel stayed"):
                site.story()
        with cases.case("one packet dropped on purpose is told as a loss"):
            try:
                traffic.lossless("one packet dropped", traffic.drop_one)
            except LabError as reason:
                expect(str(reason), "lost: " in str(reason) and " 1 lost" in str(reason))
            else:
                raise LabError("nothing was told")
        lose_sidecars(site, traffic)


def lose_sidecars(site, traffic):
    cases, ours, node = site.cases, site.ours, site.node
    with cases.case("the sidecar's pod deleted: the tunnel comes back"):
        traffic.costly("sidecar deleted", lambda: ours.delete_pods("sidecar"), new_tunnel(ours))
    with cases.case("sidecar deleted: its events"):
        site.story(passing=_AWAY + _MOMENTS, perhaps=_BACK)
    with cases.case("helm upgrade to another image of the sidecar: the tunnel comes back, the operators stay"):
        node.ctr("images", "tag", "docker.io/hawser/hawser-sidecar:0.1.0", "docker.io/hawser/hawser-sidecar:0.1.0-next")
        operators = {pod["metadata"]["name"] for pod in ours.pods("operator")}
        traffic.costly("sidecar upgraded", lambda: ours.upgrade("sidecar.image.tag=0.1.0-next", "sidecar.log.level=debug"),
                       new_tunnel(ours))
        expect_equal("operators", {pod["metadata"]["name"] for pod in ours.pods("operator")}, operators)
    with cases.case("sidecar upgraded: its events"):
        site.story(passing=_AWAY + _MOMENTS, perhaps=_BACK)


def new_tunnel(ours):
    before = ours.spis()

    def wait():
        wait_until(lambda: f"a new tunnel; conditions {ours.conditions()}\n{ours.logs()}",
                   lambda: ours.is_connected() and ours.spis()[0] != before[0], 120)
        ours.wait_condition("Ready", "True", timeout=60)
    return wait


def keys(site):
    """Where the shared key shows, at log level debug: with the right one, a wrong one, one that cannot be."""
    cases, ours = site.cases, site.ours
    search(cases, site.node, ours, "Connected")
    with cases.case("a wrong key in the Secret: AuthenticationFailed"):
        ours.apply({"secret": manifests.secret(_WRONG_KEY)})
        wait_until(lambda: f"AuthenticationFailed\n{ours.status()}\n{ours.logs()}",
                   lambda: (ours.status().get("lastFailure") or {}).get("reason") == "AuthenticationFailed", 30)
    search(cases, site.node, ours, "after AuthenticationFailed")
    with cases.case("a key with a newline in the Secret: InvalidSharedKey"):
        ours.apply({"secret": manifests.secret(_NEXT_KEY + "\n")})
        ours.wait_condition("ResolvedRefs", "False", "InvalidSharedKey")
    search(cases, site.node, ours, "after InvalidSharedKey")
    control(cases, site.node, ours)
    with cases.case("the right key again: Ready"):
        ours.apply({"secret": manifests.secret(_NEXT_KEY)})
        ours.wait_condition("Ready", "True", timeout=40)
    with cases.case("events tell of the key that cannot be; of the wrong one tells lastFailure, the old tunnel stayed"):
        site.story(("Connection", "InvalidSharedKey", _WARNING), ("Connection", "Resolved", _NORMAL))


def of_operator(node):
    return [r for r in AuditLog(node.audit_log).requests() if r.user == _OPERATOR]


def refused(requests):
    """What was asked for and was forbidden."""
    return {(r.verb, r.uri) for r in requests if r.code == 403}


def permissions(site):
    cases, node, ours = site.cases, site.node, site.ours
    with cases.case("a request that the chart's roles forbid is told, and no other was forbidden"):
        token = node.kubectl("-n", NAMESPACE, "create", "token", "hawser-operator").strip()
        done = node.run_kubectl("--server", node.server.url, "--certificate-authority", node.server.pki.ca, "--token", token,
                                "get", "--raw", "/api/v1/namespaces/kube-system/secrets", kubeconfig="/dev/null", check=False)
        expect(done.stderr, "Forbidden" in done.stderr)
        site.forbidden = {("list", "/api/v1/namespaces/kube-system/secrets")}
        wait_until(lambda: f"it in {refused(of_operator(node))}", lambda: site.forbidden <= refused(of_operator(node)), 10)
        expect_equal("forbidden", refused(of_operator(node)), site.forbidden)
        asked = {}
        for request in of_operator(node):
            asked.setdefault("/".join(filter(None, (request.resource, request.subresource))), set()).add(request.verb)
        cases.note("\n".join(f"{what}: {' '.join(sorted(verbs))}" for what, verbs in sorted(asked.items())))
    with cases.case("the sidecar's pod has no token, and nobody made requests with its account"):
        pod = ours.sidecar_pod()["metadata"]["name"]
        done = node.run_kubectl("-n", NAMESPACE, "exec", pod, "--", "ls", "/var/run/secrets/kubernetes.io", check=False)
        expect(f"{done.stdout}{done.stderr}", done.returncode != 0 and "No such file" in done.stderr)
        users = {r.user for r in AuditLog(node.audit_log).requests()}
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


def lasting_objects(node):
    return {name for name in cluster_objects(node) if not name.startswith("Event ")}


def roles_deleted(node, since):
    """When the first of the operator's roles and bindings went, in the audit log's words."""
    return min(r.received for r in AuditLog(node.audit_log).requests(since)
               if r.verb == "delete" and r.resource.endswith(("roles", "rolebindings")) and "hawser" in r.name)


def uninstall(site):
    cases, node, begun = site.cases, site.node, audit_time()
    with cases.case("the README's uninstallation leaves the node as it was"):
        site.ours.as_written("uninstall")
        wait_until("the pods to go", lambda: not node.get("pods", "-n", NAMESPACE), 120, 0.5)
        after = node_network(node.namespace)
        expect_equal("more than before", sorted(set(after) - set(site.network)), [])
        expect_equal("less than before", sorted(set(site.network) - set(after)), [])
    with cases.case("and of the cluster's objects only the CRDs and what the user made"):
        wanted = site.objects | _STAYS
        wait_until(lambda: f"nothing left but what stays; more: {sorted(lasting_objects(node) - wanted)}, less: "
                           f"{sorted(wanted - lasting_objects(node))}", lambda: lasting_objects(node) == wanted, 90, 1)
    with cases.case("nothing was forbidden to the operator before Helm, ahead of the pods' end, deleted its roles"):
        last = roles_deleted(node, begun)
        expect_equal("forbidden", refused(r for r in of_operator(node) if r.received < last), site.forbidden)
        cases.note(f"forbidden after: {sorted(refused(r for r in of_operator(node) if r.received >= last))}")
    with cases.case("the namespace is not stuck"):
        node.kubectl("delete", "namespace", NAMESPACE, "--timeout=60s", timeout=80)


def scenario(site):
    for part in (install, first_tunnel, prometheus, changes, restarts, keys, permissions):
        failed = len(site.cases.failed)
        try:
            part(site)
        except LabError as reason:
            site.cases.fail(part.__name__, str(reason))
        if len(site.cases.failed) > failed and site.ours:
            site.cases.note(site.ours.logs(25))
        if part is install and site.cases.failed:
            return
        if part is first_tunnel and not site.ours.is_connected():
            return  # nothing of what follows could tell anything
    site.wire.judge(site.cases, 10000)
    uninstall(site)


def main():
    cases = Cases("install")
    with ExitStack() as stack:
        try:
            scenario(Site(stack, cases))
        except LabError as reason:
            cases.fail("the scenario goes on", str(reason))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
