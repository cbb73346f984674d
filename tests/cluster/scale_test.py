"""The operator with many objects on a real API server: memory, time, delay of one change, and silence."""
import json
import os
import sys
import tempfile
import time

from apiserver import TOP, ApiServer, Cases, LabError, Process, expect, wait_until
from fleet_objects import Requests, connection, fleet, policy
from lab.owner import own_name

GATEWAYS, POLICIES, CONNECTIONS = 500, 2000, 10000
RESYNC_QUIET = 120
CHANGES = 200


class Sidecar:
    """The acking sidecar: what it was told, line by line."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "sidecar.sock")
        self._process = Process([os.path.join(TOP, "build/release/cluster/acking_sidecar"), self.socket, "node-a"],
                                os.path.join(folder, "sidecar.log"))
        wait_until("the sidecar listens", lambda: os.path.exists(self.socket), 10)

    def states(self):
        return [json.loads(line) for line in self._process.output().splitlines() if line.startswith("{")]

    def kill(self):
        self._process.kill()


def memory_of(pid):
    """Resident now and at most, MiB."""
    with open(f"/proc/{pid}/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return tuple(int(fields[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def operator(server, sidecar, folder, log="operator.log"):
    return Process([os.path.join(TOP, "build/release/bin/hawser-operator"), "--kubeconfig", server.kubeconfig,
                    "--namespace", "default", "--sidecar", f"node-a=unix:{sidecar.socket}", "--identity", log,
                    "--metrics-address", "off", "--health-address", "off"],
                   os.path.join(folder, log), netns=server.netns)


def writes_by_operator(server, since_line):
    """Audit events that change something, but for the Lease."""
    writes = []
    with open(server.audit_log) as lines:
        for number, line in enumerate(lines):
            if number < since_line:
                continue
            event = json.loads(line)
            if event["verb"] in ("create", "update", "patch", "delete") and "hawser-operator" in event.get("userAgent", "") \
                    and event["objectRef"]["resource"] != "leases":
                writes.append(f"{event['verb']} {event['requestURI']}")
    return writes


def audit_lines(server):
    with open(server.audit_log) as lines:
        return sum(1 for _ in lines)


def ready_count(requests):
    items = requests.get("/apis/hawser.dev/v1alpha1/connections")["items"]
    return sum(any(c["type"] == "Ready" and c["status"] == "True" for c in item.get("status", {}).get("conditions", []))
               for item in items)


def measure_delay(requests, sidecar, count):
    """Seconds from a change at the API server to the sidecar's Ack, one change after another, sorted."""
    delays = []
    for i in range(count):
        c = (i * 37) % CONNECTIONS
        seen = len(sidecar.states())
        started = time.monotonic()
        requests.merge(connection(c, GATEWAYS, POLICIES), {"spec": {"dpdTimeoutSeconds": 100 + i}})

        def acknowledged():
            return next((s for s in sidecar.states()[seen:] if f"default/connection-{c}" in s["changed"]), None)

        delays.append(wait_until(f"change {i} acknowledged", acknowledged, 30, 0.005)["time"] - started)
    return sorted(delays)


def main():
    cases = Cases("scale")
    with ApiServer() as server, tempfile.TemporaryDirectory(prefix=own_name("scale-")) as folder:
        server.kubectl("apply", "--server-side", "-f", os.path.join(TOP, "crds"))
        server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        requests, sidecar = Requests(server), Sidecar(folder)
        process = None
        try:
            with cases.case(f"{CONNECTIONS} connections, {POLICIES} policies and {GATEWAYS} gateways are created"):
                requests.create(fleet(GATEWAYS, POLICIES, CONNECTIONS))

            with cases.case("the operator converges: all acknowledged, all Ready"):
                started = time.monotonic()
                process = operator(server, sidecar, folder)
                wait_until(lambda: f"all entries in the sidecar; the operator says: {process.tail(5)}",
                           lambda: process.running() and any(s["entries"] == CONNECTIONS for s in sidecar.states()), 300, 0.2)
                acked = time.monotonic() - started
                wait_until(lambda: f"all Ready, not {ready_count(requests)}",
                           lambda: ready_count(requests) == CONNECTIONS, 300, 2)
                now, most = memory_of(process.pid)
                cases.note(f"sidecar has all after {acked:.1f} s; all Ready after {time.monotonic() - started:.1f} s; "
                           f"operator: {cpu_seconds(process.pid):.1f} s of CPU, {now} MiB resident, {most} MiB at most")

            with cases.case(f"{CHANGES} single changes reach the Ack"):
                delays = measure_delay(requests, sidecar, CHANGES)
                cases.note(f"median {delays[len(delays) // 2] * 1000:.0f} ms, p99 {delays[int(len(delays) * 0.99) - 1] * 1000:.0f} ms, "
                           f"most {delays[-1] * 1000:.0f} ms")

            with cases.case("a policy that five connections use reaches all of them"):
                seen = len(sidecar.states())
                requests.merge(policy("policy-7", 7), {"spec": {"saLifeTimeSeconds": 4000}})
                wanted = {f"default/connection-{c}" for c in range(CONNECTIONS) if c % POLICIES == 7}
                wait_until("all five told", lambda: wanted <= {n for s in sidecar.states()[seen:] for n in s["changed"]}, 30)

            with cases.case(f"{RESYNC_QUIET} s of quiet: the operator writes nothing but its Lease"):
                wait_until(lambda: f"all Ready, not {ready_count(requests)}",
                           lambda: ready_count(requests) == CONNECTIONS, 120, 2)
                time.sleep(5)
                line, cpu = audit_lines(server), cpu_seconds(process.pid)
                time.sleep(RESYNC_QUIET)
                writes = writes_by_operator(server, line)
                cases.note(f"{len(writes)} writes; {cpu_seconds(process.pid) - cpu:.1f} s of CPU")
                expect(f"no write, not {writes[:5]}", not writes)
                with open(server.audit_log) as lines:
                    expect("the audit log knows the operator's Lease",
                           any('"leases"' in text and "hawser-operator" in text for text in lines))

            with cases.case("a restart of the operator changes nothing in the sidecar"):
                seen = len(sidecar.states())
                process.stop(20)
                process = operator(server, sidecar, folder, "operator-2.log")
                wait_until("told again", lambda: len(sidecar.states()) > seen, 120, 0.2)
                time.sleep(5)
                later = sidecar.states()[seen:]
                expect(f"nothing changed or was removed, not {later[:3]}",
                       not any(s["changedCount"] or s["removedCount"] for s in later))
        except LabError as reason:
            cases.fail("the programs start", str(reason))
        finally:
            if process:
                process.kill()
            sidecar.kill()
            requests.close()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
