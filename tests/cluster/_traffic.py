"""What happens to the packets of a tunnel that ends in a pod: what events cost a numbered stream, what crosses the wire."""
import time
from types import SimpleNamespace

from apiserver import LabError, expect, expect_equal, run, wait_until
from lab.capture import Capture, clear_packets
from lab.traffic import NumberedStream
from lab.walkthrough import iperf

_AROUND = 10   # seconds of stream before an event, and after it has taken effect
_RATE = 100    # packets a second, each way

# Only iperf3 makes packets that are this long, and there are too many of them to keep.
_LONG = "udp port 4500 and greater 1000"
_ESP = "udp port 4500 and udp[8:4] != 0 and greater 100"


class Traffic:
    """A numbered stream between a pod and the host behind the peer, and what each event of a series costs it.

    `losses` tells where packets got lost by our own account; it is asked when one is missing.
    """

    def __init__(self, cases, lab, pod, tag, losses=dict):
        self._cases, self._losses = cases, losses
        self._stream = NumberedStream(SimpleNamespace(left=pod, right=lab.right, path=lab.path), tag=tag)
        self.drop_one = self._stream.drop_one

    def __enter__(self):
        wait_until("packets both ways", self._stream.flowing, 10)
        self._since = time.monotonic()
        return self

    def __exit__(self, *problem):
        self._stream.__exit__(*problem)

    def lossless(self, what, change, effect=lambda: None):
        """An event that must not lose a packet. `effect` waits until it has taken effect."""
        time.sleep(max(0.0, self._since + _AROUND - time.monotonic()))
        before = self._losses()
        begun = time.monotonic()
        change()
        effect()
        done = time.monotonic()
        start, end = begun - _AROUND, done + _AROUND
        count = self._stream.count(start, end)
        rate = self._stream.rate(start, end)
        self._cases.note(f"{what}, {done - begun:.1f} s until it took effect: {count}; {rate:.0f}/s for {end - start:.0f} s")
        expect(f"at least {_RATE} packets a second, not {rate:.0f}", rate >= _RATE)
        if not count.clean:
            raise LabError(f"lost: {count}; we say that we dropped {before} before and {self._losses()} after\n"
                           + "\n".join(self._missing(start, end, begun)))

    def costly(self, what, change, effect):
        """An event that may lose packets: how many is printed."""
        begun = time.monotonic()
        change()
        effect()
        wait_until("packets both ways", self._stream.flowing, 20)
        self._since = time.monotonic()
        count = self._stream.count(begun, self._since)
        self._cases.note(f"{what}, {self._since - begun:.1f} s until packets went both ways: {count}")

    def _missing(self, start, end, begun):
        """When each lost packet was sent, as seen from the event."""
        return [f"{name}: packet {number} of {at - begun:+.3f} s" for name, number, at in self._stream.missing(start, end)][:40]


class Wire:
    """A capture on the router over a whole scenario: nothing of the inner networks in clear."""

    def __init__(self, lab):
        self._lab = lab
        self._capture = Capture(lab.router, "left", lab.path("wide-area-link.pcap"), f"not ({_LONG})",
                                snaplen=256)  # the headers are judged

    def judge(self, cases, at_least):
        """Ends it. Of ESP there must be `at_least` packets each way: else it saw nothing and proves nothing."""
        with cases.case("nothing crossed the link between the sites in clear"):
            path = self._capture.stop()
            left, right = self._lab.left.outer, self._lab.right.outer
            counts = [_packets(path, f"src host {here} and dst host {there} and {_ESP}")
                      for here, there in ((left, right), (right, left))]
            cases.note(f"ESP packets: {counts[0]} from the pod's node, {counts[1]} to it")
            expect(f"{counts}, not {at_least} each way", min(counts) >= at_least)
            expect_equal("in clear", clear_packets(path, self._lab.inner_prefixes)[:10], [])


def _packets(path, expression):
    return len(run("tcpdump", "-n", "-r", path, expression, timeout=120).stdout.splitlines())


def measure(cases, lab, ours, pod, seconds=3):
    """iperf3 from a pod to the host behind the peer; all of it must have gone through the tunnel."""
    lab.offload(True)
    before = ours.metric("hawser_transmit_bytes_total")
    megabits = iperf(pod, lab.right.host, lab.right.host_address, seconds)
    lab.offload(False)
    cases.note(f"{megabits:.0f} Mbit/s")
    expect("no throughput", megabits > 0)
    octets = megabits * 1e6 / 8 * seconds
    wait_until(lambda: f"{octets:.0f} octets in the tunnel, not {ours.metric('hawser_transmit_bytes_total') - before:.0f}",
               lambda: ours.metric("hawser_transmit_bytes_total") - before >= octets, 5)
