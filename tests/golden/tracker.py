# SPDX-License-Identifier: Apache-2.0
"""A small connection tracker for checking others: slow, only for well-formed Ethernet captures,
with every frame in memory. It has KDD99's states and bytes, but not its services and no content.

Every checksum is verified; a bad one is an AssertionError."""

import ipaddress
import struct

FIN, SYN, RST, ACK, URG = 1, 2, 4, 16, 32
SYN_TIMEOUT, LINGER, TCP_IDLE, UDP_IDLE = 5.0, 5.0, 300.0, 60.0  # s, Bro's


def frames(path):
    """[(time in us, bytes)] of a classic capture."""
    with open(path, "rb") as f:
        data = f.read()
    magic, _, _, _, _, link = struct.unpack_from("<IHHQII", data)
    assert magic == 0xA1B2C3D4 and link == 1, (hex(magic), link)
    at, out = 24, []
    while at < len(data):
        sec, usec, caplen, length = struct.unpack_from("<IIII", data, at)
        assert caplen == length and usec < 1000000
        frame = data[at + 16:at + 16 + caplen]
        assert len(frame) == caplen, "the last frame is cut"
        out.append((sec * 1000000 + usec, frame))
        at += 16 + caplen
    return out


def sums_to_zero(data):
    """RFC 1071 by its definition: arithmetic modulo 65535."""
    return int.from_bytes(data + b"\0" * (len(data) % 2), "big") % 65535 == 0


class Packet:
    """One IP packet. payload: of IP; fragment: (offset, more, id) or None."""

    def __init__(self, time, frame):
        self.time = time
        kind, at, self.tags = struct.unpack_from("!H", frame, 12)[0], 14, []
        while kind in (0x8100, 0x88A8):
            tag, kind = struct.unpack_from("!HH", frame, at)
            self.tags.append(tag & 0xFFF)
            at += 4
        self.fragment = None
        if kind == 0x0800:
            head = frame[at:at + (frame[at] & 15) * 4]
            assert sums_to_zero(head), "IPv4 header checksum"
            length, ident, flags = struct.unpack_from("!HHH", head, 2)
            self.proto, addresses = head[9], head[12:20]
            self.payload = frame[at + len(head):at + length]
            assert len(self.payload) == length - len(head)
            if flags & 0x3FFF:
                self.fragment = ((flags & 0x1FFF) * 8, bool(flags & 0x2000), ident)
        else:
            assert kind == 0x86DD, hex(kind)
            length, self.proto = struct.unpack_from("!HB", frame, at + 4)
            addresses = frame[at + 8:at + 40]
            self.payload = frame[at + 40:at + 40 + length]
        half = len(addresses) // 2
        self.src, self.dst = addresses[:half], addresses[half:]
        if not self.fragment:
            self.check_upper(self.payload)

    def check_upper(self, data):
        if self.proto == 1:
            assert sums_to_zero(data), "ICMP checksum"
        else:
            pseudo = self.src + self.dst + struct.pack("!HH", self.proto, len(data))
            assert sums_to_zero(pseudo + data), "TCP, UDP or ICMPv6 checksum"


class Datagrams:
    """Reassembles fragments: returns (packet, whole bytes or those of the first, wrong fragments)
    after the last one."""

    def __init__(self):
        self.open = {}

    def add(self, p):
        offset, more, ident = p.fragment
        parts = self.open.setdefault((p.src, p.dst, p.proto, ident), [])
        parts.append((offset, offset + len(p.payload), more, p))

    def closed(self):
        """Returns all of them without a timeout, because each id is used once or by one attack."""
        for parts in self.open.values():
            wrong, seen = 0, []
            for begin, end, more, p in parts:
                wrong += end + 20 > 65535 or any(begin < e and b < end for b, e in seen)
                seen.append((begin, end))
            first, last = next(p for b, _, _, p in parts if b == 0), parts[-1][3]
            if wrong:
                yield last, first.payload, wrong
                continue
            parts.sort(key=lambda x: x[0])
            whole = b"".join(p.payload for _, _, _, p in parts)
            assert len(whole) == parts[-1][1] and not parts[-1][2], "a datagram is not whole"
            first.check_upper(whole)
            yield last, whole, 0


class Side:
    def __init__(self):
        self.state, self.start, self.last, self.fin = "inactive", None, 0, False

    def reach(self, seq, end):
        """Distances from the first sequence number, modulo 2^32."""
        if self.start is None:
            self.start = seq
        far = (end - self.start) & 0xFFFFFFFF
        if far < 1 << 31:
            self.last = max(self.last, far)

    def bytes(self, syn):
        return max(self.last - syn - self.fin, 0)


class Flow:
    def __init__(self, proto, src, dst, time):
        self.proto, self.src, self.dst, self.start, self.end = proto, src, dst, time, time
        self.side, self.count = (Side(), Side()), [0, 0]
        self.wrong = self.urgent = 0
        self.syn = [False, False]
        self.over = False

    def tcp(self, way, seq, ack, flags, size):
        me, peer = self.side[way], self.side[1 - way]
        self.urgent += bool(flags & URG)
        me.reach(seq, seq + size + bool(flags & SYN) + bool(flags & FIN))
        if flags & ACK and not flags & RST and peer.start is not None:
            peer.reach(peer.start, ack)
        me.fin |= bool(flags & FIN)
        self.syn[way] |= bool(flags & SYN)
        if flags & RST:
            me.state, self.over = "reset", True
        elif flags & FIN:
            me.state = "closed"
            self.over |= peer.state in ("closed", "inactive")
        elif flags & SYN and way == 0:
            me.state = "syn"
        elif flags & SYN:
            me.state = peer.state = "established"
        elif me.state == "inactive":
            me.state = "partial"

    def flag(self):
        if self.proto != 6:
            return "SF"
        o, r = (s.state for s in self.side)
        unseen = ("inactive", "partial")
        if r == "reset":
            return "REJ" if o == "syn" else "OTH" if o in unseen else "RSTR"
        if o == "reset":
            return "RSTOS0" if r in unseen else "RSTO"
        if o == "closed":
            return "SF" if r == "closed" else "SH" if r in unseen else "S2"
        if r == "closed":
            return "OTH" if o in unseen else "S3"
        if (o, r) == ("syn", "inactive"):
            return "S0"
        return "S1" if (o, r) == ("established", "established") else "OTH"

    def bytes(self):
        if self.proto != 6:
            return tuple(self.count)
        if self.flag() in ("REJ", "SH", "RSTOS0", "OTH"):
            return 0, 0  # as in all rows of KDD99
        return tuple(s.bytes(syn) for s, syn in zip(self.side, self.syn))

    def is_past(self, time):
        idle = (time - self.end) / 1e6
        if self.proto == 17:
            return idle > UDP_IDLE
        attempt = self.side[0].state == "syn" and (time - self.start) / 1e6 > SYN_TIMEOUT
        return attempt or idle > (LINGER if self.over else TCP_IDLE)

    def row(self):
        """The row of the truth table, without service and content."""
        names = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp"}
        src, dst = self.bytes()
        ends = [(str(ipaddress.ip_address(a)), port) for a, port in (self.src, self.dst)]
        land = self.proto == 6 and self.src == self.dst
        # as in all rows of KDD99
        lasted = 0 if self.flag() in ("S0", "S1", "SH", "OTH") else self.end - self.start
        return {"start": self.start, "duration": lasted, "protocol_type": names[self.proto],
                "src_ip": ends[0][0], "src_port": ends[0][1], "dst_ip": ends[1][0],
                "dst_port": ends[1][1],
                "flag": self.flag(), "src_bytes": src, "dst_bytes": dst, "land": int(land),
                "wrong_fragment": self.wrong, "urgent": self.urgent}


class Tracker:
    def __init__(self):
        self.flows, self.done, self.datagrams = {}, [], Datagrams()

    def exchange(self, p, sport, dport):
        """The connection of a TCP or UDP packet, and its direction."""
        a, b = (p.src, sport), (p.dst, dport)
        key = (p.proto, min(a, b), max(a, b))
        flow = self.flows.get(key)
        if flow and flow.is_past(p.time):
            self.done.append(self.flows.pop(key))
            flow = None
        if not flow:
            flow = self.flows[key] = Flow(p.proto, a, b, p.time)
        flow.end = p.time
        return flow, 0 if flow.src == a else 1

    def upper(self, p, data, wrong=0):
        if p.proto in (1, 58):
            flow = Flow(p.proto, (p.src, 0), (p.dst, 0), p.time)
            flow.count[0], flow.wrong = len(data), wrong
            self.done.append(flow)
        elif p.proto == 17:
            flow, way = self.exchange(p, *struct.unpack_from("!HH", data))
            flow.count[way] += len(data) - 8
            flow.wrong += wrong
        else:
            sport, dport, seq, ack, words, flags = struct.unpack_from("!HHIIBB", data)
            flow, way = self.exchange(p, sport, dport)
            flow.tcp(way, seq, ack, flags, len(data) - words // 16 * 4)


def track(path):
    """Returns [row] of a capture, and counts of its frames: (packets, tagged, IPv6, fragments)."""
    t, packets = Tracker(), []
    for time, frame in frames(path):
        packets.append(Packet(time, frame))
    for p in packets:
        if p.fragment:
            t.datagrams.add(p)
    whole = [(p.time, p, data, wrong) for p, data, wrong in t.datagrams.closed()]
    whole += [(p.time, p, p.payload, 0) for p in packets if not p.fragment]
    for _, p, data, wrong in sorted(whole, key=lambda x: x[0]):
        t.upper(p, data, wrong)
    rows = [f.row() for f in t.done + list(t.flows.values())]
    counts = (len(packets), sum(bool(p.tags) for p in packets),
              sum(len(p.src) == 16 for p in packets),
              sum(bool(p.fragment) for p in packets))
    return rows, counts, [p.time for p in packets]
