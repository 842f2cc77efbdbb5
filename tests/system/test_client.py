# SPDX-License-Identifier: Apache-2.0
"""ganadctl against faulty servers, and its messages and exit codes without a server."""

import csv
import hashlib
import io
import json
import os
import re
import select
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import numpy

import ganad

LINE = b"0,tcp,http,SF,%d,5450,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,8,8,0.00,0.00,0.00,0.00," \
       b"1.00,0.00,0.00,9,9,1.00,0.00,0.11,0.00,0.00,0.00,0.00,0.00,normal.\n"


def lines(n):
    return b"".join(LINE % i for i in range(n))


class Server(threading.Thread):
    """Serves one connection after another by a function of (connection, its number)."""

    def __init__(self, serve):
        super().__init__(daemon=True)
        self.tmp = tempfile.TemporaryDirectory(prefix="ganad-")
        self.path = os.path.join(self.tmp.name, "s")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.serve, self.failure, self.connections, self.closed = serve, None, 0, 0
        self.start()

    def run(self):
        try:
            while True:
                s, _ = self.listener.accept()
                with s:
                    s.settimeout(30)
                    self.connections += 1
                    self.serve(Peer(s), self.connections)
                self.closed += 1
        except OSError:
            pass  # closed by __exit__, or the client disconnected
        except Exception as e:  # shown by the test that waits for us
            self.failure = e

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.tmp.cleanup()
        if self.failure:
            raise self.failure


class Peer(ganad.Conn):
    def __init__(self, s):
        self.s, self.buf = s, b""

    def requests(self):
        """PackedRequests until the client ends."""
        try:
            while True:
                kind, body = self.frame()
                assert kind == ganad.PACKED_REQUEST, kind
                yield ganad.pb.PackedRequest.FromString(body)
        except ganad.Closed:
            return


def reply(m, **change):
    """The answer of a model whose score is src_bytes, which shows the order."""
    score = change.get("score", list(m.number[m.n:2 * m.n]))
    r = dict(id=m.id, model="fake", model_sha256=hashlib.sha256(b"").digest(), threshold=10,
             score=score,
             p_value=[0.5] * m.n, anomalous=bytes(s > 10 for s in score))
    r.update(change)
    answer = ganad.pb.ScoreReply(**r)
    if m.options.top and "explanation" not in change:
        for _ in range(m.n):
            answer.explanation.add().reason.add(feature="src_bytes", value="1", expected="240.5",
                                                share=0.5)
    return answer


def answer_all(peer, _):
    for m in peer.requests():
        peer.send(ganad.SCORE_REPLY, reply(m))


def score(server, n, *options, stdin=None):
    return ganad.ctl("-s", server.path, "score", *options, "-", input=stdin or lines(n))


class Answers(unittest.TestCase):
    def test_every_record_is_answered_in_order(self):
        for n in (0, 1, 255, 256, 257, 10000):
            with Server(answer_all) as s:
                r = score(s, n, "--format", "csv")
            self.assertEqual(r.returncode, 0, r.stderr)
            rows = list(csv.DictReader(io.StringIO(r.stdout.decode())))
            self.assertEqual([int(row["line"]) for row in rows], list(range(1, n + 1)))
            self.assertEqual([float(row["score"]) for row in rows], [float(i) for i in range(n)])
            self.assertEqual(sum(row["anomalous"] == "1" for row in rows), max(0, n - 11))

    def test_late_answers_cause_no_deadlock(self):
        """The server reads nothing until all buffers are full, then answers all at once and reads
        no more meanwhile."""
        def late(peer, _):
            waiting = []
            for m in peer.requests():
                waiting.append(m)
                if len(waiting) == 16 or not select.select([peer.s], [], [], 0.5)[0]:
                    peer.s.sendall(b"".join(ganad.frame(ganad.SCORE_REPLY, reply(m))
                                            for m in waiting))
                    waiting = []
        with Server(late) as s:
            r = score(s, 16 * 256 * 3 + 1, "--format", "csv", "--top", "41")
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertEqual(r.stdout.count(b"\n"), 16 * 256 * 3 + 2)

    def test_json_and_csv_bring_back_every_bit(self):
        values = [struct.unpack("<f", struct.pack("<I", 0x3dcccccd + i * 7919))[0]
                  for i in range(256)]
        def serve(peer, _):
            for m in peer.requests():
                src_bytes = m.number[m.n:2 * m.n]
                peer.send(ganad.SCORE_REPLY, reply(m, score=[values[int(x)] for x in src_bytes]))
        for form in ("csv", "json"):
            with Server(serve) as s:
                out = score(s, 256, "--format", form, "--top", "1").stdout.decode()
            rows = list(csv.DictReader(io.StringIO(out)))
            if form == "json":
                rows = [json.loads(x) for x in out.splitlines()]
            back = [struct.unpack("<f", struct.pack("<f", float(row["score"])))[0] for row in rows]
            self.assertEqual(back, values)
        self.assertEqual(rows[0]["top_features"],
                         [{"name": "src_bytes", "value": 1, "expected": 240.5, "share": 0.5}])
        self.assertEqual(rows[0]["model_sha256"], hashlib.sha256(b"").hexdigest())

    def test_options_reach_the_server(self):
        seen = []
        def serve(peer, _):
            for m in peer.requests():
                seen.append((m.options.model, m.options.top, m.options.no_alert))
                peer.send(ganad.SCORE_REPLY, reply(m))
        with Server(serve) as s:
            score(s, 1)
            score(s, 1, "--format", "csv")
            score(s, 1, "--model", "x", "--top", "41", "--no-alerts")
        self.assertEqual(seen, [("", 3, False), ("", 0, False), ("x", 41, True)])

    def test_a_connection_lost_while_no_request_is_pending_is_reopened(self):
        """As when the output is read slowly and the server's idle timer ends the connection."""
        def serve(peer, n):
            for i, m in enumerate(peer.requests()):
                peer.send(ganad.SCORE_REPLY, reply(m))
                if n == 1 and i == 0:
                    break
            if n == 1:
                peer.send(ganad.ERROR_REPLY,
                          ganad.pb.ErrorReply(code=ganad.TIMEOUT, message="nothing came"))
        with Server(serve) as s:
            reader, writer = os.pipe()
            with os.fdopen(reader, "rb") as out:
                feed, feeder = os.pipe()
                p = subprocess.Popen([ganad.args.ganadctl, "-s", s.path, "score", "--format", "csv",
                                      "-"],
                                     stdin=feed, stdout=writer, stderr=subprocess.PIPE)
                os.close(feed)
                os.close(writer)
                os.write(feeder, lines(1))
                self.assertTrue(out.readline().startswith(b"line,"))
                self.assertTrue(out.readline().startswith(b"1,"))
                ganad.wait_for(lambda: s.closed == 1, 10, "the server has cut the connection")
                os.write(feeder, lines(44))
                os.close(feeder)
                rest = out.read()
                _, err = p.communicate(timeout=30)
            self.assertEqual(p.returncode, 0, err)
            self.assertEqual(rest.count(b"\n"), 44)
            self.assertEqual(s.connections, 2)


class BadServers(unittest.TestCase):
    def fails(self, serve, text, n=300, code=1):
        with Server(serve) as s:
            start = time.monotonic()
            r = score(s, n, "--format", "csv", "--top", "1")
        self.assertEqual(r.returncode, code, r.stderr)
        self.assertIn(text, r.stderr.decode())
        self.assertLess(time.monotonic() - start, 20 * ganad.SLOW)
        return r

    def change(self, **change):
        def serve(peer, _):
            for m in peer.requests():
                peer.send(ganad.SCORE_REPLY, reply(m, **change))
        return serve

    def test_answers_that_do_not_fit_their_request(self):
        # More scores than a request can have records: the number in the first one depends on
        # timing.
        for change in (dict(id=99), dict(score=[1.0] * 9000), dict(p_value=[]), dict(anomalous=b""),
                       dict(explanation=[]), dict(model_sha256=b"short")):
            with self.subTest(**change):
                self.fails(self.change(**change), "does not fit request 1")

    def test_bytes_that_are_no_frame_of_ours(self):
        for raw in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\0", b"\xff" * 64,
                    ganad.frame(1, b"")):
            with self.subTest(raw=raw):
                self.fails(lambda peer, _: peer.s.sendall(raw), "not a ganadd")

    def test_an_answer_that_cannot_be_decoded(self):
        for raw, text in ((ganad.frame(ganad.SCORE_REPLY, b"\xff\xff"), "does not fit"),
                          (ganad.frame(ganad.EVENT, b""), "an unexpected frame")):
            def serve(peer, _):
                next(peer.requests())
                peer.s.sendall(raw)
            self.fails(serve, text)

    def test_a_server_that_disconnects(self):
        r = self.fails(lambda peer, _: next(peer.requests()), "closed the connection")
        self.assertEqual(r.stdout, b"")

    def test_a_refusal_names_the_lines_and_the_reason(self):
        def serve(peer, _):
            for i, m in enumerate(peer.requests()):
                if i == 1:
                    peer.send(ganad.ERROR_REPLY, ganad.pb.ErrorReply(
                        id=m.id, code=ganad.BAD_RECORD, message="record 3: 'count'\x1b[31m is 512"))
                else:
                    peer.send(ganad.SCORE_REPLY, reply(m))
        r = self.fails(serve, "record 3: 'count'\\x1b[31m is 512")
        first = int(re.search(rb"-: lines (\d+) to \d+: ", r.stderr)[1])
        self.assertEqual(r.stdout.count(b"\n"), first)  # the head, and what was answered before

    def test_reasons_cannot_forge_lines(self):
        evil = 'x"\n1,2\x1b'
        def serve(peer, _):
            for m in peer.requests():
                a = reply(m, model=evil)
                for e in a.explanation:
                    e.reason[0].feature = e.reason[0].value = evil
                peer.send(ganad.SCORE_REPLY, a)
        for form in ("csv", "json", "table"):
            with Server(serve) as s:
                out = score(s, 5, "--format", form, "--top", "1").stdout
            self.assertEqual(out.count(b"\n"), 5 + (form != "json"), form)
            self.assertNotIn(b"\x1b", out)
            if form == "csv":
                rows = list(csv.reader(io.StringIO(out.decode())))
                self.assertEqual({len(row) for row in rows}, {8})
            if form == "json":
                self.assertEqual({json.loads(x)["model"] for x in out.splitlines()}, {evil})


class Words(unittest.TestCase):
    def test_without_a_daemon_it_says_which_socket_and_what_to_do(self):
        for command in (["status"], ["tail"], ["score", "-"]):
            r = ganad.ctl("-s", "/nonexistent/s", *command, input=b"")
            self.assertEqual(r.returncode, 3)
            self.assertEqual(r.stdout, b"")
            self.assertIn(b"cannot connect to /nonexistent/s: No such file", r.stderr)
            self.assertIn(b"systemctl start ganadd", r.stderr)

    def test_the_environment_names_the_sockets(self):
        env = dict(os.environ, GANAD_SCORING_SOCKET="/nonexistent/scoring",
                   GANAD_CONTROL_SOCKET="/nonexistent/control")
        self.assertIn(b"/nonexistent/control:", ganad.ctl("status", env=env).stderr)
        self.assertIn(b"/nonexistent/scoring:", ganad.ctl("score", "-", input=b"", env=env).stderr)
        self.assertIn(b"/nonexistent/s:", ganad.ctl("score", "-s", "/nonexistent/s", "-", input=b"",
                                                    env=env).stderr)

    def test_wrong_usage_is_2_and_says_where_help_is(self):
        for line in ("", "scor", "score", "score a b", "score --format xml a", "score --top 42 a",
                     "score --top x a",
                     "score --local c --model m a", "score --fpr-budget 0.1 a",
                     "score --local c --fpr-budget 1 a",
                     "status x", "status --foo", "tail -n x", "tail x", "version x", "help a b",
                     "help nothing",
                     "-s nonsense status"):
            with self.subTest(line=line):
                r = ganad.ctl(*line.split())
                self.assertEqual(r.returncode, 2)
                self.assertEqual(r.stdout, b"")
                self.assertNotEqual(r.stderr, b"")
        self.assertIn(b"did you mean 'score'", ganad.ctl("scor").stderr)
        for word in ("staus", "statu", "stauts", "statuss"):
            self.assertIn(b"did you mean 'status'", ganad.ctl(word).stderr)

    def test_an_option_that_is_nearly_one_is_named(self):
        train = [ganad.args.train, "fit"]
        for program, line, meant in ((None, "status --jsn", "json"),
                                     (None, "tail --cuont 1", "count"),
                                     (None, "--sokcet x", "socket"),
                                     (None, "extract --with-conection x", "with-connection"),
                                     (train, "--modle x", "model")):
            r = subprocess.run((program or [ganad.args.ganadctl]) + line.split(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual((r.returncode, r.stdout), (2, b""))
            self.assertIn(f"Did you mean '--{meant}'?\n".encode(), r.stderr)
        # far from all; without a value; the begin of one
        for line in ("status --completely", "tail --count", "score --no x"):
            self.assertNotIn(b"mean", ganad.ctl(*line.split()).stderr)

    def test_help_is_on_stdout(self):
        for line in ("help", "--help", "-h", "help score", "score --help", "status -h",
                     "tail --help", "version -h"):
            r = ganad.ctl(*line.split())
            self.assertEqual((r.returncode, r.stderr), (0, b""), line)
            self.assertIn(b"Usage: ganadctl", r.stdout)

    def test_version_answers_without_a_daemon(self):
        r = ganad.ctl("-s", "/nonexistent/s", "version", "--json")
        self.assertEqual(r.returncode, 0)
        self.assertEqual(set(json.loads(r.stdout)), {"ganadctl", "ganadd"})

    def test_a_bad_line_is_named_after_the_lines_before_it(self):
        with Server(answer_all) as s:
            r = score(s, 0, "--format", "csv", stdin=lines(3) + b"0,tcp,http\n" + lines(2))
            self.assertEqual(r.returncode, 1)
            self.assertEqual(r.stdout.count(b"\n"), 4)
            self.assertIn(b":4:", r.stderr)
            self.assertNotIn(b"skipped", r.stderr)
            r = score(s, 0, "--format", "csv", "--skip-bad",
                      stdin=lines(3) + b"0,tcp,http\n" + lines(2))
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertEqual([x.split(b",")[0] for x in r.stdout.splitlines()[1:]],
                             [b"1", b"2", b"3", b"5", b"6"])
            self.assertIn(b"1 bad lines skipped", r.stderr)

    def test_a_reader_that_closes_ends_it_quietly(self):
        with Server(answer_all) as s:
            p = subprocess.Popen([ganad.args.ganadctl, "-s", s.path, "score", "-"],
                                 stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            feeder = threading.Thread(target=lambda: feed(p.stdin, lines(50000)))
            feeder.start()
            self.assertTrue(p.stdout.readline().lstrip().startswith(b"LINE"))
            p.stdout.close()
            self.assertEqual(p.wait(30), -ganad.signal.SIGPIPE)
            self.assertEqual(p.stderr.read(), b"")
            p.stderr.close()
            feeder.join()


def feed(f, data):
    try:
        with f:
            f.write(data)
    except BrokenPipeError:
        pass


class Looks(unittest.TestCase):
    def test_config_is_what_runs_with_its_places(self):
        models = {f"m{i}": {"checkpoint": ganad.checkpoint()} for i in range(12)}
        with ganad.Daemon(models=models, alerts={"rate": "7"}) as d:
            r = d.ctl("config", control=True)
            dump = subprocess.run([ganad.args.ganadd, "-c", d.conf, "--dump-config"],
                                  stdout=subprocess.PIPE)
            self.assertEqual((r.returncode, r.stdout), (0, dump.stdout))
            values = json.loads(d.ctl("config", "-J", control=True).stdout)
            self.assertGreater(len(values), 100)  # more than one answer holds
            with open(d.conf) as f:
                text = f.read()
            with open(d.conf, "w") as f:
                f.write("\n" + text.replace("rate = 7", "rate = 8")
                        .replace(d.path("spool"), d.path("elsewhere")))
            self.assertEqual(d.ctl("reload", control=True).returncode, 0)
            is_now = {(v["section"], v["name"], v["key"]): v
                      for v in json.loads(d.ctl("config", "-J", control=True).stdout)}
        rate, directory = is_now["alerts", None, "rate"], is_now["spool", None, "directory"]
        self.assertEqual((rate["value"], rate["file"]), ("8", d.conf))
        self.assertEqual(("\n" + text).split("\n")[rate["line"] - 1], "rate = 7")
        self.assertEqual(directory["value"], d.path("spool"))  # takes a restart
        self.assertEqual(is_now["alerts", None, "rollup_keys"]["file"], None)

    def test_stats_are_rates_of_what_happened(self):
        with ganad.Daemon(outputs=ganad.ALERTS_FILE) as d:
            watch = subprocess.Popen([ganad.args.ganadctl, "-s", d.control, "stats", "-J", "-w",
                                      f"{2 * min(ganad.SLOW, 5):g}", "-n", "2"],
                                     stdout=subprocess.PIPE)
            first = json.loads(watch.stdout.readline())
            self.assertEqual(d.ctl("score", "-", input=lines(5000)).returncode, 0)
            second = json.loads(watch.stdout.readline())
            self.assertEqual(watch.wait(60), 0)
            watch.stdout.close()
            self.assertIn(b"latency p99", d.ctl("stats", "-w", "0.1", "-n", "1",
                                                control=True).stdout)
            self.assertEqual(d.ctl("stats", "-w", "0", control=True).returncode, 2)
        self.assertEqual((first["records_per_second"], first["latency_p99"]), (0, None))
        self.assertAlmostEqual(second["records_per_second"] * second["seconds"], 5000, delta=1)
        self.assertGreaterEqual(second["latency_p99"], second["latency_p50"])
        self.assertGreater(second["latency_p50"], 0)
        self.assertEqual([o["name"] for o in second["outputs"]], list(ganad.ALERTS_FILE))

    def test_two_checkpoints_on_the_same_records(self):
        one, other = ganad.checkpoint(), ganad.checkpoint("ganomaly")
        data = lines(300) + b"".join((LINE % (i * 977)).replace(b"normal.", b"smurf.")
                                     for i in range(1, 200))
        with tempfile.TemporaryDirectory() as tmp:
            path = os.path.join(tmp, "records")
            with open(path, "wb") as f:
                f.write(data)
            r = ganad.ctl("model", "-J", "--fpr-budget", "0.05", "compare", one, other, path)
            self.assertEqual(r.returncode, 0, r.stderr)
            c = json.loads(r.stdout)
            rank, verdict = [], []
            for side, checkpoint in ("a", one), ("b", other):
                out = ganad.ctl("score", "--format", "csv", "--fpr-budget", "0.05", "--local",
                                checkpoint, path).stdout
                rows = list(csv.DictReader(io.StringIO(out.decode())))
                score = [float(row["score"]) for row in rows]
                pairs = [(a > b) + (a == b) / 2 for a in score[300:] for b in score[:300]]
                self.assertAlmostEqual(c[side]["auroc"], sum(pairs) / len(pairs), 9)
                rank.append([sum((a > b) + (a == b) / 2 for b in score) for a in score])
                verdict.append([row["anomalous"] == "1" for row in rows])
                self.assertEqual(c[side]["anomalous"], sum(verdict[-1]))
        self.assertEqual(c["records"], 499)
        self.assertEqual(c["disagreed"], sum(a != b for a, b in zip(*verdict)))
        self.assertEqual(c["a"]["alone"], sum(a and not b for a, b in zip(*verdict)))
        self.assertEqual(c["b"]["alone"], sum(b and not a for a, b in zip(*verdict)))
        self.assertAlmostEqual(c["rank_correlation"], numpy.corrcoef(*rank)[0, 1], 9)
        self.assertEqual(ganad.ctl("model", "compare", "/nowhere", other, path).returncode, 1)
        self.assertEqual(ganad.ctl("model", "compare", other).returncode, 2)


if __name__ == "__main__":
    ganad.main()
