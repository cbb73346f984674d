"""Named cases of a scenario: each passes or fails, is printed, and is counted by tests/run.sh."""
import contextlib
import json
import os
import sys
import time
import traceback

from .process import LabError


class Cases:
    """The cases of one test program.

        cases = Cases("seed")
        with cases.case("create with the sample policy: Connected"):
            ...                       # raises: failed; and the scenario goes on with the next case
        sys.exit(cases.finish())
    """

    def __init__(self, title):
        self.title, self.passed, self.failed = title, 0, []
        self._started = time.monotonic()

    @contextlib.contextmanager
    def case(self, sentence):
        started = time.monotonic()
        try:
            yield
        except (LabError, AssertionError) as reason:
            self.fail(sentence, str(reason) or _where(), started)
        except Exception:  # a mistake in the test itself fails the case, not the whole program
            self.fail(sentence, traceback.format_exc(limit=-4), started)
        else:
            self.passed += 1
            print(f"  ok    {sentence} ({time.monotonic() - started:.1f} s)", flush=True)

    def fail(self, sentence, reason, started=None):
        self.failed.append(sentence)
        spent = f" ({time.monotonic() - started:.1f} s)" if started else ""
        print(f"  FAIL  {sentence}{spent}\n        " + reason.strip().replace("\n", "\n        "), flush=True)

    @staticmethod
    def note(text):
        print("        " + text.replace("\n", "\n        "), flush=True)

    def finish(self):
        """Prints the count and returns the exit code: 0 only when something ran and nothing failed."""
        print(f"{self.title}: {self.passed} passed, {len(self.failed)} failed, "
              f"{time.monotonic() - self._started:.0f} s", flush=True)
        results = os.environ.get("HAWSER_TEST_RESULTS")
        if results:
            with open(results, "a") as out:
                out.write(json.dumps({"title": self.title, "passed": self.passed, "failed": self.failed}) + "\n")
        return 0 if self.passed and not self.failed else 1


def _where():
    frame = traceback.extract_tb(sys.exc_info()[2])[-1]
    return f"{os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}"


def expect_equal(what, have, want):
    """Fails with what is there and what should be."""
    if have != want:
        raise LabError(f"{what}: have {have!r}, want {want!r}")


def expect(what, truth):
    if not truth:
        raise LabError(what)
