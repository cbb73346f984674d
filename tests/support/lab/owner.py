"""Names of what a test leaves on the machine, and which of them a dead process left.

A name is hwt-PID-BIRTH-SPACE-LABEL. PID alone proves nothing: it is used again later (so BIRTH is the start time of its
process), and it means somebody else in another PID namespace, whose tests may share our /run/netns or /tmp (so SPACE is
the inode of the namespace). What is meant to stay has a word instead of the three.
"""
import os
import re
import shutil
import subprocess

_NAME = re.compile(r"hwt-([0-9]+)-([0-9]+)-([0-9]+)-.+")


def own_name(label, owner=None):
    """The name of a thing of this process, or of a word that stands for nobody in particular."""
    return f"hwt-{owner or f'{os.getpid()}-{_birth(os.getpid())}-{_space()}'}-{label}"


def is_dead(name):
    """Whether its process is gone for certain. What this /proc cannot tell is left alone."""
    match = _NAME.fullmatch(name)
    if not match or match[3] != _space() or os.readlink("/proc/self") != str(os.getpid()):
        return False
    try:
        return _birth(match[1]) != match[2]
    except (FileNotFoundError, ProcessLookupError):
        return True


def is_owned_by(name, word):
    return name.startswith(f"hwt-{word}-")


def remove_folder(path):
    """Removes a folder; what a killed program mounted in it is unmounted, not emptied."""
    with open("/proc/self/mounts") as mounts:
        below = [line.split()[1] for line in mounts if line.split()[1].startswith(f"{path}/")]
    for mount in reversed(below):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    shutil.rmtree(path, ignore_errors=True)


def _birth(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[19]  # field 22; the name before may hold anything


def _space():
    return str(os.stat("/proc/self/ns/pid").st_ino)
