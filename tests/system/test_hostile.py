# SPDX-License-Identifier: Apache-2.0
"""Hostile or broken clients, while another client must be served as if it were alone."""

import multiprocessing
import os
import random
import select
import socket
import struct
import time
import unittest

import ganad
from good_client import good_client, metronome

LATENCY_MAX = 1.0 * ganad.SLOW  # s; far above the usual time, far below that of a blocked loop
# bytes; sanitizers keep freed memory and shadows of it
GROWTH_MAX = (64 << 20) * (1 if ganad.SLOW == 1 else 8)
FRAME_TIMEOUT = IDLE_TIMEOUT = 2.0 * min(ganad.SLOW, 3)
N_SLOW = 200
BURST, PACE = 128, 2000  # connections at once, and a second: daemon/ingest/listen.c
SCORE_CAP, PACKED_CAP, RECORDS_MAX, REASONS_MAX = 65536, 1 << 20, 8192, 16384


def packed(rows, **change):
    n = rows
    m = dict(id=1, n=n, protocol_type=bytes(n), service=bytes(n), flag=bytes(n),
             number=[0.0] * (38 * n))
    m.update(change)
    return ganad.pb.PackedRequest(**m)


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lines = ganad.data_lines(50)
        cls.record = ganad.record(cls.lines[0])
        cls.daemon = ganad.Daemon(scoring={"idle_timeout": f"{IDLE_TIMEOUT}s",
                                           "frame_timeout": f"{FRAME_TIMEOUT}s",
                                           "max_clients": 600})
        fork = multiprocessing.get_context("fork")
        cls.stop, (cls.result, theirs) = fork.Event(), fork.Pipe()
        cls.good = fork.Process(target=good_client,
                                args=(cls.daemon.scoring, cls.lines, cls.stop, theirs))
        cls.good.start()
        theirs.close()
        cls.stall, theirs = fork.Pipe(duplex=False)
        cls.metronome = fork.Process(target=metronome, args=(cls.stop, theirs))
        cls.metronome.start()
        theirs.close()
        cls.rss = cls.daemon.rss()
        cls.peak = cls.rss

    @classmethod
    def tearDownClass(cls):
        with cls.daemon:
            cls.stop.set()
            failure, latency = cls.result.recv()
            stall = cls.stall.recv()
            cls.good.join()
            cls.metronome.join()
            code = cls.daemon.stop()
            latency.sort()
            print(f"the good client: {len(latency)} answers, p50 "
                  f"{latency[len(latency) // 2] * 1e3:.2f} ms, "
                  f"p99 {latency[len(latency) * 99 // 100] * 1e3:.2f} ms, worst "
                  f"{latency[-1] * 1e3:.2f} ms; the machine stalled for {stall * 1e3:.2f} ms; "
                  f"memory {cls.rss >> 20} MiB, at most {cls.peak >> 20} MiB", flush=True)
            assert not failure, failure
            # A request meets client, daemon and scorer, and each of them may meet a stall.
            assert latency[-1] < LATENCY_MAX + 3 * stall, f"an answer took {latency[-1]:.2f} s"
            assert cls.peak - cls.rss < GROWTH_MAX, f"memory: {cls.rss}, then {cls.peak} bytes"
            assert code == 0, f"ganadd ended with {code}:\n{cls.daemon.read_log()}"

    def setUp(self):
        if self.daemon.process.poll() is not None:
            self.fail("ganadd ended:\n" + self.daemon.read_log())

    def tearDown(self):
        if self.daemon.process.poll() is None:
            type(self).peak = max(self.peak, self.daemon.rss())

    def conn(self):
        return ganad.Conn(self.daemon.scoring)

    def refused(self, raw, code, text="", id=0):
        """Sends raw bytes after a good request: the request is answered, the fault is named, the
        connection closes."""
        with self.conn() as c:
            c.send(ganad.SCORE_REQUEST, ganad.request([self.record], id=7, no_alert=True))
            c.s.sendall(raw)
            self.assertEqual(c.answer().id, 7)
            e = c.error()
            self.assertEqual((e.code, e.id), (code, id), e.message)
            self.assertIn(text, e.message)
            self.assertTrue(c.is_closed())

    # --- frames

    def test_a_flood_of_connections_is_accepted_at_a_limited_rate(self):
        refused = self.daemon.counter("clients_refused")
        before, begin, n = self.daemon.counter("clients_accepted"), time.monotonic(), 0
        while time.monotonic() - begin < 0.5 or n < 600:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(self.daemon.scoring)
                n += 1
        took = self.daemon.counter("clients_accepted") - before
        most = BURST + PACE * (time.monotonic() - begin) + 1
        self.assertLessEqual(took, most)
        ganad.wait_for(lambda: self.daemon.counter("clients_accepted") - before == n, 60,
                       lambda: f"{n} accepted: {self.daemon.counter('clients_accepted') - before}, "
                               "refused: "
                               f"{self.daemon.counter('clients_refused') - refused}")

    def test_lengths_that_are_wrong(self):
        self.refused(b"\0\0\0\0", ganad.BAD_FRAME, "length 0")
        for length in (SCORE_CAP + 2, 2**31, 2**32 - 1):
            self.refused(struct.pack(">IB", length, ganad.SCORE_REQUEST), ganad.BAD_FRAME,
                         "limit for kind 1 is 65536")
        for length in (PACKED_CAP + 2, 2**31, 2**32 - 1):
            self.refused(struct.pack(">IB", length, ganad.PACKED_REQUEST), ganad.BAD_FRAME,
                         "limit for kind 2 is 1048576")

    def test_a_message_at_the_limit_is_accepted_and_one_byte_more_is_not(self):
        for kind, cap in ((ganad.SCORE_REQUEST, SCORE_CAP), (ganad.PACKED_REQUEST, PACKED_CAP)):
            for size in (cap - 1, cap, cap + 1):
                # field 15, which is not defined, as padding
                head = b"\x7a" + bytes([0x80 | (size - 4) & 0x7f, 0x80 | (size - 4) >> 7 & 0x7f,
                                        (size - 4) >> 14])
                m = head + bytes(size - 4) if size - 4 < 1 << 21 else b""
                self.assertEqual(len(m), size)
                with self.conn() as c:
                    c.s.sendall(ganad.frame(kind, m)[:5])
                    if size <= cap:
                        c.s.sendall(ganad.frame(kind, m)[5:])
                        self.assertEqual(len(c.answer().score), 0)
                    else:
                        self.assertEqual(c.error().code, ganad.BAD_FRAME)
                        self.assertTrue(c.is_closed())

    def test_kinds_that_are_not_accepted_here(self):
        for kind in (0, ganad.CONTROL_REQUEST, 4, 128, ganad.SCORE_REPLY, ganad.ERROR_REPLY,
                     ganad.EVENT, 255):
            self.refused(ganad.frame(kind, b"x"), ganad.BAD_FRAME, f"kind {kind} is not taken here")

    def test_garbage(self):
        r = random.Random(1)
        self.refused(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", ganad.BAD_FRAME)
        self.refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", ganad.BAD_FRAME)
        for _ in range(200):
            with self.conn() as c:
                c.s.sendall(r.randbytes(r.randrange(1, 4096)))
                c.s.shutdown(socket.SHUT_WR)
                self.drained(c)

    def drained(self, c):
        """Returns all answers until the end, which must arrive. They are well formed, or c.answer()
        would raise."""
        try:
            while True:
                kind, body = c.frame()
                {ganad.SCORE_REPLY: ganad.pb.ScoreReply,
                 ganad.ERROR_REPLY: ganad.pb.ErrorReply}[kind].FromString(body)
        except (ganad.Closed, ConnectionResetError, BrokenPipeError):
            pass

    def test_mutated_requests(self):
        r = random.Random(2)
        seeds = [ganad.frame(ganad.SCORE_REQUEST,
                             ganad.request([self.record] * 3, top=2, no_alert=True)),
                 ganad.frame(ganad.PACKED_REQUEST, packed(3))]
        for i in range(int(1500 / ganad.SLOW)):
            raw = bytearray(seeds[i % 2])
            for _ in range(r.randrange(1, 4)):
                at = r.randrange(len(raw))
                how = r.randrange(3)
                if how == 0:
                    raw[at] ^= 1 << r.randrange(8)
                elif how == 1:
                    raw[at] = r.choice((0, 0x7f, 0x80, 0xff))
                else:
                    raw[at:at + r.randrange(1, 9)] = r.randbytes(r.randrange(9))
                if not raw:
                    break
            with self.conn() as c:
                try:
                    c.s.sendall(bytes(raw) + seeds[1])
                    c.s.shutdown(socket.SHUT_WR)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                self.drained(c)

    # --- messages

    def test_what_is_no_message(self):
        for kind in (ganad.SCORE_REQUEST, ganad.PACKED_REQUEST):
            for body in (b"\xff", b"\x1a\xff\xff\xff\xff\x0f", b"\x08" + b"\xff" * 11, b"\x0b\x0c",
                         b"\x1a\x05ab"):
                self.refused(ganad.frame(kind, body), ganad.BAD_MESSAGE)

    def test_empty_sub_messages(self):
        """Two bytes each on the wire, a whole struct each in memory."""
        self.refused(ganad.frame(ganad.SCORE_REQUEST, b"\x1a\x00" * (SCORE_CAP // 2)),
                     ganad.BAD_MESSAGE)
        before = self.daemon.rss()
        for body in (b"\x1a\x00" * (PACKED_CAP // 2), b"\x7a\x00" * (PACKED_CAP // 2),
                     b"\x12\x00" * (PACKED_CAP // 2)):
            conns = [self.conn() for _ in range(20)]
            for c in conns:
                c.s.sendall(ganad.frame(ganad.PACKED_REQUEST, body))
            for c in conns:
                kind, _ = c.frame()
                self.assertIn(kind, (ganad.ERROR_REPLY, ganad.SCORE_REPLY))
                c.close()
        self.assertLess(self.daemon.rss() - before, GROWTH_MAX)

    def test_limits_of_a_request(self):

        for n, top, code in ((RECORDS_MAX, 0, 0), (RECORDS_MAX + 1, 0, ganad.BAD_MESSAGE),
                             (REASONS_MAX // 41, 41, 0),
                             (REASONS_MAX // 41 + 1, 41, ganad.BAD_MESSAGE),
                             (1, 42, ganad.BAD_MESSAGE), (1, 2**32 - 1, ganad.BAD_MESSAGE)):
            m = ganad.pb.ScoreRequest(id=9, record=[ganad.pb.Record()] * n)
            m.options.top, m.options.no_alert = top, True
            with self.subTest(n=n, top=top):
                if code:
                    self.refused(ganad.frame(ganad.SCORE_REQUEST, m), code, id=9)
                else:
                    with self.conn() as c:
                        c.send(ganad.SCORE_REQUEST, m)
                        a = c.answer()
                        self.assertEqual((len(a.score), len(a.explanation)), (n, n if top else 0))
                        if top:
                            reasons = a.explanation[0].reason
                            self.assertTrue(0 < sum(r.share for r in reasons) <= 1 + 1e-5)
                            self.assertTrue(all(r.value != r.expected for r in reasons))

    def test_columns_that_do_not_fit(self):
        for change in (dict(n=4), dict(n=0), dict(n=2**32 - 1), dict(number=[0.0] * (38 * 3 - 1)),
                       dict(flag=b""),
                       dict(service=bytes(4)), dict(number=[])):
            self.refused(ganad.frame(ganad.PACKED_REQUEST, packed(3, **change)), ganad.BAD_MESSAGE,
                         id=1)

    def test_a_bad_record_is_refused_and_the_connection_stays_open(self):
        numbers = [0.0] * 38
        with self.conn() as c:
            bad = [packed(1, number=numbers[:i] + [v] + numbers[i + 1:])
                   for i in (0, 3, 19, 21, 37) for v in (-1.0, 1e30, float("nan"), float("inf"))]
            bad += [packed(1, number=[0.5] + numbers[1:]), packed(1, protocol_type=b"\x03"),
                    packed(1, flag=b"\x0b"),
                    packed(1, service=b"\xfe")]
            for i, m in enumerate(bad):
                m.id = i
                c.send(ganad.PACKED_REQUEST, m)
                c.send(ganad.PACKED_REQUEST, packed(2, id=i + 1000, flag=b"\xff\x00"))
            for i in range(len(bad)):
                e = c.error()
                self.assertEqual((e.id, e.code), (i, ganad.BAD_RECORD))
                self.assertEqual(c.answer().id, i + 1000)
            c.send(ganad.SCORE_REQUEST, ganad.request([self.record], id=5,
                                                      model="no such\n\x1b model"))
            e = c.error()
            self.assertEqual((e.id, e.code), (5, ganad.UNKNOWN_MODEL))
            self.assertNotIn("\n", e.message)
            bad_connections = (dict(src_ip=b"12345", dst_ip=b"12345"), dict(src_ip=b"1234"),
                               dict(src_port=65536),
                               dict(ip_proto=256), dict(community_id='1:"}'),
                               dict(community_id="x" * 100))
            for change in bad_connections:
                r = ganad.pb.Record(connection=ganad.pb.Connection(**change))
                c.send(ganad.SCORE_REQUEST, ganad.request([r], id=6))
                self.assertEqual(c.error().code, ganad.BAD_RECORD, change)
            c.send(ganad.SCORE_REQUEST, ganad.request([self.record], id=8, no_alert=True))
            self.assertEqual(c.answer().id, 8)

    # --- time and space

    def test_slow_clients_are_disconnected_however_steadily_they_send(self):
        """Each byte arrives before any idle timer ends: only the time since the first byte of a
        frame counts."""
        raw = ganad.frame(ganad.SCORE_REQUEST, ganad.request([self.record] * 20, no_alert=True))
        conns = [self.conn() for _ in range(N_SLOW)]
        start, cut, at = time.monotonic(), {}, 0
        while len(cut) < N_SLOW:
            self.assertLess(time.monotonic() - start, FRAME_TIMEOUT * 3 + 20 * ganad.SLOW,
                            f"only {len(cut)} were cut")
            for i, c in enumerate(conns):
                if i in cut:
                    continue
                try:
                    c.s.sendall(raw[at:at + 1])
                except (BrokenPipeError, ConnectionResetError):
                    pass
            at += 1
            self.assertLess(at, len(raw), "the frames came whole")
            readable, _, _ = select.select([c.s for i, c in enumerate(conns) if i not in cut], [],
                                           [], 0.1)
            for i, c in enumerate(conns):
                if i not in cut and c.s in readable:
                    self.assertEqual(c.error().code, ganad.TIMEOUT)
                    cut[i] = time.monotonic() - start
        self.assertGreater(min(cut.values()), FRAME_TIMEOUT * 0.9)
        for c in conns:
            c.close()

    def test_idle_clients_are_disconnected_and_the_others_are_not(self):
        conns = [self.conn() for _ in range(N_SLOW)]
        start = time.monotonic()
        for c in conns[:10]:  # a client that sent a request is no less idle afterwards
            c.send(ganad.SCORE_REQUEST, ganad.request([self.record], no_alert=True))
            c.answer()
        for c in conns:
            self.assertEqual(c.error().code, ganad.TIMEOUT)
            self.assertTrue(c.is_closed())
            c.close()
        self.assertGreater(time.monotonic() - start, IDLE_TIMEOUT * 0.9)

    def test_a_client_that_never_reads_is_not_read_then_disconnected(self):
        raw = ganad.frame(ganad.PACKED_REQUEST, packed(256)) * 16
        before, sent, waits = self.daemon.rss(), 0, self.daemon.counter("clients_waits")
        timed_out = self.daemon.counter("clients_timed_out")
        with self.conn() as c:
            c.s.settimeout(0.5 * ganad.SLOW)
            try:
                while sent < 1 << 30:
                    sent += c.s.send(raw[sent % len(raw):])  # whole frames at the end
            except TimeoutError:
                pass  # our send blocks: that is back-pressure
            except (BrokenPipeError, ConnectionResetError):
                pass  # already disconnected: a slow daemon took a part now and then
            self.assertLess(sent, 64 << 20)
            ganad.wait_for(lambda: self.daemon.counter("clients_waits") > waits, 20,
                           "the client waits")
            self.assertLess(self.daemon.rss() - before, GROWTH_MAX)
            ganad.wait_for(lambda: self.daemon.counter("clients_timed_out") > timed_out,
                           IDLE_TIMEOUT * 3 + 20, "cut")

    def test_a_reader_that_pauses_receives_every_answer(self):
        n = 2000
        raw = b"".join(ganad.frame(ganad.PACKED_REQUEST, packed(64, id=i)) for i in range(n))
        with self.conn() as c:
            c.s.setblocking(False)
            sent, answers, at = 0, 0, time.monotonic()
            while answers < n:
                want = [c.s] if sent < len(raw) else []
                may_read = time.monotonic() - at > 0.5 or not want  # reads only now and then
                readable, writable, _ = select.select([c.s] if may_read else [], want, [], 0.1)
                if writable:
                    sent += c.s.send(raw[sent:sent + 65536])
                if readable:
                    at = time.monotonic()
                    c.s.setblocking(True)
                    for _ in range(min(300, n - answers) if sent < len(raw) else n - answers):
                        if not c.buf and not select.select([c.s], [], [], 0)[0] and sent < len(raw):
                            break
                        self.assertEqual(c.answer().id, answers)
                        answers += 1
                    c.s.setblocking(False)

    def test_a_half_closed_client_receives_its_answers(self):
        with self.conn() as c:
            for i in range(500):
                c.send(ganad.PACKED_REQUEST, packed(10, id=i))
            c.s.shutdown(socket.SHUT_WR)
            self.assertEqual([c.answer().id for _ in range(500)], list(range(500)))
            self.assertTrue(c.is_closed())
        with self.conn() as c:  # with half a frame at the end: the rest can never arrive
            c.send(ganad.PACKED_REQUEST, packed(10, id=3))
            c.s.sendall(b"\0\0\0\x09\x01")
            c.s.shutdown(socket.SHUT_WR)
            self.assertEqual(c.answer().id, 3)
            self.drained(c)

    def test_clients_that_vanish(self):
        for i in range(300):
            c = self.conn()
            c.send(ganad.PACKED_REQUEST, packed(200))
            if i % 3 == 0:
                c.s.sendall(b"\0\0\1")
            if i % 2:
                c.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.close()
        ganad.wait_for(lambda: self.daemon.counter("clients") <= 1, 10,
                       "only the good client is left")

    def counters(self, c):
        """The counters of a status that is asked for on connection c."""
        c.send(ganad.CONTROL_REQUEST,
               ganad.pb.ControlRequest(command=ganad.pb.ControlRequest.STATUS))
        return {k.name: k.value for k in c.answer(ganad.STATUS_REPLY).counter}

    def served(self, d):
        """A control connection that has its place; None: it was refused."""
        c = ganad.Conn(d.control)
        try:
            self.counters(c)
        except (AssertionError, ganad.Closed, ConnectionResetError, BrokenPipeError):
            c.close()
            return None
        return c

    def test_refused_clients_are_logged_and_counted_but_not_one_by_one(self):
        with ganad.Daemon(scoring={"max_clients": 1}, control={"max_clients": 2},
                          metrics={"unix": "{dir}/m.sock"}) as d:
            self.addCleanup(ganad.Conn(d.scoring).close)
            ganad.wait_for(lambda: d.counter("clients") == 1, 10, "a client")
            for _ in range(300):
                with ganad.Conn(d.scoring) as more:
                    self.assertEqual(more.error().code, ganad.BUSY)
            first = ganad.Conn(d.control)
            self.addCleanup(first.close)
            first.send(ganad.CONTROL_REQUEST,
                       ganad.pb.ControlRequest(command=ganad.pb.ControlRequest.TAIL))
            ganad.wait_for(lambda: d.counter("tails") == 1, 10, "a tail")
            # The last counter() may still have a place; the daemon's user and root have more places.
            for _ in range(3 if os.geteuid() == 0 else 2):
                second = ganad.wait_for(lambda: self.served(d), 20, "a control client")
                self.addCleanup(second.close)
            refused = self.counters(second)["control_refused"]
            for _ in range(100):
                with ganad.Conn(d.control) as more:
                    self.assertEqual(more.error().code, ganad.BUSY)
            visits = [ganad.Conn(d.path("m.sock")) for _ in range(16)]
            ganad.wait_for(lambda: "metrics: 16 clients are connected, further ones "
                                   "wait" in d.read_log(), 10, "metrics is full")
            for c in visits:
                c.close()
            counter = self.counters(second)
            self.assertEqual((counter["clients_refused"], counter["control_refused"] - refused,
                              counter["metrics_waits"]),
                             (300, 100, 1))
            log = d.read_log()
            for token in ("scoring", "control"):
                lines = [line for line in log.splitlines()
                         if f"warning: {token}: refused client " in line]
                self.assertIn(f"pid {os.getpid()}, uid {os.getuid()}, gid {os.getgid()}: "
                              "max_clients is reached", lines[0])
                self.assertTrue(10 <= len(lines) <= 15, lines)
            self.assertEqual(d.stop(), 0)

    def test_debug_lines_are_of_clients_and_never_of_records(self):
        with ganad.Daemon(ganadd={"log_level": "debug"},
                          models={"m": {"checkpoint": ganad.checkpoint(),
                                        "threshold": "-1e30"}}) as d:
            for n in (1, 1000):
                before = d.read_log().count("\n")
                with ganad.Conn(d.scoring) as c:
                    for _ in range(n):
                        c.send(ganad.SCORE_REQUEST, ganad.request([self.record]))
                        c.answer()
                ganad.wait_for(lambda: f", {n} frames, " in d.read_log(), 10, "the end of a client")
                self.assertLess(d.read_log().count("\n") - before, 40)
            said = f"pid {os.getpid()}, uid {os.getuid()}, gid {os.getgid()}"
            self.assertRegex(d.read_log(), rf"debug: scoring: client \d+ opened: {said}\n")
            self.assertRegex(d.read_log(),
                             rf"debug: scoring: client \d+ closed: {said}, 1000 frames, "
                             r"\d{5,} bytes in, \d{5,} bytes out, \d+\.\d+ s\n")
            self.assertEqual(d.ctl("score", "-", input=self.lines[0] * 50).returncode, 0)
            ganad.wait_for(lambda: "debug: spool: segments" in d.read_log(), 10, "a segment")
            self.assertRegex(d.read_log(),
                             r"debug: spool: segments: 1, with \d+ bytes, of events 1 to \d+\n")
            self.assertEqual(d.stop(), 0)

    def test_clients_over_the_limit_are_answered_busy(self):
        with ganad.Daemon(scoring={"max_clients": 5}) as d:
            conns = [ganad.Conn(d.scoring) for _ in range(5)]
            for c in conns:  # certainly accepted
                c.send(ganad.PACKED_REQUEST, packed(1))
                c.answer()
            for _ in range(20):
                with ganad.Conn(d.scoring) as more:
                    self.assertEqual(more.error().code, ganad.BUSY)
                    self.assertTrue(more.is_closed())
            conns[0].close()
            def room():
                with ganad.Conn(d.scoring) as more:
                    try:
                        more.send(ganad.PACKED_REQUEST, packed(1))
                        return more.frame()[0] == ganad.SCORE_REPLY
                    except (ganad.Closed, ConnectionResetError, BrokenPipeError):
                        return False
            ganad.wait_for(room, 20, "room for another client")
            for c in conns[1:]:
                c.close()
            self.assertEqual(d.stop(), 0)

    def test_the_control_socket(self):
        for raw in (b"\0\0\0\0", struct.pack(">IB", 2**31, 3), ganad.frame(1, b""),
                    ganad.frame(3, b"\xff"),
                    ganad.frame(3, b""), ganad.frame(3, b"\x08\x63"), os.urandom(64)):
            with ganad.Conn(self.daemon.control) as c:
                c.s.sendall(raw)
                c.s.shutdown(socket.SHUT_WR)
                kind, _ = c.frame()
                self.assertEqual(kind, ganad.ERROR_REPLY, raw)
        self.assertGreater(self.daemon.status().pid, 0)

if __name__ == "__main__":
    ganad.main()
