"""A shared key that nobody can overlook, searched for in everything that the programs show."""
import os
import sys

import _lab  # noqa: F401
from _pair import HawserPair
from lab import manifests
from lab.cases import Cases, expect, expect_equal
from lab.hawser import program
from lab.process import run, wait_until
from lab.topology import TwoSites

_CANARY = "Kanarienvogel-4711-of-the-shared-key"
_FORMS = (_CANARY, _CANARY.encode().hex(), "S2FuYXJpZW52b2dlbC00NzEx")  # plain, hex, base64


def findings(where, text):
    return [where for form in _FORMS if form.lower() in text.lower()]


def read(path):
    with open(path, errors="replace") as text:
        return text.read()


def read_if_there(path):
    """A temporary file may get its name at any moment."""
    try:
        return read(path)
    except FileNotFoundError:
        return ""


def everything_written(gateway):
    """Every file below the gateway's folder but the manifests themselves."""
    found = []
    for folder, _, names in os.walk(gateway.folder):
        if not folder.startswith(gateway.manifests):
            paths = [os.path.join(folder, name) for name in names]
            found += [f for path in paths if os.path.isfile(path) for f in findings(path, read_if_there(path))]
    return found


def processes(gateway):
    return [f for process in (gateway.operator, gateway.sidecar) for part in ("cmdline", "environ", "comm", "status")
            for f in findings(f"/proc/{part}", read(f"/proc/{process.pid}/{part}"))]


def command_line(gateway):
    commands = (("get",), ("get", "-o", "json"), ("get", "connections", "-o", "json"),
                ("show", "policy", manifests.CONNECTION), ("show", "policy", manifests.CONNECTION, "-o", "json"))
    found = []
    for command in commands:
        done = gateway.cli(*command)
        found += findings(" ".join(command), done.stdout + done.stderr)
    done = run(program("hawser"), "lint", gateway.manifests, check=False)
    return found + findings("lint", done.stdout + done.stderr)


def search(cases, gateway, when):
    for what, found in (("files and logs", lambda: everything_written(gateway)), ("processes", lambda: processes(gateway)),
                        ("metrics", lambda: findings("metrics", gateway.metrics_text() + gateway.operator_metrics_text())),
                        ("command line", lambda: command_line(gateway))):
        with cases.case(f"{when}: the shared key is not in {what} of the {gateway.site.label} gateway"):
            expect_equal("places", found(), [])


def main():
    cases = Cases("canary")
    with TwoSites() as lab:
        pair = HawserPair(lab, key=_CANARY).start()
        with cases.case("the detector finds the key where it does stand: the manifest"):
            expect("not found", findings("manifest", pair.left.read("secret")))
        with cases.case("two Hawsers connect with the canary as shared key"):
            pair.connect()
        with cases.case("core dumps are off"):
            for gateway in pair.both:
                for process in (gateway.sidecar, gateway.operator):
                    limits = read(f"/proc/{process.pid}/limits")
                    line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
                    expect_equal("soft and hard limit", line.split()[4:6], ["0", "0"])
        search(cases, pair.left, "Connected")
        search(cases, pair.right, "Connected")
        with cases.case("a wrong key on one side: AuthenticationFailed"):
            pair.right.apply({"secret": manifests.secret("another")})
            pair.left.trigger("restart", check=False)
            wait_until(lambda: f"AuthenticationFailed\n{pair.logs()}", lambda: any(
                (g.status().get("lastFailure") or {}).get("reason") == "AuthenticationFailed" for g in pair.both), 30)
        search(cases, pair.left, "after AuthenticationFailed")
        with cases.case("a refused key: InvalidSharedKey"):
            pair.left.apply({"secret": manifests.secret(_CANARY + "\n")})
            pair.left.wait_condition("ResolvedRefs", "False", "InvalidSharedKey")
        search(cases, pair.left, "after InvalidSharedKey")
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
