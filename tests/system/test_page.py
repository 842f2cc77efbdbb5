# SPDX-License-Identifier: Apache-2.0
"""The incidents of the live page in a browser: rows stand still, text is copied, a rule is added,
the keyboard opens, a phone shows everything, and the page goes on after a restart. Skips without
chromium and chromedriver."""

import ipaddress
import re
import shlex
import shutil
import subprocess
import unittest

import ganad
import test_live

PHONE, DESK = (400, 900), (1280, 900)
ENTER, SPACE = "\ue007", " "
SHAPES = {"high": "▲", "medium": "◆", "low": "●"}


def probe(source, target, port=445, start=1767225600):
    """A connection attempt without an answer, of these hosts."""
    r = ganad.pb.Record(protocol_type="tcp", service="private", flag="S0", count=200,
                        serror_rate=1)
    r.connection.src_ip = ipaddress.ip_address(source).packed
    r.connection.dst_ip = ipaddress.ip_address(target).packed
    r.connection.src_port, r.connection.dst_port, r.connection.ip_proto = 51873, port, 6
    r.connection.start_ns = start * 10**9
    return r


def session(source, target, **features):
    """An ordinary exchange with these features, which begins an incident of its own."""
    r = probe(source, target, 23)
    r.service, r.flag, r.src_bytes, r.dst_bytes, r.logged_in = "telnet", "SF", 200, 900, 1
    for name, value in features.items():
        setattr(r, name, value)
    return r


@unittest.skipUnless(shutil.which("chromium") and shutil.which("chromedriver"),
                     "no chromium with chromedriver here")
class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = cls.enterClassContext(test_live.browser())
        cls.devtools("Browser.grantPermissions",
                     permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])

    @classmethod
    def devtools(cls, command, **parameters):
        return cls.browser.call("POST", "goog/cdp/execute",
                                {"cmd": command, "params": parameters})

    def setUp(self):
        self.port = test_live.free_port()
        self.d = ganad.Daemon(ganadd={"sensor": "edge-1.x"},
                              metrics={"tcp": f"127.0.0.1:{self.port}", "page": "yes"},
                              models={"random": {"checkpoint": ganad.checkpoint(),
                                                 "threshold": "-1"}},
                              alerts={"rollup": "60s"})
        self.addCleanup(self.d.__exit__)

    def score(self, *records):
        with ganad.Conn(self.d.scoring) as c:
            c.send(ganad.SCORE_REQUEST, ganad.request(records))
            return c.answer()

    def open(self, size=DESK):
        self.browser.emulate(size, False)
        self.browser.call("POST", "url", {"url": f"http://127.0.0.1:{self.port}/"})
        self.wait("document.querySelectorAll('.incident').length > 0", "incidents")

    def js(self, expression):
        return self.browser.run("return " + expression)

    def wait(self, expression, what):
        return ganad.wait_for(lambda: self.js(expression), 20, what)

    def press(self, selector, key):
        element = self.browser.call("POST", "element", {"using": "css selector",
                                                        "value": selector})
        self.browser.call("POST", f"element/{next(iter(element.values()))}/value", {"text": key})

    def clipboard(self):
        return self.devtools("Runtime.evaluate", expression="navigator.clipboard.readText()",
                             awaitPromise=True)["result"]["value"]

    def test_rows_stand_still_while_text_is_selected(self):
        self.score(probe("192.0.2.1", "198.51.100.1"),
                   session("2001:db8::7", "2001:db8::8", num_failed_logins=4))
        self.open()
        self.js("getSelection().selectAllChildren(document.querySelector('.what'))")
        said = self.js("String(getSelection())")
        self.assertRegex(said, "192.0.2.1|2001:db8::7")
        where = "[...document.querySelectorAll('.incident')].map(x => x.textContent)"
        before = self.js(where)
        self.score(session("203.0.113.9", "198.51.100.77", root_shell=1))  # a new one waits
        self.wait("document.getElementById('show-news').textContent.includes('1 new')", "the news")
        self.assertEqual(self.js(where), before)
        self.assertEqual(self.js("String(getSelection())"), said)
        self.js("document.getElementById('show-news').click()")
        self.wait("document.querySelectorAll('.incident').length === 3", "the new row")
        self.assertIn("203.0.113.9", self.js("document.querySelector('.incident').textContent"))
        self.assertTrue(self.js("document.getElementById('news').hidden"))
        word = self.js("document.querySelector('.severity').textContent")
        self.assertIn((word[1:], word[0]), SHAPES.items())

    def test_a_rule_is_copied_and_suppresses(self):
        self.score(probe("192.0.2.1", "198.51.100.1"))
        self.open()
        self.js("document.querySelector('.row').click()")
        self.js("document.querySelector('.copied button').click()")
        self.wait("document.querySelector('.copied button').textContent === 'copied'", "a copy")
        line = self.clipboard()
        self.assertEqual(line, self.js("document.querySelector('.copied code').textContent"))
        # one command for the shell, whatever the names are
        words = subprocess.run(["sh", "-c", "ganadctl() { printf '%s\\n' \"$@\"; }; " + line],
                               check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()
        self.assertEqual(words, shlex.split(line)[1:])
        self.assertEqual(words[:2], ["suppress", "add"])
        self.assertRegex(words[2], r"^src=192\.0\.2\.1 dst=198\.51\.100\.1 dport=445 proto=tcp ")
        r = self.d.ctl(*words, control=True)
        self.assertEqual((r.returncode, r.stderr), (0, b""))
        self.score(probe("192.0.2.1", "198.51.100.1"))
        self.assertEqual(self.d.counter("alerts_suppressed"), 1)
        self.score(probe("192.0.2.1", "198.51.100.1", 446))
        self.assertEqual(self.d.counter("alerts_suppressed"), 1)

    def test_the_keyboard_opens_and_closes(self):
        self.score(probe("192.0.2.1", "198.51.100.1"))
        self.open()
        for key, expanded in ((ENTER, "true"), (SPACE, "false"), (SPACE, "true")):
            self.press(".severity", key)
            self.assertEqual(self.js("document.querySelector('.severity').ariaExpanded"), expanded)
        text = self.js("document.querySelector('.body').innerText")
        for word in ("192.0.2.1:51873", "198.51.100.1:445", "ganadctl suppress add", "expected",
                     "threshold", "top targets"):
            self.assertIn(word, text)

    def test_a_phone_shows_all_of_it(self):
        self.score(probe("2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8::8"))
        self.open(PHONE)
        self.js("document.querySelector('.severity').click()")
        self.assertLessEqual(self.js("document.documentElement.scrollWidth - innerWidth"), 0)
        below = self.js("document.getElementById('incidents').getBoundingClientRect().top")
        chart = self.js("document.getElementById('records').getBoundingClientRect().top")
        self.assertLess(below, chart)
        self.assertLess(below, PHONE[1])
        self.assertEqual(self.browser.call("POST", "se/log", {"type": "browser"}), [])

    def test_one_zone_for_all_times(self):
        self.score(probe("192.0.2.1", "198.51.100.1"))
        self.devtools("Emulation.setTimezoneOverride", timezoneId="Asia/Kolkata")
        self.open()
        shown = "document.querySelector('time').textContent"
        true = self.js("document.querySelector('time').dateTime")
        self.assertRegex(self.js("document.getElementById('local').textContent"), r"GMT\+5:30|IST")
        local = self.js(shown)
        self.js("document.getElementById('utc').click()")
        utc = self.js(shown)
        self.assertEqual(utc, true[11:19])
        minutes = [60 * int(x[:2]) + int(x[3:5]) for x in (utc, local)]
        self.assertEqual((minutes[1] - minutes[0]) % 1440, 330)
        day = true[:4]
        heading = self.js("document.querySelector('.day').textContent")
        self.assertRegex(heading, r"^\w+day,? .*" + day)
        self.js("document.getElementById('local').click()")
        self.devtools("Emulation.setTimezoneOverride", timezoneId="")

    def test_a_restart(self):
        self.score(probe("192.0.2.1", "198.51.100.1"))
        self.open()
        self.assertEqual(self.d.stop(), 0)
        said = self.wait("document.getElementById('gone').textContent", "not connected")
        self.assertRegex(said, r"^not connected since \d\d:\d\d:\d\d$")
        self.d.start()
        self.wait("document.getElementById('gone').textContent === ''", "connected again")
        self.assertEqual(self.js("document.querySelector('.state').textContent"), "stopped")
        self.score(session("203.0.113.9", "198.51.100.77", root_shell=1))
        self.wait("document.getElementById('show-news').textContent.includes('1 new')", "the news")

    def test_warnings_stand_above_all(self):
        with ganad.Conn(self.d.scoring) as c:
            for _ in range(6):
                c.send(ganad.SCORE_REQUEST, ganad.request(
                    [probe("192.0.2.1", "198.51.100.1") for _ in range(100)]))
                c.answer()
        self.open()
        said = self.wait("document.getElementById('warnings').innerText", "a warning")
        self.assertTrue(re.match(r".?\s*100 % of 600 records", said), said)
        self.assertLessEqual(self.js("document.querySelectorAll('#warnings li').length"), 3)


if __name__ == "__main__":
    ganad.main()
