# SPDX-License-Identifier: Apache-2.0
"""ganad-traffic: it writes a valid capture, and its table of the truth is correct. An independent
tracker, tests/golden/tracker.py, finds the same for every connection.

Usage: test_traffic.py --source ROOT --traffic PROGRAM"""

import argparse
import collections
import csv
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

parser = argparse.ArgumentParser()
parser.add_argument("--source", required=True)
parser.add_argument("--traffic", required=True, type=os.path.abspath)
args, rest = parser.parse_known_args()
sys.path.insert(0, os.path.join(args.source, "tests", "golden"))
sys.dont_write_bytecode = True
import compare_truth  # noqa: E402
import tracker  # noqa: E402

# The bytes that this seed must give on every machine and with every compiler. They change only with
# the generator.
KNOWN = ["--sessions", "300", "--attacks", "--seed", "7"]
KNOWN_SHA256 = {"pcap": "282f97f96909d657507d9dc4e94a4972f6b473b91ef0d44038a8e8de6c6e0836",
                "truth": "beab749bfa3a423a930f2b9e8dcea4efd20f17ee309a7f1d92d5b7f2df7e20fb"}
STATES = {"SF", "S0", "REJ", "RSTR", "RSTO", "SH", "S1", "S2", "RSTOS0", "S3", "OTH"}


def run(*options, check=True, **more):
    p = subprocess.run([args.traffic, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       check=False, **more)
    if check and p.returncode:
        raise AssertionError(f"{options}: {p.returncode}\n{p.stderr.decode()}")
    return p


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def read_truth(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


class Traffic(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-")
        cls.pcap, cls.truth_path = cls.path("a.pcap"), cls.path("a.tsv")
        run(*KNOWN, cls.pcap, cls.truth_path)
        cls.truth = read_truth(cls.truth_path)
        cls.rows, cls.counts, cls.times = tracker.track(cls.pcap)

    @classmethod
    def tearDownClass(cls):
        cls.tmp.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.tmp.name, name)

    def test_a_seed_gives_the_same_bytes_everywhere(self):
        self.assertEqual({"pcap": sha256(self.pcap), "truth": sha256(self.truth_path)},
                         KNOWN_SHA256)

    def test_another_seed_gives_another_capture(self):
        run("-n", "20", "-s", "1", self.path("1"))
        run("-n", "20", "-s", "2", self.path("2"))
        self.assertNotEqual(sha256(self.path("1")), sha256(self.path("2")))

    def test_frames_are_in_order_of_time(self):
        self.assertEqual(self.times, sorted(self.times))

    def test_vlans_ipv6_and_fragments_are_there(self):
        packets, tagged, ipv6, fragments = self.counts
        self.assertTrue(packets > tagged > 0 and ipv6 > 0 and fragments > 0, self.counts)

    def test_truth_is_what_a_tracker_sees(self):
        def key(r):
            return [str(r[c]) for c in ("protocol_type", "src_ip", "src_port", "dst_ip",
                                        "dst_port")]

        truth = [dict(t, **{c: int(t[c].replace(".", "")) for c in ("start", "duration")})
                 for t in self.truth]
        truth.sort(key=lambda r: (key(r), r["start"]))
        seen = sorted(self.rows, key=lambda r: (key(r), r["start"]))
        self.assertEqual(len(seen), len(truth))
        for a, b in zip(seen, truth):
            self.assertEqual({c: str(v) for c, v in a.items()}, {c: str(b[c]) for c in a},
                             b["kind"])

    def test_every_state_and_every_kind_is_there(self):
        listed = [line.split() for line in run("--list").stdout.decode().split("\n")
                  if line.startswith("  ")]
        names = {words[0] for words in listed}
        self.assertEqual({t["flag"] for t in self.truth}, STATES)
        kinds = {t["kind"] for t in self.truth}
        self.assertTrue(kinds <= names, kinds - names)
        self.assertEqual({t["label"] for t in self.truth} - {"normal"},
                         names & {t["label"] for t in self.truth})

    def test_attacks_look_like_the_rows_of_kdd99(self):
        of = collections.defaultdict(collections.Counter)
        for t in self.truth:
            of[t["label"]][tuple(t[c] for c in ("service", "flag", "src_bytes",
                                                "wrong_fragment"))] += 1
        common = {label: rows.most_common(1)[0][0] for label, rows in of.items()}
        self.assertIn(common["smurf"], [("ecr_i", "SF", "1032", "0"), ("ecr_i", "SF", "520", "0")])
        self.assertEqual(common["teardrop"], ("private", "SF", "28", "3"))
        self.assertEqual(common["pod"], ("ecr_i", "SF", "1480", "1"))
        self.assertEqual(common["ipsweep"], ("eco_i", "SF", "8", "0"))
        self.assertEqual(common["neptune"], ("private", "S0", "0", "0"))
        self.assertEqual(common["nmap"], ("private", "SH", "0", "0"))
        self.assertEqual(common["back"], ("http", "SF", "54540", "0"))
        self.assertTrue(all(t["land"] == "1" and t["flag"] == "S0" for t in self.truth
                            if t["label"] == "land"))
        guesses = [t for t in self.truth if t["label"] == "guess_passwd"
                   and t["service"] == "telnet"]
        self.assertTrue(guesses and all(int(t["num_failed_logins"]) in (1, 5) for t in guesses))
        self.assertTrue(all(t["logged_in"] == "0" for t in guesses))

    def test_steps_of_an_attack_are_counted(self):
        run("-n", "0", "-a", "neptune:70000", "-a", "land:3", self.path("n.pcap"),
            self.path("n.tsv"))
        rows = collections.Counter(t["label"] for t in read_truth(self.path("n.tsv")))
        self.assertEqual(rows, {"neptune": 70000, "land": 3})
        ends = {(t["src_ip"], t["src_port"], t["dst_ip"], t["dst_port"])
                for t in read_truth(self.path("n.tsv"))}
        self.assertEqual(len(ends), 70001)  # land arrives from its own address and port every time

    def test_kinds_and_seconds_are_respected(self):
        run("-k", "dns", "-k", "finger", "--seconds", "20", "--rate", "30", self.path("k.pcap"),
            self.path("k.tsv"))
        truth = read_truth(self.path("k.tsv"))
        self.assertEqual({t["kind"] for t in truth}, {"dns", "finger"})
        self.assertTrue(400 < len(truth) < 800, len(truth))
        first, last = float(truth[0]["start"]), float(truth[-1]["start"])
        self.assertTrue(1767225600 <= first < 1767225602 and last < 1767225621, (first, last))

    def test_start_is_respected(self):
        run("-n", "3", "--start", "1000000000", self.path("t.pcap"), self.path("t.tsv"))
        self.assertTrue(read_truth(self.path("t.tsv"))[0]["start"].startswith("100000000"))

    def test_standard_output_is_the_same_capture(self):
        out = run(*KNOWN, "-q", "-").stdout
        self.assertEqual(hashlib.sha256(out).hexdigest(), sha256(self.pcap))

    def test_a_fifo_is_written_to_and_not_replaced(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        with subprocess.Popen(["sha256sum", fifo], stdout=subprocess.PIPE) as reader:
            run(*KNOWN, "-q", fifo)
            self.assertEqual(reader.communicate(timeout=60)[0].split()[0].decode(),
                             sha256(self.pcap))
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))

    def test_wrong_usage_is_refused_with_a_reason(self):
        for options, said in [([], "no file"), (["a", "b", "c"], "more than two"),
                              (["-", "-"], "cannot both"),
                              (["-n", "x", "a"], "--sessions: 'x'"),
                              (["-r", "0", "a"], "--rate: '0'"),
                              (["-a", "smruf", "a"], "did you mean 'smurf'"),
                              (["-k", "htttp", "a"], "mean 'http'"),
                              (["-a", "smurf:0", "a"], "'0' is not a whole number"),
                              (["--nonsense", "a"], "--nonsense"),
                              (["-n", "0", "a"], "nothing to write"),
                              (["--start", "4e9", "a"], "--start"),
                              (["-n", "100000000", "-r", "0.01", "a"], "2105")]:
            p = run(*options, check=False, cwd=self.tmp.name)
            self.assertEqual(p.returncode, 2, options)
            self.assertIn(said, p.stderr.decode())
        self.assertFalse(os.path.exists(self.path("a")))

    def test_what_cannot_be_written_leaves_nothing(self):
        p = run("-n", "2", self.path("no/such/directory"), check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("No such file", p.stderr.decode())
        with open("/dev/full", "wb") as full:
            p = subprocess.run([args.traffic, "-n", "2", "-"], stdout=full, stderr=subprocess.PIPE,
                               check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("standard output: cannot write: No space left", p.stderr.decode())

    def test_a_signal_leaves_nothing(self):
        directory = self.path("stopped")
        os.mkdir(directory)
        p = subprocess.Popen([args.traffic, "-n", "100000000", "a.pcap", "a.tsv"], cwd=directory,
                             stderr=subprocess.DEVNULL)
        while len(os.listdir(directory)) < 2 and p.poll() is None:
            time.sleep(0.01)
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(30), 1)
        self.assertEqual(os.listdir(directory), [])

    def test_tcpdump_reads_it(self):
        tcpdump = shutil.which("tcpdump", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
        if not tcpdump:
            self.skipTest("no tcpdump on this machine")
        p = subprocess.run([tcpdump, "-nvvr", self.pcap], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, check=True)
        self.assertNotRegex(p.stdout.decode(errors="replace"),
                            r"bad (ip )?(udp )?cksum|cksum.*incorrect|truncated-ip")

    def test_the_comparison_with_an_extractor_finds_what_is_wrong(self):
        """Records made of the truth agree; each planted fault does not."""
        rows = list(compare_truth.named_by_asker(read_truth(self.truth_path)[:200]))

        def records(change, label=()):
            lines = []
            for i, t in enumerate(rows):
                r = dict(t, duration=str(int(float(t["duration"]))))
                r.update(change.get(i, {}))
                cells = [r.get(c, "0").replace("-", "0") for c in compare_truth.KDD]
                lines.append(",".join(cells + list(label) + [r["src_ip"], r["src_port"],
                                                             r["dst_ip"], r["dst_port"],
                                                             r["start"]]))
            with open(self.path("records"), "w") as f:
                f.write("\n".join(lines) + "\n")
            p = subprocess.run([sys.executable,
                                os.path.join(args.source, "tests/golden/compare_truth.py"),
                                "--content",
                                self.path("records"), self.path("part.tsv")],
                               stdout=subprocess.PIPE, check=False)
            return p.returncode

        with open(self.truth_path) as f, open(self.path("part.tsv"), "w") as part:
            part.writelines(f.readlines()[:201])
        self.assertEqual(records({}), 0)
        self.assertEqual(records({}, ["normal"]), 0)
        for fault in ({"flag": "S9"}, {"src_bytes": "123456789"}, {"service": "gopher"},
                      {"duration": "99999"},
                      {"src_port": "1"}, {"hot": "77"}):
            self.assertEqual(records({5: fault}), 1, fault)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + rest)
