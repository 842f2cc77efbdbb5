# SPDX-License-Identifier: Apache-2.0
"""Synthetic captures: Ethernet, IPv4, TCP, UDP, ICMP, in pcap files."""

import socket
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
START = 1600000000


def checksum(data):
    data += b"\0" * (len(data) % 2)
    s = sum(struct.unpack(f">{len(data) // 2}H", data))
    s = (s & 0xffff) + (s >> 16)
    return ~(s + (s >> 16)) & 0xffff


class Capture:
    """Packets at packet times, in seconds from START."""

    def __init__(self):
        self.packets = []
        # they are in order; otherwise packets of the same time are in the order of their bytes
        self.is_sorted = False

    def sorted(self):
        return self.packets if self.is_sorted else sorted(self.packets)

    def ip(self, t, src, dst, proto, payload):
        header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0,
                             socket.inet_aton(src), socket.inet_aton(dst))
        header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
        self.packets.append((t, b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + header + payload))

    def l4(self, t, src, dst, proto, segment, at):
        pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack(">BBH", 0, proto,
                                                                             len(segment))
        sum_ = struct.pack(">H", checksum(pseudo + segment))
        self.ip(t, src, dst, proto, segment[:at] + sum_ + segment[at + 2:])

    def segment(self, t, src, sport, dst, dport, seq, ack, flags, payload=b""):
        self.l4(t, src, dst, 6, struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 8192,
                                            0, 0) + payload, 16)

    def udp(self, t, src, sport, dst, dport, payload=b"x"):
        self.l4(t, src, dst, 17, struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload,
                6)

    def icmp(self, t, src, dst, type_, code=0, payload=b"x" * 56):
        head = struct.pack(">BBHHH", type_, code, 0, 1, 1)
        body = struct.pack(">BBHHH", type_, code, checksum(head + payload), 1, 1) + payload
        self.ip(t, src, dst, 1, body)

    def icmp6(self, t, src, dst, type_, body, hop_limit=255):
        """@src, @dst: IPv6 addresses as text; @body: behind type, code and checksum."""
        addresses = socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst)
        message = struct.pack(">BBH", type_, 0, 0) + body
        sum_ = checksum(addresses + struct.pack(">II", len(message), 58) + message)
        message = message[:2] + struct.pack(">H", sum_) + message[4:]
        head = struct.pack(">IHBB", 6 << 28, len(message), 58, hop_limit)
        self.packets.append((t, b"\2\0\0\0\0\1\2\0\0\0\0\2\x86\xdd" + head + addresses +
                             message))

    def icmp6(self, t, src, dst, type_, body, hop_limit=255):
        """@src, @dst: IPv6 addresses as text; @body: what follows type, code and checksum."""
        addresses = socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst)
        message = struct.pack(">BBH", type_, 0, 0) + body
        sum_ = struct.pack(">H", checksum(addresses + struct.pack(">II", len(message), 58) +
                                          message))
        head = struct.pack(">IHBB", 6 << 28, len(message), 58, hop_limit)
        self.packets.append((t, b"\2\0\0\0\0\1\2\0\0\0\0\2\x86\xdd" + head + addresses +
                             message[:2] + sum_ + message[4:]))

    def tcp(self, t, src, sport, dst, dport, request=b"", reply=b"", end="fin"):
        """A connection in 6 to 9 segments of 1 ms; end: fin, rst (by the originator), refused,
        silent (SYN only)."""
        step = iter(t + i / 1000 for i in range(20))
        there, back = (src, sport, dst, dport), (dst, dport, src, sport)
        self.segment(next(step), *there, 1000, 0, SYN)
        if end == "silent":
            return
        if end == "refused":
            self.segment(next(step), *back, 0, 1001, RST | ACK)
            return
        self.segment(next(step), *back, 5000, 1001, SYN | ACK)
        self.segment(next(step), *there, 1001, 5001, ACK)
        seq, ack = 1001 + len(request), 5001 + len(reply)
        if request:
            self.segment(next(step), *there, 1001, 5001, PSH | ACK, request)
        if reply:
            self.segment(next(step), *back, 5001, seq, PSH | ACK, reply)
        if end == "rst":
            self.segment(next(step), *there, seq, ack, RST | ACK)
            return
        self.segment(next(step), *there, seq, ack, FIN | ACK)
        self.segment(next(step), *back, ack, seq + 1, FIN | ACK)
        self.segment(next(step), *there, seq + 1, ack + 1, ACK)

    def in_vxlan(self, port=4789):
        """The same packets as two hosts tunnel them."""
        return self.within(lambda c, t, f: c.udp(t, "192.0.2.1", 50000, "192.0.2.2", port,
                                                 b"\x08\0\0\0\0\0\x07\0" + f))

    def in_gre(self, type_=0x6558):
        """The same packets in GRE: Ethernet in it, or ERSPAN I."""
        return self.within(lambda c, t, f: c.ip(t, "192.0.2.1", "192.0.2.2", 47,
                                                struct.pack(">HH", 0, type_) + f))

    def within(self, add):
        c = Capture()
        c.is_sorted = True
        for t, frame in self.sorted():
            add(c, t, frame)
        return c

    def in_fragments(self, size):
        """The same packets with IP payloads in fragments of `size` bytes, a multiple of 8."""
        c = Capture()
        c.is_sorted = True
        for id_, (t, frame) in enumerate(self.sorted()):
            header, payload = frame[14:34], frame[34:]
            for at in range(0, len(payload), size):
                part = payload[at:at + size]
                more = 0x2000 if at + size < len(payload) else 0
                h = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(part), id_ & 0xffff, more | at // 8,
                                64, header[9], 0) + header[12:]
                h = h[:10] + struct.pack(">H", checksum(h)) + h[12:]
                c.packets.append((t, frame[:14] + h + part))
        return c

    def tagged(self, vlan):
        return self.within(lambda c, t, f: c.packets.append((t, f[:12] + struct.pack(">HH", 0x8100,
                                                                                     vlan) +
                                                             f[12:])))

    def bytes(self, first=0, last=None):
        """A pcap file of some of the packets, in order of time."""
        out = [struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)]
        for t, frame in self.sorted()[first:last]:
            us = round(t * 1e6)
            out.append(struct.pack("<IIII", START + us // 10**6, us % 10**6, len(frame),
                                   len(frame)) + frame)
        return b"".join(out)


def traffic(r, n):
    """n connections of many kinds, from a random.Random."""
    c = Capture()
    t = 0.0
    for i in range(n):
        t += r.choice((0, 0.001, 0.01, 0.3))
        src, dst = f"10.1.0.{r.randrange(1, 6)}", f"10.2.0.{r.randrange(1, 9)}"
        sport = 20000 + i % 30000
        kind = r.choice(("http", "http", "smtp", "refused", "scan", "rst", "dns", "ping", "ping",
                         "other"))
        if kind in ("http", "smtp", "rst"):
            port = 25 if kind == "smtp" else 80
            request = b"GET / HTTP/1.0\r\n\r\n" if port == 80 else b"EHLO a\r\n"
            c.tcp(t, src, sport, dst, port, request * r.randrange(1, 4),
                  b"HTTP/1.0 200 OK\r\n\r\n" * r.randrange(1, 9),
                  "rst" if kind == "rst" else "fin")
        elif kind == "refused":
            c.tcp(t, src, sport, dst, 113, end="refused")
        elif kind == "scan":
            c.tcp(t, src, sport, dst, r.randrange(1, 1100), end="silent")
        elif kind == "dns":
            c.udp(t, src, sport, "10.2.0.53", 53, b"q" * r.randrange(20, 60))
            c.udp(t + 0.01, "10.2.0.53", 53, src, sport, b"a" * r.randrange(60, 300))
        elif kind == "ping":
            c.icmp(t, src, dst, 8)
            c.icmp(t + 0.001, dst, src, 0)
        else:
            c.tcp(t, src, sport, dst, 8080, b"hello\n", b"world\n")
    return c
