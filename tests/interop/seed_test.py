"""Parts 3 and 4 of the walkthrough against strongSwan: create, show, change and remove a policy, and what goes wrong."""
import sys
import time

import _lab  # noqa: F401
from lab import manifests, suites
from lab.cases import Cases, expect, expect_equal
from lab.hawser import Gateway
from lab.process import wait_until
from lab.strongswan import StrongSwan
from lab.topology import TwoSites
from lab.traffic import NumberedStream

_EIGHT_LINES = """SALifeTimeSeconds : 14400
SADataSizeKilobytes : 102400000
IpsecEncryption : AES256
IpsecIntegrity : SHA256
IkeEncryption : AES128
IkeIntegrity : SHA1
DhGroup : DHGroup14
PfsGroup : None
"""
_OTHER = suites.policy(ikeEncryption="AES256", ikeIntegrity="SHA384", dhGroup="ECP256", ipsecEncryption="GCMAES128",
                       ipsecIntegrity="GCMAES128", pfsGroup="ECP256")
_NEW_KEY = "AzS123"

# For each attribute: what we have, and what the peer has instead.
_DIFFERENCES = {
    "ikeEncryption": ("AES128", "AES256"),
    "ikeIntegrity": ("SHA1", "SHA256"),
    "dhGroup": ("DHGroup14", "ECP256"),
    "ipsecEncryption": ("AES256", "AES128"),
    "ipsecIntegrity": ("SHA256", "SHA1"),
    "pfsGroup": ("PFS2048", "ECP256"),
}
_IKE_ATTRIBUTES = ("ikeEncryption", "ikeIntegrity", "dhGroup")


class Seed:
    """The laboratory of this test: our gateway on the left, strongSwan on the right."""

    def __init__(self, lab, cases):
        self.lab, self.cases = lab, cases
        self.ours = Gateway(lab, lab.left)
        self.peer = StrongSwan(lab, lab.right)
        self.peer.fail_closed()

    def gap(self, stream, since, what):
        """Prints the gap in traffic that a change made."""
        count = stream.count(start=since)
        self.cases.note(f"gap in traffic: {what}: {count.longest_gap * 1000:.0f} ms; {count}")

    def wait_exactly(self, suite, rekeyed=False, timeout=40):
        """Both sides say that exactly this suite is in use."""
        self.ours.wait_suite(suite, timeout)
        wait_until(lambda: f"strongSwan: {self.peer.problems_of(suite, rekeyed)}",
                   lambda: not self.peer.problems_of(suite, rekeyed), 10)


def create_and_show(seed):
    with seed.cases.case("create with the sample policy: Connected with exactly AES128/SHA1/DHGroup14, AES256/SHA256"):
        seed.peer.start()
        seed.peer.load(suites.SAMPLE, manifests.KEY)
        seed.ours.apply(manifests.sample(seed.lab.left, seed.lab.right))
        seed.ours.start()
        seed.wait_exactly(suites.SAMPLE)
        status = seed.ours.status()
        expect_equal("effectivePolicy", {k: status["effectivePolicy"][k] for k in ("source", "name", *suites.SAMPLE)},
                     {"source": "IpsecPolicy", "name": manifests.POLICY, **suites.SAMPLE})
    with seed.cases.case("show policy prints the seed's eight lines"):
        expect_equal("show policy", seed.ours.show_policy(), _EIGHT_LINES)


def change_and_remove(seed):
    with NumberedStream(seed.lab, tag="changes") as stream:
        with seed.cases.case("another policy: renegotiated to exactly that"):
            since = time.monotonic()
            seed.peer.load(_OTHER, manifests.KEY)
            seed.ours.apply({"policy": manifests.policy(_OTHER)})
            seed.wait_exactly(_OTHER)
            wait_until("packets both ways", stream.flowing, 10)
            seed.gap(stream, since, "another policy")
        with seed.cases.case("an update to the same values changes nothing"):
            before, since = seed.ours.spis(), time.monotonic()
            seed.ours.apply({"policy": manifests.policy(_OTHER)})
            count = stream.count(settle=2)
            expect_equal("SPIs", seed.ours.spis(), before)
            expect_equal("lost", stream.count(start=since).lost, 0)
            seed.cases.note(str(count.directions[0]))
        with seed.cases.case("remove the policy: back to the profile's default"):
            since = time.monotonic()
            seed.peer.load(suites.PROFILE_1910, manifests.KEY)
            seed.ours.apply({"connection": manifests.connection(None)})
            seed.wait_exactly(suites.PROFILE_1910)
            wait_until("packets both ways", stream.flowing, 10)
            seed.gap(stream, since, "policy removed")
            status = seed.ours.status()
            expect_equal("source", status["effectivePolicy"]["source"], "Profile")
            lines = seed.ours.show_policy().splitlines()
            expect_equal("lines of show policy", len(lines), 9)
            expect_equal("IkeIntegrity", [line for line in lines if line.startswith("IkeIntegrity")],
                         ["IkeIntegrity : SHA384"])
        with seed.cases.case("add the policy again: the sample policy is back"):
            since = time.monotonic()
            seed.peer.load(suites.SAMPLE, manifests.KEY)
            seed.ours.apply({"policy": manifests.policy(suites.SAMPLE), "connection": manifests.connection()})
            seed.wait_exactly(suites.SAMPLE)
            wait_until("packets both ways", stream.flowing, 10)
            seed.gap(stream, since, "policy added")


def change_the_key(seed):
    with NumberedStream(seed.lab, tag="key") as stream:
        with seed.cases.case("key changed on both sides and a new IKE SA forced: Connected"):
            since, before = time.monotonic(), seed.ours.spis()[0]
            seed.peer.load(suites.SAMPLE, _NEW_KEY)
            seed.ours.apply({"secret": manifests.secret(_NEW_KEY)})
            wait_until(lambda: f"a new IKE SA; conditions {seed.ours.conditions()}\n{seed.ours.logs()}",
                       lambda: seed.ours.is_connected() and seed.ours.spis()[0] != before, 40)
            again = seed.ours.spis()[0]
            seed.ours.trigger_when_idle("restart")
            wait_until("a new IKE SA after restart",
                       lambda: seed.ours.is_connected() and seed.ours.spis()[0] != again, 40)
            seed.peer.wait_established()
            wait_until("packets both ways", stream.flowing, 10)
            seed.gap(stream, since, "key changed")


def begin_again(seed, ours, peer, role, key=manifests.KEY, peer_key=manifests.KEY):
    """Deletes the Connection and makes it afresh, we in the given role, with these two suites."""
    if seed.ours.read_or_none("connection"):
        seed.ours.delete("connection")
        wait_until("the Connection's status to go", lambda: not seed.ours.status(), 10)
    seed.peer.terminate(check=False)
    seed.peer.load(peer, peer_key)
    mode = "InitiatorOnly" if role == "initiator" else "ResponderOnly"
    seed.ours.apply({"policy": manifests.policy(ours), "secret": manifests.secret(key),
                     "connection": manifests.connection(connectionMode=mode)})
    seed.ours.wait_condition("Programmed", "True")
    if role == "responder":
        seed.peer.initiate(timeout=10, check=False)


def refused(seed, attribute, role):
    """The peer differs in one attribute: refused, and lastFailure says why."""
    have, other = _DIFFERENCES[attribute]
    ours = suites.policy(**{attribute: have})
    begin_again(seed, ours, suites.policy(**{attribute: other}), role)
    if attribute == "pfsGroup":  # shows only when a Child SA is made by CREATE_CHILD_SA
        seed.ours.wait_connected()
        if role == "initiator":
            seed.ours.trigger_when_idle("rekey-child")
        else:
            seed.peer.swanctl("--rekey", "--child", "net", check=False)
    failure = wait_until(lambda: f"lastFailure; the status is {seed.ours.status()}\n{seed.ours.logs()}",
                         lambda: seed.ours.status().get("lastFailure"), 25)
    reason = "IkeProposalMismatch" if attribute in _IKE_ATTRIBUTES else "ChildProposalMismatch"
    expect_equal("role", failure["role"], role)
    if attribute != "pfsGroup":
        expect_equal("reason", failure["reason"], reason)
        seed.ours.wait_condition("Established", "False", reason)
        expect("connected all the same", not seed.ours.is_connected())
    else:
        expect(f"reason {failure['reason']}", failure["reason"] in (reason, "PfsMismatch"))
    # An initiator whose Child SA was refused in IKE_AUTH soon asks again.
    again = {"CREATE_CHILD_SA"} if role == "initiator" and attribute in ("ipsecEncryption", "ipsecIntegrity") else set()
    expect(f"exchange {failure['exchange']}", failure["exchange"] in {exchange_of(attribute)} | again)
    if role == "responder":
        expect_equal("attribute, offered, peerOffered",
                     (failure["attribute"], failure["offered"], failure["peerOffered"]), (attribute, have, other))
        expect_equal("fieldPath", failure["fieldPath"], f"spec.{attribute}")
    else:
        # NO_PROPOSAL_CHOSEN tells nothing; only INVALID_KE_PAYLOAD's group and the peer's own requests do.
        expect(f"peerOffered {failure['peerOffered']}", failure["peerOffered"] in ("unknown", other))
        expect(f"notify {failure['notify']}", failure["notify"] in ("NO_PROPOSAL_CHOSEN", "INVALID_KE_PAYLOAD"))
    seed.cases.note(failure["message"])


def exchange_of(attribute):
    if attribute in _IKE_ATTRIBUTES:
        return "IKE_SA_INIT"
    return "CREATE_CHILD_SA" if attribute == "pfsGroup" else "IKE_AUTH"


def mismatches(seed):
    for attribute in _DIFFERENCES:
        for role in ("initiator", "responder"):
            with seed.cases.case(f"a peer that differs in {attribute} is refused, we as {role}; lastFailure says so"):
                refused(seed, attribute, role)
    for role in ("initiator", "responder"):
        with seed.cases.case(f"wrong key, we as {role}: AuthenticationFailed"):
            begin_again(seed, suites.SAMPLE, suites.SAMPLE, role, peer_key="another")
            seed.ours.wait_condition("Established", "False", "AuthenticationFailed", timeout=25)
            failure = seed.ours.status()["lastFailure"]
            expect_equal("role, exchange", (failure["role"], failure["exchange"]), (role, "IKE_AUTH"))
            expect("the key shows", manifests.KEY not in str(seed.ours.status()))
            seed.cases.note(failure["message"])


def peer_absent(seed):
    with seed.cases.case("peer absent: PeerUnreachable"):
        seed.peer.kill()
        seed.ours.delete("connection")
        wait_until("the Connection's status to go", lambda: not seed.ours.status(), 10)
        started = time.monotonic()
        seed.ours.apply({"connection": manifests.connection()})
        seed.ours.wait_condition("Established", "False", "PeerUnreachable", timeout=25)
        seed.cases.note(f"after {time.monotonic() - started:.1f} s")
    with seed.cases.case("up by itself within 35 s of the peer's appearance"):
        # Long enough for the back-off to have grown to its cap.
        time.sleep(20)
        seed.peer.start()
        seed.peer.load(suites.SAMPLE, manifests.KEY)
        appeared = time.monotonic()
        seed.peer.wait_established(35)
        took = time.monotonic() - appeared
        seed.cases.note(f"up after {took:.1f} s")
        seed.ours.wait_connected(20)


def main():
    cases = Cases("seed")
    with TwoSites() as lab:
        seed = Seed(lab, cases)
        for part in (create_and_show, change_and_remove, change_the_key, mismatches, peer_absent):
            part(seed)
        if cases.failed:
            cases.note(f"{seed.ours.logs(30)}\n--- strongSwan\n" + "\n".join(seed.peer.log().splitlines()[-30:]))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
