"""What a reviewer would otherwise have to look for by eye: sizes, includes, forbidden calls, layout of the sources."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab.cases import Cases, expect  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CODE = ("common", "operator", "proto", "sidecar", "tests")
MAX_LINES, MAX_README_LINES = 600, 60

# An outside library, and the folders that may include it.
ADAPTERS = {
    r"prometheus/": ("operator/metrics", "sidecar/metrics"),
    r"cpprest/|pplx/|boost/|websocketpp/": ("operator/kube/cpprest",),
    r"openssl/": ("sidecar/crypto", "sidecar/esp", "sidecar/dataplane", "operator/kube/cpprest", "operator/trust"),
    r"intel-ipsec-mb": ("sidecar/esp",),
    r"yaml-cpp/": ("operator/store", "operator/cli", "operator/api"),
    r"grpcpp/|grpc/": ("proto", "operator/sidecars", "sidecar/agent", "operator/main.cc", "sidecar/main.cc"),
    r"libmnl/|linux/netlink|linux/rtnetlink": ("sidecar/dataplane", "sidecar/agent"),
    r"CLI/": ("operator", "sidecar/main.cc", "sidecar/agent"),
}

# The pure cores: no clock, no global random, no log, no file, no thread.
CORES = ("common/catalog", "common/spec", "sidecar/sa", "sidecar/wire", "sidecar/ike", "sidecar/esp", "sidecar/status",
         "operator/policy")
IMPURE = (r"_clock::now\(", r"\bspdlog::", r"random_device", r"\bstd::rand\b", r"\bSystemClock\b",
          r"\b(clock_gettime|gettimeofday|getenv)\(", r"#include [<\"](fstream|iostream|thread|mutex|sys/|unistd\.h|grpc)")

# The two programs share common/ and proto/, and nothing of each other.
STRANGERS = (("operator", "sidecar/"), ("sidecar", "operator/"), ("common", "operator/"), ("common", "sidecar/"))


def files(folders, endings):
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *folders], cwd=TOP, check=True,
                             capture_output=True, text=True).stdout.split("\n")
    return [path for path in listing if path.endswith(endings) and os.path.exists(os.path.join(TOP, path))]


def read(path):
    with open(os.path.join(TOP, path)) as text:
        return text.read()


def none_of(complaints):
    expect("\n".join(complaints), not complaints)


def too_long(paths, limit):
    lengths = [(read(path).count("\n"), path) for path in paths]
    return [f"{path}: {length} lines, at most {limit}" for length, path in lengths if length > limit]


def misplaced_includes():
    found = []
    for path in files(("common", "operator", "sidecar"), (".h", ".cc")):
        for line in re.findall(r'^#include [<"]([^>"]+)', read(path), re.MULTILINE):
            found += [f"{path}: includes {line}; only {', '.join(homes)} may" for pattern, homes in ADAPTERS.items()
                      if re.match(pattern, line) and not path.startswith(homes)]
    return found


def mixed_programs():
    return [f"{path}: includes {line}" for folder, other in STRANGERS for path in files((folder,), (".h", ".cc"))
            for line in re.findall(r'^#include "([^"]+)', read(path), re.MULTILINE) if line.startswith(other)]


def impure_cores():
    return [f"{path}: {match[0]!r} in a core" for path in files(CORES, (".h", ".cc"))
            for pattern in IMPURE for match in [re.search(pattern, read(path))] if match]


def hidden_tests():
    return [f"{path}: {match[0]}" for path in files(("tests",), (".cc", ".h"))
            for match in [re.search(r"GTEST_SKIP|\bDISABLED_\w+", read(path))] if match]


def unformatted():
    sources = files(CODE, (".h", ".cc"))
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources], cwd=TOP, capture_output=True, text=True,
                          check=False)
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.MULTILINE)))
    return [f"{path}: clang-format -i {path}" for path in wrong] or ([done.stderr] if done.returncode else [])


def libraries_without_readme():
    found = []
    for path in files(("common", "operator", "sidecar"), ("CMakeLists.txt",)):
        folder = os.path.dirname(path)
        if "hawser_library(" in read(path) and not os.path.exists(os.path.join(TOP, folder, "README.md")):
            found.append(f"{folder}: a library folder has a README.md")
    return found


def main():
    cases = Cases("tree")
    for sentence, complaints in (
            (f"no file is longer than {MAX_LINES} lines", lambda: too_long(files(CODE, (".h", ".cc", ".py", ".sh")), MAX_LINES)),
            (f"no README of a library is longer than {MAX_README_LINES} lines",
             lambda: too_long(files(("common", "operator", "sidecar"), ("README.md",)), MAX_README_LINES)),
            ("each library folder has a README", libraries_without_readme),
            ("outside libraries are included by their adapters only", misplaced_includes),
            ("operator and sidecar include nothing of each other", mixed_programs),
            ("cores use no clock, random, log, file or thread", impure_cores),
            ("no test is skipped or disabled", hidden_tests),
            ("clang-format would change nothing", unformatted)):
        with cases.case(sentence):
            none_of(complaints())
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
