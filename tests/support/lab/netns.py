"""Network namespaces with names of our own (`owner.py`), removed whatever happens."""
import atexit
import os
import signal
import tempfile

from .owner import is_dead, is_owned_by, own_name, remove_folder
from .process import LabError, exit_on_signals, run

_owned = {}
_installed = False


class Namespace:
    """One network namespace. `remove` ends what runs in it."""

    def __init__(self, label, owner=None):
        _install_cleanup()
        self.label = label
        self.name = own_name(label, owner)
        run("ip", "netns", "add", self.name)
        _owned[self.name] = os.getpid()
        self.ip("link", "set", "lo", "up")
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)

    def ip(self, *args, check=True):
        return run("ip", "-n", self.name, *args, check=check)

    def exec(self, *argv, check=True, timeout=60, stdin=None, env=None):
        return run("nsenter", f"--net=/run/netns/{self.name}", "--", *argv, check=check, timeout=timeout, stdin=stdin,
                   env=env)

    def sysctl(self, name, value):
        self.exec("sysctl", "-qw", f"{name}={value}")

    def nft(self, script):
        self.exec("nft", "-f", "-", stdin=script)

    def remove(self):
        _remove(self.name)

    def keep(self):
        """Leaves it to `cleanup` (after this process is gone) or to its owner."""
        _owned.pop(self.name, None)


def link(left, left_name, right, right_name, mtu=1500):
    """A cable: a veth pair between two namespaces."""
    run("ip", "link", "add", left_name, "mtu", mtu, "netns", left.name, "type", "veth",
        "peer", "name", right_name, "mtu", mtu, "netns", right.name)
    for namespace, name in ((left, left_name), (right, right_name)):
        namespace.ip("link", "set", name, "up")


def _remove(name):
    for pid in run("ip", "netns", "pids", name, check=False).stdout.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    run("ip", "netns", "del", name, check=False)
    _owned.pop(name, None)


def _names():
    try:
        return os.listdir("/run/netns")
    except FileNotFoundError:
        return []


def cleanup():
    """Removes the namespaces and scratch folders of processes that are gone. Returns their names."""
    return _remove_all(is_dead)


def remove_owned_by(owner):
    """Removes what was kept under this name instead of a process number."""
    return _remove_all(lambda name: is_owned_by(name, owner))


def _remove_all(left_over):
    namespaces = [name for name in _names() if left_over(name)]
    for name in namespaces:
        _remove(name)
    scratch = tempfile.gettempdir()
    folders = [name for name in os.listdir(scratch) if left_over(name)]
    for name in folders:
        remove_folder(os.path.join(scratch, name))
    return namespaces + folders


def _remove_own():
    for name, pid in list(_owned.items()):
        if pid == os.getpid():  # a forked child does not tear down its parent's
            _remove(name)


def _install_cleanup():
    global _installed
    if _installed:
        return
    if os.geteuid() != 0:
        raise LabError("network namespaces need root")
    _installed = True
    atexit.register(_remove_own)
    exit_on_signals()


if __name__ == "__main__":
    for gone in cleanup():
        print("removed", gone)
