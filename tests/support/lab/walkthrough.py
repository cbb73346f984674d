"""The walkthrough of the example azure-stack-site6, end to end: shared by examples/quickstart.sh and its test.

Left is the example's virtual network; right is its site 6, run by a second Hawser or by strongSwan.
"""
import json
import os
import re

from . import manifests, suites
from .capture import Capture, clear_packets, decode
from .hawser import TOP, Gateway
from .process import LabError, wait_until
from .strongswan import StrongSwan
from .traffic import NumberedStream

_EXAMPLES = os.path.join(TOP, "examples")
_OUTER_ADDRESS = re.compile(r"^(\s*(gatewayIpAddress|publicIPAddress):\s*)\S+", re.MULTILINE)


def example(folder, own, peer):
    """The manifests of an example by file name, with only the two outer addresses replaced."""
    address = {"gatewayIpAddress": peer, "publicIPAddress": own}
    texts = {}
    for name in sorted(os.listdir(os.path.join(_EXAMPLES, folder))):
        if name.endswith(".yaml"):
            with open(os.path.join(_EXAMPLES, folder, name)) as text:
                texts[name.removesuffix(".yaml")] = _OUTER_ADDRESS.sub(lambda m: f'{m[1]}"{address[m[2]]}"', text.read())
    return texts


def without(kind, text):
    """A manifest file without its documents of one kind."""
    return "---\n".join(document for document in re.split(r"^---\n", text, flags=re.MULTILINE)
                        if not re.search(rf"^kind: {kind}\s*$", document, re.MULTILINE))


class HawserPeer:
    """Site 6 run by a second Hawser, with manifests of its own."""

    def __init__(self, lab, keep):
        self.gateway = Gateway(lab, lab.right, keep=keep)
        for name, text in example("azure-stack-site6-peer", lab.right.outer, lab.left.outer).items():
            self.gateway.write(name, text)
        self.key_folders = [self.gateway.keys]
        self.connection = connection_name(self.gateway)

    def start(self):
        self.gateway.start()

    def wait_programmed(self):
        self.gateway.wait_condition("Programmed", "True", name=self.connection)

    def wait_connected(self):
        self.gateway.wait_connected(name=self.connection)

    def stop(self):
        self.gateway.stop()


class StrongSwanPeer:
    """Site 6 run by strongSwan; its gateway fails closed by a route of the laboratory's."""

    key_folders = ()

    def __init__(self, lab, keep):
        self._swan = StrongSwan(lab, lab.right, keep=keep)

    def start(self):
        self._swan.fail_closed()
        self._swan.start()
        self._swan.load(suites.SAMPLE, manifests.KEY)

    def wait_programmed(self):
        pass

    def wait_connected(self):
        self._swan.wait_established()

    def stop(self):
        self._swan.stop()


PEERS = {"hawser": HawserPeer, "strongswan": StrongSwanPeer}


def connection_name(gateway):
    """The name of the one Connection among the manifests of a gateway."""
    found = [name for path in os.listdir(gateway.manifests) if path.endswith(".yaml")
             for name in re.findall(r"^kind: Connection\s*\nmetadata:\s*\n\s+name: (\S+)",
                                    gateway.read(path.removesuffix(".yaml")), re.MULTILINE)]
    if len(found) != 1:
        raise LabError(f"the example has {len(found)} Connections")
    return found[0]


class Walkthrough:
    """One run. The steps are called in the order in which they stand here."""

    def __init__(self, lab, peer, keep=False):
        self.lab = lab
        self.left = Gateway(lab, lab.left, keep=keep)
        self._manifests = example("azure-stack-site6", lab.left.outer, lab.right.outer)
        for name, text in self._manifests.items():
            self.left.write(name, text)
        self.connection = connection_name(self.left)
        self.peer = PEERS[peer](lab, keep)
        self.stream = self._capture = None

    def start(self):
        self._capture = Capture(self.lab.router, "left", self.lab.path("wide-area-link.pcap"))
        self.left.start()
        self.peer.start()

    def wait_programmed(self):
        """From here on nothing may leave in clear: the numbered stream starts."""
        self.left.wait_condition("Programmed", "True", name=self.connection)
        self.peer.wait_programmed()
        self.stream = NumberedStream(self.lab)

    def wait_connected(self, timeout=40):
        self.left.wait_connected(timeout, name=self.connection)
        self.peer.wait_connected()
        wait_until("numbered packets to arrive both ways", self.stream.flowing, 10)

    def kill_and_restart_sidecar(self):
        """kill -9, then a new sidecar; Connected again, with SAs of its own."""
        before = self.left.spis(name=self.connection)
        self.left.sidecar.kill()
        wait_until("the operator to notice", lambda: not self.left.is_connected(name=self.connection), 20)
        self.left.start_sidecar()
        wait_until(lambda: f"a new tunnel after the restart\n{self.left.logs()}", lambda: self.left.is_connected(
            name=self.connection) and self.left.spis(name=self.connection)[0] != before[0], 60)
        wait_until("numbered packets to arrive both ways", self.stream.flowing, 20)

    def wait_esp(self, packets):
        """Waits until that many inner packets went each way since the restart."""
        def enough():
            return all(self.left.metric(f"hawser_{way}_packets_total", self.connection) >= packets
                       for way in ("receive", "transmit"))
        wait_until(f"{packets} packets each way", enough, packets / 60 + 10, 0.5)

    def delete_connection(self):
        """The numbered stream ends, then the Connection is deleted. Returns what became of the stream."""
        count = self.stream.stop()
        for name, text in self._manifests.items():
            rest = without("Connection", text)
            if rest != text:
                self.left.write(name, rest) if rest.strip() else self.left.delete(name)
        wait_until("the Connection's status to be gone", lambda: not self.left.status(name=self.connection), 10)
        return count

    def judge_capture(self):
        """(Decoded, clear packets) of the whole time from before Programmed until after the deletion."""
        path = self._capture.stop()
        return decode(path, [self.left.keys, *self.peer.key_folders]), clear_packets(path, self.lab.inner_prefixes)

    def create_connection_again(self):
        for name, text in self._manifests.items():
            if self.left.read_or_none(name) != text:
                self.left.write(name, text)
        self.left.wait_connected(40, name=self.connection)
        self.peer.wait_connected()

    def ping(self, count=10):
        """Pings the far host; returns ping's last two lines. LabError when one got lost."""
        done = self.lab.left.host.exec("ping", "-c", str(count), "-l", str(count), "-W", "5", self.lab.right.host_address)
        summary = "\n".join(done.stdout.strip().splitlines()[-2:])
        if " 0% packet loss" not in summary:
            raise LabError(f"ping lost packets: {summary}")
        return summary

    def throughput(self, seconds=3):
        """TCP goodput through the tunnel, in Mbit/s."""
        self.lab.offload(True)
        return iperf(self.lab.left.host, self.lab.right.host, self.lab.right.host_address, seconds)

    def stop(self):
        """The exit codes of our operator and sidecar."""
        codes = self.left.stop()
        self.peer.stop()
        return codes


def iperf(client, server, address, seconds, *options):
    """One TCP run of iperf3; goodput at the receiver in Mbit/s."""
    server.exec("iperf3", "--server", "--one-off", "--daemon")
    wait_until("iperf3 to listen", lambda: ":5201" in server.exec("ss", "-ltn").stdout, 5)
    result = client.exec("iperf3", "--client", address, "--time", str(seconds), "--json", *options,
                         timeout=seconds + 30, check=False)
    try:
        return json.loads(result.stdout)["end"]["sum_received"]["bits_per_second"] / 1e6
    except (ValueError, KeyError) as reason:
        raise LabError(f"iperf3: {result.stdout[-300:]} {result.stderr}") from reason
