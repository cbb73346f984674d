"""Raw ESP (protocol 50): every ESP suite between two Hawsers; ICVs checked by tshark, packets opened by scapy."""
import sys

import _lab  # noqa: F401
from _pair import HawserPair
from lab import suites
from lab.capture import Capture, decode, exported_esp_keys
from lab.cases import Cases, expect, expect_equal
from lab.scapy_esp import open_packets
from lab.topology import TwoSites

_PINGS = 10


def one_suite(lab, pair, encryption, integrity):
    suite = suites.policy(ipsecEncryption=encryption, ipsecIntegrity=integrity)
    capture = Capture(lab.router, "left", lab.path(f"raw-{encryption}-{integrity}.pcap"))
    pair.connect(suite, left="InitiatorOnly", right="ResponderOnly")
    negotiated = pair.left.status()["negotiated"]
    expect_equal("encapsulation", negotiated["encapsulation"], "None")
    for size in (1, 56, 1300):  # of every residue that padding has to deal with, and nearly full
        said = lab.left.host.exec("ping", "-c", str(_PINGS), "-l", str(_PINGS), "-s", str(size), "-W", "5",
                                  lab.right.host_address, check=False).stdout
        expect(f"ping of {size} octets: {said[-200:]}", " 0% packet loss" in said)
    pair.disconnect()
    path = capture.stop()
    keys = [pair.left.keys, pair.right.keys]
    decoded = decode(path, keys)
    expect("\n".join(decoded.problems[:5]), not decoded.problems)
    expect(f"too few packets: {decoded}", decoded.esp_packets and min(decoded.esp_packets.values()) >= 3 * _PINGS)
    expect_equal("good ICVs", decoded.esp_icv_good, decoded.esp_total)
    opened = open_packets(path, exported_esp_keys(keys))
    expect_equal("opened by scapy", opened.opened, decoded.esp_total)
    expect_equal("UDP-encapsulated", opened.encapsulated, 0)
    expect_equal("inner addresses", opened.inner, {(lab.left.host_address, lab.right.host_address),
                                                   (lab.right.host_address, lab.left.host_address)})


def main():
    cases = Cases("raw ESP")
    with TwoSites() as lab:
        pair = HawserPair(lab, export_keys=True).start()
        for encryption, integrity in suites.esp_suites():
            with cases.case(f"raw ESP {encryption}/{integrity}: pings answered, ICVs good, opened by scapy"):
                try:
                    one_suite(lab, pair, encryption, integrity)
                except Exception:
                    cases.note(pair.logs(10))
                    if pair.left.read_or_none("connection"):
                        pair.disconnect()
                    raise
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
