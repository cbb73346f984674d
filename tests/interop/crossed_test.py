"""Both sides start at the same moment, 20 times: exactly one IKE SA and one Child SA pair is left each time."""
import sys
import time

import _lab  # noqa: F401
from _pair import HawserPair
from lab.cases import Cases, expect, expect_equal
from lab.process import wait_until
from lab.topology import TwoSites

_ROUNDS = 20
_SETTLED = 1.0  # seconds for which nothing may change any more


class Gate:
    """Closes the wide-area link for IKE until both sides have sent, so that their requests do cross."""

    def __init__(self, router):
        self._router = router

    def close(self):
        self._router.nft("""table ip gate {
            chain forward {
                type filter hook forward priority filter;
                iifname "left" udp dport 500 counter drop
                iifname "right" udp dport 500 counter drop
            }
        }""")

    def both_sent(self):
        rules = self._router.exec("nft", "list", "table", "ip", "gate").stdout
        return rules.count("packets") == 2 and "packets 0 " not in rules

    def open(self):
        self._router.nft("delete table ip gate\n")


def one_round(pair, gate, crossed):
    if crossed:
        gate.close()
    pair.connect(wait=False)
    if crossed:
        try:
            wait_until("both sides to have sent IKE_SA_INIT", gate.both_sent, 15)
        finally:
            gate.open()
    pair.wait_settled(30)
    spis = pair.left.spis()
    time.sleep(_SETTLED)
    expect_equal("SPIs a moment later", pair.left.spis(), spis)
    expect_equal("SAs a moment later", pair.sas(), pair.SINGLE)
    said = pair.lab.left.host.exec("ping", "-c", "3", "-l", "3", "-W", "5", pair.lab.right.host_address,
                                   check=False).stdout
    expect(f"ping: {said}\n{pair.drops()}\n{pair.logs()}", " 0% packet loss" in said)


def main():
    cases = Cases("crossed first contact")
    with TwoSites() as lab:
        pair, gate = HawserPair(lab).start(), Gate(lab.router)
        for number in range(1, _ROUNDS + 1):
            crossed = number % 2 == 1
            how = "requests held until both were sent" if crossed else "free race"
            with cases.case(f"simultaneous start {number} of {_ROUNDS} ({how}): one IKE SA and one Child SA pair"):
                try:
                    one_round(pair, gate, crossed)
                finally:
                    pair.disconnect()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
