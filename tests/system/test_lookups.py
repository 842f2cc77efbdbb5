# SPDX-License-Identifier: Apache-2.0
"""A resolver that does not answer: it holds few threads, and no other output."""

import os
import time
import unittest

import ganad
import receivers


class Lookups(unittest.TestCase):
    def threads(self, d):
        directory = f"/proc/{d.process.pid}/task"
        names = []
        for task in os.listdir(directory):
            try:
                with open(f"{directory}/{task}/comm") as f:
                    names.append(f.read().strip())
            except OSError:
                pass  # it has ended
        return names.count("ganadd-lookup")

    def test_lookups_that_hang_are_few_and_end_nothing_else(self):
        port = receivers.free_port()
        d = ganad.Daemon(start=False, models=receivers.model(), outputs={
            "stuck": {"type": "tcp", "to": f"hang.test:{port}", "connect_timeout": "0.1s"},
            "reader": {"type": "unix", "to": "{dir}/reader.sock"}})
        self.addCleanup(d.__exit__)
        reader = receivers.Reader(d.dir, "reader")
        reader.start()
        self.addCleanup(reader.stop)
        control = d.path("hang")
        with open(control, "w"):
            pass
        os.environ.update(LD_PRELOAD=ganad.args.shim, GANAD_HANG_LOOKUP=control)
        try:
            d.start()
        finally:
            del os.environ["LD_PRELOAD"], os.environ["GANAD_HANG_LOOKUP"]
        with ganad.Conn(d.scoring) as c:
            c.send(ganad.SCORE_REQUEST,
                   ganad.request([ganad.record(x) for x in ganad.data_lines(10)]))
            c.answer()
        ganad.wait_for(lambda: d.status().output[1].sent == 10, 20, "the other one has its events")
        ganad.wait_for(lambda: d.read_log().count("'stuck'") >= 1 and
                       d.counter("lookups_waits") >= 3, 20, "attempts that found one hanging")
        self.assertEqual((self.threads(d), d.counter("lookups")), (1, 1))
        self.assertIn(d.status().output[0].state, ("waiting", "connecting"))
        os.unlink(control)
        ganad.wait_for(lambda: d.counter("lookups") == 0, 20, "it has ended")
        self.assertEqual(d.stop(), 0)

    def test_a_stop_waits_for_no_lookup(self):
        d = ganad.Daemon(start=False, models=receivers.model(), outputs={
            f"o{i}": {"type": "udp", "to": "hang.test:9", "connect_timeout": "0.1s"}
            for i in range(15)})
        self.addCleanup(d.__exit__)
        with open(d.path("hang"), "w"):
            pass
        os.environ.update(LD_PRELOAD=ganad.args.shim, GANAD_HANG_LOOKUP=d.path("hang"))
        try:
            d.start()
        finally:
            del os.environ["LD_PRELOAD"], os.environ["GANAD_HANG_LOOKUP"]
        time.sleep(3)  # four attempts of each
        self.assertEqual(self.threads(d), 15)
        self.assertGreaterEqual(d.counter("lookups_waits"), 30)
        self.assertEqual(d.stop(), 0)


if __name__ == "__main__":
    ganad.main()
