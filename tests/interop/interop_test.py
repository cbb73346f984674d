"""Hawser and strongSwan over the suites of the catalogue, each side initiating, some behind a real NAT.

A cell is one suite in one role: negotiated suite compared on both sides, pinged both ways, Child and IKE SA rekeyed
from each side under a numbered stream, deleted. `--full` runs a wider product of suites.
"""
import argparse
import multiprocessing
import sys
import time
from dataclasses import dataclass

import _lab  # noqa: F401
from lab import manifests, suites
from lab.cases import Cases, expect, expect_equal
from lab.hawser import Gateway
from lab.process import LabError, wait_until
from lab.strongswan import StrongSwan
from lab.topology import TwoSites
from lab.traffic import NumberedStream

_WORKERS = 2
_ROLES = ("initiator", "responder")


@dataclass(frozen=True)
class Cell:
    suite: tuple            # values of suites.ALGORITHM_FIELDS
    rekeys: int = 1         # of each kind from each side
    nat: bool = False       # the initiator sits behind the router's NAT

    @property
    def policy(self):
        return dict(zip(suites.ALGORITHM_FIELDS, self.suite))

    def __str__(self):
        return " ".join(self.suite) + (" NAT" if self.nat else "")


def cell(rekeys=1, nat=False, **changes):
    return Cell(tuple(suites.policy(**changes).values()), rekeys, nat)


def ike_pairs():
    return [cell(ikeEncryption=e, ikeIntegrity=i) for e in suites.IKE_ENCRYPTION for i in suites.IKE_INTEGRITY]


def groups():
    return [cell(ikeEncryption="AES256", ikeIntegrity="SHA256", dhGroup=g) for g in suites.GROUPS]


def esp_pairs():
    return [cell(ipsecEncryption=e, ipsecIntegrity=i) for e, i in suites.esp_suites()]


def pfs_groups():
    return [cell(ipsecEncryption="AES128", ipsecIntegrity="SHA1", pfsGroup=g) for g in suites.PFS_GROUPS]


def behind_nat():
    """Six of the cells above, behind a NAT."""
    return [cell(nat=True, ikeEncryption="AES128", ikeIntegrity="SHA1"),
            cell(nat=True, ikeEncryption="DES3", ikeIntegrity="MD5"),
            cell(nat=True, ikeEncryption="AES256", ikeIntegrity="SHA256", dhGroup="ECP384"),
            cell(nat=True, ipsecEncryption="GCMAES256", ipsecIntegrity="GCMAES256"),
            cell(nat=True, ipsecEncryption="None", ipsecIntegrity="SHA256"),
            cell(nat=True, ipsecEncryption="AES128", ipsecIntegrity="SHA1", pfsGroup="ECP256")]


# In these, two Child and two IKE rekeys from each side.
_TWICE = (cell(ikeEncryption="AES256", ikeIntegrity="SHA384"), cell(ikeEncryption="DES", ikeIntegrity="MD5"),
          cell(ikeEncryption="AES256", ikeIntegrity="SHA256", dhGroup="ECP384"),
          cell(ikeEncryption="AES256", ikeIntegrity="SHA256", dhGroup="DHGroup24"),
          cell(ipsecEncryption="GCMAES256", ipsecIntegrity="GCMAES256"),
          cell(ipsecEncryption="DES3", ipsecIntegrity="MD5"),
          cell(ipsecEncryption="AES128", ipsecIntegrity="SHA1", pfsGroup="PFS2048"),
          cell(ipsecEncryption="AES128", ipsecIntegrity="SHA1", pfsGroup="ECP384"))


def default_cells():
    cells = ike_pairs() + groups() + esp_pairs() + pfs_groups()
    assert len(cells) == 20 + 6 + 21 + 7 and all(twice in cells for twice in _TWICE)
    return [Cell(c.suite, 2) if c in _TWICE else c for c in cells] + behind_nat()


def full_cells():
    """Every IKE suite with some Child suite, and every Child suite with some IKE suite."""
    ike = [(e, i, g) for e in suites.IKE_ENCRYPTION for i in suites.IKE_INTEGRITY for g in suites.GROUPS]
    child = [(e, i, p) for e, i in suites.esp_suites() for p in suites.PFS_GROUPS]
    return [Cell(ike[n % len(ike)] + child[n % len(child)]) for n in range(max(len(ike), len(child)))]


class Pair:
    """Our gateway on the left and strongSwan on the right, used for one cell after the other."""

    def __init__(self, lab):
        self.lab = lab
        self.ours, self.peer = Gateway(lab, lab.left, export_keys=False), StrongSwan(lab, lab.right)
        self._streams = 0

    def start(self):
        objects = manifests.sample(self.lab.left, self.lab.right)
        del objects["connection"]
        self.ours.apply(objects)
        self.ours.start()
        self.peer.start()
        return self

    def run(self, cell_, role):
        """One cell. Raises LabError with what went wrong; whatever happens the Connection is gone afterwards."""
        try:
            self._establish(cell_, role)
            self._compare(cell_, role)
            self._ping()
            self._rekey(cell_)
            self._delete()
        except Exception as reason:
            said = "\n".join(self.peer.log().splitlines()[-25:])
            raise LabError(f"{reason}\n{self.ours.logs(25)}\n--- strongSwan\n{said}") from reason
        finally:
            self._tidy()

    def _establish(self, cell_, role):
        left, right = self.lab.left, self.lab.right
        ours_sees, peer_sees = right.outer, left.outer
        if cell_.nat:
            seen = self.lab.put_behind_nat(left if role == "initiator" else right)
            ours_sees, peer_sees = (right.outer, "%any") if role == "initiator" else (seen, left.outer)
        self.peer.load(cell_.policy, manifests.KEY, remote=peer_sees)
        objects = manifests.sample(left, right, peer_address=ours_sees)
        mode = "InitiatorOnly" if role == "initiator" else "ResponderOnly"
        self.ours.apply({"local-network-gateway": objects["local-network-gateway"],
                         "policy": manifests.policy(cell_.policy),
                         "connection": manifests.connection(connectionMode=mode)})
        if role == "responder":
            self.ours.wait_condition("Programmed", "True", interval=0.02)
            self.peer.initiate()
        self.peer.wait_established()

    def _compare(self, cell_, role):
        expect("; ".join(self.peer.problems_of(cell_.policy)), not self.peer.problems_of(cell_.policy))
        negotiated = self.ours.wait_suite(cell_.policy, 10)["negotiated"]
        expect_equal("role", negotiated["ike"]["role"].lower(), role)
        if cell_.nat and role == "initiator":
            expect(f"nat {negotiated['nat']}", negotiated["nat"] in ("Local", "Both"))
        if cell_.nat and role == "responder":
            port = int(negotiated["remoteEndpoint"].rpartition(":")[2])
            expect(f"the peer's port {port} is not the router's", 20000 <= port <= 30000)

    def _ping(self):
        for here, there in ((self.lab.left, self.lab.right), (self.lab.right, self.lab.left)):
            said = here.host.exec("ping", "-c", "3", "-l", "3", "-W", "5", there.host_address, check=False).stdout
            expect(f"ping from {here.label}: {said[-200:]}", " 0% packet loss" in said)

    def _rekey(self, cell_):
        self._streams += 1
        steps = (("our Child", lambda: self.ours.trigger_when_idle("rekey-child"), "child"),
                 ("our IKE", lambda: self.ours.trigger_when_idle("rekey-ike"), "ike"),
                 ("its Child", self.peer.rekey_child, "child"), ("its IKE", self.peer.rekey_ike, "ike"))
        with NumberedStream(self.lab, tag=f"stream-{self._streams}") as stream:
            for what, rekey, kind in steps * cell_.rekeys:
                before = self.peer.spi(kind)
                rekey()
                wait_until(lambda: f"{what} SA to be rekeyed", lambda: self.peer.spi(kind) not in (before, None), 10)
            count = stream.count(settle=0.3)
        expect(f"lost packets over the rekeys: {count}", count.clean)
        problems = self.peer.problems_of(cell_.policy, rekeyed=True)
        expect("; ".join(problems), not problems)

    def _delete(self):
        self.ours.delete("connection")
        self.peer.wait_gone()

    def _tidy(self):
        if self.ours.read_or_none("connection"):
            self.ours.delete("connection")
        wait_until("the Connection's status to go", lambda: not self.ours.status(), 10)
        self.peer.terminate(check=False)
        self.lab.remove_nat()


def work(number, tasks, results):
    """A worker process with namespaces of its own."""
    with TwoSites(f"pair{number}") as lab:
        pair = Pair(lab).start()
        for task in iter(tasks.get, None):
            started = time.monotonic()
            try:
                pair.run(*task)
                reason = None
            except Exception as what:
                reason = str(what) or repr(what)
            results.put((task, reason, time.monotonic() - started))


def run_cells(cases, cells):
    """Runs all cells in both roles; returns {(cell, role): 'ok 2.1 s' or 'FAIL'}."""
    todo = [(cell_, role) for cell_ in cells for role in _ROLES]
    tasks, results = multiprocessing.Queue(), multiprocessing.Queue()
    for task in todo + [None] * _WORKERS:
        tasks.put(task)
    workers = [multiprocessing.Process(target=work, args=(n, tasks, results), daemon=True) for n in range(_WORKERS)]
    for worker in workers:
        worker.start()
    outcome, done = {}, 0
    while done < len(todo):
        try:
            (cell_, role), reason, spent = results.get(timeout=2)
        except Exception:
            if not any(worker.is_alive() for worker in workers):
                break
            continue
        done += 1
        outcome[cell_, role] = f"ok {spent:.1f} s" if reason is None else "FAIL"
        if reason is None:
            cases.passed += 1
        else:
            cases.fail(f"{cell_} as {role}", reason)
    for cell_, role in todo:
        if (cell_, role) not in outcome:
            cases.fail(f"{cell_} as {role}", "did not run: its worker ended")
    for worker in workers:
        worker.join(30)
        if worker.is_alive():
            worker.terminate()
    return outcome


def print_table(cells, outcome):
    print(f"\n  {'suite':64}{'as initiator':16}as responder")
    for cell_ in cells:
        row = "".join(f"{outcome.get((cell_, role), 'did not run'):16}" for role in _ROLES)
        print(f"  {str(cell_) + (' (rekeyed twice)' if cell_.rekeys == 2 else ''):64}{row}")
    print(flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="a wider product of suites")
    parser.add_argument("--only", default="", help="only cells whose text has this in it")
    options = parser.parse_args()
    cells = [c for c in (full_cells() if options.full else default_cells()) if options.only in str(c)]
    cases = Cases("interop")
    print_table(cells, run_cells(cases, cells))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
