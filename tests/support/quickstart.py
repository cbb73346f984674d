"""What examples/quickstart.sh does once everything is built: two sites, a tunnel, traffic, and a look around."""
import argparse
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import netns  # noqa: E402
from lab.hawser import BIN  # noqa: E402
from lab.process import LabError  # noqa: E402
from lab.topology import TwoSites  # noqa: E402
from lab.walkthrough import PEERS, Walkthrough  # noqa: E402

_KEPT = "quickstart"  # names the namespaces that --keep leaves
_METRICS = ("hawser_connection_up", "hawser_ike_sas", "hawser_child_sas", "hawser_receive_packets_total",
            "hawser_transmit_packets_total", "hawser_rekeys_total", "hawser_negotiations_total")
_started = time.monotonic()


def step(text):
    print(f"\n[{time.monotonic() - _started:5.1f} s] {text}", flush=True)


def show(text):
    print("    " + text.strip().replace("\n", "\n    "), flush=True)


def prove(walk):
    """From Programmed until the Connection is deleted: nothing in clear, everything decodable."""
    step("Programmed: from now on the hosts send more than 100 numbered packets a second each way")
    walk.wait_programmed()
    walk.wait_connected()
    step("Connected. Now kill -9 of the left sidecar, and a new one")
    walk.kill_and_restart_sidecar()
    step("Connected again. Waiting for 1,000 packets each way")
    walk.wait_esp(1000)
    step("Deleting the Connection; decoding what the wide-area link saw, with the exported keys")
    count = walk.delete_connection()
    decoded, clear = walk.judge_capture()
    show(f"{count}\n{decoded}\n{len(clear)} packets of the inner networks in clear")
    problems = list(decoded.problems[:5]) + clear[:5]
    if min(decoded.esp_packets.values(), default=0) < 1000:
        problems.append("fewer than 1,000 ESP packets in a direction")
    if problems:
        raise LabError("the capture is not clean:\n" + "\n".join(problems))


def look_around(walk):
    step("The Connection again, as a user sees it: hawser get connections")
    walk.create_connection_again()
    show(walk.left.cli("get", "connections").stdout)
    show("\n".join(f"{kind:13} {status:6} {reason}"
                   for kind, (status, reason) in walk.left.conditions(name=walk.connection).items()))
    step(f"hawser show policy {walk.connection}")
    show(walk.left.show_policy(walk.connection))
    step("Negotiated")
    negotiated = walk.left.status(name=walk.connection)["negotiated"]
    for part in ("ike", "child"):
        show(f"{part}: " + ", ".join(f"{k} {v}" for k, v in negotiated[part].items()))
    show(", ".join(f"{k} {v}" for k, v in negotiated.items() if not isinstance(v, dict)))
    step("From one host to the other")
    show(walk.ping())
    show(f"TCP: {walk.throughput():.0f} Mbit/s (iperf3, both ends and both gateways on this machine)")
    step("Metrics of the left sidecar (those that are not 0)")
    show("\n".join(line for line in walk.left.metrics_text().splitlines()
                   if line.startswith(_METRICS) and not line.endswith(" 0")))


def explain(walk):
    lab, left = walk.lab, walk.left
    gateway = lab.left.gateway.name
    step("Left up, as you asked. To look around:")
    show(f"export PATH={BIN}:$PATH HAWSER_MANIFESTS={left.manifests} HAWSER_STATUS={left.status_folder}\n"
         f"hawser get; hawser show policy {walk.connection}        # edit {left.manifests} and look again\n"
         f"cat {left.status_folder}/default/connections/{walk.connection}.yaml\n"
         f"ip netns exec {lab.left.host.name} ping {lab.right.host_address}\n"
         f"ip netns exec {gateway} ip route show table 18519\n"
         f"ip netns exec {gateway} curl -s http://127.0.0.1:9447/metrics\n"
         f"ip netns exec {lab.router.name} tcpdump -ni left\n"
         f"examples/quickstart.sh --down                     # takes it all down")


def main():
    parser = argparse.ArgumentParser(prog="examples/quickstart.sh")
    parser.add_argument("--peer", choices=sorted(PEERS), default="hawser", help="who runs the other site")
    parser.add_argument("--keep", action="store_true", help="leave it up and say how to look around")
    parser.add_argument("--down", action="store_true", help="take down what --keep left")
    options = parser.parse_args()
    removed = netns.remove_owned_by(_KEPT)
    if options.down:
        print("\n".join(f"removed {name}" for name in removed) or "nothing was up")
        return 0
    lab = TwoSites(owner=_KEPT if options.keep else None)
    walk = None
    try:
        step(f"Two sites in network namespaces: {lab.left.host_address} behind {lab.left.outer}, "
             f"{lab.right.host_address} behind {lab.right.outer} ({options.peer})")
        walk = Walkthrough(lab, options.peer, keep=options.keep)
        walk.start()
        prove(walk)
        look_around(walk)
        if options.keep:
            explain(walk)
            lab.keep()
            return 0
        step("Taking it all down")
        walk.stop()
    except LabError as reason:
        print(f"\nquickstart failed: {reason}", file=sys.stderr)
        return 1
    finally:
        if not (options.keep and lab.kept):
            lab.remove()
    print(f"\nDone in {time.monotonic() - _started:.0f} s: all of it worked.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
