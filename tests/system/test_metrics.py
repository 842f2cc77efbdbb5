# SPDX-License-Identifier: Apache-2.0
"""Metrics as Prometheus reads them, and requests in other forms."""

import http.client
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest

import ganad
import receivers

LAST_SECONDS = 10  # of a connection
CONNECTIONS_MAX = 16


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20 * ganad.SLOW)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def get(c, path="/metrics", method="GET", body=None, headers=None):
    c.request(method, path, body, headers or {})
    r = c.getresponse()
    text = r.read().decode()
    c.close()
    return r, text


def samples(text):
    """{name with labels: value}"""
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in text.splitlines() if not line.startswith("#")}


def score(d, n):
    with ganad.Conn(d.scoring) as c:
        c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x) for x in ganad.data_lines(n)]))
        return c.answer()


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = ganad.Daemon(metrics={"unix": "{dir}/metrics.sock"}, outputs=ganad.ALERTS_FILE)
        cls.path = cls.d.path("metrics.sock")

    @classmethod
    def tearDownClass(cls):
        code = cls.d.stop()
        cls.d.__exit__()
        assert code == 0, code

    def test_they_are_what_status_says(self):
        score(self.d, 200)
        r, text = get(Unix(self.path))
        self.assertEqual((r.status, r.getheader("Content-Type")),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        s, said = self.d.status(), samples(text)
        for c in s.counter:
            mine = said.get(f"ganad_{c.name}_total", said.get(f"ganad_{c.name}"))
            self.assertIsNotNone(mine, c.name)
        self.assertEqual(said["ganad_records_scored_total"], self.d.counter("records_scored"))
        m = s.model[0]
        self.assertEqual(said[f'ganad_model_records_scored_total{{model="{m.name}"}}'], m.scored)
        self.assertIn(f'sha256="{m.sha256}"', text)
        n = said[f'ganad_score_count{{model="{m.name}"}}']
        self.assertEqual(n, m.scored)
        self.assertEqual(said[f'ganad_score_bucket{{model="{m.name}",le="+Inf"}}'], n)
        buckets = [v for k, v in said.items() if k.startswith("ganad_score_bucket")]
        self.assertEqual(buckets, sorted(buckets))
        self.assertGreater(said["ganad_request_duration_seconds_count"], 0)
        self.assertGreater(said["process_resident_memory_bytes"], 1 << 20)
        self.assertGreater(said["process_open_fds"], 5)
        self.assertAlmostEqual(said["process_start_time_seconds"], time.time(), delta=3600)
        self.assertEqual(said['ganad_output_up{output="file"}'], 1)

    def test_promtool_finds_nothing(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed (Debian's package prometheus)")
        text = get(Unix(self.path))[1]
        r = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                           stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
        self.assertEqual((r.returncode, r.stdout), (0, ""))

    def test_each_family_appears_once_with_its_kind(self):
        text = get(Unix(self.path))[1]
        names = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M)
        self.assertEqual(len(names), len(dict(names)))
        self.assertEqual(re.findall(r"^# HELP (\S+) ", text, re.M), [n for n, _ in names])
        for name, kind in names:
            self.assertEqual(kind == "counter", name.endswith("_total"), name)

    def test_other_requests(self):
        self.assertEqual(get(Unix(self.path), "/")[0].status, 404)
        self.assertEqual(get(Unix(self.path), "/metrics?x=1")[0].status, 200)
        r, text = get(Unix(self.path), method="HEAD")
        self.assertEqual((r.status, text), (200, ""))
        for method in "POST", "PUT", "DELETE", "OPTIONS", "NONSENSE":
            self.assertGreaterEqual(get(Unix(self.path), method=method)[0].status, 400, method)
        self.refused(b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 100000 + b"\r\n\r\n")
        self.refused(b"GET /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")
        self.refused(b"\0\xff\r\n\r\n")
        self.refused(b"GET  HTTP/9.9\r\n\r\n")
        self.assertEqual(get(Unix(self.path))[0].status, 200)

    def refused(self, data):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20 * ganad.SLOW)
            s.connect(self.path)
            try:
                s.sendall(data)
                head = s.recv(4096)
            except (BrokenPipeError, ConnectionResetError):
                return
            self.assertNotIn(b" 200 ", head[:20])

    def test_a_client_that_drips_is_disconnected_and_many_wait(self):
        def drip(out):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(60 * ganad.SLOW)
            s.connect(self.path)
            begin = time.monotonic()
            try:
                for byte in b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 1000:
                    s.sendall(bytes([byte]))
                    time.sleep(0.3)
            except OSError:
                pass
            out.append(time.monotonic() - begin)
            s.close()
        lasted = []
        threads = [threading.Thread(target=drip, args=(lasted,)) for _ in range(CONNECTIONS_MAX)]
        for t in threads:
            t.start()
        time.sleep(1)
        begin = time.monotonic()
        self.assertEqual(get(Unix(self.path))[0].status, 200)  # it is served in turn
        self.assertLess(time.monotonic() - begin, 15 * ganad.SLOW)
        for t in threads:
            t.join()
        self.assertEqual(len(lasted), CONNECTIONS_MAX)
        for seconds in lasted:
            self.assertGreater(seconds, LAST_SECONDS - 1)
            self.assertLess(seconds, (LAST_SECONDS + 5) * ganad.SLOW)
        self.assertEqual(score(self.d, 3).id, 1)

    def test_nothing_stays_open(self):
        for _ in range(50):
            get(Unix(self.path))
        ganad.wait_for(lambda: samples(get(Unix(self.path))[1])["process_open_fds"] < 40, 10,
                       "connections are closed")


class Tcp(unittest.TestCase):
    def test_this_machine_may_read_them(self):
        port = receivers.free_port()
        with ganad.Daemon(metrics={"tcp": f"127.0.0.1:{port}"}) as d:
            r, text = get(http.client.HTTPConnection("127.0.0.1", port, timeout=20 * ganad.SLOW))
            self.assertEqual(r.status, 200)
            self.assertIn("ganad_build_info", text)
            self.assertEqual(d.stop(), 0)

    def test_others_may_not_unless_configured(self):
        for keys, ok in (({"tcp": "0.0.0.0:9187"}, False), ({"tcp": "[::]:9187"}, False),
                         ({"tcp": "0.0.0.0:9187", "open": "yes"}, True),
                         ({"tcp": "127.0.0.1:1", "unix": "/x"}, False)):
            with ganad.Daemon(start=False, metrics=keys) as d:
                r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
                self.assertEqual(r.returncode, 0 if ok else 1, r.stderr)
                self.assertEqual("key 'tcp':" in r.stderr, not ok, r.stderr)


if __name__ == "__main__":
    ganad.main()
