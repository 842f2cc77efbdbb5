# SPDX-License-Identifier: Apache-2.0
"""Alerts by TLS: an untrusted receiver gets nothing, and status shows the reason; a trusted one
gets all."""

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
    """An untrusted receiver gets nothing, and status shows the reason."""

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
            o = ganad.wait_for(lambda: next((o for o in d.status().output if o.error), None), 20,
                               "it is refused")
            self.assertRegex(o.error, "|".join(words))
            self.assertEqual((o.connects, o.sent), (0, 0))
            self.assertIn(o.error.encode(), d.ctl("status", "--all", control=True).stdout)
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

    def test_a_name_in_the_common_name_alone(self):
        port, got = self.server(self.authority.sign("localhost", san=""))
        self.refused(port, "certificate: hostname mismatch")
        self.assertEqual(got, [])

    def test_an_address_that_the_certificate_has_not(self):
        port, _ = self.server(self.authority.sign("name"))
        self.refused(port, "certificate: IP address mismatch", host="127.0.0.1")
        port, _ = self.server(self.authority.sign("address", "127.0.0.1"))
        with self.daemon(port, "127.0.0.1") as d:
            ganad.wait_for(lambda: d.status().output[0].connects, 20, "a connection")
            self.assertEqual(d.stop(), 0)

    def test_a_certificate_that_has_expired(self):
        port, got = self.server(self.authority.sign("old", days=-1))
        self.refused(port, "certificate: certificate has expired")
        self.assertEqual(got, [])

    def test_an_old_tls_version(self):
        port, got = self.server(self.authority.sign("server"), most=ssl.TLSVersion.TLSv1_1)
        self.refused(port,
                     "TLS: .*(protocol version|unsupported protocol|handshake failure|internal "
                     "error)")
        self.assertEqual(got, [])

    def test_a_server_that_asks_for_our_certificate(self):
        cert, key = self.authority.sign("sensor", "sensor.example")
        port, got = self.server(self.authority.sign("server"), ask=self.authority.ca)
        # we have no certificate: TLS 1.3 reports it only after the handshake
        with self.daemon(port) as d:
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

    def test_a_key_from_the_service_manager(self):
        cert, key = self.authority.sign("sensor", "sensor.example")
        port, got = self.server(self.authority.sign("server"), ask=self.authority.ca)
        output = {"type": "tls", "to": f"localhost:{port}", "ca": self.authority.ca,
                  "certificate": cert,
                  "key": "credential:" + os.path.basename(key)}
        with ganad.Daemon(start=False, outputs={"siem": output}, models=model()) as d:
            p = subprocess.run([ganad.args.ganadd, "-c", d.conf], stderr=subprocess.PIPE,
                               timeout=30 * ganad.SLOW)
            self.assertEqual(p.returncode, 1)
            self.assertIn(b"key 'key': '" + output["key"].encode() +
                          b"': the service manager passed no credentials", p.stderr)
            os.environ["CREDENTIALS_DIRECTORY"] = os.path.dirname(key)
            self.addCleanup(os.environ.pop, "CREDENTIALS_DIRECTORY")
            d.start()
            Load(d.scoring).stop()
            ganad.wait_for(lambda: d.status().output[0].sent, 20, "an alert")
            self.assertEqual(d.stop(), 0)
        self.assertIn(b'"event_type":"alert"', b"".join(got))

    def files(self):
        """(keys of an output, the message about them): unusable files."""
        cert, key = self.authority.sign("sensor", "sensor.example")
        _, other = self.authority.sign("other", "sensor.example")
        at = self.authority.path
        self.authority.run("x509", "-in", cert, "-outform", "DER", "-out", at("der.crt"))
        self.authority.run("pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out",
                           at("locked.key"))
        with open(at("empty.pem"), "w"), open(at("cut.pem"), "w") as cut, open(cert) as whole:
            cut.write(whole.read()[:200])
        yield {"ca": "/no/such"}, "key 'ca': /no/such: No such file or directory"
        yield {"ca": self.tmp.name}, f"key 'ca': {self.tmp.name}: Is a directory"
        yield {"ca": at("empty.pem")}, f"key 'ca': {at('empty.pem')}: is empty"
        yield {"ca": key}, f"key 'ca': {key}: has no certificate in PEM"
        yield {"certificate": cert,
               "key": "/no/such"}, "key 'key': /no/such: No such file or directory"
        yield {"certificate": cert,
               "key": other}, f"key 'key': {other}: does not match the certificate"
        yield {"certificate": cert, "key": cert}, f"key 'key': {cert}: has no private key in PEM"
        yield {"certificate": cert,
               "key": at("locked.key")}, f"key 'key': {at('locked.key')}: has a password"
        yield {"certificate": key,
               "key": key}, f"key 'certificate': {key}: has no certificate in PEM"
        yield {"certificate": at("der.crt"),
               "key": key}, f"key 'certificate': {at('der.crt')}: is DER or PKCS #12"
        yield {"certificate": at("cut.pem"), "key": key}, f"key 'certificate': {at('cut.pem')}: "

    def start(self, keys, *options):
        """The message of ganadd about an output with these keys, and its exit status."""
        output = {"type": "tls", "to": "localhost:1", "ca": self.authority.ca, **keys}
        with ganad.Daemon(start=False, models=model(), outputs={"s": output}) as d:
            p = subprocess.run([ganad.args.ganadd, "-c", d.conf, *options], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT,
                               timeout=30 * ganad.SLOW)
        return p.stdout.decode(), p.returncode

    def test_files_that_cannot_be_used_stop_the_start_and_the_test(self):
        for keys, why in self.files():
            for options in ((), ("-t",)):
                said, status = self.start(keys, *options)
                self.assertIn("output 's' (tls localhost:1): " + why, said)
                self.assertNotIn("unknown reason", said)
                self.assertEqual(status, 1, said)

    def test_our_certificate_has_expired(self):
        cert, key = self.authority.sign("over", "sensor.example", days=-1)
        why = (f"key 'certificate': {cert}: a certificate in it has expired on "
               "2020-01-02 00:00:00 UTC")
        said, status = self.start({"certificate": cert, "key": key}, "-t")
        self.assertIn("output 's' (tls localhost:1): " + why, said)
        self.assertEqual(status, 1)
        # a sensor without alerts would be worse
        with self.daemon(1, certificate=cert, key=key) as d:
            self.assertIn(f"output 'siem': {why}", d.read_log())

    def test_a_credential_that_only_the_service_has(self):
        cert, _ = self.authority.sign("sensor", "sensor.example")
        said, status = self.start({"certificate": cert, "key": "credential:key"}, "-t")
        self.assertIn("output 's' (tls localhost:1): 'credential:key' is not checked", said)
        self.assertEqual(status, 0, said)

    def test_a_stop_in_order_loses_nothing(self):
        if not receivers.rsyslog_is_there(tls=True):
            self.skipTest("rsyslog with rsyslog-openssl is not installed")
        n = 20000 if ganad.SLOW == 1 else 2000
        rsyslog = receivers.Rsyslog(self.tmp.name, "stop",
                                    (self.authority.ca, self.authority.sign("server")))
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
