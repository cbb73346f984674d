"""Ring lint: clang-tidy over every source of ours, in parallel, with the checks of .clang-tidy."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab.cases import Cases  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build", "release")


def sources():
    with open(os.path.join(BUILD, "compile_commands.json")) as commands:
        listed = {os.path.relpath(entry["file"], TOP) for entry in json.load(commands)}
    return sorted(path for path in listed if path.endswith(".cc") and not path.startswith(("build", "..")))


def tidy(path):
    # The build's flags are g++'s; clang need not know each.
    done = subprocess.run(["clang-tidy", "--quiet", "-p", BUILD, "--extra-arg=-Wno-unknown-warning-option", path],
                          cwd=TOP, capture_output=True, text=True, check=False)
    findings = [line for line in done.stdout.splitlines() if re.search(r": (warning|error): ", line)]
    if done.returncode and not findings:
        findings = [(done.stderr or done.stdout).strip()[-500:]]
    return path, findings


def main():
    cases = Cases("lint")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, findings in pool.map(tidy, sources()):
            if findings:
                cases.fail(path, "\n".join(findings).replace(TOP + "/", ""))
            else:
                cases.passed += 1
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
