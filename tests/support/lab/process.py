"""Processes that the laboratory starts, and waiting for things with a deadline."""
import ctypes
import os
import shlex
import signal
import subprocess
import sys
import time

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_ENDING = (signal.SIGTERM, signal.SIGHUP)  # what ends a program that cleans up


class LabError(Exception):
    """Something the laboratory needs did not work. The text says what."""


def run(*argv, check=True, timeout=60, stdin=None, env=None):
    """Runs a command to its end and returns its CompletedProcess (text)."""
    done = subprocess.run([str(a) for a in argv], input=stdin, capture_output=True, text=True, timeout=timeout, env=env,
                          check=False)
    if check and done.returncode != 0:
        raise LabError(f"{shlex.join(map(str, argv))}: exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def run_group(*argv, timeout=None, grace=20, **options):
    """Runs a command in a process group of its own, with our output unless `options` say else; returns its exit code.

    When it takes too long, or we are ended meanwhile, SIGTERM goes to all of the group, and SIGKILL `grace` seconds
    later: what it started does not go on without it, and what it has at its end (a shell's trap) is done.
    """
    # A signal waits until there is something to end.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def in_child():
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _die_with_parent(signal.SIGTERM)

    try:
        process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, process_group=0, preexec_fn=in_child,
                                   **options)
    except BaseException:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        raise
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return process.wait(timeout)
    except BaseException:
        if process.returncode is None:
            _end_group(process, grace)
        raise


def _end_group(process, grace):
    """Not reaped before the last signal: until then its number is nobody else's."""
    os.killpg(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def exit_on_signals():
    """So that what stands at the end of this program is done also when it is ended by a signal."""
    for number in _ENDING:
        signal.signal(number, lambda n, _: sys.exit(128 + n))


def _die_with_parent(number):
    _libc.prctl(_PR_SET_PDEATHSIG, number)


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
                _die_with_parent(signal.SIGKILL)

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

    def stop(self, timeout=15):
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
