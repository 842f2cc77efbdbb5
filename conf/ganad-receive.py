#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Receives events of ganadd in format json, each once. Reports missing events and silent sensors.

    ganad-receive.py --tls 0.0.0.0:6514 --certificate server.crt --key server.key --out events.json
    ganad-receive.py --follow /var/log/ganad/alerts.json

Reads lines or length-prefixed frames (RFC 6587) from TCP, TLS and unix sockets, with or without a
syslog header (syslog = yes), or follows a file. Writes events to the standard output or appends
them to --out, one a line; reports are written to the standard error. Drops a line that a lost
connection left incomplete: ganadd sends the whole event again. Drops an event whose event_id it
remembers. While the disk is full it reads nothing, and ganadd keeps further events. Ends on SIGTERM
and SIGINT; SIGHUP reopens --out."""

import argparse
import importlib.util
import json
import os
import selectors
import signal
import socket
import ssl
import stat
import struct
import sys
import time

REPLAY_SECONDS = 60  # ganadd's replay_time
READ, TURNS = 1 << 16, 16  # bytes of a read; reads of a connection before the others are served
ENDS = {signal.SIGTERM, signal.SIGINT}
HANDSHAKE_SECONDS, QUIET_SECONDS = 10, 10
MOVED_SECONDS = 3  # ganadd checks once a second, and until then writes to a file that was moved
ID_MAX, NAME_MAX = 256, 128  # characters of an event_id and of a sensor's name
PENDING_MAX, FILE_TAIL = 1 << 20, 1 << 28  # bytes buffered for writing; read of --out at the start

sys.dont_write_bytecode = True
beside = os.path.join(os.path.dirname(os.path.realpath(__file__)), "ganad-watch.py")
spec = importlib.util.spec_from_file_location("ganad_watch", beside)
watch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(watch)


class Reports:
    """Lines on the standard error: at most one of a kind in QUIET_SECONDS, with the count."""

    def __init__(self):
        self.total, self.open, self.next = {}, {}, {}

    def write(self, text):
        print(time.strftime("%FT%TZ", time.gmtime()), text, file=sys.stderr, flush=True)

    def count(self, kind, detail=""):
        self.total[kind] = self.total.get(kind, 0) + 1
        self.open[kind] = (self.open.get(kind, (0,))[0] + 1, detail)

    def look(self, all_of_them=False):
        now = time.monotonic()
        for kind, (n, detail) in list(self.open.items()):
            if all_of_them or now >= self.next.get(kind, 0):
                self.write(f"{n} {kind}{', the last one: ' if detail else ''}{detail}")
                self.next[kind] = now + QUIET_SECONDS
                del self.open[kind]


class Seen:
    """The last n to 2 n event_ids of one sensor, in two sets; the older set is discarded."""

    def __init__(self, n):
        self.n, self.new, self.old, self.turned = n, set(), set(), None

    def add(self, name):
        """(whether it is new, whether ids were discarded that ganadd can still send again)"""
        if name in self.new:
            return False, False
        was_known, too_soon = name in self.old, False
        self.new.add(name)
        if len(self.new) >= self.n:
            now = time.monotonic()
            too_soon = bool(self.old) and now - self.turned < REPLAY_SECONDS
            self.old, self.new, self.turned = self.new, set(), now
        return not was_known, too_soon


class Events:
    """Writes the new events of all sources and drops repeats."""

    def __init__(self, out, args, reports):
        self.out, self.reports, self.remember, self.most = out, reports, args.remember, args.sensors
        self.seen, self.sensors = {}, watch.Sensors(args.sensors, sys.stderr)
        self.taken = self.repeats = 0

    def parse(self, line):
        """Returns the event, and its line without a syslog header."""
        line = line[max(line.find(b"{"), 0):] if line[:1] == b"<" else line
        event = json.loads(line)
        for key, most in (("event_id", ID_MAX), ("host", NAME_MAX), ("event_type", NAME_MAX)):
            if not isinstance(event[key], str) or not 0 < len(event[key]) <= most:
                raise ValueError(f"{key} is not a text of 1 to {most} characters")
        return event, line

    def is_new(self, event):
        seen = self.seen.pop(event["host"], None) or Seen(self.remember)
        self.seen[event["host"]] = seen
        if len(self.seen) > self.most:
            del self.seen[next(iter(self.seen))]
        is_new, too_soon = seen.add(event["event_id"])
        if too_soon:
            self.reports.count("times ids were forgotten within a minute: raise --remember, "
                               "or set rate in ganadd's output")
        return is_new

    def take(self, line, source):
        line = line.rstrip(b"\r")
        if not line.strip():
            return
        try:
            event, line = self.parse(line)
            self.sensors.take(event)
        except watch.DAMAGE as e:
            self.reports.count("lines are not events of format json", f"from {source}: {e!r:.100}")
            return
        if self.is_new(event):
            self.out.add(line.rstrip() + b"\n")
            self.taken += 1
        else:
            self.repeats += 1

    def remember_file(self, path):
        """Remembers the ids in the file, so that events are not written again after a restart."""
        with open(path, "rb") as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - FILE_TAIL))
            for line in f:
                try:
                    self.is_new(self.parse(line)[0])
                except watch.DAMAGE:
                    pass
        self.reports.total.clear()
        self.reports.open.clear()


class NotWritten(Exception):
    """Ends the program."""


class Out:
    """Writes whole lines, and retries. Nothing is read until it succeeds."""

    def __init__(self, path, reports):
        self.path, self.reports, self.lines, self.pending, self.fd = path, reports, [], 0, 1
        self.gives_up = lambda: False
        self.reopen()

    def reopen(self):
        if not self.path:
            return
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as e:
            if self.fd == 1:  # at the start
                raise
            self.reports.write(f"cannot reopen {self.path}, keeping the old file: {e.strerror}")
            return
        if stat.S_ISREG(os.fstat(fd).st_mode):
            self.cut_incomplete_line(fd)
        if self.fd != 1:
            os.close(self.fd)
        self.fd = fd

    def cut_incomplete_line(self, fd):
        size = end = os.fstat(fd).st_size
        while end > 0:
            start = max(0, end - READ)
            at = os.pread(fd, end - start, start).rfind(b"\n")
            end = start if at < 0 else start + at + 1
            if at >= 0:
                break
        if end < size:
            self.reports.write(f"{self.path}: removed an incomplete last line")
            os.ftruncate(fd, end)

    def add(self, line):
        self.lines.append(line)
        self.pending += len(line)
        if self.pending > PENDING_MAX:
            self.flush()

    def flush(self):
        data, self.lines, self.pending = memoryview(b"".join(self.lines)), [], 0
        while data:
            try:
                data = data[os.write(self.fd, data):]
            except OSError as e:
                if not self.path or self.gives_up():
                    raise NotWritten(f"{len(data)} bytes cannot be written: {e.strerror}") from None
                self.reports.count("attempts to write failed", f"{self.path}: {e.strerror}")
                self.reports.look()
                time.sleep(0.2)


class Frames:
    """Splits a stream into lines and length-prefixed frames, by the first byte of each."""

    def __init__(self, longest, reports, source):
        self.longest, self.reports, self.source, self.rest = longest, reports, source, b""
        self.skips = False

    def feed(self, more):
        """Yields whole lines and frames. ValueError: a length over the limit."""
        data, at = self.rest + more, 0
        while at < len(data):
            if not self.skips and data[at:at + 1].isdigit() and data[at:at + 1] != b"0":
                blank = data.find(b" ", at, at + 11)
                head = data[at:blank if blank >= 0 else at + 11]
                if head.isdigit() and (blank >= 0 or len(head) < 11):
                    if blank < 0:
                        break  # the length is not complete
                    if int(head) > self.longest:
                        raise ValueError(f"a frame of {int(head)} bytes, more than --longest")
                    if len(data) < blank + 1 + int(head):
                        break
                    yield data[blank + 1:blank + 1 + int(head)]
                    at = blank + 1 + int(head)
                    continue
            end = data.find(b"\n", at)
            if end < 0:
                break
            if not self.skips:
                yield data[at:end]
            self.skips, at = False, end + 1
        self.rest = data[at:]
        if len(self.rest) > self.longest + 11:
            if not self.skips:
                self.reports.count("lines are longer than --longest", f"from {self.source}")
            self.rest, self.skips = b"", True

    def end(self):
        if self.rest:
            self.reports.count("incomplete events at the end of input were dropped", self.source)


class Connection:
    def __init__(self, s, source, args, reports):
        self.socket, self.source, self.reports = s, source, reports
        self.frames, self.heard = Frames(args.longest, reports, source), time.monotonic()
        self.is_ready = not isinstance(s, ssl.SSLSocket)

    def read(self, events):
        """Returns None: wait for the socket; True: there is more to read; False: the end."""
        try:
            if not self.is_ready:
                self.socket.do_handshake()
                self.is_ready = True
            for _ in range(TURNS):
                got = self.socket.recv(READ)
                self.heard = time.monotonic()
                if not got:
                    return False
                for line in self.frames.feed(got):
                    events.take(line, self.source)
            return True
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except (OSError, ValueError) as e:
            self.reports.count("connections failed", f"{self.source}: {e}")
            return False

    def is_late(self):
        return not self.is_ready and time.monotonic() - self.heard > HANDSHAKE_SECONDS

    def close(self):
        self.frames.end()
        self.socket.close()


class Server:
    """Accepts connections. At the limit, closes one without a handshake, else the quietest."""

    def __init__(self, args, events, reports):
        self.args, self.events, self.reports = args, events, reports
        self.selector, self.connections, self.again = selectors.DefaultSelector(), {}, set()

    def listen(self, s, context):
        s.setblocking(False)
        self.selector.register(s, selectors.EVENT_READ, context)

    def accept(self, listener, context):
        try:
            s, address = listener.accept()
        except OSError:
            return
        source = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "a unix socket"
        if len(self.connections) >= self.args.connections:
            quietest = min(self.connections.values(), key=lambda c: (c.is_ready, c.heard))
            self.reports.count("connections were closed: more than --connections", quietest.source)
            self.close(quietest)
        s.setblocking(False)
        if s.family != socket.AF_UNIX:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            if context:
                s = context.wrap_socket(s, server_side=True, do_handshake_on_connect=False)
        except OSError:
            return
        self.connections[s] = Connection(s, source, self.args, self.reports)
        self.selector.register(s, selectors.EVENT_READ)

    def close(self, c):
        self.events.out.flush()  # ganadd takes a close as the receipt of everything before it
        self.selector.unregister(c.socket)
        del self.connections[c.socket]
        self.again.discard(c.socket)
        c.close()

    def reset(self):
        """Closes by a reset, which ganadd does not take as a receipt."""
        for c in self.connections.values():
            if c.socket.family != socket.AF_UNIX:
                c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.socket.close()

    def step(self, timeout):
        timeout = 0 if self.again else timeout
        ready = {key.fileobj: key.data for key, _ in self.selector.select(timeout)}
        for s, context in ready.items():
            if s not in self.connections:
                self.accept(s, context)
        for s in self.again | (ready.keys() & self.connections.keys()):
            c = self.connections.get(s)
            more = c.read(self.events) if c else None
            self.again.discard(s)
            if more:
                self.again.add(s)
            if more is False:
                self.close(c)
        for c in [c for c in self.connections.values() if c.is_late()]:
            self.reports.count("handshakes took too long", c.source)
            self.close(c)


class Follower:
    """Follows a file, also after it was moved. Rereads the end if an incomplete line vanished."""

    def __init__(self, path, args, events, reports):
        self.path, self.args, self.events, self.reports, self.f = path, args, events, reports, None
        self.moved = None  # since when the path names another file and this one has not grown
        self.open(from_start=args.from_start)

    def open(self, from_start=True):
        try:
            self.f = open(self.path, "rb", buffering=0)
        except OSError as e:
            self.reports.count("attempts to open a file failed", f"{self.path}: {e.strerror}")
            return
        self.frames = Frames(self.args.longest, self.reports, self.path)
        if not from_start:
            self.f.seek(0, os.SEEK_END)

    def step(self):
        if not self.f:
            self.open()
            return
        here, at = os.fstat(self.f.fileno()), self.f.tell()
        if here.st_size < at:
            begin = at - len(self.frames.rest)
            self.frames.rest, self.frames.skips = b"", False
            self.f.seek(begin if here.st_size >= begin else 0)
        has_grown = self.read()
        try:
            is_same = os.path.samestat(os.stat(self.path), here)
        except OSError:
            is_same = True  # moved; the new file is opened when it exists
        now = time.monotonic()
        self.moved = None if is_same else now if has_grown or self.moved is None else self.moved
        if self.moved is not None and now - self.moved >= MOVED_SECONDS:
            self.moved = None
            self.frames.end()
            self.f.close()
            self.f = None
            self.open()
            self.read()

    def read(self):
        """Returns whether the file has grown."""
        begin = self.f.tell() if self.f else 0
        while self.f:
            got = self.f.read(READ)
            if not got:
                return self.f.tell() > begin
            try:
                for line in self.frames.feed(got):
                    self.events.take(line, self.path)
            except ValueError as e:
                self.reports.count("lines are not events of format json", f"from {self.path}: {e}")
                self.frames.rest, self.frames.skips = b"", True
            self.events.out.flush()
        return False


def listen_inet(text):
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=64)


def listen_unix(path):
    if os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode):
        os.unlink(path)
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(64)
    return s


def tls_context(args):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.minimum_version = ssl.TLSVersion.TLSv1_2
    c.load_cert_chain(args.certificate, args.key)
    if args.ca:
        c.load_verify_locations(args.ca)
        c.verify_mode = ssl.CERT_REQUIRED
    return c


def arguments():
    raw = argparse.RawDescriptionHelpFormatter
    p = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    add = p.add_argument
    add("--tcp", metavar="[HOST:]PORT", help="listen by TCP; without HOST on 127.0.0.1")
    add("--tls", metavar="[HOST:]PORT", help="listen by TLS; without HOST on 127.0.0.1")
    add("--certificate", help="certificate for --tls: PEM, with its chain")
    add("--key", help="private key for --tls: PEM")
    add("--ca", help="for --tls: authorities of the sensors; without it any sensor can send")
    add("--unix", metavar="PATH", help="listen on a unix socket; an existing one is replaced")
    add("--follow", metavar="FILE", help="read a file as it grows, from its end")
    add("--from-start", action="store_true", help="with --follow: read from the start of the file")
    add("--out", metavar="FILE", help="append events to this file, not to the standard output")
    add("--remember", type=int, default=100000, metavar="N", help="ids of each sensor (100000)")
    add("--sensors", type=int, default=16, metavar="N", help="sensors monitored (16)")
    add("--connections", type=int, default=64, metavar="N", help="at a time (64)")
    add("--longest", type=int, default=65536, metavar="BYTES", help="length of an event (65536)")
    args = p.parse_args()
    if not (args.tcp or args.tls or args.unix or args.follow):
        p.error("at least one of --tcp, --tls, --unix and --follow is required")
    if bool(args.tls) != bool(args.certificate and args.key):
        p.error("--tls, --certificate and --key must be used together")
    if min(args.remember, args.sensors, args.connections, args.longest) < 1:
        p.error("numbers must be at least 1")
    return args


def make(args, reports):
    events = Events(Out(args.out, reports), args, reports)
    if args.out and os.path.isfile(args.out):
        events.remember_file(args.out)
    server = Server(args, events, reports)
    if args.tcp:
        server.listen(listen_inet(args.tcp), None)
    if args.tls:
        server.listen(listen_inet(args.tls), tls_context(args))
    if args.unix:
        server.listen(listen_unix(args.unix), None)
    return events, server, Follower(args.follow, args, events, reports) if args.follow else None


def run(events, server, follower, reports, asked):
    while not asked & ENDS:
        server.step(0.2)
        if follower:
            follower.step()
        events.out.flush()
        events.sensors.look()
        reports.look()
        if signal.SIGHUP in asked:
            asked.discard(signal.SIGHUP)
            events.out.reopen()


def main():
    args, reports, asked = arguments(), Reports(), set()
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, lambda number, frame: asked.add(number))
    try:
        events, server, follower = make(args, reports)
    except (OSError, ssl.SSLError, ValueError, OverflowError) as e:
        raise SystemExit(f"cannot start: {e}") from None
    events.out.gives_up = lambda: asked & ENDS
    reports.write("ready")
    try:
        run(events, server, follower, reports, asked)
    except NotWritten as e:
        server.reset()
        raise SystemExit(str(e)) from None
    reports.look(all_of_them=True)
    reports.write(f"ends: {events.taken} events, {events.repeats} repeats dropped" +
                  "".join(f", {n} {kind}" for kind, n in reports.total.items()))


if __name__ == "__main__":
    main()
