"""Numbered packets in both directions between two hosts, and what became of them.

As a program (one in each host): once DIR/go is there sends one numbered UDP packet every 1/RATE s, and notes each packet
sent and received, with the machine's monotonic clock, in DIR/NAME.sent and DIR/NAME.received.
"""
import os
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

from .process import LabError, Process, wait_until

_RECORD = struct.Struct("!Qd")  # number, time
_PORT = 7001
_SIZE = 200                     # octets of payload
_GO = "go"                      # this file in DIR: both ends listen
_CATCH_UP = 0.4                 # seconds of a pause that are made up for: a burst that any queue holds
_PATIENCE = 4                   # seconds more for stragglers: a packet that is late is not lost


@dataclass
class Direction:
    """What became of the packets that were sent one way within a window of time."""
    name: str
    sent: int = 0
    received: int = 0
    duplicated: int = 0
    reordered: int = 0
    longest_gap: float = 0.0    # seconds between two arrivals

    @property
    def lost(self):
        return self.sent - self.received

    def __str__(self):
        return (f"{self.name}: {self.sent} sent, {self.lost} lost, {self.duplicated} duplicated, "
                f"{self.reordered} reordered, longest gap {self.longest_gap * 1000:.0f} ms")


@dataclass
class Count:
    directions: list = field(default_factory=list)

    @property
    def lost(self):
        return sum(d.lost for d in self.directions)

    @property
    def longest_gap(self):
        return max(d.longest_gap for d in self.directions)

    @property
    def clean(self):
        """Every packet sent arrived, and there were some."""
        return all(d.sent > 0 and d.lost == 0 for d in self.directions)

    def __str__(self):
        return "; ".join(map(str, self.directions))


def _read(path):
    with open(path, "rb") as records:
        data = records.read()
    whole = len(data) - len(data) % _RECORD.size
    return list(_RECORD.iter_unpack(data[:whole]))


def _judge(name, sent, received, start, end):
    wanted = {number: at for number, at in sent if start <= at < end}
    result = Direction(name, sent=len(wanted))
    seen, highest, last = set(), -1, min(wanted.values(), default=start)
    for number, at in received:
        if number not in wanted:
            continue
        if number in seen:
            result.duplicated += 1
            continue
        seen.add(number)
        if number < highest:
            result.reordered += 1
        highest = max(highest, number)
        result.longest_gap = max(result.longest_gap, at - last)
        last = at
    result.received = len(seen)
    if len(seen) < len(wanted):
        result.longest_gap = max(result.longest_gap, end - last)
    return result


class NumberedStream:
    """At least `rate` packets a second each way between the hosts of two sites."""

    def __init__(self, lab, rate=200, tag="stream"):
        self._lab = lab
        self._folder = lab.path(tag)
        os.makedirs(self._folder)
        # Two processes and a scheduler: aim above what is asked for.
        self._ends = [(lab.left, lab.right), (lab.right, lab.left)]
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self._processes = [
            Process(["/usr/bin/python3", "-m", "lab.traffic", self._folder, here.label, here.host_address,
                     there.host_address, str(rate)], os.path.join(self._folder, f"{here.label}.log"),
                    netns=here.host.name, cwd=package) for here, there in self._ends]
        wait_until("both ends of the numbered stream to listen", lambda: all(
            os.path.exists(self._path(here, "received")) for here, _ in self._ends), 30, 0.01)
        with open(os.path.join(self._folder, _GO), "w", encoding="ascii"):
            pass
        wait_until("the numbered stream to start", lambda: all(
            os.path.exists(self._path(here, "sent")) and os.path.getsize(self._path(here, "sent")) for here, _ in self._ends),
            15, 0.01)
        self.started = min(_read(self._path(here, "sent"))[0][1] for here, _ in self._ends)

    def _path(self, site, kind):
        return os.path.join(self._folder, f"{site.label}.{kind}")

    def drop_one(self):
        """Drops exactly one packet on its way into the right host: a check of whoever counts."""
        self._lab.right.host.nft(f"""table ip control {{
            chain input {{
                type filter hook input priority filter;
                udp dport {_PORT} limit rate 1/day burst 1 packets counter drop
            }}
        }}""")
        wait_until("a packet to be dropped on purpose", lambda: "packets 1" in self._lab.right.host.exec(
            "nft", "list", "table", "ip", "control").stdout, 5)
        self._lab.right.host.nft("delete table ip control")

    def count(self, start=None, end=None, settle=1.0):
        """Judges the packets sent between two moments (time.monotonic()): all until now by default.

        Waits `settle` seconds after `end` for stragglers, and longer while some are missing.
        """
        for process in self._processes:
            if not process.running():
                raise LabError(f"the numbered stream ended: {process.tail()}")
        end = time.monotonic() if end is None else end
        time.sleep(max(0.0, end + settle - time.monotonic()))
        while True:
            count = self._count(self.started if start is None else start, end)
            if count.clean or time.monotonic() > end + settle + _PATIENCE:
                return count
            time.sleep(0.1)

    def _count(self, start, end):
        return Count([_judge(f"{here.label} to {there.label}", _read(self._path(here, "sent")),
                             _read(self._path(there, "received")), start, end) for here, there in self._ends])

    def missing(self, start, end):
        """(direction, number, when it was sent) of each packet of a window that has not arrived."""
        return [(f"{here.label} to {there.label}", number, at) for here, there in self._ends
                for arrived in [{number for number, _ in _read(self._path(there, "received"))}]
                for number, at in _read(self._path(here, "sent")) if start <= at < end and number not in arrived]

    def flowing(self, within=0.5):
        """Packets that were sent in the last moments arrived, both ways."""
        now = time.monotonic()
        return all(d.received > 0 for d in self._count(now - within, now).directions)

    def rate(self, start, end):
        """Packets a second that were really sent, the slower direction."""
        return min(d.sent for d in self._count(start, end).directions) / (end - start)

    def stop(self):
        """Ends it; the count of everything. `seconds` says how long it ran."""
        end = time.monotonic()
        self.seconds = end - self.started
        time.sleep(0.5)
        for process in self._processes:
            process.stop(2)
        return self._count(self.started, end)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._processes:
            process.kill()


def _main(folder, name, here, there, rate):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((here, _PORT))
    sock.setblocking(False)
    interval = 1 / float(rate)
    padding = bytes(_SIZE - 8)
    with open(os.path.join(folder, f"{name}.received"), "wb", 0) as received, \
            open(os.path.join(folder, f"{name}.sent"), "wb", 0) as sent:
        while not os.path.exists(os.path.join(folder, _GO)):
            time.sleep(0.005)
        number, due = 0, time.monotonic()
        while True:
            ready, _, _ = select.select([sock], [], [], max(0.0, due - time.monotonic()))
            while ready:
                try:
                    data = sock.recv(2048)
                except (BlockingIOError, OSError):
                    break
                received.write(_RECORD.pack(int.from_bytes(data[:8], "big"), time.monotonic()))
            now = time.monotonic()
            if now >= due:
                try:
                    sock.sendto(number.to_bytes(8, "big") + padding, (there, _PORT))
                except OSError:
                    pass  # no route at this moment: sent as far as the count is concerned
                sent.write(_RECORD.pack(number, now))
                number += 1
                due = max(due + interval, now - _CATCH_UP)


if __name__ == "__main__":
    _main(*sys.argv[1:])
