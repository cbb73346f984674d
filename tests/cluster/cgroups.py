"""Control groups of a test node: below each hierarchy of version 1, or below the one of version 2."""
import contextlib
import errno
import os

from apiserver import LabError

_ASIDE = "init"  # where processes go that stand in the way; nothing of it is a test's


def hierarchies():
    """Where control groups are mounted: several folders with version 1, one with version 2."""
    with open("/proc/self/mounts") as mounts:
        fields = [line.split() for line in mounts]
    return [f[1] for f in fields if f[2] in ("cgroup", "cgroup2") and f[1].startswith("/sys/fs/cgroup")]


def make(name):
    for hierarchy in hierarchies():
        os.mkdir(os.path.join(hierarchy, name))
        if hierarchy == "/sys/fs/cgroup":  # version 2 is all there is, not just beside version 1
            enable_controllers(hierarchy, name)


def remove(name):
    """Whether it is gone now: not while a last process of it is on its way out."""
    for hierarchy in hierarchies():
        for folder, _, _ in os.walk(os.path.join(hierarchy, name), topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                return False
    return True


def enable_controllers(root, name):
    """Version 2: gives a group each controller of the root, which kubelet asks of its own. Version 1: nothing to do.

    It passes them on in turn: systemd then cannot take back those that it does not use itself.
    """
    for folder in (root, os.path.join(root, name)):
        switch = os.path.join(folder, "cgroup.subtree_control")
        if not os.path.exists(switch):
            return
        for controller in _words(os.path.join(folder, "cgroup.controllers")):
            if controller not in _words(switch):
                _enable(folder, switch, controller)


def _enable(folder, switch, controller):
    for last in (False, False, True):  # a process may start another while it is moved
        try:
            _write(switch, f"+{controller}")
            return
        except OSError as reason:
            if last or reason.errno != errno.EBUSY:
                raise LabError(f"control group {folder} cannot pass on {controller}: {reason.strerror}") from reason
        _move_aside(folder)


def _move_aside(folder):
    """In a container the root is a group like another: with processes in it, it passes no controller on."""
    aside = os.path.join(folder, _ASIDE)
    os.makedirs(aside, exist_ok=True)
    for pid in _words(os.path.join(folder, "cgroup.procs")):
        with contextlib.suppress(OSError):  # it ended meanwhile, or is a thread of the kernel
            _write(os.path.join(aside, "cgroup.procs"), pid)


def _words(path):
    with open(path) as text:
        return text.read().split()


def _write(path, text):
    with open(path, "w") as out:
        out.write(text)
