# SPDX-License-Identifier: Apache-2.0
"""Shared by the system tests: the real programs in a temporary directory, and a client of the
protocol in Python."""

import argparse
import atexit
import functools
import glob
import gzip
import importlib
import itertools
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SKIP = 77
DATA_ROWS = 494021  # in the 10 % set
SCORE_REQUEST, PACKED_REQUEST, CONTROL_REQUEST = 1, 2, 3
SCORE_REPLY, ERROR_REPLY, STATUS_REPLY, EVENT = 129, 130, 131, 132
BAD_FRAME, BAD_MESSAGE, BAD_RECORD, UNKNOWN_MODEL, BUSY, TIMEOUT, SHUTTING_DOWN = range(1, 8)

# Programs under a sanitizer or valgrind are slower: the time limits of the tests are multiplied.
SLOW = float(os.environ.get("GANAD_TEST_SLOW", "1"))

# In a build with sanitizers any report ends the program, with an exit code that no test accepts as
# success.
for tool in ("ASAN", "UBSAN", "TSAN"):
    os.environ.setdefault(tool + "_OPTIONS", "halt_on_error=1:abort_on_error=1:print_stacktrace=1")

args = None
pb = None  # the messages of proto/ganad.proto


def main():
    """Runs the tests of the calling module."""
    unittest.main(module="__main__", argv=[sys.argv[0]] + parse(sys.argv[1:]), verbosity=2)


def parse(argv):
    """Parses our options; returns the others."""
    global args, pb
    p = argparse.ArgumentParser()
    p.add_argument("--ganadd")
    p.add_argument("--ganadctl")
    p.add_argument("--random-checkpoint",
                   help="the program that makes a checkpoint without training")
    p.add_argument("--train", help="the program ganad-train")
    p.add_argument("--traffic", help="the program ganad-traffic")
    p.add_argument("--flip-signed", help="the program that changes bytes of a signed file")
    p.add_argument("--shim", help="the library that makes an allocation fail")
    p.add_argument("--source", required=True)
    p.add_argument("--long", action="store_true", help="all records, not a slice")
    args, rest = p.parse_known_args(argv)
    args.source = os.path.abspath(args.source)
    subprocess.run(["protoc", "--proto_path=" + os.path.join(args.source, "proto"),
                    "--python_out=" + scratch(),
                    "ganad.proto"], check=True)
    sys.path.insert(0, scratch())
    pb = importlib.import_module("ganad_pb2")
    return rest


def skip(why):
    print("skipped:", why)
    sys.exit(SKIP)


def data_file():
    """The 10 % set of KDD99, or None."""
    directory = os.environ.get("GANAD_DATA") or os.path.join(args.source, "..", "shared", "data")
    path = os.path.join(directory, "kdd99", "kddcup.data_10_percent.gz")
    return path if os.path.exists(path) else None


def data_lines(n):
    """n lines as bytes: real ones from the whole file and shuffled, since it is sorted by attack;
    else synthetic ones."""
    path = data_file()
    if not path:
        return synthetic_lines(n)
    with gzip.open(path) as f:
        lines = list(itertools.islice(f, 0, None, max(1, DATA_ROWS // n)))[:n]
    random.Random(n).shuffle(lines)
    return lines


@functools.lru_cache(None)
def synthetic_lines(n):
    """n records of synthetic traffic, sessions and every attack mixed, all with the label of a
    normal one."""
    traffic = args.traffic or os.path.join(os.path.dirname(args.ganadctl), "..", "ganad-traffic",
                                           "ganad-traffic")
    capture = os.path.join(scratch(), "synthetic.pcap")
    subprocess.run([traffic, "--quiet", "--sessions", str(max(n, 500)), "--attacks", capture],
                   check=True)
    lines = subprocess.run([args.ganadctl, "extract", "--out", "-", capture], check=True,
                           stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL).stdout.splitlines()
    os.unlink(capture)
    return [line + b",normal.\n" for line in random.Random(n).sample(lines, n)]


@functools.lru_cache(None)
def checkpoint(model="egbad"):
    """A complete checkpoint with random weights, for tests only."""
    directory = scratch()
    records, path = os.path.join(directory, "calibration"), os.path.join(directory, model + ".ckpt")
    with open(records, "wb") as f:
        f.writelines(data_lines(2000))
    subprocess.run([args.random_checkpoint, model, "1", records, path], check=True)
    return path


def trained():
    """The shipped checkpoints, once they exist."""
    return sorted(glob.glob(os.path.join(args.source, "models", "default", "*.ckpt")))


@functools.lru_cache(None)
def scratch():
    """A directory that exists while the program runs. A separate process removes it if the program
    was killed. Not a TemporaryDirectory: from Python 3.13 on a forked child of multiprocessing
    drops the exit handlers, and with them the last reference, which would remove it under its
    parent."""
    d = tempfile.mkdtemp(prefix="ganad-")
    os.chmod(d, 0o711)  # some tests run as other users
    end, held = os.pipe()  # held only by this program, until it ends
    if os.fork() == 0:
        os.setsid()  # not reached by a signal to the test's process group
        os.dup2(end, 0)
        os.closerange(1, 256)
        while os.read(0, 1):
            pass
        shutil.rmtree(d, ignore_errors=True)
        os._exit(0)
    os.close(end)
    atexit.register(shutil.rmtree, d, ignore_errors=True)
    return d


def keep_temporary_files_together():
    """Files that the tests and their programs put into the directory for temporary files are
    removed with the test."""
    os.environ["TMPDIR"] = tempfile.tempdir = scratch()


keep_temporary_files_together()


def wait_for(condition, seconds, what):
    """Waits until condition() is true and returns its value.
    @what: what is waited for; a text, or a function that returns one."""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what() if callable(what) else what}: not within "
                                 f"{seconds * SLOW:g} s")
        time.sleep(0.01)


# Each anomalous record is an alert, and no other event is sent.
EACH_ALERT = {"rollup": "0s", "rate": "0", "heartbeat": "0s", "stats": "0s"}
ALERTS_FILE = {"file": {"type": "file", "to": "{dir}/alerts"}}


class Daemon:
    """A ganadd in its own directory, {dir} in values. Sections of its configuration are keywords:
    scoring={"idle_timeout": "1s"}, models={"name": {"checkpoint": "file"}}, outputs=ALERTS_FILE."""

    def __init__(self, start=True, models=None, captures=None, outputs=None, clients=None,
                 stdout=subprocess.DEVNULL, **sections):
        self.tmp = tempfile.TemporaryDirectory(prefix="ganad-")
        self.dir = self.tmp.name
        self.scoring, self.control = self.path("scoring.sock"), self.path("control.sock")
        conf = {"ganadd": {"log_level": "info"}, "scoring": {"unix": self.scoring},
                "control": {"unix": self.control}, "metrics": {}, "trust": {},
                "alerts": dict(EACH_ALERT), "drift": {}, "budget": {},
                "records": {}, "learning": {}, "evidence": {},
                "spool": {"directory": self.path("spool")}}
        for name, keys in sections.items():
            conf[name].update(keys)
        for name, keys in (models or {"random": {"checkpoint": checkpoint()}}).items():
            conf["model " + name] = keys
        self.conf = self.path("ganadd.conf")
        for name, keys in (captures or {}).items():
            conf["capture " + name] = keys
        for name, keys in (outputs or {}).items():
            conf["output " + name] = keys
        for name, keys in (clients or {}).items():
            conf["client " + name] = keys
        with open(self.conf, "w") as f:
            for section, keys in conf.items():
                f.write(f"[{section}]\n" + 
                        "".join(f"{k} = {v}\n" for k, v in keys.items()).replace("{dir}", self.dir))
        self.log = open(self.path("log"), "w+")
        self.process = None
        if start:
            self.start(stdout)

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, stdout=subprocess.DEVNULL):
        self.process = subprocess.Popen([args.ganadd, "-c", self.conf], stdout=stdout,
                                        stderr=self.log)
        wait_for(self.answers, 30, "ganadd serves")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ganadd ended with {self.process.returncode}:\n{self.read_log()}")
        try:
            self.status()  # a listening socket is not enough: what opens after it must be open, too
            return True
        except (OSError, Closed, AssertionError):
            return False

    def read_log(self):
        with open(self.path("log")) as f:
            return f.read()

    def rss(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))

    def status(self):
        with Conn(self.control) as c:
            c.send(CONTROL_REQUEST, pb.ControlRequest(command=pb.ControlRequest.STATUS))
            return c.answer(STATUS_REPLY)

    def counter(self, name):
        return next(c.value for c in self.status().counter if c.name == name)

    def stop(self, seconds=30):
        """Sends SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds * SLOW)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.tmp.cleanup()

    def ctl(self, *arguments, control=False, **kw):
        return ctl("-s", self.control if control else self.scoring, *arguments, **kw)


def events(path):
    """The events of a file that may still be written: whole lines only. Reading it by line can
    return an unfinished line, and then its end as a line of its own."""
    with open(path, "rb") as f:
        return [json.loads(line) for line in f.read().split(b"\n")[:-1]]


def ctl(*arguments, **kw):
    kw.setdefault("timeout", 120 * SLOW)
    return subprocess.run([args.ganadctl, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **kw)


def bits(x):
    """The bits of a float32."""
    return struct.unpack("<I", struct.pack("<f", float(x)))[0]


def frame(kind, message):
    body = message if isinstance(message, bytes) else message.SerializeToString()
    return struct.pack(">IB", len(body) + 1, kind) + body


class Closed(Exception):
    pass


class Conn:
    """A blocking connection with a timeout, so that no test hangs."""

    def __init__(self, path, timeout=20):
        self.s = socket.socket(socket.AF_UNIX)
        self.buf = b""
        try:
            self.s.connect(path)  # without a timeout, which would not wait for space in the backlog
        except OSError:
            self.s.close()
            raise
        self.s.settimeout(timeout * SLOW)

    @classmethod
    def tls(cls, port, context, timeout=20, source="127.0.0.1"):
        """A connection to [scoring] tls on 127.0.0.1, whose certificate is for localhost."""
        self = cls.__new__(cls)
        self.buf = b""
        s = socket.create_connection(("127.0.0.1", port), timeout * SLOW, (source, 0))
        try:
            self.s = context.wrap_socket(s, server_hostname="localhost")
        except OSError:
            s.close()
            raise
        return self

    def send(self, kind, message):
        self.s.sendall(frame(kind, message))

    def frame(self):
        """Returns (kind, bytes) of the next frame; raises Closed at a clean end."""
        while len(self.buf) < 4 or len(self.buf) < 4 + int.from_bytes(self.buf[:4], "big"):
            got = self.s.recv(1 << 20)
            if not got:
                raise Closed(f"{len(self.buf)} bytes left over") if self.buf else Closed()
            self.buf += got
        end = 4 + int.from_bytes(self.buf[:4], "big")
        kind, body, self.buf = self.buf[4], self.buf[5:end], self.buf[end:]
        return kind, body

    def answer(self, want=SCORE_REPLY):
        kind, body = self.frame()
        message = {SCORE_REPLY: pb.ScoreReply, ERROR_REPLY: pb.ErrorReply,
                   STATUS_REPLY: pb.StatusReply,
                   EVENT: pb.Event}[kind].FromString(body)
        if kind != want:
            raise AssertionError(f"kind {kind}, expected {want}: {message}")
        return message

    def error(self):
        return self.answer(ERROR_REPLY)

    def is_closed(self):
        """Waits until the peer closes; any other data is an error."""
        try:
            kind, body = self.frame()
        except (Closed, ConnectionResetError):
            return True
        raise AssertionError(f"a frame of kind {kind} before the end: {body[:80]}")

    def close(self):
        self.s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def record(line):
    """The Record of a line of KDD99."""
    cells = line.decode().split(",")[:41]
    r = pb.Record()
    for field, cell in zip(pb.Record.DESCRIPTOR.fields[:41], cells):
        if field.type == field.TYPE_STRING:
            setattr(r, field.name, cell)
        elif field.type == field.TYPE_FLOAT:
            setattr(r, field.name, float(cell))
        else:
            setattr(r, field.name, int(cell))
    return r


def request(records, id=1, **options):
    m = pb.ScoreRequest(id=id, record=records)
    for k, v in options.items():
        setattr(m.options, k, v)
    return m
