"""Processes that the laboratory starts, and waiting for things with a deadline."""
import ctypes
import os
import shlex
import signal
import subprocess
import time

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class LabError(Exception):
    """Something the laboratory needs did not work. The text says what."""


def run(*argv, check=True, timeout=60, stdin=None, env=None):
    """Runs a command to its end and returns its CompletedProcess (text)."""
    done = subprocess.run([str(a) for a in argv], input=stdin, capture_output=True, text=True, timeout=timeout, env=env,
                          check=False)
    if check and done.returncode != 0:
        raise LabError(f"{shlex.join(map(str, argv))}: exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def wait_until(what, probe, timeout, interval=0.05):
    """Calls probe until it returns something true, and returns that. LabError after `timeout` seconds.

    `what` may be a function: it is called for the message, so that it can show what was last seen.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise LabError(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(interval)


class Process:
    """A process with its output in a file. It dies with its parent unless `keep`."""

    def __init__(self, argv, log, env=None, keep=False, netns=None, cwd=None):
        self.argv = [str(a) for a in argv]
        self.log = str(log)
        if netns:
            self.argv = ["nsenter", f"--net=/run/netns/{netns}", "--", *self.argv]

        def in_child():
            if not keep:
                _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

        with open(self.log, "ab") as output:
            self._popen = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                           env={**os.environ, **(env or {})}, cwd=cwd, start_new_session=True,
                                           preexec_fn=in_child)

    @property
    def pid(self):
        return self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def exit_code(self):
        return self._popen.poll()

    def signal(self, number):
        if self.running():
            os.kill(self.pid, number)

    def kill(self):
        """kill -9, and reaps it."""
        self.signal(signal.SIGKILL)
        self._popen.wait(10)

    def stop(self, timeout=6):
        """SIGTERM, then SIGKILL when it does not go. Returns the exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._popen.returncode

    def wait(self, timeout):
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired as late:
            raise LabError(f"{shlex.join(self.argv)} did not end within {timeout:g} s") from late

    def output(self):
        with open(self.log, errors="replace") as text:
            return text.read()

    def tail(self, lines=15):
        return "\n".join(self.output().splitlines()[-lines:])
