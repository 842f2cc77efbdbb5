# SPDX-License-Identifier: Apache-2.0
"""Delivery of alerts to real receivers: outages, kills of ganadd, full disks, wrong certificates,
floods. --long: 200 kills, a flood of 1,000,000 records (the campaign of outages has its own
program, feed_campaign.py)."""

import contextlib
import glob
import json
import os
import random
import re
import socket
import subprocess
import tempfile
import time
import unittest

import feed_campaign
import ganad
import receivers
from receivers import Load, have, model

def seqs_of(path):
    """Of the complete lines of a file."""
    with open(path, "rb") as f:
        return [int(m.group(1)) for m in re.finditer(rb'"seq":(\d+)', f.read())]


def kills():
    return 200 if ganad.args.long else 5 if ganad.SLOW == 1 else 2


class Kills(unittest.TestCase):
    """kill -9 at any moment: the events in the spool arrive, and missing ones are reported."""

    def campaign(self, sync, kills):
        r = random.Random(kills)
        outputs = {"file": {"type": "file", "to": "{dir}/alerts", "events": "alert",
                            "file_size": "0"},
                   "unix": {"type": "unix", "to": "{dir}/reader.sock", "replay_time": "5s"}}
        with ganad.Daemon(start=False, outputs=outputs, models=model(),
                          spool={"sync": sync, "segment": "256K", "quota": "2G"}) as d:
            reader = receivers.Reader(d.dir, "reader")
            reader.start()
            spooled = set()
            for i in range(kills):
                d.start()
                load = Load(d.scoring, pause=0.002)
                # Now and then long enough for the outputs' cursors to be saved, so that not
                # everything is sent again each time.
                time.sleep(r.uniform(0.01, 0.3) if i % 8 else 1.5)
                d.process.kill()
                d.process.wait()
                load.stop()
                spooled |= self.in_spool(d)
            d.start()
            ganad.wait_for(lambda: all(o.waiting == 0 and o.state == "open"
                                       for o in d.status().output), 60,
                           "everything is delivered")
            lost = {o.name: o.lost for o in d.status().output}
            self.assertEqual(d.stop(), 0)
            reader.stop()
            self.assertGreater(len(spooled), 20 * kills)
            for name, got in (("file", set(seqs_of(d.path("alerts")))),
                              ("unix", set(reader.seqs()))):
                self.assertEqual(spooled - got, set(), name)
            everything = set(reader.seqs()) | self.skipped(reader)
            missing = set(range(1, max(everything) + 1)) - everything
            self.assertFalse(missing, f"{len(missing)} numbers are neither there nor reported")
            return len(spooled), lost

    @staticmethod
    def skipped(reader):
        """Numbers that loss events name: a kill in the middle of a write damages the end of the
        spool, and the next start skips the numbers that may have been given."""
        found = set()
        with open(reader.file, "rb") as f:
            for line in f:
                if b'"event_type":"loss"' in line and line.endswith(b"\n"):
                    e = json.loads(line)
                    found |= set(range(e["first_seq"], e["last_seq"] + 1))
        return found

    def in_spool(self, d):
        r = ganad.ctl("spool", "--events", d.path("spool"))
        self.assertEqual(r.returncode, 0, r.stderr)
        return {int(m) for m in re.findall(rb'"seq":(\d+)', r.stdout)}

    def test_with_a_sync_of_each_commit(self):
        n, lost = self.campaign("always", kills())
        self.assertEqual(lost, {"file": 0, "unix": 0})
        print(f"always: {n} alerts were in the spool, none lost")

    def test_with_a_sync_each_interval(self):
        """A killed process loses nothing that is in the spool, because the kernel has it."""
        n, lost = self.campaign("interval", kills())
        self.assertEqual(lost, {"file": 0, "unix": 0})
        print(f"interval: {n} alerts were in the spool, none lost")


class Outages(unittest.TestCase):
    def test_a_short_campaign(self):
        if not receivers.rsyslog_is_there(tls=True) or not have("openssl"):
            self.skipTest("rsyslog with rsyslog-openssl, or openssl, is not installed")
        with tempfile.TemporaryDirectory(prefix="ganad-campaign-") as directory:
            c = feed_campaign.Campaign(directory, longest=0.5)
            try:
                for line in c.run(7, *((8, 6000) if ganad.SLOW == 1 else (3, 1500))):
                    print(line)
            finally:
                c.close()


class Disks(unittest.TestCase):
    def mount(self):
        directory = tempfile.mkdtemp(prefix="ganad-disk-")
        self.addCleanup(os.rmdir, directory)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "ganad-test",
                           directory],
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest("mounting a tmpfs takes root")
        self.addCleanup(subprocess.run, ["umount", "-l", directory], check=True)
        return directory

    def seen_and_lost(self, d, reader):
        """The numbers that arrived, and those that a loss event reports as lost."""
        seen, lost = set(), set()
        with open(reader.file) as f:
            for line in f:
                e = json.loads(line)
                if e["event_type"] == "loss":
                    lost |= set(range(e["first_seq"], e["last_seq"] + 1))
                else:
                    seen.add(e["seq"])
        return seen, lost

    # No disk returns EIO and EROFS on demand: tests/unit/spool/test_faults.c makes each operation
    # fail with them.

    def run_on(self, directory, break_it, mend_it):
        """A spool whose disk fails and recovers: each number arrives, as an event or as lost."""
        spool = {"directory": directory + "/spool", "quota": "1G", "segment": "1M"}
        outputs = {"unix": {"type": "unix", "to": "{dir}/reader.sock", "replay": "0",
                            "replay_time": "0s"}}
        with ganad.Daemon(outputs=outputs, models=model(), spool=spool) as d:
            reader = receivers.Reader(d.dir, "reader")
            load = Load(d.scoring, 50)
            ganad.wait_for(lambda: load.answered > 1000, 60, "alerts")
            break_it(d)
            before = load.answered
            ganad.wait_for(lambda: d.status().spool.dropped > 500, 120,
                           "the disk takes no more, and that is counted")
            self.assertGreater(load.answered, before)  # scoring continues
            self.assertNotEqual(d.status().spool.error, "")
            reader.start()
            mend_it(d)
            ganad.wait_for(lambda: d.status().spool.error == "", 60, "it writes again by itself")
            at = d.status().spool.end
            ganad.wait_for(lambda: d.status().spool.end > at + 500, 60, "new alerts")
            load.stop()
            ganad.wait_for(lambda: d.status().output[0].next == d.counter("events") + 1, 60,
                           "all is delivered")
            n, lost_there = d.counter("events"), d.status().output[0].lost
            self.assertEqual((d.counter("events_dropped"), d.status().spool.dropped),
                             (lost_there, lost_there))
            self.assertEqual(d.read_log().count("writes again"), 1)
            self.assertEqual(d.stop(), 0)
            reader.stop()
            seen, lost = self.seen_and_lost(d, reader)
            self.assertEqual(seen & lost, set())
            self.assertEqual(seen | lost, set(range(1, n + 1)))
            self.assertEqual(len(lost), lost_there)
            self.assertGreater(len(lost), 500)

    def test_a_disk_that_is_full(self):
        directory = self.mount()
        ballast = os.path.join(directory, "ballast")

        def fill(_):
            with open(ballast, "wb", buffering=0) as f, contextlib.suppress(OSError):
                while True:
                    f.write(bytes(1 << 16))
        self.run_on(directory, fill, lambda _: os.unlink(ballast))


class Floods(unittest.TestCase):
    def test_a_flood_is_few_alerts_with_exact_counts(self):
        n, window, sources = (1000000 if ganad.args.long else 60000), 2, 20
        alerts = {**ganad.EACH_ALERT, "rollup": f"{window}s"}
        with ganad.Daemon(outputs=ganad.ALERTS_FILE, models=model(top_features="3"),
                          alerts=alerts) as d:
            line = ganad.data_lines(20)
            records = []
            for i in range(1000):
                r = ganad.record(line[i % 5])
                r.connection.src_ip = bytes([10, 0, 0, i % sources])
                r.connection.dst_ip = bytes([10, 1, i // 256, i % 256])
                r.connection.src_port, r.connection.dst_port = 1024 + i, 80
                r.connection.ip_proto = 6
                records.append(r)
            request = [ganad.request(records[i:i + 100]) for i in range(0, 1000, 100)]
            with ganad.Conn(d.scoring, timeout=120) as c:
                begin = time.time()
                c.send(ganad.SCORE_REQUEST, request[0])
                c.answer()
                first = ganad.wait_for(lambda: glob.glob(d.path("alerts"))
                                       and os.path.getsize(d.path("alerts")) > 0, 20,
                                       "the first alert")
                self.assertTrue(first)
                for i in range(1, n // 100):
                    c.send(ganad.SCORE_REQUEST, request[i % 10])
                    c.answer()
                seconds = time.time() - begin
            self.assertEqual(d.counter("records_anomalous"), n)
            self.assertEqual(d.stop(), 0)
            with open(d.path("alerts")) as f:
                rollups = [json.loads(x) for x in f]
            self.assertEqual(sum(a["rollup"]["count"] for a in rollups), n)
            keys = {(a["src_ip"], a["model"], a["top_features"][0]["name"]) for a in rollups}
            windows = int(seconds / window) + 2
            # Each source is at most one incident for each nature of the five records: it opens,
            # rises a few times and closes.
            self.assertLessEqual(len(rollups), sources * 5 * (windows + 4))
            first = min(time_of(a["timestamp"]) for a in rollups)
            # Of one anomalous record: scored, decided, in the spool. On an idle machine it is 1 ms.
            busy = 4 if os.getloadavg()[0] > 1.5 else 1
            self.assertLess(first - begin, 0.05 * ganad.SLOW * busy)
            print(f"{n} records in {seconds:.1f} s: {len(rollups)} alerts of {len(keys)} kinds, "
                  "counts exact; the first after "
                  f"{1000 * (first - begin):.1f} ms")

    def test_what_is_more_severe_leaves_at_once(self):
        """The shipped model, a flood of one kind and in it one far more anomalous record with the
        same top feature."""
        trained = [c for c in ganad.trained() if "egbad" in c]
        if not trained:
            self.skipTest("no trained model")
        alerts = {**ganad.EACH_ALERT, "rollup": "60s"}
        with ganad.Daemon(outputs=ganad.ALERTS_FILE, alerts=alerts,
                          models={"m": {"checkpoint": trained[0], "fpr_budget": "0.05"}}) as d:
            flood = ganad.pb.Record(protocol_type="tcp", service="http", flag="SF", src_bytes=250,
                                    dst_bytes=4000, logged_in=1,
                                    count=8, srv_count=8, same_srv_rate=1, dst_host_count=255,
                                    dst_host_srv_count=255,
                                    dst_host_same_srv_rate=1, num_compromised=1)
            worse = ganad.pb.Record.FromString(flood.SerializeToString())
            worse.num_compromised = 7479
            with ganad.Conn(d.scoring) as c:
                for i in range(200):
                    c.send(ganad.SCORE_REQUEST,
                           ganad.request([flood] * 20 + ([worse] if i == 100 else [])))
                    reply = c.answer()
                    if i == 0:
                        self.assertEqual(reply.anomalous[:1], b"\1")
            def worst():
                return [a for a in ganad.events(d.path("alerts"))
                        if a["features"]["num_compromised"] == 7479]
            ganad.wait_for(worst, 10, "the alert of the worse record, long before an update is due")
            self.assertEqual(worst()[0]["incident"]["state"], "update")
            self.assertEqual(d.stop(), 0)
            with open(d.path("alerts")) as f:
                self.assertEqual(sum(json.loads(x)["rollup"]["count"] for x in f), 4001)


class Others(unittest.TestCase):
    def test_heartbeats_and_counters_are_in_the_same_feed(self):
        with ganad.Daemon(outputs={"file": {"type": "file", "to": "{dir}/all"}}, models=model(),
                          alerts={**ganad.EACH_ALERT, "heartbeat": "0.2s", "stats": "0.3s"}) as d:
            Load(d.scoring).stop()
            ganad.wait_for(lambda: d.counter("events") > d.counter("alerts") + 5, 20, "heartbeats")
            self.assertEqual(d.stop(), 0)
            with open(d.path("all")) as f:
                events = [json.loads(x) for x in f]
            self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
            self.assertLessEqual({"alert", "heartbeat", "stats"}, {e["event_type"] for e in events})
            last = [e for e in events if e["event_type"] == "stats"][-1]
            self.assertIn("records_scored", last["counters"])

    def test_a_datagram_is_an_event(self):
        with tempfile.TemporaryDirectory() as directory:
            unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            unix.bind(directory + "/dgram")
            journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            journal.bind(directory + "/journal")
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind(("127.0.0.1", 0))
            outputs = {"a": {"type": "unix-dgram", "to": directory + "/dgram", "format": "eve"},
                       "b": {"type": "udp", "to": "127.0.0.1:%d" % udp.getsockname()[1],
                             "format": "leef", "length": "1180"},
                       "c": {"type": "journal", "format": "journal", "to": directory + "/journal"}}
            with ganad.Daemon(outputs=outputs, models=model()) as d:
                line = ganad.record(ganad.data_lines(1)[0])
                with ganad.Conn(d.scoring) as c:
                    c.send(ganad.SCORE_REQUEST, ganad.request([line]))
                    c.answer()
                got = []
                for s in (unix, udp, journal):
                    s.settimeout(20 * ganad.SLOW)
                    got.append(s.recv(1 << 16))
                    s.close()
                self.assertEqual(d.stop(), 0)
            self.assertEqual(json.loads(got[0])["event_type"], "alert")
            self.assertTrue(got[1].startswith(b"LEEF:2.0|ganad|ganadd|") and b"\n" not in got[1])
            self.assertIn(b"\nMESSAGE_ID=5b0a3f2c7d9e4c1e8f64a1d2b37c9e01\n", got[2])

    def test_a_receiver_that_is_not_there_is_retried_without_a_descriptor_of_another(self):
        """A refused socket is closed; libevent complains if it is still watched, since the number
        can be reused."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and does not listen
            outputs = {"gone": {"type": "tcp", "to": f"127.0.0.1:{taken.getsockname()[1]}"}}
            with ganad.Daemon(outputs=outputs, models=model()) as d:
                ganad.wait_for(lambda: "Connection refused" in d.status().output[0].error, 20,
                               "it was tried")
                # and again, each time from another moment of the connection attempt
                time.sleep(1.5)
                self.assertEqual(d.stop(), 0)
                log = d.read_log()
        self.assertIn("output 'gone'", log)
        self.assertNotIn("[warn]", log)

    def test_files_are_moved_before_they_are_too_long(self):
        output = {"type": "file", "to": "{dir}/alerts", "file_size": "64K", "files": "3"}
        with ganad.Daemon(outputs={"file": output}, models=model()) as d:
            load = Load(d.scoring)
            ganad.wait_for(lambda: load.answered > 1500, 60, "alerts")
            load.stop()
            self.assertEqual(d.stop(), 0)
            files = sorted(glob.glob(d.path("alerts*")), reverse=True)
            self.assertEqual([os.path.basename(f) for f in files],
                             ["alerts.3", "alerts.2", "alerts.1", "alerts"])
            seq = []
            for f in files:
                self.assertLessEqual(os.path.getsize(f), 65536)
                seq += seqs_of(f)
            self.assertEqual(seq, list(range(seq[0], seq[0] + len(seq))))

    def test_a_rate_holds_back_and_loses_nothing(self):
        outputs = {"slow": {"type": "file", "to": "{dir}/slow", "rate": "100"}, **ganad.ALERTS_FILE}
        with ganad.Daemon(outputs=outputs, models=model(), ganadd={"stop_timeout": "60s"}) as d:
            with ganad.Conn(d.scoring) as c:
                c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x)
                                                           for x in ganad.data_lines(300)]))
                c.answer()
            ganad.wait_for(lambda: len(seqs_of(d.path("alerts"))) == 300, 20,
                           "all of them where there is no rate")
            begin = time.monotonic()
            self.assertLess(len(seqs_of(d.path("slow"))), 150)
            self.assertEqual(d.stop(90), 0)
            self.assertGreater(time.monotonic() - begin, 1)
            self.assertEqual(seqs_of(d.path("slow")), list(range(1, 301)))

    def test_length_is_of_the_event_with_its_syslog_head(self):
        def longest(**more):
            outputs = {"f": {"type": "file", "to": "{dir}/f", "syslog": "yes", **more}}
            with ganad.Daemon(outputs=outputs, models=model()) as d:
                with ganad.Conn(d.scoring) as c:
                    c.send(ganad.SCORE_REQUEST,
                           ganad.request([ganad.record(x) for x in ganad.data_lines(20)]))
                    c.answer()
                self.assertEqual(d.stop(), 0)
                with open(d.path("f"), "rb") as f:
                    lines = f.read().splitlines()
            self.assertEqual(len(lines), 20)
            return max(len(line) for line in lines)

        whole = longest()
        self.assertLessEqual(longest(length=str(whole - 10)), whole - 10)

    def test_syslog_ng_receives_it(self):
        program = receivers.find("syslog-ng")
        if not program:
            self.skipTest("syslog-ng is not installed (it and rsyslog exclude each other as "
                          "packages)")
        with tempfile.TemporaryDirectory(prefix="ganad-sng-") as directory:
            port = receivers.free_port()
            with open(directory + "/conf", "w") as f:
                f.write('@version: 3.35\n'
                        f'source s {{ syslog(ip(127.0.0.1) port({port}) transport(tcp)); }};\n'
                        f'destination d {{ file("{directory}/out" '
                        'template("${SDATA} ${MSG}\\n")); };\n'
                        'log { source(s); destination(d); };\n')
            p = subprocess.Popen([program, "-F", "-f", directory + "/conf", "-R",
                                  directory + "/persist", "-p", directory + "/pid",
                                  "-c", directory + "/ctl", "--no-caps"], stderr=subprocess.DEVNULL)
            try:
                output = {"type": "tcp", "to": f"127.0.0.1:{port}", "format": "syslog"}
                with ganad.Daemon(outputs={"sng": output}, models=model()) as d:
                    with ganad.Conn(d.scoring) as c:
                        c.send(ganad.SCORE_REQUEST,
                               ganad.request([ganad.record(x) for x in ganad.data_lines(200)]))
                        c.answer()
                    ganad.wait_for(lambda: d.status().output[0].sent >= 200, 30, "all are sent")
                    self.assertEqual(d.stop(), 0)
                ganad.wait_for(lambda: os.path.exists(directory + "/out")
                               and open(directory + "/out").read().count("\n") >= 200,
                               20, "all are written")
            finally:
                p.terminate()
                p.wait(20)
            with open(directory + "/out") as f:
                seq = [int(re.search(r'\[ganad@32473 .*?seq="(\d+)"', line).group(1)) for line in f]
            self.assertEqual(sorted(set(seq)), list(range(1, 201)))


class Documents(unittest.TestCase):
    """The programs accept the receivers' configurations in conf/receivers.md."""

    def blocks(self, language):
        with open(os.path.join(ganad.args.source, "conf", "receivers.md")) as f:
            found = re.findall(rf"^```{language}\n(.*?)^```", f.read(), re.M | re.S)
        self.assertGreater(len(found), 0)
        return found

    def check(self, language, *command):
        if not receivers.find(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        with tempfile.TemporaryDirectory(prefix="ganad-doc-") as directory:
            for block in self.blocks(language):
                for name in re.findall(r"/etc/rsyslog\.d/([\w.]+)", block):
                    open(os.path.join(directory, name),
                         "w").close()  # only its existence is checked
                with open(directory + "/conf", "w") as f:
                    f.write(block.replace("/etc/rsyslog.d", directory))
                p = subprocess.run([receivers.find(command[0]), *command[1:], directory + "/conf"],
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
                self.assertEqual(p.returncode, 0, block + p.stdout)

    def test_rsyslog(self):
        self.check("rsyslog", "rsyslogd", "-N1", "-f")

    def test_syslog_ng(self):
        self.check("syslog-ng", "syslog-ng", "-s", "-f")

    def test_outputs(self):
        for block in self.blocks("ini"):
            block = re.sub(r"^ca = .*\n", "", block, flags=re.M)
            with ganad.Daemon(start=False) as d:
                with open(d.conf, "a") as f:
                    f.write(block.replace("/var/log/ganad", d.dir))
                p = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], stderr=subprocess.PIPE)
                self.assertEqual(p.returncode, 0, p.stderr)


def time_of(text):
    import calendar
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) + float(text[19:26])


if __name__ == "__main__":
    ganad.main()
