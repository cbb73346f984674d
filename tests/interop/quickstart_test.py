"""The walkthrough end to end, with a second Hawser and with strongSwan: nothing leaves in clear, all can be decoded."""
import re
import sys

import _lab  # noqa: F401
from lab.capture import Capture, clear_packets
from lab.cases import Cases, expect, expect_equal
from lab.process import wait_until
from lab.suites import SAMPLE
from lab.topology import TwoSites
from lab.walkthrough import Walkthrough

_POLICY = """SALifeTimeSeconds : 14400
SADataSizeKilobytes : 102400000
IpsecEncryption : AES256
IpsecIntegrity : SHA256
IkeEncryption : AES128
IkeIntegrity : SHA1
DhGroup : DHGroup14
PfsGroup : None
"""


def up_and_through_a_kill(cases, walk, peer):
    with cases.case(f"{peer}: Programmed, and a numbered stream of 100 packets a second each way begins"):
        walk.start()
        walk.wait_programmed()
    with cases.case(f"{peer}: Connected with exactly the sample policy"):
        walk.wait_connected()
        have = walk.left.suite(name=walk.connection)
        expect_equal("suite", {k: have[k] for k in SAMPLE if k != "pfsGroup"},
                     {k: v for k, v in SAMPLE.items() if k != "pfsGroup"})
    with cases.case(f"{peer}: Connected again after kill -9 and restart of the sidecar"):
        walk.kill_and_restart_sidecar()
        walk.wait_esp(1000)


def what_the_link_saw(cases, walk, peer):
    count = walk.delete_connection()
    decoded, clear = walk.judge_capture()
    with cases.case(f"{peer}: at least 100 packets a second were sent each way"):
        cases.note(str(count))
        spent = walk.stream.seconds
        expect(f"{count} in {spent:.1f} s", all(d.sent >= 100 * spent for d in count.directions))
    with cases.case(f"{peer}: every IKE checksum and ESP ICV is good, nothing is malformed"):
        cases.note(str(decoded))
        expect("\n".join(decoded.problems[:10]), not decoded.problems)
        expect("no IKE message was checked", decoded.ike_checksums_good >= 4)
        expect_equal("good ICVs", decoded.esp_icv_good, decoded.esp_total)
    with cases.case(f"{peer}: at least 1,000 ESP packets a direction"):
        expect_equal("directions", len(decoded.esp_packets), 2)
        expect(str(decoded), min(decoded.esp_packets.values()) >= 1000)
    with cases.case(f"{peer}: not one packet of the inner networks in clear"):
        expect("\n".join(clear[:10]), not clear)


def as_a_user_sees_it(cases, walk, peer):
    with cases.case(f"{peer}: created again, Connected again; pings are answered"):
        walk.create_connection_again()
        cases.note(walk.ping())
    with cases.case(f"{peer}: show policy prints the eight lines"):
        expect_equal("show policy", walk.left.show_policy(walk.connection), _POLICY)
    with cases.case(f"{peer}: every condition of the Connection that says how it is, is True"):
        have = walk.left.conditions(name=walk.connection)
        for kind in ("ResolvedRefs", "Accepted", "Programmed", "Established"):
            expect_equal(kind, have.get(kind, ("missing",))[0], "True")
        expect_equal("Weak", have.get("Weak"), ("True", have.get("Weak", ("", ""))[1]))
    with cases.case(f"{peer}: the metrics tell one IKE SA, one Child SA and packets both ways"):
        expect_equal("connection_up", walk.left.metric("hawser_connection_up", walk.connection), 1)
        # Of two tunnels that crossed each other one lasts.
        wait_until("one IKE SA and one Child SA", lambda: [
            walk.left.metric(f"hawser_{kind}_sas", walk.connection) for kind in ("ike", "child")] == [1, 1], 40, 0.2)
        for way in ("receive", "transmit"):
            wait_until(f"{way}_packets_total to tell the pings",
                       lambda way=way: walk.left.metric(f"hawser_{way}_packets_total", walk.connection) >= 10, 5, 0.2)
    with cases.case(f"{peer}: SIGTERM ends both programs, and the fail-closed routes stay"):
        expect_equal("exit codes", walk.stop(), [0, 0])
        routes = walk.lab.left.gateway.ip("route", "show", "table", "18519").stdout
        for prefix in walk.lab.right.prefixes:
            expect(routes, re.search(rf"unreachable {re.escape(prefix)}", routes))
    with cases.case(f"{peer}: hawser-sidecar cleanup removes all that is ours"):
        walk.left.clean_node()
        left = walk.lab.left.gateway
        expect("routes", not left.ip("route", "show", "table", "18519", check=False).stdout.strip())
        expect("rule", "18519" not in left.ip("rule", "show").stdout)
        expect("interface", "hws" not in left.ip("link", "show").stdout)
        expect("nft table", "table ip hawser" not in left.exec("nft", "list", "tables").stdout
               and "table inet hawser" not in left.exec("nft", "list", "tables").stdout)


def control(cases):
    """The same detector, the same kill -9, but the fail-closed routes are gone: packets must show in clear."""
    with TwoSites() as lab, cases.case("control: without the fail-closed route the detector reports clear packets"):
        walk = Walkthrough(lab, "hawser")
        walk.start()
        walk.wait_programmed()
        walk.wait_connected()
        walk.left.sidecar.kill()
        gateway = lab.left.gateway
        for prefix in lab.right.prefixes:
            gateway.ip("route", "flush", "table", "18519", "root", prefix)
        capture = Capture(lab.router, "left", lab.path("control.pcap"))
        wait_until("a clear packet", lambda: clear_packets(capture.path, lab.inner_prefixes, growing=True), 10, 0.5)
        cases.note(f"{len(clear_packets(capture.stop(), lab.inner_prefixes))} clear packets seen")


def main():
    cases = Cases("quickstart")
    for peer in ("hawser", "strongswan"):
        with TwoSites() as lab:
            walk, failed_before = Walkthrough(lab, peer), len(cases.failed)
            up_and_through_a_kill(cases, walk, peer)
            if len(cases.failed) == failed_before:
                what_the_link_saw(cases, walk, peer)
                as_a_user_sees_it(cases, walk, peer)
            else:
                cases.note(walk.left.logs(30))
    control(cases)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
