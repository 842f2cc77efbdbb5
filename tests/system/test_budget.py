# SPDX-License-Identifier: Apache-2.0
"""False alarms against the budget, by ganadd on a capture of several simulated days: the shipped
model does not know this traffic, so its budget is exceeded."""

import functools
import json
import os
import re
import subprocess
import unittest

import ganad
import test_metrics

DAYS = 4
BUDGET = 0.01


@functools.lru_cache(None)
def capture():
    path = os.path.join(ganad.scratch(), "days.pcap")
    subprocess.run([ganad.args.traffic, "-q", "-t", str(DAYS * 86400 - 3600), "-r", "0.01",
                    "-s", "5", path], check=True)
    return path


def budget_events(d):
    with open(d.path("alerts")) as f:
        events = [json.loads(x) for x in f]
    return [e for e in events if e["event_type"] == "model"
            and e["action"] in ("over_budget", "adapted")]


class Budget(unittest.TestCase):
    def daemon(self, **budget):
        path = os.path.join(ganad.args.source, "models/default/kdd99-egbad.ckpt")
        return ganad.Daemon(outputs=ganad.ALERTS_FILE,
                            models={"m": {"checkpoint": path, "fpr_budget": str(BUDGET)}},
                            captures={"days": {"file": capture()}},
                            alerts={"rollup": "1min"}, metrics={"unix": "{dir}/metrics.sock"},
                            budget=dict({"state": "{dir}/budget", "least": "500"}, **budget))

    def wait(self, d):
        ganad.wait_for(lambda: "all captures have been read" in d.read_log(), 60, "the capture")

    def shown(self, d):
        return json.loads(d.ctl("budget", "-J", control=True).stdout)["models"][0]

    def threshold_of_an_answer(self, d):
        with ganad.Conn(d.scoring) as c:
            line = ganad.synthetic_lines(500)[0]
            c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(line)], no_alert=True))
            reply = c.answer()
            return reply.threshold

    def near(self, a, b):
        self.assertAlmostEqual(a, b, delta=1e-5 * abs(b))

    def test_an_excess_is_reported_once_and_a_command_takes_what_it_proposes(self):
        with self.daemon() as d:
            self.wait(d)
            events = budget_events(d)
            self.assertEqual([e["action"] for e in events], ["over_budget"])
            command = re.search(r"'ganadctl (budget adapt m)' raises the threshold from (\S+) to "
                                r"(\S+), the budget / 2 in", events[0]["reason"])
            self.assertTrue(command, events)
            before = self.shown(d)
            self.assertTrue(before["over"] and before["adapt"] is False)
            self.assertEqual(before["threshold"], before["calibrated"])
            self.near(float(command[2]), before["calibrated"])
            self.near(before["proposal"], float(command[3]))
            v = before["verdict"]
            self.assertTrue(BUDGET < v["low"] < v["rate"] < v["high"] < 1, v)
            self.assertTrue(v["records"] >= 500 and v["false_alarms"] > 0)
            self.assertEqual(len(before["days"]), DAYS - 1)
            self.assertTrue(6 <= len(before["hours"]) <= 24)
            self.assertTrue(any("exceed its budget" in w for w in d.status().warning))
            text = d.ctl("budget", "propose", "m", control=True).stdout.decode()
            self.assertIn("EXCEEDED", text)
            self.assertIn("'ganadctl budget adapt m'", text)
            self.assertIn("EXCEEDED", d.ctl("status", control=True).stdout.decode())

            d.ctl(*command[1].split(), control=True)
            after = self.shown(d)
            self.near(after["threshold"], before["proposal"])
            self.near(after["factor"], 2)
            self.assertEqual(after["calibrated"], before["calibrated"])
            self.near(self.threshold_of_an_answer(d), after["threshold"])
            self.near(d.status().model[0].threshold, after["threshold"])
            self.assertEqual([e["action"] for e in budget_events(d)], ["over_budget", "adapted"])
            self.assertEqual(d.counter("budget_adapted"), 1)
            self.assertEqual(d.counter("budget_exceeded"), 1)
            _, page = test_metrics.get(test_metrics.Unix(d.path("metrics.sock")))
            metric = test_metrics.samples(page)
            self.near(metric['ganad_model_threshold_factor{model="m"}'], 2)
            self.assertEqual(metric['ganad_model_over_budget{model="m"}'], 1)
            self.near(metric['ganad_model_false_alarm_rate{model="m"}'], v["rate"])
            second = d.ctl("budget", "adapt", "m", control=True, check=False)
            self.assertEqual(second.returncode, 1)
            self.assertIn("less than a day", second.stderr.decode())

            d.ctl("reload", control=True)  # nothing changed: nor does the threshold
            self.near(self.shown(d)["threshold"], after["threshold"])
            self.assertEqual(d.stop(), 0)
            with open(d.conf) as f:
                conf = f.read()
            with open(d.conf, "w") as f:  # the next start reads no capture again
                f.write(conf.replace("file = " + capture(), "interval = 1").replace(
                    "[capture days]\ninterval = 1\n", ""))
            d.start()
            again = self.shown(d)
            for key in ("threshold", "factor", "over", "days", "hours", "changed"):
                self.assertEqual(again[key], after[key], key)
            self.near(self.threshold_of_an_answer(d), after["threshold"])

            d.ctl("budget", "reset", "m", control=True)
            back = self.shown(d)
            self.assertEqual(back["threshold"], before["calibrated"])
            self.assertFalse(back["over"] or back["days"] or back["verdict"]["records"])
            self.near(self.threshold_of_an_answer(d), before["calibrated"])

    def test_a_damaged_state_is_named_and_the_calibrated_threshold_applies(self):
        with self.daemon() as d:
            self.wait(d)
            d.ctl("budget", "adapt", "m", control=True)
            calibrated = self.shown(d)["calibrated"]
            self.assertEqual(d.stop(), 0)
            with open(d.path("budget"), "a") as f:
                f.write("nonsense\n")
            d.start()
            self.assertRegex(d.read_log(), r"/budget:\d+: an unknown line: it is not used")
            self.assertEqual(d.counter("budget_failures"), 1)
            self.assertEqual(self.shown(d)["calibrated"], calibrated)

    def test_with_adapt_the_threshold_moves_a_step_a_day_and_not_beyond_its_limit(self):
        with self.daemon(adapt="yes", most="3") as d:
            self.wait(d)
            adapted = [e["reason"] for e in budget_events(d) if e["action"] == "adapted"]
            factors = [float(re.search(r"the budget / (\S+) in p", r)[1]) for r in adapted]
            self.assertEqual(factors[0], 2)
            self.assertLessEqual(len(factors), DAYS)
            self.assertTrue(len(factors) >= 2 and max(factors) <= 3, factors)
            first, last = self.shown(d)["days"][0], self.shown(d)["day"]
            self.assertLess(last["rate"], first["rate"])

    def test_a_reload_changes_the_keys(self):
        with self.daemon() as d:
            self.wait(d)
            with open(d.conf) as f:
                conf = f.read()
            with open(d.conf, "w") as f:
                f.write(conf.replace("[budget]\n", "[budget]\nadapt = yes\nmost = 1.5\n"))
            self.assertIn("[budget] adapt", d.ctl("reload", control=True).stdout.decode())
            self.assertTrue(self.shown(d)["adapt"])
            self.assertEqual(self.shown(d)["most"], 1.5)
            self.assertLessEqual(self.shown(d)["proposal_factor"], 1.5)


if __name__ == "__main__":
    ganad.main()
