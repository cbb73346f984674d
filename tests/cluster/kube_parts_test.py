"""Reflector, election and event recorder on a real API server."""
import json
import os
import signal
import subprocess
import sys
import time

from apiserver import TOP, ApiServer, Cases, LabError, expect, expect_equal, wait_until

BUILD = os.environ.get("HAWSER_BUILD", os.path.join(TOP, "build", "release"))
ACTOR = os.path.join(BUILD, "cluster", "kube_actor")
CONNECTIONS = "/apis/hawser.dev/v1alpha1/connections"
POLICIES = "/apis/hawser.dev/v1alpha1/ipsecpolicies"


class Actor:
    """A kube_actor in the background. Its process id is its own: no shell and no nsenter stay in between."""

    _count = 0

    def __init__(self, server, *words, kubeconfig=None):
        Actor._count += 1
        self._path = os.path.join(server.folder, f"actor-{Actor._count}.out")
        with open(self._path, "w") as out:
            self.process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{server.netns}", "--", ACTOR, kubeconfig or server.kubeconfig, *words],
                stdin=subprocess.PIPE, stdout=out, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def lines(self):
        with open(self._path) as text:
            return [json.loads(line) for line in text.read().split("\n")[:-1]]

    def last(self, name):
        """The last value that it told under this name; None: none yet."""
        return next((line[name] for line in reversed(self.lines()) if name in line), None)

    def view(self):
        """What its owner would know: resource version by key. Fails when a state comes twice or out of order."""
        view, seen = {}, set()
        for line in self.lines():
            if line.get("change") == "delete":
                expect(f"{line['key']} was there", view.pop(line["key"], None) is not None)
            elif "change" in line:
                key, version = line["key"], int(line["object"]["metadata"]["resourceVersion"])
                expect(f"{key}@{version} comes once", (key, version) not in seen)
                expect(f"{key} does not go back", version > view.get(key, 0))
                expect("managedFields are left out", "managedFields" not in line["object"]["metadata"])
                seen.add((key, version))
                view[key] = version
        return view

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def finish(self, timeout=20):
        self.process.stdin.close()
        return self.process.wait(timeout)

    def wait_for(self, what, condition, timeout=20):
        wait_until(lambda: f"{what}; last lines: {self.lines()[-5:]}", condition, timeout)


def truth(server, path):
    items = json.loads(server.kubectl("get", "--raw", path))["items"]
    return {(f"{i['metadata']['namespace']}/" if "namespace" in i["metadata"] else "") + i["metadata"]["name"]:
            int(i["metadata"]["resourceVersion"]) for i in items}


def expect_same(server, actor, path, timeout=30):
    actor.wait_for("view and server are the same", lambda: actor.view() == truth(server, path), timeout)


def change_configmaps(server, seed):
    """Creates, changes and deletes: 12 requests."""
    for i in range(4):
        server.kubectl("create", "configmap", f"c{seed}-{i}", f"--from-literal=a={seed}")
    for i in range(4):
        server.kubectl("label", "configmap", f"c{seed}-{i}", f"seed=s{seed}")
    server.kubectl("delete", "configmap", f"c{seed}-0", f"c{seed}-2")


def restart_costs_no_list(server, actor, path, seed):
    """False: something else was written between the last news and the death, which the next server does not tell of (410)."""
    server.kubectl("create", "configmap", f"last-{seed}")
    expect_same(server, actor, path)
    lists, told = actor.last("relists"), len(actor.lines())
    server.restart_server()
    change_configmaps(server, seed)
    expect_same(server, actor, path, 90)
    if actor.last("relists") == lists:
        return True
    expect(f"why it listed, in {actor.lines()[told:]}", any("410" in line.get("trouble", "") for line in actor.lines()[told:]))
    return False


def check_reflector(cases, server):
    path = "/api/v1/namespaces/default/configmaps"
    with Actor(server, "follow", path) as actor:
        with cases.case("follows a collection through creation, change and deletion"):
            actor.wait_for("synced", lambda: actor.last("synced"))
            change_configmaps(server, 1)
            expect_same(server, actor, path)
            expect_equal("relists", actor.last("relists"), None)

        with cases.case("a server that is killed and comes back costs no list: the watch goes on where it was"):
            expect("a turn without a list", any(restart_costs_no_list(server, actor, path, seed) for seed in (20, 21, 22)))
            actor.wait_for("no trouble left", lambda: not actor.last("trouble"), 60)

        with cases.case("what is deleted while it is cut off, and compacted away, is found by a new list"):
            lists, told = actor.last("relists") or 0, len(actor.lines())
            actor.process.send_signal(signal.SIGSTOP)
            server.restart_server()  # else what happens would wait in its socket
            change_configmaps(server, 3)
            server.kubectl("delete", "configmap", "c1-1", "c20-1")
            server.compact()
            server.restart_server()  # its memory of the past goes with it
            actor.process.send_signal(signal.SIGCONT)
            expect_same(server, actor, path, 60)
            expect("it listed again", (actor.last("relists") or 0) > lists)
            gone = {line["key"] for line in actor.lines() if line.get("change") == "delete"}
            expect(f"c1-1 and c20-1 are in {gone}", {"default/c1-1", "default/c20-1"} <= gone)
            expect(f"it says why it had to: {actor.lines()[told:]}", any("410" in line.get("trouble", "") for line in actor.lines()[told:]))

        expect_equal("exit code", actor.finish(), 0)

    with Actor(server, "follow", CONNECTIONS) as connections, Actor(server, "follow", POLICIES) as policies:
        with cases.case("a kind that is not installed is named; once it is, it is followed"):
            connections.wait_for("trouble", lambda: "install its CustomResourceDefinition" in (connections.last("trouble") or ""))
            expect_equal("synced", connections.last("synced"), None)
            time.sleep(5)  # long enough for a wait that doubles to have grown
            server.kubectl("apply", "-f", os.path.join(TOP, "crds"))
            server.wait_established()
            installed = time.monotonic()
            connections.wait_for("synced", lambda: connections.last("synced"), 65)
            policies.wait_for("synced", lambda: policies.last("synced"), max(1, 65 - (time.monotonic() - installed)))
            cases.note(f"told meanwhile: {sorted({line['trouble'][-90:] for line in policies.lines() if line.get('trouble')})}")
            cases.note(f"both synced {time.monotonic() - installed:.1f} s after the CRDs were established")
            server.kubectl("apply", "-f", os.path.join(TOP, "examples", "azure-stack-site6"))
            expect_same(server, connections, CONNECTIONS)
            expect_same(server, policies, POLICIES)
            expect("one policy at least", policies.view())

    with cases.case("who may not is told so by name"):
        nobody = server.make_kubeconfig("stranger", "stranger")
        with Actor(server, "follow", CONNECTIONS, kubeconfig=nobody) as actor:
            actor.wait_for("trouble", lambda: "forbidden to list and watch " + CONNECTIONS in (actor.last("trouble") or ""))
            expect_equal("synced", actor.last("synced"), None)


def lease(server):
    return json.loads(server.kubectl("get", "lease", "hawser-operator", "-o", "json"))


def leads(actor):
    return actor.last("state") == "leading"


def check_election(cases, server):
    def elector(name):
        return Actor(server, "lead", "default", "hawser-operator", name)

    with elector("a") as a, elector("b") as b:
        with cases.case("one of two leads, and its epoch is the Lease's version at acquisition"):
            wait_until("a leader", lambda: leads(a) or leads(b), 20)
            first, second = (a, b) if leads(a) else (b, a)
            epoch = first.last("epoch")
            created = lease(server)
            expect(f"{epoch} is a version of the Lease", 0 < epoch <= int(created["metadata"]["resourceVersion"]))
            renewed = {created["spec"]["renewTime"]}
            wait_until(lambda: f"three renewals: {renewed}",
                       lambda: len(renewed.add(lease(server)["spec"]["renewTime"]) or renewed) > 3, 15, 0.2)
            expect("still one leader, no trouble", leads(first) and not leads(second) and not second.last("trouble"))

        with cases.case("a leader stopped for 20 s has lost when it goes on, and the other leads with a higher epoch"):
            first.process.send_signal(signal.SIGSTOP)
            stopped = time.monotonic()
            second.wait_for("leading", lambda: leads(second), 20)
            cases.note(f"taken over after {time.monotonic() - stopped:.1f} s")
            expect("a higher epoch", second.last("epoch") > epoch)
            time.sleep(max(0, 20 - (time.monotonic() - stopped)))
            renewed = lease(server)["spec"]["holderIdentity"]
            first.process.send_signal(signal.SIGCONT)
            expect_equal("exit code of the old one", first.process.wait(5), 3)
            expect_equal("what it said last", first.last("state"), "lost")
            expect_equal("holder", lease(server)["spec"]["holderIdentity"], renewed)

        with cases.case("a Lease deleted by hand: its leader writes it anew, the next one has a higher epoch"):
            epoch = second.last("epoch")
            server.kubectl("delete", "lease", "hawser-operator")
            wait_until("the Lease again", lambda: server.run_kubectl("get", "lease", "hawser-operator", check=False).returncode == 0, 10)
            expect("it still leads", leads(second) and second.process.poll() is None)
            with elector("c") as third:
                third.wait_for("standby", lambda: third.last("state") == "standby")
                second.process.kill()
                killed = time.monotonic()
                third.wait_for("leading", lambda: leads(third), 20)
                cases.note(f"after kill -9 the next leads in {time.monotonic() - killed:.1f} s")
                expect("a higher epoch", third.last("epoch") > epoch)

                with elector("d") as fourth:
                    fourth.wait_for("standby", lambda: fourth.last("state") == "standby")
                    given = time.monotonic()
                    expect_equal("exit code", third.finish(), 0)
                    fourth.wait_for("leading", lambda: leads(fourth), 10)
                    cases.note(f"given back, the next leads in {time.monotonic() - given:.1f} s")
                    expect_equal("exit code", fourth.finish(), 0)
            expect_equal("holder at the end", lease(server)["spec"].get("holderIdentity", ""), "")


def check_events(cases, server):
    uid = json.loads(server.kubectl("get", "connections.hawser.dev", "-o", "json"))["items"][0]["metadata"]
    note = {"apiVersion": "hawser.dev/v1alpha1", "kind": "Connection", "namespace": "default", "name": uid["name"],
            "uid": uid["uid"], "warning": True, "reason": "PeerUnreachable", "action": "Negotiate",
            "note": "no answer from 192.0.2.6"}
    with Actor(server, "record") as actor:
        with cases.case("an event shows in kubectl describe and kubectl events"):
            actor.say(json.dumps(note))
            wait_until("the event in describe", lambda: "no answer from 192.0.2.6" in server.kubectl(
                "describe", "connections.hawser.dev", uid["name"]), 10)
            expect("kubectl events has it", "PeerUnreachable" in server.kubectl("events", "--for", f"connection.hawser.dev/{uid['name']}"))

        with cases.case("repeats become one event with a series; a note of 3,000 octets is cut and taken"):
            for _ in range(3):
                actor.say(json.dumps(note))
            actor.say(json.dumps({**note, "reason": "IkeProposalMismatch", "note": "€" * 1000}))

            def events():
                found = json.loads(server.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"]
                return [e for e in found if e.get("reportingController") == "hawser.dev/operator"]

            wait_until(lambda: f"two events and a series in {events()}",
                       lambda: len(events()) == 2 and any(e.get("series", {}).get("count", 0) >= 2 for e in events()), 10)
            notes = {e["reason"]: e["note"] for e in events()}
            expect_equal("octets of the note", len(notes["IkeProposalMismatch"].encode()), 1023)
            expect_equal("dropped", actor.last("dropped"), None)

        with cases.case("what may not be written is dropped and counted"):
            actor.say(json.dumps({**note, "namespace": "nowhere"}))
            actor.wait_for("one dropped", lambda: actor.last("dropped") == 1, 15)
            expect_equal("exit code", actor.finish(), 0)


def main():
    if not os.path.exists(ACTOR):
        raise LabError(f"{ACTOR} is missing: ninja -C {BUILD} ring-cluster-programs")
    cases = Cases("kube parts")
    with ApiServer() as server:
        check_reflector(cases, server)
        check_election(cases, server)
        check_events(cases, server)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
