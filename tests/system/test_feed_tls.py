# SPDX-License-Identifier: Apache-2.0
"""Alerts by TLS: whom we do not trust gets nothing, and status says why; who is trusted gets all."""

import os
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import ganad
import receivers
from receivers import Load, have, model


class Tls(unittest.TestCase):
    """Whom we do not trust gets nothing, and status says why."""

    @classmethod
    def setUpClass(cls):
        if not have("openssl"):
            raise unittest.SkipTest("openssl is not installed")
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-tls-")
        cls.addClassCleanup(cls.tmp.cleanup)
        cls.authority = receivers.Authority(cls.tmp.name)
        cls.other = receivers.Authority(cls.tmp.name, "other")

    def server(self, certificate, most=ssl.TLSVersion.TLSv1_3, ask=None):
        """A server that reads; returns (port, what it has read)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = most
        if most < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(*certificate)
        if ask:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(ask)
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        got = []

        def serve():
            while True:
                try:
                    s, _ = listener.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(s, server_side=True) as t:
                        while x := t.recv(1 << 16):
                            got.append(x)
                        t.unwrap()
                except OSError:
                    s.close()
        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1], got

    def daemon(self, port, host="localhost", **more):
        output = {"type": "tls", "to": f"{host}:{port}", "ca": self.authority.ca, **more}
        return ganad.Daemon(outputs={"siem": output}, models=model())

    def refused(self, port, *words, host="localhost", **more):
        with self.daemon(port, host, **more) as d:
            Load(d.scoring).stop()
            o = ganad.wait_for(lambda: next((o for o in d.status().output if o.error), None), 20, "it is refused")
            self.assertRegex(o.error, "|".join(words))
            self.assertEqual((o.connects, o.sent), (0, 0))
            self.assertIn(o.error.encode(), d.ctl("status", control=True).stdout)
            self.assertEqual(d.stop(), 0)

    def test_an_authority_that_is_not_ours(self):
        port, got = self.server(self.other.sign("server"))
        self.refused(port, "certificate: (unable to get local issuer|self-signed)")
        self.assertEqual(got, [])

    def test_another_host(self):
        port, got = self.server(self.authority.sign("elsewhere", "siem.example"))
        self.refused(port, "certificate: hostname mismatch")
        with self.daemon(port, server_name="siem.example") as d:
            ganad.wait_for(lambda: d.status().output[0].connects, 20, "by that name it is trusted")
            self.assertEqual(d.stop(), 0)

    def test_an_address_that_the_certificate_has_not(self):
        port, _ = self.server(self.authority.sign("name"))
        self.refused(port, "certificate: IP address mismatch", host="127.0.0.1")
        port, _ = self.server(self.authority.sign("address", "127.0.0.1"))
        with self.daemon(port, "127.0.0.1") as d:
            ganad.wait_for(lambda: d.status().output[0].connects, 20, "a connection")
            self.assertEqual(d.stop(), 0)

    def test_a_certificate_that_is_over(self):
        port, got = self.server(self.authority.sign("old", days=-1))
        self.refused(port, "certificate: certificate has expired")
        self.assertEqual(got, [])

    def test_tls_of_old(self):
        port, got = self.server(self.authority.sign("server"), most=ssl.TLSVersion.TLSv1_1)
        self.refused(port, "TLS: .*(protocol version|unsupported protocol|handshake failure|internal error)")
        self.assertEqual(got, [])

    def test_a_server_that_asks_for_our_certificate(self):
        cert, key = self.authority.sign("sensor", "sensor.example")
        port, got = self.server(self.authority.sign("server"), ask=self.authority.ca)
        with self.daemon(port) as d:  # we have none: TLS 1.3 says so only after the handshake
            Load(d.scoring).stop()
            ganad.wait_for(lambda: "certificate" in d.status().output[0].error, 20, "it is refused")
            self.assertEqual(d.stop(), 0)
        self.assertEqual(got, [])
        with self.daemon(port, certificate=cert, key=key) as d:
            Load(d.scoring).stop()
            n = ganad.wait_for(lambda: d.counter("alerts"), 20, "alerts")
            ganad.wait_for(lambda: d.status().output[0].sent == n, 20, "all of them")
            self.assertEqual(d.stop(), 0)
        self.assertEqual(b"".join(got).count(b'"event_type":"alert"'), n)

    def test_a_key_that_the_service_manager_hands_over(self):
        cert, key = self.authority.sign("sensor", "sensor.example")
        port, got = self.server(self.authority.sign("server"), ask=self.authority.ca)
        output = {"type": "tls", "to": f"localhost:{port}", "ca": self.authority.ca, "certificate": cert,
                  "key": "credential:" + os.path.basename(key)}
        with ganad.Daemon(start=False, outputs={"siem": output}, models=model()) as d:
            p = subprocess.run([ganad.args.ganadd, "-c", d.conf], stderr=subprocess.PIPE, timeout=30 * ganad.SLOW)
            self.assertEqual(p.returncode, 1)
            self.assertIn(b"key 'key': '" + output["key"].encode() + b"': no credentials were handed to us", p.stderr)
            os.environ["CREDENTIALS_DIRECTORY"] = os.path.dirname(key)
            self.addCleanup(os.environ.pop, "CREDENTIALS_DIRECTORY")
            d.start()
            Load(d.scoring).stop()
            ganad.wait_for(lambda: d.status().output[0].sent, 20, "an alert")
            self.assertEqual(d.stop(), 0)
        self.assertIn(b'"event_type":"alert"', b"".join(got))

    def test_files_that_cannot_be_used_stop_the_start(self):
        cert, key = self.authority.sign("sensor", "sensor.example")
        _, other = self.authority.sign("other", "sensor.example")
        for keys, why in (({"ca": "/no/such"}, "key 'ca': /no/such"),
                          ({"certificate": cert, "key": other}, "key 'key': .*(mismatch|values)"),
                          ({"certificate": key, "key": key}, "key 'certificate'")):
            with ganad.Daemon(start=False, models=model(), outputs={"s": {"type": "tls", "to": "localhost:1", **keys}}) as d:
                p = subprocess.run([ganad.args.ganadd, "-c", d.conf], stderr=subprocess.PIPE, timeout=30 * ganad.SLOW)
                self.assertEqual(p.returncode, 1)
                self.assertRegex(p.stderr.decode(), r"output 's' \(tls localhost:1\): " + why)

    def test_a_stop_in_order_loses_nothing(self):
        if not receivers.rsyslog_is_there(tls=True):
            self.skipTest("rsyslog with rsyslog-openssl is not installed")
        n = 20000 if ganad.SLOW == 1 else 2000
        rsyslog = receivers.Rsyslog(self.tmp.name, "stop", (self.authority.ca, self.authority.sign("server")))
        rsyslog.start()
        with self.daemon(rsyslog.address[1], format="syslog") as d:
            records = [ganad.record(line) for line in ganad.data_lines(500)]
            with ganad.Conn(d.scoring) as c:
                for i in range(n // 500):
                    c.send(ganad.SCORE_REQUEST, ganad.request(records, id=i))
                    c.answer()
            self.assertEqual(d.stop(), 0)  # at once: most is still to be sent
            self.assertNotIn("could not be delivered", d.read_log())
        rsyslog.stop()
        self.assertEqual(sorted(rsyslog.seqs()), list(range(1, n + 1)))


if __name__ == "__main__":
    ganad.main()
