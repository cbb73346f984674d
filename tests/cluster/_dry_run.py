"""What a real API server says of thousands of objects, by server-side dry run."""
import ctypes
import http.client
import json
import os
import queue
import re
import ssl
import threading

from apiserver import LabError

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _enter(netns):
    """Moves this thread, and no other, into a network namespace."""
    with open(f"/run/netns/{netns}") as namespace:
        if _libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            raise LabError(f"cannot enter {netns}: {os.strerror(ctypes.get_errno())}")


class Verdict:
    """Accepted, or refused because of some fields."""

    def __init__(self, code, status):
        self.accepted = code == 201
        self.code = code
        self.message = status.get("message", "")
        causes = status.get("details", {}).get("causes", [])
        self.fields = {cause.get("field", "") for cause in causes} - {"", "<nil>"}
        # Those that do not exist, which the message alone names.
        self.unknown = set(re.findall(r'unknown field "([^"]+)"', self.message)) if code == 400 else set()


class _Batch:
    """The verdicts of one list of objects, filled by all connections."""

    def __init__(self, size):
        self.verdicts, self.done = [None] * size, threading.Event()
        self._left, self._lock = size, threading.Lock()
        if size == 0:
            self.done.set()

    def put(self, i, verdict):
        self.verdicts[i] = verdict
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.done.set()


class DryRun:
    """Connections that stay open, each with a thread in the server's network namespace."""

    def __init__(self, server, plurals, connections=6):
        certificate, key = server.pki.issue("parity", "parity", "system:masters")
        self._tls = ssl.create_default_context(cafile=server.pki.ca)
        self._tls.load_cert_chain(certificate, key)
        self._netns, self._plurals = server.netns, plurals
        self._work = queue.Queue()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(connections)]
        for thread in self._threads:
            thread.start()

    def close(self):
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join(30)

    def ask(self, objects):
        """Their verdicts, in their order."""
        batch = _Batch(len(objects))
        for i, one in enumerate(objects):
            self._work.put((batch, i, one))
        if not batch.done.wait(600):
            raise LabError(f"{batch.verdicts.count(None)} objects without an answer after 600 s")
        for verdict in batch.verdicts:
            if isinstance(verdict, Exception):
                raise LabError(f"dry run: {verdict!r}")
        return batch.verdicts

    def _run(self):
        _enter(self._netns)
        connection = http.client.HTTPSConnection("127.0.0.1", 6443, context=self._tls, timeout=60)
        while (task := self._work.get()) is not None:
            batch, i, one = task
            try:
                try:
                    verdict = self._post(connection, one)
                except http.client.RemoteDisconnected:  # by a server that closes what was idle for long
                    connection.close()
                    verdict = self._post(connection, one)
                batch.put(i, verdict)
            except (OSError, http.client.HTTPException, LabError) as reason:
                connection.close()  # opens again by itself
                batch.put(i, reason)
        connection.close()

    def _post(self, connection, one):
        path = f"/apis/hawser.dev/v1alpha1/namespaces/default/{self._plurals[one['kind']]}?dryRun=All&fieldValidation=Strict"
        connection.request("POST", path, json.dumps(one), {"Content-Type": "application/json"})
        response = connection.getresponse()
        status = json.loads(response.read())
        if response.status not in (201, 400, 422):
            raise LabError(f"{response.status} to {one}: {status.get('message')}")
        return Verdict(response.status, status)
