# SPDX-License-Identifier: Apache-2.0
"""The live page: its files, who may request it, and how it looks in a browser if one is installed.

GANAD_SCREENSHOTS=DIRECTORY keeps pictures of it."""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import ganad
import test_metrics

FILES = {"/": "text/html", "/live.js": "text/javascript", "/live.css": "text/css",
         "/incidents.js": "text/javascript", "/suppress.js": "text/javascript",
         "/text.js": "text/javascript", "/uplot.js": "text/javascript",
         "/uplot.css": "text/css", "/live.json": "application/json"}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
ENTRIES = 64  # incidents of one answer


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def get(port, path, host=None):
    c = test_metrics.http.client.HTTPConnection("127.0.0.1", port, timeout=20 * ganad.SLOW)
    return test_metrics.get(c, path, headers={"Host": host} if host is not None else {})


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.d = ganad.Daemon(metrics={"tcp": f"127.0.0.1:{cls.port}", "page": "yes"},
                             outputs=ganad.ALERTS_FILE,
                             models={"odd.name-1": {"checkpoint": os.path.join(
                                 ganad.args.source, "models/default/kdd99-ganomaly.ckpt")}},
                             drift={"rate": "0", "window": "800"})
        cls.addClassCleanup(cls.d.__exit__)
        for _ in range(3):
            for _ in range(2):  # a frame cannot hold 800
                test_metrics.score(cls.d, 400)

    def test_every_file_has_its_type_and_its_policy(self):
        for path, kind in FILES.items():
            r, text = get(self.port, path)
            self.assertEqual((r.status, r.getheader("Content-Type").split(";")[0]), (200, kind),
                             path)
            policy = r.getheader("Content-Security-Policy")
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual((r.getheader("X-Content-Type-Options"), r.getheader("Cache-Control"),
                              r.getheader("Connection")),
                             ("nosniff", "no-store", "close"))
            self.assertGreater(len(text), 500)
            if path == "/":
                self.assertNotIn("http:", text)
                self.assertNotIn("https:", text)
        for path in "/live.jso", "/LIVE.JSON", "/vendor/uplot.js", "/../etc/passwd", "//":
            r, _ = get(self.port, path)
            self.assertEqual(r.status, 404, path)
            self.assertIn("default-src 'none'", r.getheader("Content-Security-Policy"))

    def test_only_addresses_and_localhost_are_hosts_of_the_page(self):
        for host in ("localhost", "LOCALHOST:9", "127.0.0.1", "127.0.0.1:1", "192.0.2.1", "[::1]",
                     "[::1]:80"):
            self.assertEqual(get(self.port, "/live.json", host)[0].status, 200, host)
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "",
                     "[::1", "[::1]x", "1.2.3", "a" * 200):
            self.assertEqual(get(self.port, "/live.json", host)[0].status, 403, host)
            self.assertEqual(get(self.port, "/metrics", host)[0].status, 200, host)

    def test_the_figures_are_those_of_status_and_the_alerts_those_of_the_file(self):
        s = json.loads(get(self.port, "/live.json")[1])
        self.assertEqual(set(s), {"version", "time", "uptime", "counters", "latency", "models",
                                  "outputs", "spool_bytes", "spool_quota", "sources", "started",
                                  "warnings", "incidents", "change", "last_change"})
        self.assertEqual(s["counters"]["records_scored"], self.d.counter("records_scored"))
        self.assertGreaterEqual(sum(s["latency"]["counts"]), 3)
        m = s["models"][0]
        n = s["counters"]["records_scored"]
        self.assertEqual((m["name"], m["scored"], sum(m["score"]["counts"])), ("odd.name-1", n, n))
        self.assertEqual({x["feature"]: x["psi"] for x in m["drift"]},
                         {x["feature"]: x["psi"] for x in
                          json.loads(self.d.ctl("drift", "-J",
                                                control=True).stdout)["models"][0]["features"]})
        with open(self.d.path("alerts")) as f:
            reported = [e for e in map(json.loads, f) if e["event_type"] == "alert"]
        self.assertGreater(len(reported), 2 * ENTRIES)
        listed, since = [], 0
        while since < s["last_change"]:
            page = json.loads(get(self.port, f"/live.json?since={since}")[1])
            self.assertTrue(0 < len(page["incidents"]) <= ENTRIES)
            listed += page["incidents"]
            since = page["change"]
            self.assertEqual(since, listed[-1]["change"])
        self.assertEqual(len(listed), min(len(reported), 256))
        self.assertEqual([x["change"] for x in listed], sorted({x["change"] for x in listed}))
        by_id = {e["event_id"]: e for e in reported}
        for one in listed:
            self.assertEqual(one["event"], by_id[one["event"]["event_id"]])
        for query, n in ((f"?since={since}", 0), (f"?since={since - 1}", 1), ("?since=x", ENTRIES),
                         ("?since=-1", ENTRIES), ("?since=99999999999999999999", ENTRIES),
                         ("?since=" + "9" * 19, 0), ("?", ENTRIES)):
            page = json.loads(get(self.port, "/live.json" + query)[1])
            self.assertEqual(len(page["incidents"]), n, query)

    def test_without_the_key_there_is_no_page(self):
        with ganad.Daemon(metrics={"unix": "{dir}/metrics.sock"}) as d:
            for path in FILES:
                self.assertEqual(test_metrics.get(test_metrics.Unix(d.path("metrics.sock")),
                                                  path)[0].status, 404)

    @unittest.skipUnless(shutil.which("chromium") and shutil.which("chromedriver"),
                         "no chromium with chromedriver here")
    def test_in_a_browser(self):
        with browser() as b:
            for name, size, dark in (("light", (1280, 1500), False), ("dark", (1280, 1500), True),
                                     ("narrow", (420, 2400), False)):
                b.emulate(size, dark)
                b.call("POST", "url", {"url": f"http://127.0.0.1:{self.port}/"})
                ganad.wait_for(lambda: b.run("return document.querySelectorAll('.incident')"
                                             ".length") > ENTRIES, 20, "alerts")
                test_metrics.score(self.d, 500)
                time.sleep(3)  # three more polls: lines, and not only points
                self.assertEqual(b.run("return document.querySelectorAll('.chart canvas').length"),
                                 4)
                self.assertIn("odd.name-1",
                              b.run("return document.getElementById('models').textContent"))
                self.assertGreater(b.run("return document.querySelectorAll('.bar').length"), 5)
                self.assertEqual(b.run("return document.getElementById('gone').textContent"), "")
                self.assertLessEqual(b.run("return document.documentElement.scrollWidth - "
                                           "window.innerWidth"), 0)
                elsewhere = b.run("return performance.getEntriesByType('resource').map(x => "
                                  "x.name)")
                self.assertEqual([x for x in elsewhere
                                  if not x.startswith(f"http://127.0.0.1:{self.port}/")], [])
                self.assertEqual(b.call("POST", "se/log", {"type": "browser"}), [])
                if "GANAD_SCREENSHOTS" in os.environ:
                    with open(os.path.join(os.environ["GANAD_SCREENSHOTS"], name + ".png"),
                              "wb") as f:
                        f.write(base64.b64decode(b.call("GET", "screenshot")))


class Browser:
    """Chromium by WebDriver, https://www.w3.org/TR/webdriver/."""

    def __init__(self, port, directory):
        self.url = f"http://127.0.0.1:{port}/session"
        options = {"args": [*FLAGS, f"--user-data-dir={directory}"]}
        self.url += "/" + self.call("POST", "", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})["sessionId"]

    def call(self, method, path, body=None):
        r = urllib.request.Request(self.url + ("/" + path if path else ""), method=method,
                                   data=json.dumps(body).encode() if body is not None else None,
                                   headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(r, timeout=60) as answer:
            return json.load(answer)["value"]

    def run(self, script):
        return self.call("POST", "execute/sync", {"script": script, "args": []})

    def emulate(self, size, dark):
        def devtools(cmd, params):
            self.call("POST", "goog/cdp/execute", {"cmd": cmd, "params": params})
        devtools("Emulation.setDeviceMetricsOverride",
                 {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False})
        devtools("Emulation.setEmulatedMedia",
                 {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark
                                else "light"}]})


@contextlib.contextmanager
def browser():
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ganad-", ignore_cleanup_errors=True) as directory:
        driver = subprocess.Popen([shutil.which("chromedriver"), f"--port={port}"],
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        b = None
        try:
            ganad.wait_for(lambda: listens(port), 20, "chromedriver")
            b = Browser(port, directory)
            yield b
        finally:
            if b:
                b.call("DELETE", "")
            driver.terminate()
            driver.wait(20)


if __name__ == "__main__":
    ganad.main()
