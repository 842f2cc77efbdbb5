# SPDX-License-Identifier: Apache-2.0
"""The file of records that ganadd keeps: its formats, training from it, full disks, restarts, and
the reports about it."""

import csv
import glob
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import unittest

import ganad
from test_capture import Case

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import pcap  # noqa: E402

BEHIND = ("src_ip src_port dest_ip dest_port start end decided community_id orient notes "
          "src_packets dest_packets").split()
SCORE = "model score p_value anomalous".split()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def pings(n):
    c = pcap.Capture()
    for i in range(n):
        c.icmp(i / 1000, f"10.1.{i % 200}.1", "10.2.0.1", 8)
    return c.bytes()


class Forms(Case):
    def keep(self, name, *files, model=None, **keys):
        """Returns the file of records of a run over the files."""
        kept = self.path(name)
        more = "".join(f"{k} = {v}\n" for k, v in keys.items())
        conf = self.configure(name + ".conf", f"[records]\nfile = {kept}\n{more}", **(model or {}))
        self.read(*files or [self.pcap], conf=conf)
        return read(kept)

    def test_each_format_is_what_extract_writes(self):
        self.assertEqual(self.keep("plain"), self.extract(self.pcap))
        self.assertEqual(self.keep("json", format="ndjson"),
                         self.extract("--format", "ndjson", self.pcap))
        want = self.extract("--head", "--with-connection", self.pcap).splitlines()
        got = self.keep("connection", connection="yes").splitlines()
        self.assertEqual(got[0], want[0] + b",source")
        self.assertEqual(got[1:], [line + b",1" for line in want[1:]])  # the name of the first -r
        want = map(json.loads, self.extract("--format", "ndjson", "--with-connection",
                                            self.pcap).splitlines())
        got = map(json.loads, self.keep("jsonconn", format="ndjson", connection="yes").splitlines())
        self.assertEqual(list(got), [{**o, "source": "1"} for o in want])

    def test_sources_are_kept_apart(self):
        other = self.write("other.pcap", pcap.traffic(random.Random(9), 500).bytes())
        rows = list(csv.DictReader(io.StringIO(self.keep("two", self.pcap, other,
                                                         connection="yes").decode())))
        merged = self.extract("--merge", "--with-connection", self.pcap,
                              other).decode().splitlines()
        self.assertEqual([",".join(list(r.values())[:-1]) for r in rows], merged)
        for i, name in enumerate((self.pcap, other)):
            self.assertEqual(sum(r["source"] == str(i + 1) for r in rows),
                             self.extract(name).count(b"\n"))

    def test_scores_are_those_of_the_record(self):
        want = self.scores(self.extract(self.pcap))
        rows = list(csv.DictReader(io.StringIO(self.keep("scored", connection="yes",
                                                         score="yes").decode())))
        self.assertEqual(list(rows[0])[41:], BEHIND + ["source"] + SCORE)
        self.assertEqual([ganad.bits(r["score"]) for r in rows], want)
        alerts, _ = self.read(self.pcap, conf=self.configure("as-alerts.conf"))
        self.assertEqual([ganad.bits(r["score"]) for r in rows if r["anomalous"] == "1"],
                         [ganad.bits(a["score"]) for a in alerts])
        objects = list(map(json.loads, self.keep("json-scored", format="ndjson",
                                                 score="yes").splitlines()))
        self.assertEqual([ganad.bits(o["score"]) for o in objects], want)
        self.assertEqual(sum(o["anomalous"] for o in objects), len(alerts))
        self.assertEqual([ganad.bits(o["p_value"]) for o in objects],
                         [ganad.bits(r["p_value"]) for r in rows])

    def test_what_was_not_scored_is_there_without_a_score(self):
        kept = self.path("unscored")
        conf = self.write("unscored.conf",
                          f"[scoring]\nunix = {self.path('never')}\n[control]\n"
                          f"unix =\n[records]\nfile = {kept}\nscore = yes\n"
                          f"[model m]\ncheckpoint = {ganad.checkpoint('anogan')}\n"
                          "search_rate = 1\n".encode())
        _, said = self.read(self.pcap, conf=conf)
        rows = list(csv.DictReader(io.StringIO(read(kept).decode())))
        self.assertEqual(len(rows), self.extract(self.pcap).count(b"\n"))
        n = sum(r["score"] != "" for r in rows)
        self.assertIn(f" {n} records scored", said)
        self.assertLess(n, len(rows))
        for r in rows:
            self.assertEqual((r["score"] == "", r["p_value"] == ""), (r["anomalous"] == "",) * 2)

    def test_all_of_it_trains_and_scores(self):
        plain = self.keep("plain.csv")
        names = [self.path("plain.csv"), self.path("rich.csv")]
        rich = self.keep("rich.csv", connection="yes", score="yes")
        both = self.write("both.csv", rich + rich)  # as when rotated files are concatenated
        results = []
        for name in names:
            model = self.path("model.ckpt")
            p = subprocess.run([ganad.args.train, "fit", "--data", name, "--out", model, "--epochs",
                                "1",
                                "--protocol", "normal"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.assertEqual(p.returncode, 0, p.stdout)
            p = ganad.ctl("score", "--local", model, "--format", "csv", names[0])
            results.append([r["score"] for r in csv.DictReader(io.StringIO(p.stdout.decode()))])
        self.assertEqual(results[0], results[1])
        self.assertEqual(len(results[0]), plain.count(b"\n"))
        p = ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv", both)
        self.assertEqual((p.returncode, p.stdout.count(b"\n")), (0, 2 * plain.count(b"\n") + 1),
                         p.stderr)

    def test_a_file_has_one_format(self):
        forms = ({}, {"format": "ndjson"}, {"connection": "yes"},
                 {"connection": "yes", "score": "yes"}, {})
        texts = [self.keep("form", **keys) for keys in forms]
        for i, text in enumerate(reversed(texts)):
            self.assertEqual(read(self.path("form") + (f".{i}" if i else "")), text)
        self.assertEqual(self.keep("form"), texts[-1] * 2)  # the same format is appended

    def test_a_head_is_written_once_in_each_file(self):
        whole = self.keep("once", score="yes")
        head, rows = whole.split(b"\n", 1)
        self.assertEqual(self.keep("once", score="yes"), whole + rows)
        os.unlink(self.path("once"))
        self.keep("once", score="yes", file_size="16K", files=100)
        names = sorted((n for n in os.listdir(self.tmp.name) if n.startswith("once.")
                        and n[5:].isdigit()),
                       key=lambda n: -int(n[5:])) + ["once"]
        self.assertGreater(len(names), 4)
        parts = [read(self.path(n)) for n in names]
        for part in parts:
            self.assertTrue(part.startswith(head + b"\n"))
            self.assertLessEqual(len(part), 16384)
        self.assertEqual(b"".join(p.split(b"\n", 1)[1] for p in parts), rows)

    def test_an_incomplete_line_is_removed(self):
        plain = self.extract(self.pcap)
        for cut in (plain[:-1], plain[:-30], plain[:50], plain[:1], b""):
            self.write("cut", cut)
            self.assertEqual(self.keep("cut"), cut[:cut.rfind(b"\n") + 1] + plain)
        rich = self.keep("cut-rich", connection="yes")
        for cut in (rich[:10], rich[:700], rich[:-1]):
            self.write("cut-rich", cut)
            again = self.keep("cut-rich", connection="yes")
            self.assertEqual(again, cut[:cut.rfind(b"\n") + 1] +
                             (rich.split(b"\n", 1)[1] if b"\n" in cut else rich))

    def test_every_line_is_whole_after_a_kill(self):
        big, small = self.write("big.pcap", pings(20000)), self.write("small.pcap", pings(3))
        conf = self.configure("kill.conf",
                              f"[records]\nfile = {self.path('kill')}\nfile_size = 1M\n"
                              "connection = yes\n")
        r = random.Random(1)
        for _ in range(6):
            with subprocess.Popen([ganad.args.ganadd, "-c", conf, "-r", big],
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as p:
                ganad.wait_for(lambda: os.path.exists(self.path("kill"))
                               and os.path.getsize(self.path("kill")) > 5000, 30,
                               "records")
                time.sleep(r.random() * 0.05)
                p.kill()
            self.read(small, conf=conf)
            for name in os.listdir(self.tmp.name):
                if name == "kill" or name[:5] == "kill." and name[5:].isdigit():
                    p = ganad.ctl("score", "--local", ganad.checkpoint(), "--format", "csv",
                                  self.path(name))
                    self.assertEqual(p.returncode, 0, p.stderr)


class Running(Case):
    def daemon(self, records, captures=None, start=True, **kw):
        return ganad.Daemon(start=start, captures=captures,
                            records={"file": "{dir}/records", **records},
                            models={"m": {"checkpoint": ganad.checkpoint(), "threshold": "1e30"}},
                            **kw)

    def test_records_of_clients_are_kept_if_configured(self):
        lines = ganad.data_lines(100)
        for wanted in ("no", "yes"):
            with self.daemon({"clients": wanted, "score": "yes", "connection": "yes"}) as d:
                with ganad.Conn(d.scoring) as c:
                    c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x) for x in lines]))
                    answer = c.answer()
                    c.send(ganad.SCORE_REQUEST, ganad.request([ganad.pb.Record(land=7)]))
                    c.error()
                d.stop()
                rows = list(csv.DictReader(io.StringIO(read(d.path("records")).decode())))
                self.assertEqual(len(rows), 100 if wanted == "yes" else 0)
                if rows:
                    self.assertEqual([ganad.bits(r["score"]) for r in rows],
                                     [ganad.bits(x) for x in answer.score])
                    self.assertEqual({r[k] for r in rows for k in BEHIND + ["source"]}, {""})
                    self.assertEqual([r["service"] for r in rows][:10],
                                     [x.split(b",")[2].decode()
                                      if x.split(b",")[2] != b"no_such_service" else "?"
                                      for x in lines[:10]])

    def test_status_shows_it(self):
        want = self.extract(self.pcap)
        with self.daemon({"file_size": "16K", "files": "2"}, {"a": {"file": self.pcap}}) as d:
            n = want.count(b"\n")
            r = ganad.wait_for(lambda: d.status().records if d.status().records.written == n
                               else None, 20, "all records")
            self.assertEqual((r.file, r.format, r.state, r.error, r.bytes, r.lost, r.queued),
                             (d.path("records"), "csv", "open", "", len(want), 0, 0))
            self.assertGreaterEqual(r.rotations, len(want) // 16384)
            shown = json.loads(d.ctl("status", "--json", control=True).stdout)["records"]
            self.assertEqual((shown["written"], shown["bytes"], shown["rotations"]),
                             (n, len(want), r.rotations))
            self.assertRegex(d.ctl("status", "--all", control=True).stdout.decode(),
                             rf"\ncsv +open +{n} .*{d.path('records')}\n")
        with ganad.Daemon() as d:
            self.assertFalse(d.status().HasField("records"))
            self.assertIsNone(json.loads(d.ctl("status", "--json", control=True).stdout)["records"])

    def test_files_are_reopened_on_request(self):
        with self.daemon({"clients": "yes"}, outputs=ganad.ALERTS_FILE) as d:
            def send():
                with ganad.Conn(d.scoring) as c:
                    c.send(ganad.SCORE_REQUEST,
                           ganad.request([ganad.record(ganad.data_lines(1)[0])]))
                    c.answer()

            def lines(name):
                return read(d.path(name)).count(b"\n")
            for way in (lambda: d.process.send_signal(signal.SIGHUP),
                        lambda: d.ctl("reopen", control=True, check=True)):
                send()
                ganad.wait_for(lambda: lines("records") == 1, 10, "a record")
                for name in ("records", "alerts"):
                    os.rename(d.path(name), d.path(name + ".moved"))
                way()
                ganad.wait_for(lambda: os.path.exists(d.path("records"))
                               and os.path.exists(d.path("alerts")), 10, "new files")
                send()
                ganad.wait_for(lambda: lines("records") == 1, 10, "another")
                self.assertEqual(lines("records.moved"), 1)
                for name in ("records", "alerts"):
                    os.unlink(d.path(name))
                way()
                ganad.wait_for(lambda: os.path.exists(d.path("records")), 10, "the file")
            os.unlink(d.path("records"))
            os.mkdir(d.path("records"))
            p = d.ctl("reopen", control=True)
            self.assertEqual(p.returncode, 1)
            self.assertIn(b"/records: Is a directory", p.stderr)
            self.assertEqual(d.ctl("reopen", "x", control=True).returncode, 2)
        self.assertEqual(ganad.ctl("-s", "/no/such", "reopen").returncode, 3)

    def check_lines(self, text):
        self.assertTrue(text.endswith(b"\n"))
        self.assertEqual({line.count(b",") for line in text.splitlines()}, {40})

    def check_full(self, d, n, look, make_room):
        """@look: the file's bytes. While the disk is full, everything is scored and records that do
        not fit are counted. Later writing resumes."""
        ganad.wait_for(lambda: d.counter("records_scored") == n, 60, "all are scored")
        r = d.status().records
        # a backlog is no reason to delete older files
        self.assertEqual((r.state, r.rotations), ("failed", 0))
        self.assertGreater(r.lost, 1000)
        self.assertEqual(d.counter("records_lost"), r.lost)
        self.check_lines(look())
        self.assertEqual(len(look()), r.bytes)
        self.assertEqual(look().count(b"\n"), r.written)
        time.sleep(1)  # it is retried again and again
        self.check_lines(look())
        self.assertEqual(d.read_log().count("lines wait in memory"), 1)
        error = r.error
        make_room()
        ganad.wait_for(lambda: d.status().records.state == "open", 40, "it goes on")
        ganad.wait_for(lambda: d.status().records.queued == 0, 40, "it is written")
        r = d.status().records
        self.assertEqual(r.written + r.lost, n)
        self.check_lines(look())
        self.assertEqual(len(look()), r.bytes)
        self.assertIn("works again", d.read_log())
        self.assertIn(f"{r.lost} lines were dropped", d.read_log())
        return error

    def test_a_limit_on_files_is_a_full_disk(self):
        n = 20000
        big = self.write("big.pcap", pings(n))
        with self.daemon({"file_size": "150K"}, {"a": {"file": big}}, start=False) as d:
            d.process = subprocess.Popen(
                [ganad.args.ganadd, "-c", d.conf], stderr=d.log,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                      (100001, resource.RLIM_INFINITY)))
            ganad.wait_for(d.answers, 30, "ganadd serves")
            def look():  # the backlog is larger than the limit of a file
                files = sorted(glob.glob(d.path("records.*")),
                               key=lambda f: -int(f.rsplit(".", 1)[1]))
                return b"".join(map(read, files + [d.path("records")]))
            error = self.check_full(d, n, look, lambda: resource.prlimit(
                d.process.pid, resource.RLIMIT_FSIZE,
                (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
            self.assertEqual(error, "File too large")
            self.assertGreater(d.status().records.rotations, 3)
            self.assertTrue(all(os.path.getsize(f) <= 150 << 10
                                for f in glob.glob(d.path("records*"))))
            self.assertEqual(d.stop(), 0)

    def test_a_full_disk_does_not_stop_it(self):
        if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=64k", "t",
                           self.tmp.name],
                          stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("no tmpfs of one's own here (unshare -m, mount)")
        n = 20000
        big = self.write("big.pcap", pings(n))
        with self.daemon({"file": "{dir}/disk/records"}, {"a": {"file": big}}, start=False) as d:
            os.mkdir(d.path("disk"))
            d.process = subprocess.Popen(
                ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=8m t "$1"; '
                 'dd if=/dev/zero of="$1/filler" bs=4096 count=2000 2>/dev/null; exec "$2" -c "$3"',
                 "sh",
                 d.path("disk"), ganad.args.ganadd, d.conf], stderr=d.log)
            ganad.wait_for(d.answers, 30, "ganadd serves")
            disk = f"/proc/{d.process.pid}/root{d.path('disk')}"
            error = self.check_full(d, n, lambda: read(disk + "/records"),
                                    lambda: os.unlink(disk + "/filler"))
            self.assertEqual(error, "No space left on device")
            self.assertEqual(d.stop(), 0)

    def test_it_starts_on_a_full_disk_too(self):
        if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=64k", "t",
                           self.tmp.name],
                          stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("no tmpfs of one's own here (unshare -m, mount)")
        with self.daemon({"file": "{dir}/disk/records", "connection": "yes"},
                         {"a": {"file": self.pcap}},
                         start=False) as d:
            os.mkdir(d.path("disk"))
            d.process = subprocess.Popen(
                ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=4m t "$1"; '
                 'dd if=/dev/zero of="$1/filler" bs=4096 2>/dev/null; exec "$2" -c "$3"', "sh",
                 d.path("disk"), ganad.args.ganadd, d.conf], stderr=d.log)
            ganad.wait_for(d.answers, 30, "ganadd serves")
            want = self.extract("--head", "--with-connection", self.pcap)
            ganad.wait_for(lambda: d.counter("records_scored") == want.count(b"\n") - 1, 30,
                           "all are scored")
            disk = f"/proc/{d.process.pid}/root{d.path('disk')}"
            self.assertEqual(read(disk + "/records"), b"")
            os.unlink(disk + "/filler")
            ganad.wait_for(lambda: d.status().records.written == want.count(b"\n") - 1, 40,
                           "all are written")
            lines = read(disk + "/records").splitlines()
            self.assertEqual([line.rsplit(b",", 1)[0] for line in lines], want.splitlines())


if __name__ == "__main__":
    ganad.main()
