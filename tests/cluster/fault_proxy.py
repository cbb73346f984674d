"""Stands between a client and an API server and makes trouble, by a fixed seed.

    fault_proxy.py PORT SERVER-ADDRESS CA CERTIFICATE KEY SEED CONTROL

CONTROL is a file: {"fail": share of requests answered 429 or 500, "cut": [least, most] seconds that a watch lives or null}. It
is read for each request, so that the test can change it; SIGHUP cuts every watch that is open. Counts go to CONTROL.counts.
"""
import collections
import http.client
import http.server
import json
import os
import random
import signal
import socket
import ssl
import sys
import threading


class Counts:
    """What was done, in a file.

    requests, failed, failed-leases: while some shall fail
    opened, cut, ended: watches; `cut` by this proxy, `ended` by the server or the client
    sighup-open, sighup-cut: watches that were open at a SIGHUP, and those of them that it cut
    doomed: open watches that will be cut
    refused-401, expired: answers of the server; `expired` is 410, also inside a watch
    unreachable: no answer of the server
    """

    def __init__(self, path):
        self._path, self._counts = path, collections.Counter()
        self.lock = threading.RLock()  # a signal may come while it is held

    def add(self, name, number=1):
        with self.lock:
            self._counts[name] += number
            with open(self._path + ".new", "w") as out:
                json.dump(self._counts, out)
            os.rename(self._path + ".new", self._path)


class Watch:
    """An open watch and who ended it."""
    counts = None
    all_open = set()

    def __init__(self, link):
        self._link, self._cut, self._doomed = link, False, None
        with self.counts.lock:
            self.all_open.add(self)
            self.counts.add("opened")

    def doom(self, seconds):
        self._doomed = threading.Timer(seconds, self.cut)
        self._doomed.daemon = True
        self._doomed.start()
        self.counts.add("doomed")

    def cut(self):
        """True when it was open until now."""
        with self.counts.lock:
            if self._cut or self not in self.all_open:
                return False
            self._cut = True
        try:
            self._link.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass  # the other end was as quick; what has come is not passed on in any case
        return True

    @property
    def is_cut(self):
        return self._cut

    def over(self):
        with self.counts.lock:
            self.all_open.discard(self)
            self.counts.add("cut" if self._cut else "ended")
            if self._doomed:
                self._doomed.cancel()
                self.counts.add("doomed", -1)
        self._link.close()

    @classmethod
    def cut_all(cls, *_):
        with cls.counts.lock:
            watches = list(cls.all_open)
            cls.counts.add("sighup-open", len(watches))
            cls.counts.add("sighup-cut", sum(watch.is_cut or watch.cut() for watch in watches))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = control = counts = None
    # One each, so that how many requests fail depends on nothing but their number.
    fail_dice = cut_dice = None

    def _trouble(self):
        with open(self.control) as file:
            return json.load(file)

    def _handle(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if refusal := self._throw():
            return self._refuse(refusal)
        try:
            link = http.client.HTTPSConnection(*self.upstream[0], context=self.upstream[1], timeout=60)
            link.request(self.command, self.path, body or None,
                         {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "content-length")})
            answer = link.getresponse()
        except (OSError, http.client.HTTPException):
            self.counts.add("unreachable")
            self.close_connection = True
            return None
        if answer.status == 401:
            self.counts.add("refused-401")
        if answer.status == 410:
            self.counts.add("expired")
        watch = "watch=1" in self.path or "watch=true" in self.path
        return self._stream(answer, link) if watch and answer.status == 200 else self._pass_on(answer, link)

    def _throw(self):
        """The status to refuse this request with, or 0."""
        share = self._trouble()["fail"]
        if not share:
            return 0
        with self.counts.lock:
            self.counts.add("requests")
            fails, throttled = self.fail_dice.random() < share, self.fail_dice.random() < 0.5
            if fails:
                self.counts.add("failed")
                if "/leases" in self.path:
                    self.counts.add("failed-leases")
        return 0 if not fails else 429 if throttled else 500

    def _refuse(self, code):
        reason = {429: "TooManyRequests", 500: "InternalError"}[code]
        text = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code,
                           "message": "made by the test"}).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        if code == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _pass_on(self, answer, link):
        try:
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.counts.add("unreachable")
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        link.close()

    def _stream(self, answer, link):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        watch = Watch(link)
        # Looked at after the watch counts as open: trouble that begins meanwhile finds it, or is seen here.
        if life := self._trouble()["cut"]:
            with self.counts.lock:
                watch.doom(life[0] + self.cut_dice.random() * (life[1] - life[0]))
        try:
            self._copy(answer, watch, torn=bool(life))
        finally:
            watch.over()

    def _copy(self, answer, watch, torn):
        tail = b""
        while not watch.is_cut:
            try:
                data = answer.read1(65536)
            except (OSError, http.client.HTTPException, ValueError):
                return
            if watch.is_cut:
                return
            if not data:
                self._send(b"0\r\n\r\n")
                return
            tail += data
            if b'"reason":"Expired"' in tail:
                self.counts.add("expired")
                tail = b""
            tail = tail[-32:]
            with self.counts.lock:
                tear = torn and self.cut_dice.random() < 0.05
            if tear and watch.cut():
                data = data[:len(data) // 2]  # in the middle of an object
            if not self._send(b"%x\r\n%s\r\n" % (len(data), data)):
                return

    def _send(self, data):
        try:
            self.wfile.write(data)
            self.wfile.flush()
            return True
        except OSError:
            return False

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # a client that goes away is what this is for


def main():
    port, address, ca, certificate, key, seed, control = sys.argv[1:]
    Handler.upstream = ((address, 6443), ssl.create_default_context(cafile=ca))
    Handler.control, Handler.counts = control, Counts(control + ".counts")
    Handler.fail_dice, Handler.cut_dice = random.Random(int(seed)), random.Random(int(seed) + 1)
    Watch.counts = Handler.counts
    Handler.counts.add("requests", 0)  # the file is there when the port is
    server = Server(("127.0.0.1", int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # The handshake in the thread of its connection, so that one that stalls holds up nobody.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    signal.signal(signal.SIGHUP, Watch.cut_all)
    server.serve_forever()


if __name__ == "__main__":
    main()
