# SPDX-License-Identifier: Apache-2.0
"""Records by TLS: whose certificate names a client is served within its limits, everyone else is
refused and counted, and no peer keeps others out."""

import os
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import ganad
import receivers
from good_client import good_client

UNKNOWN_CLIENT = 10


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if "ca" in vars(Tls):
            return
        cls = Tls  # once for all classes below
        tmp = tempfile.mkdtemp(prefix="ganad-tls-", dir=ganad.scratch())
        cls.ca = receivers.Authority(tmp)
        cls.other = receivers.Authority(tmp, "other")
        cls.server = cls.ca.sign("server")
        cls.one = cls.ca.sign("one", san="DNS:one.example")
        cls.two = cls.ca.sign("two", san="email:two@example.org,URI:spiffe://example/two")
        cls.lines = ganad.data_lines(2000)
        cls.file = os.path.join(tmp, "records")
        with open(cls.file, "wb") as f:
            f.writelines(cls.lines)

    def daemon(self, clients=None, start=True, **scoring):
        self.port = free_port()
        keys = {"tls": f"127.0.0.1:{self.port}", "ca": self.ca.ca, "certificate": self.server[0],
                "key": self.server[1], **scoring}
        if clients is None:
            clients = {"one": {"names": "DNS:One.Example"},
                       "two": {"names": "email:two@EXAMPLE.org"}}
        return ganad.Daemon(scoring=keys, clients=clients, start=start)

    def context(self, pair, most=ssl.TLSVersion.TLSv1_3):
        c = ssl.create_default_context(cafile=self.ca.ca)
        c.minimum_version, c.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, most
        if most < ssl.TLSVersion.TLSv1_2:
            c.set_ciphers("ALL:@SECLEVEL=0")
        if pair:
            c.load_cert_chain(*pair)
        return c

    def connect(self, pair, **kw):
        return ganad.Conn.tls(self.port, self.context(pair), **kw)

    def ctl(self, pair, *options, host="localhost", file=None, **env):
        files = ["--certificate", pair[0], "--key", pair[1]] if pair else []
        return ganad.ctl("-s", f"tls://{host}:{self.port}", "score", "--ca", self.ca.ca, *files,
                         *options, file or self.file, env={**os.environ, **env})

    def client(self, d, name):
        return next(c for c in d.status().client if c.name == name)

    def served(self, d, pair=None, **kw):
        with self.connect(pair or self.one, **kw) as c:
            c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(self.lines[0])]))
            return c.answer().score[0]

    def reload(self, d):
        n = d.counter("reloads") + d.counter("reloads_refused")
        d.process.send_signal(signal.SIGHUP)
        ganad.wait_for(lambda: d.counter("reloads") + d.counter("reloads_refused") > n, 20,
                       "a reload")


class Served(Tls):
    def test_the_same_scores_as_by_the_unix_socket(self):
        with self.daemon() as d:
            want = d.ctl("score", "--format", "csv", "--top", "3", self.file)
            got = self.ctl(self.one, "--format", "csv", "--top", "3")
            self.assertEqual((got.returncode, got.stderr[:0]), (0, b""), got.stderr)
            self.assertEqual(got.stdout, want.stdout)
            two = self.ctl(None, "--format", "csv", "--top", "3",
                           GANAD_TLS_CERTIFICATE=self.two[0], GANAD_TLS_KEY=self.two[1])
            self.assertEqual(two.stdout, want.stdout, two.stderr)
            for name in ("one", "two"):
                c = self.client(d, name)
                self.assertEqual((c.records, c.accepted, c.refused), (len(self.lines), 1, 0))
            text = d.ctl("status", "--all", control=True).stdout.decode()
            self.assertRegex(text, r"\nCLIENT +CONNECTIONS")
            self.assertRegex(text, r"\none +0 +1 +0 ")
            ganad.wait_for(lambda: self.client(d, "one").connections == 0, 5, "it is closed")
            self.assertEqual(d.stop(), 0)

    def test_both_versions_and_a_request_with_the_handshake(self):
        with self.daemon() as d:
            want = ganad.bits(self.served(d))
            for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with ganad.Conn.tls(self.port, self.context(self.one, most)) as c:
                    whole = b"".join(ganad.frame(ganad.SCORE_REQUEST, ganad.request(
                        [ganad.record(x) for x in self.lines[:50]], id=i)) for i in range(200))
                    c.s.sendall(whole)
                    got = [c.answer() for _ in range(200)]
                    self.assertEqual([a.id for a in got], list(range(200)))
                    self.assertEqual({ganad.bits(a.score[0]) for a in got}, {want})
                    self.assertEqual(c.s.version(), most.name.replace("_", "."))
            self.assertEqual(d.counter("clients_unknown") + d.counter("handshakes_failed"), 0)

    def test_no_session_is_resumed(self):
        with self.daemon():
            for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = self.context(self.one, most)
                with ganad.Conn.tls(self.port, context) as c:
                    c.send(ganad.SCORE_REQUEST, ganad.request([]))
                    c.answer()
                    self.assertFalse(c.s.session and c.s.session.has_ticket)
                    session = c.s.session
                if not session:
                    continue
                s = socket.create_connection(("127.0.0.1", self.port))
                with context.wrap_socket(s, server_hostname="localhost", session=session) as t:
                    self.assertFalse(t.session_reused)

    def test_the_name_of_the_server(self):
        with self.daemon():
            p = self.ctl(self.one, host="127.0.0.1")
            self.assertEqual(p.returncode, 3)
            self.assertIn(b"certificate: IP address mismatch", p.stderr)
            p = self.ctl(self.one, "--server-name", "localhost", host="127.0.0.1")
            self.assertEqual(p.returncode, 0, p.stderr)

    def test_a_server_with_a_common_name_alone(self):
        cert, key = self.ca.sign("localhost", san="")
        with self.daemon(certificate=cert, key=key) as d:
            p = self.ctl(self.one)
            self.assertEqual(p.returncode, 3)
            self.assertIn(b"certificate: hostname mismatch", p.stderr)
            ganad.wait_for(lambda: d.counter("handshakes_failed"), 5, "it is counted")

    def test_only_scores_by_tls(self):
        with self.daemon():
            p = ganad.ctl("-s", f"tls://localhost:{self.port}", "status")
            self.assertNotEqual(p.returncode, 0)
            self.assertIn(b"control socket does not speak TLS", p.stderr)


class Refused(Tls):
    def refused(self, d, pair, said, counter, logged):
        before = d.counter(counter)
        p = self.ctl(pair, file=self.file)
        self.assertNotEqual(p.returncode, 0)
        self.assertEqual(p.stdout, b"")
        self.assertRegex(p.stderr.decode(), said)
        ganad.wait_for(lambda: d.counter(counter) == before + 1, 5, f"{counter} counts {said}")
        self.assertRegex(d.read_log(), logged)

    def test_who_is_not_a_client(self):
        with self.daemon() as d:
            bad = [(self.other.sign("x", san="DNS:one.example"), "unknown ca|certificate unknown",
                    "certificate: unable to get local issuer certificate"),
                   (self.ca.sign("old", san="DNS:one.example", days=-1), "certificate expired",
                    "certificate: certificate has expired"),
                   (None, "certificate required|handshake failure",
                    "TLS: peer did not return a certificate")]
            for pair, said, logged in bad:
                self.refused(d, pair, said, "handshakes_failed", logged)
            none = "has no client with a name"
            for name, san, said, logged in (
                    ("one.example", "", none, "no name .the common name does not count"),
                    ("x", "DNS:three.example", none, "DNS:three.example"),
                    ("x", "DNS:*.example", none, r"DNS:\*.example"),
                    ("x", "email:one.example@one.example", none, "email:one.example@one.example"),
                    ("x", "IP:127.0.0.1", none, "no \\[client\\] section"),
                    ("x", "DNS:one.example,email:two@example.org", "several clients", "several")):
                with self.subTest(san=san):
                    pair = self.ca.sign(name, san=san)
                    self.refused(d, pair, said, "clients_unknown", logged)
            self.assertEqual(d.counter("clients_accepted"), 0)
            self.served(d)
            self.assertEqual(d.stop(), 0)

    def test_old_versions_and_what_is_not_tls(self):
        with self.daemon() as d:
            with self.assertRaises(OSError):
                ganad.Conn.tls(self.port, self.context(self.one, ssl.TLSVersion.TLSv1_1))
            for data in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(3000), b"\x16\x03\x01\xff\xff",
                         ganad.frame(ganad.SCORE_REQUEST, ganad.request([])), b""):
                with socket.create_connection(("127.0.0.1", self.port), 20 * ganad.SLOW) as s:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    try:
                        while s.recv(1 << 16):
                            pass
                    except ConnectionResetError:
                        pass
            ganad.wait_for(lambda: d.counter("handshakes_failed") == 6, 5, "each is counted")
            self.assertEqual(d.counter("handshakes"), 0)
            self.served(d)

    def test_many_refusals_are_few_lines(self):
        pair = self.ca.sign("x", san="DNS:three.example")
        with self.daemon() as d:
            context = self.context(pair)
            for _ in range(40):
                with ganad.Conn.tls(self.port, context) as c:
                    self.assertEqual(c.error().code, UNKNOWN_CLIENT)
            self.assertEqual(d.counter("clients_unknown"), 40)
            self.assertLessEqual(d.read_log().count("three.example"), 12)

    def messages(self, version, command, n):
        """Whether ganadd ended a connection of openssl that sent n messages after its handshake."""
        p = subprocess.Popen(["openssl", "s_client", version, "-connect", f"127.0.0.1:{self.port}",
                              "-cert", self.one[0], "-key", self.one[1], "-CAfile", self.ca.ca],
                             stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        for _ in range(n):
            time.sleep(0.005)  # it takes a command from the start of a read
            try:
                p.stdin.write(command)
                p.stdin.flush()
            except BrokenPipeError:
                return True
        try:
            p.wait(1)
        except subprocess.TimeoutExpired:
            return False
        return True

    def test_key_updates_without_end_and_renegotiation(self):
        with self.daemon() as d:
            self.assertTrue(self.messages("-tls1_3", b"K\n", 150))
            self.assertTrue(self.messages("-tls1_2", b"R\n", 1))
            ganad.wait_for(lambda: d.counter("clients") == 0, 5, "they are closed")
            self.served(d)


class Fair(Tls):
    def test_slow_handshakes_keep_no_client_out(self):
        with self.daemon(handshakes="8", handshake_timeout="1s") as d:
            hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
            slow = []
            for i in range(24):  # three addresses fill it, each with its part
                s = socket.create_connection(("127.0.0.1", self.port), 20 * ganad.SLOW,
                                             (f"127.0.0.{2 + i % 4}", 0))
                self.addCleanup(s.close)
                s.sendall(hello)
                slow.append(s)
            ganad.wait_for(lambda: d.counter("handshakes_failed") == 16, 5, "they are refused")
            self.assertEqual(d.counter("handshakes"), 8)
            self.served(d, source="127.0.0.9")
            self.assertEqual(d.counter("handshakes_failed"), 17)  # the oldest made room
            ganad.wait_for(lambda: d.counter("handshakes") == 0, 5, "the time limit")
            self.assertIn("not complete within handshake_timeout", d.read_log())

    def test_a_flood_of_handshakes_does_not_delay_answers(self):
        with self.daemon(handshake_timeout="1s") as d:
            stop, result = threading.Event(), []

            class To:
                send = staticmethod(result.append)

            connected = self.connect(self.two)
            good = threading.Thread(target=good_client, args=(
                lambda: connected, self.lines[:10], stop, To))
            good.start()
            end = time.monotonic() + 1.5 * ganad.SLOW
            n = 0
            while time.monotonic() < end:
                try:
                    with socket.create_connection(("127.0.0.1", self.port), 20,
                                                  (f"127.0.1.{n % 200 + 1}", 0)) as s:
                        s.sendall(os.urandom(200))
                    n += 1
                except OSError:
                    pass
            stop.set()
            good.join()
            failure, latency = result[0]
            self.assertEqual(failure, "")
            self.assertGreater(len(latency), 30)
            self.assertLess(sorted(latency)[len(latency) // 2], 0.05 * ganad.SLOW)
            ganad.wait_for(lambda: d.counter("handshakes") == 0, 15, "all have ended")

    def test_the_limit_of_connections_is_of_each_client(self):
        clients = {"one": {"names": "DNS:one.example", "connections": "2"},
                   "two": {"names": "URI:spiffe://example/two"}}
        with self.daemon(clients, max_clients="1") as d:
            held = [self.connect(self.one) for _ in range(2)]
            for c in held:
                self.addCleanup(c.close)
                c.send(ganad.SCORE_REQUEST, ganad.request([]))
                c.answer()
            with self.connect(self.one) as c:
                self.assertEqual(c.error().code, ganad.BUSY)
                self.assertTrue(c.is_closed())
            self.served(d, self.two)
            with ganad.Conn(d.scoring) as c:  # max_clients is for the other sockets
                c.send(ganad.SCORE_REQUEST, ganad.request([]))
                c.answer()
            held[0].close()
            ganad.wait_for(lambda: self.client(d, "one").connections == 1, 5, "it is closed")
            self.served(d)
            self.assertEqual(self.client(d, "one").refused, 1)

    def test_a_greedy_client_leaves_others_their_share(self):
        clients = {"one": {"names": "DNS:one.example", "records": "1000", "in_flight": "4"},
                   "two": {"names": "email:two@example.org"}}
        with self.daemon(clients) as d:
            stop, result = threading.Event(), []
            whole = ganad.frame(ganad.SCORE_REQUEST, ganad.request(
                [ganad.record(x) for x in self.lines[:100]], no_alert=True)) * 10

            def greedy():
                with self.connect(self.one) as c:
                    t = threading.Thread(target=self.drain, args=(c,))
                    t.start()
                    while not stop.is_set():
                        c.s.sendall(whole)
                    c.s.shutdown(socket.SHUT_RDWR)
                    t.join()  # before another socket has this descriptor

            class To:
                send = staticmethod(result.append)
            threads = [threading.Thread(target=greedy) for _ in range(4)]
            threads.append(threading.Thread(target=good_client, args=(
                lambda: self.connect(self.two), self.lines[:10], stop, To)))
            for t in threads:
                t.start()
            most = 0
            end = time.monotonic() + 1.5 * ganad.SLOW
            while time.monotonic() < end:
                most = max(most, self.client(d, "one").in_flight)
            stop.set()
            for t in threads:
                t.join()
            self.assertEqual(result[0][0], "")
            self.assertGreater(len(result[0][1]), 5)
            self.assertGreater(self.client(d, "one").waits, 0)
            self.assertLessEqual(most, 400)  # four requests of all its connections

    @staticmethod
    def drain(c):
        try:
            while c.s.recv(1 << 16):
                pass
        except (OSError, ValueError):
            pass

    def test_the_rate_of_a_client(self):
        clients = {"one": {"names": "DNS:one.example", "rate": "1000"},
                   "two": {"names": "email:two@example.org"}}
        with self.daemon(clients) as d:
            self.assertEqual(self.ctl(self.two).returncode, 0)
            begin = time.monotonic()
            self.assertEqual(self.ctl(self.one).returncode, 0)  # 2000: a second's, then a second
            self.assertGreater(time.monotonic() - begin, 0.6)
            self.assertGreater(self.client(d, "one").waits, 0)
            self.assertEqual(self.client(d, "two").waits, 0)


class Renewed(Tls):
    def put(self, files, at):
        for source, target in zip(files, at):
            with open(source, "rb") as f, open(target + "~", "wb") as g:
                g.write(f.read())
            os.replace(target + "~", target)

    def test_certificate_authority_and_revocation_list(self):
        at = [self.ca.path(x) for x in ("live.crt", "live.key", "live.ca", "live.crl")]
        self.put((*self.server, self.ca.ca), at)
        with self.daemon(certificate=at[0], key=at[1], ca=at[2]) as d:
            stays = self.connect(self.one)
            self.addCleanup(stays.close)
            first = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", self.port)))
            self.put((*self.ca.sign("again"), self.other.ca), at)
            self.reload(d)
            again = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", self.port)))
            self.assertNotEqual(first, again)
            self.assertIn(f"[scoring] certificate {at[0]}, from the next connection on: applied",
                          d.read_log())
            with self.assertRaises((OSError, ganad.Closed)):
                self.served(d)  # its authority is trusted no more
            self.served(d, self.other.sign("one", san="DNS:one.example"))
            stays.send(ganad.SCORE_REQUEST, ganad.request([]))
            stays.answer()  # what is connected stays
            self.put((at[2],), (at[0],))  # no certificate for that key
            self.reload(d)
            self.assertEqual(d.counter("reloads_refused"), 1)
            self.served(d, self.other.sign("one", san="DNS:one.example"))

    def crl(self, *revoked):
        """The list of ca, with these certificates."""
        db, conf, out = self.ca.path("crl-db"), self.ca.path("crl.cnf"), self.ca.path("list.crl")
        os.makedirs(db, exist_ok=True)
        for name, text in (("index.txt", ""), ("crlnumber", "01\n")):
            with open(os.path.join(db, name), "w") as f:
                f.write(text)
        with open(conf, "w") as f:
            f.write(f"[ca]\ndefault_ca = x\n[x]\ndatabase = {db}/index.txt\ndefault_md = sha256\n"
                    f"crlnumber = {db}/crlnumber\ndefault_crl_days = 30\n")
        own = ["-config", conf, "-cert", self.ca.ca, "-keyfile", self.ca.path("ca.key")]
        for cert in revoked:
            self.ca.run("ca", *own, "-revoke", cert)
        self.ca.run("ca", *own, "-gencrl", "-out", out)
        return out

    def test_a_revoked_certificate(self):
        at = self.ca.path("now.crl")
        self.put((self.crl(),), (at,))
        with self.daemon(crl=at) as d:
            self.served(d)
            self.put((self.crl(self.one[0]),), (at,))
            self.reload(d)
            with self.assertRaises((OSError, ganad.Closed)):
                self.served(d)
            ganad.wait_for(lambda: "certificate: certificate revoked" in d.read_log(), 5,
                           "it is logged")
            self.served(d, self.two)

    def test_clients_of_another_configuration(self):
        with self.daemon() as d:
            gone, stays = self.connect(self.one), self.connect(self.two)
            for c in (gone, stays):
                self.addCleanup(c.close)
                c.send(ganad.SCORE_REQUEST, ganad.request([]))
                c.answer()
            with open(d.conf) as f:
                text = f.read()
            with open(d.conf, "w") as f:
                f.write(text.replace("[client one]\nnames = DNS:One.Example",
                                     "[client three]\nnames = DNS:three.example"))
            self.reload(d)
            self.assertEqual(gone.error().code, UNKNOWN_CLIENT)
            self.assertTrue(gone.is_closed())
            stays.send(ganad.SCORE_REQUEST, ganad.request([]))
            stays.answer()
            self.assertEqual([c.name for c in d.status().client], ["three", "two"])
            self.assertEqual(self.client(d, "two").requests, 2)
            self.served(d, self.ca.sign("three", san="DNS:three.example"))
            self.assertEqual(d.stop(), 0)


class Configured(Tls):
    def said(self, clients=None, **scoring):
        with self.daemon(clients, start=False, **scoring) as d:
            p = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=30 * ganad.SLOW)
        return p.returncode, p.stdout.decode()

    def test_what_is_refused(self):
        self.assertEqual(self.said()[0], 0, self.said())
        for clients, scoring, why in (
                (None, {"ca": ""}, "key 'tls': needs certificate, key and ca"),
                ({}, {}, "no [client NAME] section has names"),
                (None, {"tls": ""}, "key 'certificate': is for tls, which [scoring] lacks"),
                ({"a": {"connections": "1"}}, {}, "no [client NAME] section has names"),
                (None, {"tls": "", "ca": "", "certificate": "", "key": ""},
                 "key 'names': is for tls, which [scoring] lacks"),
                ({"a": {"names": "CN:a"}}, {}, "'CN:a': is not DNS:HOST, email:ADDRESS or URI"),
                ({"a": {"names": "DNS:*.a"}}, {}, "wildcards are not allowed"),
                ({"a": {"names": "DNS:a"}, "b": {"names": "URI:b:c DNS:A"}}, {},
                 "'DNS:A': another [client], or this one, has this name"),
                (None, {"key": self.one[1]}, "does not match the certificate"),
                (None, {"ca": "/no/such"}, "[scoring] tls: key 'ca': /no/such: No such file"),
                (None, {"crl": self.ca.ca}, "has no revocation list in PEM")):
            code, said = self.said(clients, **scoring)
            self.assertIn(why, said)
            self.assertNotEqual(code, 0)
        code, said = self.said(key="credential:scoring.key")
        self.assertIn("[scoring] tls: 'credential:scoring.key' is not checked", said)
        self.assertEqual(code, 0)


if __name__ == "__main__":
    ganad.main()
