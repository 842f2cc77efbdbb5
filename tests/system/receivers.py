# SPDX-License-Identifier: Apache-2.0
"""Receivers for the tests of the feed: rsyslog by TCP and TLS, a plain reader of a unix socket, and
certificates for them. A proxy in front of each simulates network faults."""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import ganad

MODEL = {"threshold": "-1e30", "top_features": "1"}  # every record is anomalous
RSYSLOG_DRIVERS = "/usr/lib/x86_64-linux-gnu/rsyslog"


def model(**more):
    return {"m": {"checkpoint": ganad.checkpoint(), **MODEL, **more}}


def have(program):
    return find(program) is not None


def rsyslog_is_there(tls=False):
    return bool(find("rsyslogd")) and (
        not tls or os.path.exists(os.path.join(RSYSLOG_DRIVERS, "lmnsd_ossl.so")))


def find(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# --- certificates ---

class Authority:
    """A certificate authority in a directory, and the certificates that it signs."""

    def __init__(self, directory, name="ca"):
        self.directory, self.name = directory, name
        self.ca = self.path(name + ".pem")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-days", "30",
                 "-keyout", self.path(name + ".key"), "-out", self.ca, "-subj",
                 f"/CN=ganad test {name}")

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def sign(self, name, host="localhost", days=30, san=None):
        """The files of a certificate and its key.
        @san: its names as OpenSSL writes them, in place of @host; "": a common name alone"""
        key, request, cert, more = (self.path(f"{self.name}-{name}.{x}")
                                    for x in ("key", "csr", "crt", "ext"))
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                 key, "-out", request,
                 "-subj", f"/CN={name}")
        with open(more, "w") as f:
            if san is None:
                san = f"{'IP' if host[0].isdigit() else 'DNS'}:{host}"
            f.write(f"subjectAltName={san}\n" if san else "basicConstraints=CA:FALSE\n")
        dates = ["-days", str(days)] if days > 0 else ["-not_before", "20200101000000Z",
                                                       "-not_after", "20200102000000Z"]
        if days > 0:
            self.run("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey",
                     self.path(self.name + ".key"),
                     "-CAcreateserial", "-out", cert, "-extfile", more, *dates)
        else:
            self.sign_expired(request, cert, more)
        return cert, key

    def sign_expired(self, request, cert, more):
        """The x509 of OpenSSL 3.0 cannot set a start in the past; ca can."""
        db, conf = self.path("db"), self.path("ca.cnf")
        os.makedirs(db, exist_ok=True)
        for name, text in (("index.txt", ""), ("serial", "01\n")):
            with open(os.path.join(db, name), "w") as f:
                f.write(text)
        with open(conf, "w") as f:
            f.write(f"[ca]\ndefault_ca = x\n[x]\ndatabase = {db}/index.txt\n"
                    f"serial = {db}/serial\nnew_certs_dir = {db}\n"
                    f"default_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n")
        self.run("ca", "-batch", "-config", conf, "-in", request, "-out", cert, "-cert", self.ca,
                 "-keyfile",
                 self.path(self.name + ".key"), "-startdate", "20200101000000Z", "-enddate",
                 "20200102000000Z", "-extfile",
                 more, "-notext")


# --- receivers; each writes what it receives to a file ---

class Receiver:
    process = None

    def start(self):
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=self.log)
        ganad.wait_for(self.serves, 20, f"{self.command()[0]} serves")

    def serves(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.command()} ended with {self.process.returncode}")
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def connect(self):
        if isinstance(self.address, str):
            s = socket.socket(socket.AF_UNIX)
            s.connect(self.address)
            return s
        return socket.create_connection(self.address, 5)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=30):
        """Stops in order: everything that was received is in the file."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(seconds * ganad.SLOW)

    def seqs(self):
        """Sequence numbers of the events in the file, in its order."""
        found = re.compile(rb'(?:"seq":|seq=")(\d+)')
        with open(self.file, "rb") as f:
            for line in f:
                m = found.search(line)
                if m and line.endswith(b"\n"):
                    yield int(m.group(1))


class Rsyslog(Receiver):
    """rsyslogd with default settings, on a TCP port, with TLS if it has a certificate."""

    def __init__(self, directory, name, tls=None):
        self.file = os.path.join(directory, name + ".log")
        self.address = ("127.0.0.1", free_port())
        self.log = open(os.path.join(directory, name + ".err"), "w+")
        self.conf = os.path.join(directory, name + ".conf")
        self.pid = os.path.join(directory, name + ".pid")
        open(self.file, "w").close()
        driver = ""
        if tls:
            ca, (cert, key) = tls
            driver = ('StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"')
            top = (f'global(DefaultNetstreamDriverCAFile="{ca}" '
                   f'DefaultNetstreamDriverCertFile="{cert}" '
                   f'DefaultNetstreamDriverKeyFile="{key}")\n')
        with open(self.conf, "w") as f:
            f.write((top if tls else "") +
                    f'global(workDirectory="{directory}" maxMessageSize="64k")\n'
                    f'module(load="imtcp" {driver})\n'
                    f'input(type="imtcp" port="{self.address[1]}" address="127.0.0.1")\n'
                    'template(name="raw" type="string" string="%rawmsg%\\n")\n'
                    f'*.* action(type="omfile" file="{self.file}" template="raw")\n')

    def command(self):
        return [find("rsyslogd"), "-n", "-f", self.conf, "-i", self.pid, "-C"]

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.pid)
        super().start()


READER = r"""
import os, select, socket, sys
path, file = sys.argv[1:]
try:
    os.unlink(path)
except FileNotFoundError:
    pass
out = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(16)
rest = {}
while True:
    for s in select.select([listener, *rest], [], [])[0]:
        if s is listener:
            rest[listener.accept()[0]] = b""
            continue
        try:
            got = s.recv(1 << 16)
        except OSError:
            got = b""
        if not got:
            s.close()
            del rest[s]
            continue
        whole, lf, rest[s] = (rest[s] + got).rpartition(b"\n")
        os.write(out, whole + lf)
"""


class Reader(Receiver):
    """A program that reads lines from a unix stream socket and appends complete ones to a file."""

    def __init__(self, directory, name):
        self.file = os.path.join(directory, name + ".log")
        self.address = os.path.join(directory, name + ".sock")
        self.log = open(os.path.join(directory, name + ".err"), "w+")
        open(self.file, "w").close()

    def command(self):
        return [sys.executable, "-c", READER, self.address, self.file]


# --- a proxy ---

class Proxy:
    """Between ganadd and a receiver. mode: "pass", "refuse" (closed at once) or "deaf" (accepted,
    and never read)."""

    def __init__(self, receiver, directory, name):
        self.receiver, self.mode, self.target = receiver, "pass", None
        self.lock, self.pairs, self.ended = threading.Lock(), set(), False
        if isinstance(receiver.address, str):
            self.address = os.path.join(directory, name + "-proxy.sock")
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.address)
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.address = self.listener.getsockname()
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def to(self):
        return self.address if isinstance(self.address, str) else "localhost:%d" % self.address[1]

    def accept(self):
        while not self.ended:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.mode == "refuse":
                reset(client)
            elif self.mode == "deaf":
                with self.lock:
                    self.pairs.add((client, None))
            else:
                threading.Thread(target=self.forward, args=(client,), daemon=True).start()

    def forward(self, client):
        try:
            server = socket.create_connection(self.target,
                                              5) if self.target else self.receiver.connect()
        except OSError:
            client.close()
            return
        pair = (client, server)
        with self.lock:
            self.pairs.add(pair)
        try:
            self.pump(client, server)
        except (OSError, ValueError):
            pass
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            s.close()

    def pump(self, client, server):
        open_ends = {client: server, server: client}
        while open_ends:
            for s in select.select(list(open_ends), [], [], 1)[0]:
                if self.mode == "deaf":
                    time.sleep(0.02)
                    continue
                got = s.recv(1 << 16)
                if got:
                    open_ends[s].sendall(got)
                    continue
                peer = open_ends.pop(s)
                peer.shutdown(socket.SHUT_WR)

    def cut(self, how):
        """Acts on the open connections: "reset" or "half" (closes our side and keeps reading)."""
        with self.lock:
            pairs, self.pairs = list(self.pairs), set()
        for client, server in pairs:
            with contextlib.suppress(OSError):
                if how == "half":
                    client.shutdown(socket.SHUT_WR)
                    time.sleep(0.05)
            reset(client)
            if server:
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.ended = True
        self.listener.close()


def reset(s):
    with contextlib.suppress(OSError):
        if s.family != socket.AF_UNIX:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


# --- requests that raise alerts ---

class Load:
    """Sends records, each an alert, one request after the other until stopped."""

    def __init__(self, path, per_request=20, pause=0):
        self.path, self.answered, self.ended, self.pause = path, 0, False, pause
        line = ganad.data_lines(50)
        self.request = ganad.request([ganad.record(x) for x in line[:per_request]])
        self.n = per_request
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            with ganad.Conn(self.path) as c:
                while True:
                    c.send(ganad.SCORE_REQUEST, self.request)
                    c.answer()
                    self.answered += self.n
                    if self.ended:
                        return
                    time.sleep(self.pause)
        except (OSError, ganad.Closed, AssertionError):
            pass

    def stop(self):
        self.ended = True
        self.thread.join(60)
