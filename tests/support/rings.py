"""Runs the test rings: builds what each needs, runs it, counts its cases. Called by tests/run.sh."""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field

from lab.owner import own_name
from lab.process import exit_on_signals, run_group

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclass(frozen=True)
class Ring:
    name: str
    what: str
    preset: str = ""            # which build it needs; empty: none
    target: str = ""            # ninja targets; a ring of ctest programs has ring-NAME
    programs: tuple = ()        # our own Python programs; none: the ctest programs with this label
    parts: tuple = ()           # programs of a real Kubernetes, built by tests/cluster/parts.sh
    images: bool = False        # of both programs, built by images/build.sh
    limit: int = 900            # seconds that each of its programs may take
    default: bool = True


BUDGET = 3600  # seconds for all that CI runs, with its builds

_PROGRAMS = "programs"  # ninja target: hawser, hawser-operator, hawser-sidecar

RINGS = (
    Ring("tree", "layout of the sources: sizes, includes, README lengths", programs=("tests/support/check_tree.py",)),
    Ring("unit", "one file, one idea, no I/O", "asan"),
    Ring("sim", "two engines on a virtual wire", "asan"),
    Ring("conformance", "every rule by manifest", "asan"),
    Ring("contract", "one suite over each implementation of an interface", "asan"),
    Ring("fuzz-replay", "corpora of the fuzz targets, replayed", "asan"),
    Ring("tsan", "our own threads under ThreadSanitizer", "tsan"),
    Ring("lab", "the laboratory itself: strongSwan to strongSwan, what its detectors must see, what its clean-up must leave",
         programs=("tests/support/harness_test.py", "tests/interop/lab_test.py"), limit=600),
    Ring("quickstart", "the walkthrough end to end, twice, with a capture", "release", _PROGRAMS,
         ("tests/interop/quickstart_test.py",)),
    Ring("seed", "parts 3 and 4 of the walkthrough against strongSwan", "release", _PROGRAMS,
         ("tests/interop/seed_test.py",)),
    Ring("interop", "suites, roles, NAT and rekeys against strongSwan; raw ESP; crossed first contact", "release",
         _PROGRAMS, ("tests/interop/interop_test.py", "tests/interop/raw_esp_test.py", "tests/interop/crossed_test.py")),
    Ring("robustness", "what must not disturb a tunnel; where the key must not show", "release", _PROGRAMS,
         ("tests/interop/robustness_test.py", "tests/interop/canary_test.py")),
    Ring("kube", "a real API server: itself, our client, the CRDs against the C++ rules, the operator, two of them", "release",
         "programs ring-cluster-programs",
         ("tests/cluster/apiserver_test.py", "tests/cluster/kube_client_test.py", "tests/cluster/cli_test.py",
          "tests/cluster/kube_parts_test.py", "tests/cluster/kube_parity_test.py",
          "tests/cluster/kube_operator_test.py", "tests/cluster/refused_test.py", "tests/cluster/plain_list_test.py",
          "tests/cluster/leader_test.py"),
         parts=("etcd", "kubernetes", "helm4")),
    Ring("chart", "the chart under both Helm majors, and on a real API server", "release", _PROGRAMS,
         ("tests/cluster/chart_test.py",),
         parts=("etcd", "kubernetes", "helm3", "helm4", "kubeconform", "prometheus_operator")),
    Ring("placement", "sidecars found by their pods, reached over TLS, left when lost, on a real API server", "release",
         _PROGRAMS, ("tests/cluster/placement_test.py",), parts=("etcd", "kubernetes", "helm4")),
    Ring("node", "a real node: the images, the chart, the tunnel from a pod", "release", _PROGRAMS,
         ("tests/cluster/node_test.py", "tests/cluster/sidecar_pod_test.py", "tests/cluster/install_test.py"),
         parts=("etcd", "kubernetes", "containerd", "runc", "helm4"), images=True),
    Ring("monitoring", "alerts and dashboard: promtool, and a real Prometheus on real output", "release", _PROGRAMS,
         ("tests/interop/monitoring_test.py",)),
    Ring("gitops", "what Argo CD and Flux make of a running operator's statuses", "release", _PROGRAMS,
         ("tests/interop/gitops_test.py",)),
    Ring("interop-full", "a wider product of suites against strongSwan", "release", _PROGRAMS,
         ("tests/interop/interop_test.py --full",), limit=7200, default=False),
    Ring("drill", "everything that can happen to an API server, under changes", "release", "programs ring-cluster-programs",
         ("tests/cluster/drill_test.py",), parts=("etcd", "kubernetes", "helm4"), limit=1800, default=False),
    Ring("scale", "10,000 connections on a real API server", "release", "programs ring-cluster-programs",
         ("tests/cluster/scale_test.py",), parts=("etcd", "kubernetes", "helm4"), limit=1800, default=False),
    Ring("bench", "throughput, set-up rate, memory", "release", "programs ring-bench",
         ("tests/bench/bench.py",), limit=1800, default=False),
    Ring("lint", "clang-tidy over every source", "release", "programs", ("tests/support/lint.py",), limit=7200, default=False),
)


@dataclass
class Outcome:
    passed: int = 0
    failed: list = field(default_factory=list)
    seconds: float = 0


def say(text):
    print(text, flush=True)


def build(preset, targets):
    """Configures and builds; raises CalledProcessError with the output already shown."""
    started = time.monotonic()
    say(f"== build {preset}: {' '.join(targets)}")
    subprocess.run(["cmake", "--preset", preset, *cache_arguments()], cwd=TOP, check=True, stdout=subprocess.DEVNULL)
    ninja(os.path.join(TOP, "build", preset), targets, f"[{preset} %f/%t %es] ")
    say(f"== build {preset}: {time.monotonic() - started:.0f} s")


def ninja(folder, targets, status):
    """A target that is not there fails: else what an older build left of it would be tested."""
    code = run_group("ninja", "-C", folder, *targets, env={**os.environ, "NINJA_STATUS": status})
    if code:
        raise subprocess.CalledProcessError(code, f"ninja -C {folder}")


def cache_arguments():
    """Compiler cache, when the developer has one."""
    return ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if os.environ.get("HAWSER_CCACHE") else []


def run_ctest(ring, scratch):
    """Runs the ctest programs of a ring. GoogleTest cases are counted one by one, other programs as one case."""
    reports = os.path.join(scratch, ring.name)
    os.makedirs(reports)
    folder = os.path.join(TOP, "build", ring.preset)
    run_group("ctest", "--test-dir", folder, "-L", f"^{ring.name}$", "-j", os.cpu_count(), "--output-on-failure",
              "--output-junit", f"{reports}/ctest.junit", timeout=ring.limit, cwd=TOP,
              env={**os.environ, "GTEST_OUTPUT": f"xml:{reports}/", "GTEST_BRIEF": "1"})
    outcome = Outcome()
    for program in xml.parse(f"{reports}/ctest.junit").getroot().iter("testcase"):
        count_program(outcome, program, reports)
    return outcome


def count_program(outcome, program, reports):
    name, ok = program.get("name"), program.get("status") == "run" and program.find("failure") is None
    listed = glob.glob(f"{reports}/{name}.xml")
    failed_before = len(outcome.failed)
    if not listed:
        outcome.passed += ok
    else:
        for case in xml.parse(listed[0]).getroot().iter("testcase"):
            # A skipped case is a failed one: it hides something that is missing.
            if case.find("failure") is None and case.get("result") == "completed":
                outcome.passed += 1
            else:
                outcome.failed.append(f"{case.get('classname')}.{case.get('name')}")
    if not ok and len(outcome.failed) == failed_before:
        outcome.failed.append(f"{name}: crashed, timed out or ended badly")


def run_programs(ring, scratch):
    """Runs our own Python programs one after another."""
    outcome = Outcome()
    for command in ring.programs:
        results = os.path.join(scratch, f"{len(os.listdir(scratch))}.json")
        say(f"-- {command}")
        try:
            code = run_group("/usr/bin/python3", *command.split(), timeout=ring.limit, cwd=TOP,
                             env={**os.environ, "HAWSER_TEST_RESULTS": results})
        except subprocess.TimeoutExpired:
            code = f"more than {ring.limit} s"
        count_results(outcome, command, code, results)
    return outcome


def count_results(outcome, command, code, results):
    cases_failed = 0
    if os.path.exists(results):
        with open(results) as lines:
            for line in lines:
                result = json.loads(line)
                outcome.passed += result["passed"]
                outcome.failed += [f"{result['title']}: {name}" for name in result["failed"]]
                cases_failed += len(result["failed"])
    if code != 0 and not cases_failed:
        outcome.failed.append(f"{command}: ended with {code}")


def run_ring(ring, scratch, broken_builds):
    started = time.monotonic()
    say(f"\n== ring {ring.name}: {ring.what}")
    if broken_builds & {ring.preset, ring.name}:
        outcome = Outcome(failed=[f"{ring.name}: what it needs could not be built"])
    else:
        try:
            outcome = (run_programs if ring.programs else run_ctest)(ring, scratch)
        except Exception as reason:  # whatever went wrong, the other rings still run
            outcome = Outcome(failed=[f"{ring.name}: {reason}"])
    if not outcome.passed and not outcome.failed:
        outcome.failed.append(f"{ring.name}: nothing ran")
    outcome.seconds = time.monotonic() - started
    say(f"== ring {ring.name}: {outcome.passed} passed, {len(outcome.failed)} failed, {outcome.seconds:.0f} s")
    return outcome


def chosen_rings():
    parser = argparse.ArgumentParser(prog="tests/run.sh", formatter_class=argparse.RawDescriptionHelpFormatter, epilog="\n".join(
        f"  {ring.name:14}{ring.what}{'' if ring.default else ' (by name only)'}" for ring in RINGS))
    parser.add_argument("ring", nargs="*", help="by default all that are not marked 'by name only'")
    names = parser.parse_args().ring
    unknown = sorted(set(names) - {ring.name for ring in RINGS})
    if unknown:
        parser.error(f"no such ring: {', '.join(unknown)}; there are {', '.join(ring.name for ring in RINGS)}")
    return [ring for ring in RINGS if (ring.name in names if names else ring.default)]


def targets_of(rings, preset):
    return list(dict.fromkeys(target for ring in rings if ring.preset == preset
                              for target in (ring.target if ring.programs else f"ring-{ring.name}").split()))


def build_all(rings):
    """One build a preset, so that what rings share is built once. Returns the presets that did not build."""
    broken = set()
    for preset in dict.fromkeys(ring.preset for ring in rings if ring.preset):
        try:
            build(preset, targets_of(rings, preset))
        except (subprocess.CalledProcessError, OSError) as reason:
            say(f"== build {preset} failed: {reason}")
            broken.add(preset)
    return broken


def build_parts(rings):
    """The rings whose programs could not be built."""
    broken = set()
    for part in dict.fromkeys(part for ring in rings for part in ring.parts):
        if run_group("tests/cluster/parts.sh", part, cwd=TOP, stdout=subprocess.DEVNULL):
            say(f"== part {part} could not be built")
            broken |= {ring.name for ring in rings if part in ring.parts}
    return broken


def build_images(rings, broken):
    """The rings whose images could not be built. Here, so that no ring pays for it out of its own time."""
    wanted = [ring for ring in rings if ring.images and not broken & {ring.preset, ring.name}]
    if not wanted:
        return set()
    started = time.monotonic()
    say("== images")
    code = run_group("/usr/bin/python3", "tests/cluster/image.py", cwd=TOP)
    say(f"== images: {f'failed with {code}, ' if code else ''}{time.monotonic() - started:.0f} s")
    return {ring.name for ring in wanted} if code else set()


def summary(rings, outcomes, builds, total):
    """The table at the end: what each ring took. A run longer than the budget is told, not failed."""
    lines = [f"{'ring':16}{'passed':>8}{'failed':>8}{'seconds':>9}", f"{'(builds)':16}{'':16}{builds:9.0f}"]
    lines += [f"{ring.name:16}{outcome.passed:8}{len(outcome.failed):8}{outcome.seconds:9.0f}"
              for ring, outcome in zip(rings, outcomes)]
    lines.append(f"{'all':16}{sum(o.passed for o in outcomes):8}{sum(len(o.failed) for o in outcomes):8}{total:9.0f}")
    if total > BUDGET:
        lines.append(f"warning: {total / 60:.0f} minutes; it should take at most {BUDGET // 60}")
    return lines


def main():
    rings = chosen_rings()
    exit_on_signals()
    started = time.monotonic()
    broken = build_all(rings) | build_parts(rings)
    broken |= build_images(rings, broken)
    builds = time.monotonic() - started
    with tempfile.TemporaryDirectory(prefix=own_name("results-")) as scratch:
        outcomes = [run_ring(ring, scratch, broken) for ring in rings]
    passed, failed = sum(outcome.passed for outcome in outcomes), [name for outcome in outcomes for name in outcome.failed]
    say("\n" + "\n".join(summary(rings, outcomes, builds, time.monotonic() - started)))
    for name in failed:
        say(f"failed: {name}")
    say(f"{passed} passed, {len(failed)} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
