"""The laboratory itself: its counters and detectors see what they must, before anything is judged by them."""
import glob
import re
import sys

import _lab  # noqa: F401
from lab import suites
from lab.capture import Capture, clear_packets, decode
from lab.cases import Cases, expect, expect_equal
from lab.netns import cleanup
from lab.process import wait_until
from lab.strongswan import StrongSwan
from lab.topology import TwoSites
from lab.traffic import NumberedStream


def plain_routing(cases, lab):
    capture = Capture(lab.router, "left", lab.path("plain.pcap"))
    with NumberedStream(lab, tag="plain") as stream:
        with cases.case("a numbered stream over plain routing loses nothing"):
            lab.left.host.exec("ping", "-c", "10", "-l", "10", "-W", "5", lab.right.host_address)
            count = stream.count()
            cases.note(str(count))
            expect(str(count), count.clean)
            expect("fewer than 100 packets a second", stream.rate(stream.started, stream.started + 1) >= 100)
        with cases.case("one packet dropped on purpose is reported as exactly one lost"):
            stream.drop_one()
            count = stream.count()
            cases.note(str(count))
            expect_equal("lost", count.lost, 1)
            expect("the stream still counts as clean", not count.clean)
    capture.stop()
    with cases.case("the detector of clear packets sees plain routing"):
        expect("no clear packet seen", len(clear_packets(capture.path, lab.inner_prefixes)) > 100)


def forbidding_profiles(program):
    """The files of AppArmor's that hold this program back where AppArmor is at work, by the path it is known by."""
    found = []
    for path in glob.glob("/etc/apparmor.d/*.*"):
        with open(path, errors="replace") as text:
            heads = re.findall(r"^(?:profile\s+\S+\s+)?(/\S+)\s*(?:flags=\(([^)]*)\))?\s*\{", text.read(), re.MULTILINE)
        found += [path for known_by, flags in heads if known_by == program and "complain" not in flags]
    return found


def strongswan_to_itself(cases, lab):
    peers = [StrongSwan(lab, site).start() for site in (lab.left, lab.right)]
    with cases.case("no enforced profile of AppArmor holds strongSwan's programs back in the scratch folder"):
        expect("the profile of swanctl where it is installed is not seen", forbidding_profiles("/usr/sbin/swanctl"))
        for program in (peers[0].control_program, "/usr/sbin/charon-systemd"):
            expect_equal(program, forbidding_profiles(program), [])
    capture = Capture(lab.router, "left", lab.path("tunnel.pcap"))
    for suite in (suites.SAMPLE, suites.PROFILE_1910,
                  suites.policy(ikeEncryption="DES", ikeIntegrity="MD5", dhGroup="DHGroup1", ipsecEncryption="DES3",
                                ipsecIntegrity="MD5", pfsGroup="PFS24")):
        with cases.case(f"strongSwan to strongSwan: {suites.ike_proposal(suite)}, {suites.esp_proposal(suite)}"):
            for peer in peers:
                peer.load(suite, "Azs123")
            peers[0].initiate()
            with NumberedStream(lab, tag=f"tunnel-{suites.esp_proposal(suite)}") as stream:
                # One after the other: charon puts the second off when it comes into the first.
                for rekey, kind in ((peers[1].rekey_child, "child"), (peers[0].rekey_ike, "ike")):
                    before = peers[0].spi(kind)
                    rekey()
                    wait_until(f"another {kind} SA", lambda kind=kind, before=before: peers[0].spi(kind) not in (before, None), 10)
                count = stream.count()
            expect(str(count), count.clean)
            wait_until(lambda: f"rekeyed as agreed: {peers[0].problems_of(suite, rekeyed=True)}",
                       lambda suite=suite: not peers[0].problems_of(suite, rekeyed=True), 10)
            peers[0].terminate()
    capture.stop()
    with cases.case("the detector of clear packets sees none in the tunnels"):
        expect_equal("clear packets", clear_packets(capture.path, lab.inner_prefixes), [])
    with cases.case("tshark without keys calls every protected message undecoded"):
        decoded = decode(capture.path, [])
        expect("no ESP packets", decoded.esp_total > 100)
        expect_equal("good ICVs", decoded.esp_icv_good, 0)
        expect("too few problems", len(decoded.problems) >= decoded.esp_total)


def nat(cases, lab):
    with cases.case("behind the router's NAT a gateway shows another address and other ports"):
        seen = lab.put_behind_nat(lab.left)
        capture = Capture(lab.router, "right", lab.path("nat.pcap"))
        peers = [StrongSwan(lab, site, tag="nat").start() for site in (lab.left, lab.right)]
        peers[0].load(suites.SAMPLE, "Azs123")
        peers[1].load(suites.SAMPLE, "Azs123", remote="%any")
        peers[0].initiate()
        endpoint = peers[1].sas()[0]
        capture.stop()
        expect_equal("remote host", endpoint["remote-host"], seen)
        expect(f"remote port {endpoint['remote-port']}", 20000 <= int(endpoint["remote-port"]) <= 30000)
        for peer in peers:
            peer.stop()


def main():
    cases = Cases("lab")
    with cases.case("leftovers of dead tests are gone"):
        cleanup()
        expect_equal("leftovers", cleanup(), [])
    for scenario in (plain_routing, strongswan_to_itself, nat):
        with TwoSites() as lab:
            scenario(cases, lab)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
