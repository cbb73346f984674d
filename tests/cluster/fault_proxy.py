"""Stands between a client and an API server and makes trouble, by a fixed seed.

    fault_proxy.py PORT SERVER-ADDRESS CA CERTIFICATE KEY SEED CONTROL

CONTROL is a file: {"fail": share of requests answered 429 or 500, "cut": [least, most] seconds that a watch lives or null}. It
is read for each request, so that the test can change it; SIGHUP cuts every watch that is open. Counts go to CONTROL.counts.
"""
import http.client
import http.server
import json
import random
import signal
import socket
import ssl
import sys
import threading

_lock = threading.Lock()
_counts = {"requests": 0, "failed": 0, "watches": 0, "cut": 0, "unreachable": 0}


def _count(name, control):
    with _lock:
        _counts[name] += 1
        with open(control + ".counts", "w") as out:
            json.dump(_counts, out)


_watches = set()


def _cut_all(*_):
    for link in list(_watches):
        _watches.discard(link)
        _shut(link)


def _shut(link):
    try:
        link.sock.shutdown(socket.SHUT_RDWR)
    except (OSError, AttributeError):
        pass  # it ended by itself


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = control = dice = None

    def _handle(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with open(self.control) as file:
            control = json.load(file)
        watch = "watch=1" in self.path or "watch=true" in self.path
        _count("requests", self.control)
        with _lock:
            fails, throttled, life = self.dice.random() < control["fail"], self.dice.random() < 0.5, self.dice.random()
        if fails:
            _count("failed", self.control)
            return self._refuse(429 if throttled else 500)
        try:
            link = http.client.HTTPSConnection(*self.upstream[0], context=self.upstream[1], timeout=60)
            link.request(self.command, self.path, body or None,
                         {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "content-length")})
            answer = link.getresponse()
        except (OSError, http.client.HTTPException):
            _count("unreachable", self.control)
            self.close_connection = True
            return None
        if not watch or answer.status != 200:
            return self._pass_on(answer, link)
        _count("watches", self.control)
        cut = control["cut"]
        return self._stream(answer, link, None if cut is None else cut[0] + life * (cut[1] - cut[0]))

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
        text = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        link.close()

    def _stream(self, answer, link, life):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        with _lock:
            _watches.add(link)
        timer = life and threading.Timer(life, lambda: _shut(link))
        if timer:
            timer.start()
        cut = False
        while not cut:
            try:
                data = answer.read1(65536)
            except (OSError, http.client.HTTPException, ValueError):
                data = b""
            if not data:
                break
            with _lock:
                cut = life is not None and self.dice.random() < 0.05
            data = data[:len(data) // 2] if cut else data  # in the middle of an object
            try:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
            except OSError:
                break
        with _lock:
            was_cut = life is not None or link not in _watches
            _watches.discard(link)
        if timer:
            timer.cancel()
        if was_cut:
            _count("cut", self.control)
        link.close()

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
    Handler.control, Handler.dice = control, random.Random(int(seed))
    server = Server(("127.0.0.1", int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # The handshake in the thread of its connection, so that one that stalls holds up nobody.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    signal.signal(signal.SIGHUP, _cut_all)
    server.serve_forever()


if __name__ == "__main__":
    main()
