#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One ordinary client: mail, web, names, files and shells, with pauses between, until it is
killed. `run` starts one in the namespace of each client.

    ordinary.py DIRECTORY NUMBER SEED
"""

import imaplib
import os
import poplib
import random
import smtplib
import socket
import struct
import subprocess
import sys
import threading
import time

from network import FILES, NAMES, SERVERS, WEB
from servers import PASSWORD, SIZES, UPLOADS, USERS

WORKERS = 3
PAUSE = 1.1  # seconds between two actions of a worker, mean
SSH = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
       "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5"]


def run(*command, seconds=30):
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=seconds, check=False)


def query(name, rng, kind=1):
    """One question to the name server, by UDP."""
    labels = b"".join(bytes([len(s)]) + s.encode() for s in name.split("."))
    text = struct.pack(">6H", rng.randrange(65536), 0x100, 1, 0, 0, 0) + labels
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(text + b"\0" + struct.pack(">2H", kind, 1), (NAMES.address, 53))
        s.recv(4096)


class Client:
    """The actions of one worker."""

    def __init__(self, work, number, rng):
        self.work, self.rng = work, rng
        self.user = USERS[number % len(USERS)]
        self.actions = {
            self.browse: 24, self.browse_tls: 12, self.single: 14, self.names: 18, self.dig: 4,
            self.shell: 3, self.copy: 1, self.ftp: 3, self.ftp_public: 2, self.send: 5,
            self.imap: 5, self.pop3: 3, self.redis: 8, self.ping: 2, self.mistake: .15,
            self.stay: 1, self.download: 1, self.backup: .4}

    def act(self):
        action = self.rng.choices(list(self.actions), list(self.actions.values()))[0]
        try:
            action()
        except (OSError, EOFError, subprocess.TimeoutExpired, smtplib.SMTPException,
                imaplib.IMAP4.error, poplib.error_proto):
            pass  # a server under attack can fail

    def pages(self):
        names = [n for n in SIZES if SIZES[n] < 200_000]
        return self.rng.sample(names, self.rng.randint(1, 5))

    def browse(self, scheme="http"):
        query("web.example", self.rng)
        out = [x for p in self.pages() for x in (f"{scheme}://{WEB.address}/{p}", "-o",
                                                 os.devnull)]
        run("curl", "-sk", *out)

    def browse_tls(self):
        self.browse("https")

    def single(self):
        """One object on a connection of its own."""
        path = self.rng.choice([*self.pages(), "none.html"])
        with socket.create_connection((WEB.address, 80), 5) as s:
            s.sendall(f"GET /{path} HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n"
                      f"User-Agent: reader/1.{self.rng.randint(0, 9)}\r\n\r\n".encode())
            while s.recv(65536):
                pass

    def names(self):
        for _ in range(self.rng.randint(1, 4)):
            host = self.rng.choice(["web", "files", "names", "mail", "printer", "intranet"])
            query(host + self.rng.choice([".example", ".example", ".example.net"]), self.rng,
                  self.rng.choice([1, 1, 1, 28, 15]))

    def dig(self):
        run("dig", "+tries=1", "+time=2", "@" + NAMES.address,
            self.rng.choice(["web.example", "files.example", "names.example"]))

    def shell(self):
        command = self.rng.choice(["id", "ls -l /etc", "uptime", "sleep 2; date", "cat /etc/passwd"])
        run("sshpass", "-p", PASSWORD, "ssh", *SSH, f"{self.user}@{WEB.address}", command)

    def copy(self):
        path = self.file(self.rng.randint(1_000, 600_000))
        run("sshpass", "-p", PASSWORD, "scp", "-q", *SSH, path, f"{self.user}@{WEB.address}:copied")

    def file(self, size):
        path = f"{self.work}/{self.user}-{threading.get_ident()}"
        with open(path, "wb") as f:
            f.write(self.rng.randbytes(size))
        return path

    def lftp(self, *commands, user=None):
        login = ["-u", f"{user},{PASSWORD}"] if user else []
        run("lftp", "-e", "set net:max-retries 1; set net:timeout 5; set ftp:ssl-allow no; "
            + "; ".join(commands) + "; bye", *login, FILES.address)

    def ftp(self):
        if self.rng.random() < .5:
            self.lftp("ls", "put -O . " + self.file(self.rng.randint(500, 200_000)),
                      user=self.user)
        else:
            self.lftp("ls", "cd /etc", "cat hostname", user=self.user)

    def ftp_public(self):
        self.lftp("ls", f"get {self.rng.choice(list(SIZES))} -o /dev/null")

    def send(self):
        text = "Subject: report\r\n\r\n" + "ordinary text\r\n" * self.rng.randint(1, 2000)
        with smtplib.SMTP(FILES.address, timeout=5) as s:
            s.sendmail("alice@example", [f"{u}@example" for u in
                                         self.rng.sample(USERS, self.rng.randint(1, 3))], text)

    def imap(self):
        with imaplib.IMAP4(FILES.address, timeout=5) as s:
            s.login(self.user, PASSWORD)
            s.select("INBOX")
            for n in range(1, self.rng.randint(1, 5)):
                s.fetch(str(n), "(RFC822)")

    def pop3(self):
        s = poplib.POP3(FILES.address, timeout=5)
        s.user(self.user)
        s.pass_(PASSWORD)
        for n in range(1, self.rng.randint(1, 4)):
            s.retr(n)
        s.quit()

    def redis(self):
        with socket.create_connection((NAMES.address, 6379), 5) as s:
            for _ in range(self.rng.randint(1, 20)):
                key, value = self.rng.randrange(1000), "v" * self.rng.randint(1, 400)
                s.sendall(self.rng.choice([f"SET k{key} {value}\r\n", f"GET k{key}\r\n",
                                           "INCR n\r\n"]).encode())
                s.recv(65536)

    def ping(self):
        run("ping", "-c", str(self.rng.randint(1, 3)), "-i", "0.3", "-W", "1",
            self.rng.choice(SERVERS).address)

    def mistake(self):
        """A wrong password, or a port where nothing listens."""
        which = self.rng.randrange(4)
        if which == 0:
            run("sshpass", "-p", "mistyped", "ssh", *SSH, f"{self.user}@{WEB.address}", "id")
        elif which == 1:
            run("curl", "-s", "-o", os.devnull, "-u", self.user + ":mistyped",
                f"http://{WEB.address}/private/")
        elif which == 2:
            self.lftp("ls", user=self.user + "e")
        else:
            socket.create_connection((self.rng.choice(SERVERS).address, 8443), 2).close()
        run("curl", "-s", "-o", os.devnull, "-u", "alice:" + PASSWORD,
            f"http://{WEB.address}/private/")

    def stay(self):
        """A mail program that stays connected."""
        with imaplib.IMAP4(FILES.address, timeout=5) as s:
            s.login(self.user, PASSWORD)
            s.select("INBOX")
            for _ in range(self.rng.randint(2, 6)):
                time.sleep(self.rng.uniform(2, 6))
                s.noop()

    def download(self):
        run("curl", "-s", "-o", os.devnull, f"http://{WEB.address}/image.iso")

    def backup(self):
        run("curl", "-s", "-o", os.devnull, "--data-binary",
            "@" + self.file(self.rng.randint(UPLOADS // 10, UPLOADS)),
            f"http://{WEB.address}/upload")


def work_on(client):
    while True:
        client.act()
        time.sleep(client.rng.expovariate(1 / PAUSE))


def main():
    directory, number, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for i in range(WORKERS):
        rng = random.Random(seed * 1000 + number * 10 + i)
        threading.Thread(target=work_on, args=(Client(directory, number, rng),), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
