"""Captures on the wide-area link, decoded by tshark with the keys that the gateways exported."""
import csv
import glob
import ipaddress
import os
import re
import signal
import tempfile
from dataclasses import dataclass, field

from .owner import own_name
from .process import LabError, Process, run, wait_until


class Capture:
    """tcpdump on an interface of a namespace, from the moment the constructor returns until `stop`; with an expression only
    of the frames that it fits; with `snaplen` only their first octets, of which the buffer holds many more."""

    def __init__(self, namespace, interface, path, expression=None, snaplen=None):
        self.path = path
        self._tcpdump = Process(["tcpdump", "-n", "-U", "--immediate-mode", "-B", "32768", "-Z", "root", "-i", interface,
                                 *(["-s", snaplen] if snaplen else []), "-w", path, *([expression] if expression else [])],
                                path + ".log", netns=namespace.name)
        wait_until(lambda: f"tcpdump: {self._tcpdump.tail()}", lambda: "listening on" in self._tcpdump.output(), 30)

    def stop(self):
        self._tcpdump.signal(signal.SIGINT)
        self._tcpdump.wait(30)
        dropped = re.search(r"(\d+) packets? dropped by kernel", self._tcpdump.output())
        if not dropped or int(dropped[1]):
            raise LabError(f"the capture lost packets: {self._tcpdump.tail(3)}")
        return self.path


def clear_packets(path, inner_prefixes, growing=False):
    """Frames whose outermost addresses are of the inner networks: packets that left in clear. The last one of a capture
    that is growing may be half written."""
    networks = [ipaddress.ip_network(prefix) for prefix in inner_prefixes]
    v4 = " or ".join(f"net {n}" for n in networks)
    # `ip` and `ip6` of a capture filter look at the outermost header only.
    listing = run("tcpdump", "-n", "-r", path, v4, timeout=120, check=not growing).stdout.splitlines()
    return [line for line in listing if line.strip()]


@dataclass
class Decoded:
    """What tshark says of a capture. `problems` holds one line for each thing that is wrong."""
    ike_messages: int = 0
    ike_checksums_good: int = 0
    esp_packets: dict = field(default_factory=dict)     # (source, destination) -> packets
    esp_icv_good: int = 0
    problems: list = field(default_factory=list)

    @property
    def esp_total(self):
        return sum(self.esp_packets.values())

    def __str__(self):
        ways = ", ".join(f"{s} to {d} {n}" for (s, d), n in sorted(self.esp_packets.items()))
        return (f"{self.ike_messages} IKE messages, {self.ike_checksums_good} checksums good; ESP {ways or 'none'}, "
                f"{self.esp_icv_good} ICVs good; {len(self.problems)} problems")


def decode(path, key_folders):
    """Decodes a capture with the exported keys and names all that is wrong with it."""
    with tempfile.TemporaryDirectory(prefix=own_name("keys-")) as profile:
        _merge_keys(profile, key_folders)
        fields = ("frame.number", "ip.src", "ip.dst", "isakmp.exchangetype", "isakmp.enc.icd",
                  "isakmp.ikev2.integrity_checksum", "isakmp.enc.decrypted", "esp.spi", "esp.icv_good",
                  "esp.contained_data", "_ws.malformed")
        shown = [part for name in fields for part in ("-e", name)]
        listing = run("tshark", "-n", "-r", path, "-o", "esp.enable_encryption_decode:TRUE",
                      "-o", "esp.enable_authentication_check:TRUE", "-Y", "isakmp or esp or _ws.malformed",
                      "-T", "fields", "-E", "separator=|", "-E", "occurrence=f", *shown, timeout=300,
                      env={**os.environ, "WIRESHARK_CONFIG_DIR": profile, "HOME": profile}).stdout
    result = Decoded()
    for line in listing.splitlines():
        _judge_frame(result, dict(zip(fields, line.split("|"))))
    return result


_IKE_SA_INIT = "34"


def _judge_frame(result, frame):
    where = f"frame {frame['frame.number']} ({frame['ip.src']} to {frame['ip.dst']})"
    if frame["_ws.malformed"]:
        result.problems.append(f"{where}: malformed")
    if frame["esp.spi"]:
        way = (frame["ip.src"], frame["ip.dst"])
        result.esp_packets[way] = result.esp_packets.get(way, 0) + 1
        if frame["esp.icv_good"] == "1":
            result.esp_icv_good += 1
        else:
            result.problems.append(f"{where}: ESP {frame['esp.spi']}: ICV wrong or its key is not known")
        if not frame["esp.contained_data"]:
            result.problems.append(f"{where}: ESP {frame['esp.spi']}: not decrypted")
    elif frame["isakmp.exchangetype"]:
        result.ike_messages += 1
        if frame["isakmp.exchangetype"] == _IKE_SA_INIT:
            return  # has no checksum (RFC 7296 1.2)
        if not frame["isakmp.enc.icd"] or not frame["isakmp.enc.decrypted"]:
            result.problems.append(f"{where}: IKE message not decrypted: its key is not known")
        elif frame["isakmp.ikev2.integrity_checksum"]:
            result.problems.append(f"{where}: IKE checksum wrong")
        else:
            result.ike_checksums_good += 1


_ANY_ADDRESS = re.compile(r'^("IPv[46]"),"[^"]*","[^"]*",')


def _merge_keys(profile, key_folders):
    """Fills a Wireshark profile folder with the keys of several gateways: the two tables, each line once."""
    for table in ("ikev2_decryption_table", "esp_sa"):
        lines = []
        for folder in key_folders:
            for path in sorted(glob.glob(os.path.join(folder, "**", table), recursive=True)):
                with open(path) as rows:
                    found = [row.strip() for row in rows if row.strip() and not row.startswith("#")]
                # The addresses of an SA change behind a NAT; its SPI tells it well enough.
                lines += [_ANY_ADDRESS.sub(r'\1,"*","*",', row) for row in found] if table == "esp_sa" else found
        with open(os.path.join(profile, table), "w") as out:
            out.writelines(line + "\n" for line in dict.fromkeys(lines))


def exported_esp_keys(key_folders):
    """The rows of esp_sa as dictionaries: source, destination, spi, encryption, key, authentication, auth_key."""
    names = ("protocol", "source", "destination", "spi", "encryption", "key", "authentication", "auth_key")
    rows = {}
    for folder in key_folders:
        for path in glob.glob(os.path.join(folder, "**", "esp_sa"), recursive=True):
            with open(path) as text:
                for row in csv.reader(line for line in text if not line.startswith("#")):
                    if len(row) >= len(names):
                        rows[tuple(row)] = dict(zip(names, row))
    return list(rows.values())
