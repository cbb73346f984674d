"""Ring bench: throughput against plain forwarding, IKE set-ups a second, memory. Prints machine, rounds and spread.

Nothing here passes or fails by a figure: a case passes when its measurement was made and printed.
"""
import os
import statistics
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests", "support"), os.path.join(TOP, "tests", "interop")]
from _pair import HawserPair  # noqa: E402
from lab import manifests, suites  # noqa: E402
from lab.cases import Cases, expect  # noqa: E402
from lab.hawser import Gateway  # noqa: E402
from lab.process import run, wait_until  # noqa: E402
from lab.strongswan import StrongSwan  # noqa: E402
from lab.topology import TwoSites  # noqa: E402
from lab.walkthrough import iperf  # noqa: E402

_ROUNDS, _SECONDS = 5, 5
_CONNECTIONS = 1000
_SUITES = (("GCMAES256", "GCMAES256"), ("GCMAES128", "GCMAES128"), ("AES256", "SHA256"), ("AES128", "SHA1"))


def spread(values, unit):
    return f"median {statistics.median(values):.0f} {unit}, {min(values):.0f} to {max(values):.0f}, {len(values)} rounds"


def machine(cases):
    with open("/proc/cpuinfo") as info:
        model = next(line.partition(":")[2].strip() for line in info if line.startswith("model name"))
    cases.note(f"{model}, {os.cpu_count()} CPUs, Linux {os.uname().release}; all hosts and gateways on this machine")


def throughput(cases):
    """Tunnel and plain forwarding in turn within each round, so that both see the same minutes."""
    for encryption, integrity in _SUITES:
        with cases.case(f"TCP goodput, {encryption}/{integrity}, one flow, {_SECONDS} s a run"):
            with TwoSites("tunnel") as tunnel, TwoSites("plain") as plain:
                for lab in (tunnel, plain):
                    lab.offload(True)
                pair = HawserPair(tunnel).start()
                pair.connect(suites.policy(ipsecEncryption=encryption, ipsecIntegrity=integrity))
                rates = {"tunnel": [], "plain": []}
                for _ in range(_ROUNDS):
                    for name, lab in (("tunnel", tunnel), ("plain", plain)):
                        rates[name].append(iperf(lab.left.host, lab.right.host, lab.right.host_address, _SECONDS))
                ratios = [100 * t / p for t, p in zip(rates["tunnel"], rates["plain"])]
                cases.note(f"through the tunnel: {spread(rates['tunnel'], 'Mbit/s')}\n"
                           f"plain forwarding:   {spread(rates['plain'], 'Mbit/s')}\n"
                           f"ratio:              median {statistics.median(ratios):.1f} %, {min(ratios):.1f} to {max(ratios):.1f} %")
                pair.stop()


def set_ups(cases):
    with cases.case("IKE set-ups a second on one core"):
        done = run("taskset", "-c", "0", os.path.join(TOP, "build/release/bench/ike_setup_bench"), _ROUNDS, 200, timeout=600)
        cases.note(done.stdout.strip())
        for group in ("ECP256", "ECP384", "DHGroup14"):
            expect(f"no figure for {group}", group in done.stdout)


def resident(process):
    """Resident memory of a process in KiB, and how much of it is its own."""
    with open(f"/proc/{process.pid}/smaps_rollup") as lines:
        values = {line.split(":")[0]: int(line.split()[1]) for line in lines if "kB" in line}
    return values["Rss"], values["Private_Clean"] + values["Private_Dirty"]


def many_sites(lab, count):
    """One gateway with `count` sites: each has its own outer address and prefix."""
    addresses = [f"198.18.{n // 250}.{n % 250 + 1}" for n in range(count)]
    left = manifests.sample(lab.left, lab.right)
    objects = {name: left[name] for name in ("virtual-network", "virtual-network-gateway", "secret", "policy")}
    for n, address in enumerate(addresses):
        site = dict(left["local-network-gateway"], metadata={"name": f"site-{n}"},
                    spec={"gatewayIpAddress": address, "addressPrefixes": [f"10.{128 + n // 250}.{n % 250}.0/24"]})
        connection = manifests.connection(name=f"to-site-{n}", connectionMode="InitiatorOnly")
        connection["spec"]["localNetworkGatewayRef"] = {"name": f"site-{n}"}
        objects[f"site-{n:04}"], objects[f"connection-{n:04}"] = site, connection
    return addresses, objects


def memory(cases):
    with TwoSites() as lab:
        ours = Gateway(lab, lab.left, export_keys=False)
        with cases.case("memory of an idle sidecar"):
            ours.start_sidecar()
            wait_until("the sidecar's metrics", lambda: "hawser_build_info" in ours.metrics_text(), 10)
            idle, idle_own = resident(ours.sidecar)
            cases.note(f"{idle} KiB resident, {idle_own} KiB of it its own")
        with cases.case(f"memory per connection at {_CONNECTIONS} established connections"):
            addresses, objects = many_sites(lab, _CONNECTIONS)
            lab.router.ip("route", "add", "198.18.0.0/15", "via", lab.right.outer)
            lab.right.gateway.ip("route", "add", "local", "198.18.0.0/15", "dev", "lo")
            peer = StrongSwan(lab, lab.right).start()
            peer.load(suites.SAMPLE, manifests.KEY, local="%any", local_id="%any", unique="never")
            ours.apply(objects)
            ours.start_operator()
            names = [f"to-site-{n}" for n in range(len(addresses))]

            def up():
                text = ours.metrics_text()
                return sum(line.endswith(" 1") for line in text.splitlines() if line.startswith("hawser_connection_up{"))

            wait_until(lambda: f"{len(names)} connections to be up; {up()} are\n{ours.logs()}",
                       lambda: up() == len(names), 300, 2)
            full, full_own = resident(ours.sidecar)
            cases.note(f"{full} KiB resident, {full_own} KiB of it its own; per connection "
                       f"{(full - idle) / _CONNECTIONS:.1f} KiB resident, {(full_own - idle_own) / _CONNECTIONS:.1f} KiB of its own")
            operator, _ = resident(ours.operator)
            cases.note(f"the operator with them: {operator} KiB resident")


def main():
    cases = Cases("bench")
    machine(cases)
    for part in (set_ups, throughput, memory):
        part(cases)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
