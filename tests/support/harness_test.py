"""What runs the tests: it ends all that it started, removes only what is dead, and says what is missing."""
import errno
import os
import signal
import subprocess
import sys
import tempfile
from unittest import mock

_TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(_TESTS, "support"), os.path.join(_TESTS, "cluster")]

import cgroups  # noqa: E402
import image  # noqa: E402
import rings  # noqa: E402
from lab.cases import Cases, expect, expect_equal  # noqa: E402
from lab.netns import Namespace, cleanup  # noqa: E402
from lab.owner import is_dead, own_name, remove_folder  # noqa: E402
from lab.process import LabError, run, run_group, wait_until  # noqa: E402
from node import need_bridge_filter  # noqa: E402


def refused(what, action, kind=LabError):
    """The text with which it failed; a failed case when it did not."""
    try:
        action()
    except kind as reason:
        return str(reason)
    raise AssertionError(f"not refused: {what}")


def name_of_another(*prefix):
    """A name made by a process that is gone."""
    script = "from lab.owner import own_name; print(own_name('thing'))"
    return run(*prefix, "/usr/bin/python3", "-c", script, env={**os.environ, "PYTHONPATH": os.path.join(_TESTS, "support")}
               ).stdout.strip()


def owners(cases):
    mine, dead = own_name("thing"), name_of_another()
    _, pid, birth, space, label = mine.split("-")
    with cases.case("a name tells whether its process is gone"):
        expect(f"{mine} is dead", not is_dead(mine))
        expect(f"{dead} is alive", is_dead(dead))
    with cases.case("a number that another process has now does not keep what is dead"):
        expect("alive", is_dead(f"hwt-{pid}-{int(birth) - 1}-{space}-{label}"))
    with cases.case("a process of another PID namespace is never taken for dead, nor what has no proof in its name"):
        elsewhere = name_of_another("unshare", "--pid", "--fork", "--mount-proc")
        expect(f"{elsewhere} says nothing of its namespace", elsewhere.split("-")[3] != space)
        for name in (elsewhere, "hwt-4194305-thing", "hwt-quickstart-left-host", "something"):
            expect(f"{name} is dead", not is_dead(name))
    with cases.case("clean-up in another PID namespace leaves a live test's namespace and folder"):
        with tempfile.TemporaryDirectory(prefix=own_name("alive-")) as folder:
            namespace = Namespace("alive")
            removed = run("unshare", "--pid", "--fork", "--mount-proc", "/usr/bin/python3", "-m", "lab.netns",
                          env={**os.environ, "PYTHONPATH": os.path.join(_TESTS, "support")}).stdout
            expect(removed, f"hwt-{os.getpid()}-" not in removed)
            expect("the folder is gone", os.path.isdir(folder))
            expect("the namespace is gone", namespace.exec("true").returncode == 0)
            namespace.remove()
    with cases.case("clean-up removes the folder of a dead one, and unmounts what is in it instead of emptying it"):
        source, folder = tempfile.mkdtemp(prefix=own_name("source-")), os.path.join(tempfile.gettempdir(), dead)
        os.makedirs(os.path.join(folder, "mounted"))
        open(os.path.join(source, "precious"), "w").close()
        run("mount", "--bind", source, os.path.join(folder, "mounted"))
        expect(f"{dead} is not removed", dead in cleanup())
        expect_equal("left", (os.path.exists(folder), os.listdir(source)), (False, ["precious"]))
        remove_folder(source)


def groups(cases):
    """A shell that cleans up at its end, and a child of it that takes no notice of SIGTERM."""
    def script(folder):
        return (f"touch {folder}/scratch; trap 'rm {folder}/scratch' EXIT; trap 'exit 1' TERM; "
                f"(trap '' TERM; exec sleep 1000) & echo $! >{folder}/child; sleep 1000")

    def nothing_left(folder):
        with open(f"{folder}/child") as child:
            pid = child.read().strip()
        wait_until("the child to end", lambda: not os.path.exists(f"/proc/{pid}"), 10)
        expect_equal("left", os.listdir(folder), ["child"])

    with tempfile.TemporaryDirectory(prefix=own_name("group-")) as folder:
        with cases.case("a command that takes too long ends with all that it started, and cleans up"):
            refused("a thousand seconds", lambda: run_group("bash", "-c", script(folder), timeout=5), subprocess.TimeoutExpired)
            nothing_left(folder)
        os.unlink(f"{folder}/child")
        with cases.case("so it does when the program that runs it is ended"):
            program = ("import sys; from lab.process import *; exit_on_signals(); "
                       "sys.exit(run_group('bash', '-c', sys.argv[1]))")
            with subprocess.Popen(["/usr/bin/python3", "-c", program, script(folder)], stderr=subprocess.DEVNULL,
                                  env={**os.environ, "PYTHONPATH": os.path.join(_TESTS, "support")}) as other:
                wait_until("the child", lambda: os.path.exists(f"{folder}/child") and os.path.getsize(f"{folder}/child"), 10)
                other.send_signal(signal.SIGTERM)
                expect_equal("exit code", other.wait(30), 128 + signal.SIGTERM)
            nothing_left(folder)
    with cases.case("a build of images that takes too long leaves no scratch folder; one that fails says so"):
        before = set(os.listdir(tempfile.gettempdir()))
        text = refused("sleep", lambda: image._build("sh", "-c", "mktemp; sleep 1000", limit=1))
        expect(text, "more than 1 s" in text)
        expect("its exit code", "exit 3" in refused("exit 3", lambda: image._build("sh", "-c", "exit 3")))
        expect_equal("left", [name for name in set(os.listdir(tempfile.gettempdir())) - before if "images-" in name], [])


class FakeKernel:
    """Version 2 in a folder: a root with processes and some controllers passed on, and a new group below it."""

    def __init__(self, folder, stubborn=False):
        self.root, self.stubborn = folder, stubborn
        self.put("cgroup.controllers", "cpuset cpu memory pids")
        self.put("cgroup.subtree_control", "memory")
        self.put("cgroup.procs", "1 42")
        self.put("new/cgroup.controllers", "memory")
        self.put("new/cgroup.subtree_control", "")

    def put(self, name, text):
        os.makedirs(os.path.dirname(os.path.join(self.root, name)), exist_ok=True)
        with open(os.path.join(self.root, name), "w") as out:
            out.write(text)

    def get(self, name):
        with open(os.path.join(self.root, name)) as text:
            return text.read().split()

    def write(self, path, text):
        """What the kernel makes of a word written to one of its files."""
        name = os.path.relpath(path, self.root)
        if name == "init/cgroup.procs":
            self.put("cgroup.procs", " ".join(pid for pid in self.get("cgroup.procs") if pid != text or self.stubborn))
        elif name == "cgroup.subtree_control" and self.get("cgroup.procs"):
            raise OSError(errno.EBUSY, "Device or resource busy")
        elif text[1:] not in self.get(name.replace("subtree_control", "controllers")):
            raise OSError(errno.ENOENT, "No such file or directory")
        else:
            self.put(name, " ".join([*self.get(name), text[1:]]))
            if name == "cgroup.subtree_control":
                self.put("new/cgroup.controllers", " ".join(self.get(name)))


def control_groups(cases):
    with cases.case("control groups, version 2: the new group has and passes on all of the root's, whose processes move aside"), \
            tempfile.TemporaryDirectory(prefix=own_name("groups-")) as folder:
        kernel = FakeKernel(folder)
        with mock.patch.object(cgroups, "_write", kernel.write):
            cgroups.enable_controllers(folder, "new")
        for name in ("cgroup.subtree_control", "new/cgroup.controllers", "new/cgroup.subtree_control"):
            expect_equal(name, sorted(kernel.get(name)), ["cpu", "cpuset", "memory", "pids"])
    with cases.case("a root that stays busy is named, with what it does not pass on"), \
            tempfile.TemporaryDirectory(prefix=own_name("groups-")) as folder:
        with mock.patch.object(cgroups, "_write", FakeKernel(folder, stubborn=True).write):
            text = refused("a busy root", lambda: cgroups.enable_controllers(folder, "new"))
        expect(text, folder in text and "cpuset" in text and "busy" in text)
    with cases.case("version 1 has nothing to pass on"), tempfile.TemporaryDirectory(prefix=own_name("groups-")) as folder:
        cgroups.enable_controllers(folder, "new")
        expect_equal("made", os.listdir(folder), [])
    with cases.case("a kernel without bridge-nf-call-iptables is told what it needs"):
        text = refused("a missing switch", lambda: need_bridge_filter("/proc/sys/net/nowhere/bridge-nf-call-iptables"))
        expect(text, "/proc/sys/net/nowhere/bridge-nf-call-iptables" in text and "br_netfilter" in text)


def the_runner(cases):
    with cases.case("each ring with programs of its own names what it builds; the others ask for ring-NAME"):
        expect_equal("rings without a target", [ring.name for ring in rings.RINGS
                                                if ring.preset and bool(ring.programs) != bool(ring.target)], [])
        some = [rings.Ring("a", "", "asan"), rings.Ring("b", "", "asan", "x y", ("b.py",)), rings.Ring("c", "", "tsan")]
        expect_equal("targets", rings.targets_of(some, "asan"), ["ring-a", "x", "y"])
    with cases.case("a target that does not exist fails the build"), \
            tempfile.TemporaryDirectory(prefix=own_name("ninja-")) as folder:
        with open(os.path.join(folder, "build.ninja"), "w") as out:
            out.write("rule touch\n  command = touch $out\nbuild there: touch\n")
        rings.ninja(folder, ["there"], "")
        refused("a target that is not there", lambda: rings.ninja(folder, ["there", "renamed"], ""), subprocess.CalledProcessError)
    with cases.case("the table at the end has the time of each ring, and tells a run that took too long"):
        outcomes = [rings.Outcome(5, [], 61.4), rings.Outcome(1, ["x"], 2)]
        table = rings.summary(rings.RINGS[:2], outcomes, 30, 93)
        expect_equal("rows", [line.split() for line in table[1:]], [
            ["(builds)", "30"], [rings.RINGS[0].name, "5", "0", "61"], [rings.RINGS[1].name, "1", "1", "2"],
            ["all", "6", "1", "93"]])
        expect("no warning", rings.summary([], [], 0, rings.BUDGET + 60)[-1].startswith("warning: 61 minutes"))


def main():
    cases = Cases("harness")
    for scenario in (owners, groups, control_groups, the_runner):
        scenario(cases)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
