# SPDX-License-Identifier: Apache-2.0
"""The daemon at full rate for as long as is asked: clients that score without a pause, a folder that captures come into, a
receiver that goes away now and then, reloads. At the end what came in is what came out, and memory stands still.

    tests/system/soak.py --source . --ganadd build/daemon/ganadd --ganadctl build/tools/ganadctl/ganadctl \\
        --capture build/tools/ganad-traffic/attacks.pcap.gz [--minutes 60]

The test soak runs a short form."""

import argparse
import gzip
import json
import os
import shutil
import socket
import sys
import threading
import time

import ganad
import receivers

SLOPE_MAX = 1.0  # MB an hour
CLIENTS, ROWS, IN_FLIGHT = 2, 256, 16


class Client(threading.Thread):
    """Scores without a pause."""

    def __init__(self, path, lines):
        super().__init__(daemon=True)
        self.conn, self.ends, self.records, self.wrong = ganad.Conn(path, timeout=60), threading.Event(), 0, None
        self.frame = ganad.frame(ganad.SCORE_REQUEST, ganad.request([ganad.record(x) for x in lines]))
        self.n = len(lines)
        self.start()

    def run(self):
        waiting = 0
        while not self.ends.is_set() or waiting:
            while waiting < IN_FLIGHT and not self.ends.is_set():
                self.conn.s.sendall(self.frame)
                waiting += 1
            a = self.conn.answer()
            waiting -= 1
            self.records += self.n
            if len(a.score) != self.n or any(a.unscored):
                self.wrong = f"{len(a.score)} scores for {self.n} records"
                return


class Receiver(threading.Thread):
    """Reads lines by TCP; closes what it has, and does not listen, for a second out of twenty."""

    def __init__(self):
        super().__init__(daemon=True)
        self.port, self.seqs, self.ends, self.breaks = receivers.free_port(), set(), threading.Event(), 0
        self.start()

    def run(self):
        while not self.ends.is_set():
            with socket.create_server(("127.0.0.1", self.port)) as listener:
                listener.settimeout(1)
                self.serve(listener, time.monotonic() + 20)
            self.breaks += 1
            time.sleep(1 if not self.ends.is_set() else 0)

    def serve(self, listener, until):
        while time.monotonic() < until or self.ends.is_set():
            try:
                s, _ = listener.accept()
            except socket.timeout:
                if self.ends.is_set():
                    return
                continue
            with s, s.makefile("rb") as f:
                s.settimeout(None)
                for line in f:
                    if not line.endswith(b"\n"):
                        break
                    self.seqs.add(json.loads(line)["ganad"]["seq"] if b'"ganad"' in line else json.loads(line)["seq"])
                    if time.monotonic() > until and not self.ends.is_set():
                        break
            if time.monotonic() > until and not self.ends.is_set():
                return


def slope(samples):
    """Least squares, MB an hour, of (seconds, bytes), the first third left out: tables fill."""
    use = samples[len(samples) // 3:]
    n = len(use)
    mx, my = sum(x for x, _ in use) / n, sum(y for _, y in use) / n
    sxx = sum((x - mx) ** 2 for x, _ in use)
    return sum((x - mx) * (y - my) for x, y in use) / sxx * 3600 / (1 << 20) if sxx else 0.0


def feed_folder(d, capture, ends, counter):
    n = 0
    while not ends.is_set():
        if len(os.listdir(d.path("in"))) < 4:
            part = d.path("part")
            with gzip.open(capture, "rb") as src, open(part, "wb") as dst:
                shutil.copyfileobj(src, dst)
            os.rename(part, d.path(f"in/{n:06}.pcap"))
            n += 1
        time.sleep(0.05)
    counter.append(n)


def counters(d):
    s = d.status()
    return s, {c.name: c.value for c in s.counter}


def idle(d):
    """Nothing is in flight, and nothing moves."""
    before = counters(d)[1]
    time.sleep(0.5)
    after = counters(d)[1]
    return after["jobs"] == 0 and before["records_in"] == after["records_in"] and not os.listdir(d.path("in"))


def alert_of(line):
    return json.loads(line)


def soak(seconds, capture, checkpoint):
    receiver = Receiver()
    outputs = {"file": {"type": "file", "to": "{dir}/alerts", "file_size": "4G"},
               "tcp": {"type": "tcp", "to": f"127.0.0.1:{receiver.port}", "framing": "line"}}
    bad = []
    with ganad.Daemon(start=False, outputs=outputs, models={"m": {"checkpoint": checkpoint}},
                      captures={"folder": {"directory": "{dir}/in", "poll": "100ms", "settle": "100ms", "delete": "yes"}},
                      alerts={"rollup": "2s", "stats": "5s", "heartbeat": "5s"}, spool={"quota": "4G", "sync": "interval"},
                      metrics={"unix": "{dir}/metrics.sock"}, ganadd={"stop_timeout": "60s", "log_level": "notice"}) as d:
        os.mkdir(d.path("in"))
        d.start()
        ends, files = threading.Event(), []
        clients = [Client(d.scoring, ganad.data_lines(ROWS)) for _ in range(CLIENTS)]
        folder = threading.Thread(target=feed_folder, args=(d, capture, ends, files), daemon=True)
        folder.start()
        samples, began, reloads = [], time.monotonic(), 0
        while time.monotonic() - began < seconds:
            time.sleep(1)
            samples.append((time.monotonic() - began, d.rss()))
            if len(samples) % 10 == 0:
                reloads += d.ctl("reload", control=True).returncode == 0
        ends.set()
        for c in clients:
            c.ends.set()
        for c in clients:
            c.join(60)
            bad += [c.wrong] if c.wrong else []
        folder.join()
        ganad.wait_for(lambda: idle(d), 120, "what is in flight is done")
        s, n = counters(d)
        sent = sum(c.records for c in clients)
        captured = sum(x.records for x in s.source)
        if n["records_in"] != sent + captured:
            bad.append(f"records in {n['records_in']}, sent {sent}, captured {captured}")
        if n["records_in"] != n["records_scored"] + n["records_unscored"]:
            bad.append(f"records in {n['records_in']}, scored {n['records_scored']}, unscored {n['records_unscored']}")
        receiver.ends.set()
        code = d.stop(120)
        if code != 0:
            bad.append(f"ganadd ended with {code}: {d.read_log()[-2000:]}")
        with open(d.path("alerts")) as f:
            events = [alert_of(line) for line in f]
        told = sum(e["rollup"]["count"] for e in events if e["event_type"] == "alert")
        if n["records_anomalous"] != told + n["alerts_suppressed"] + n["alerts_limited"]:
            bad.append(f"anomalous {n['records_anomalous']}, told {told}, suppressed {n['alerts_suppressed']}, "
                       f"limited {n['alerts_limited']}")
        seqs = [e["seq"] if "seq" in e else e["ganad"]["seq"] for e in events]
        if sorted(seqs) != list(range(1, len(seqs) + 1)):
            bad.append(f"the file has {len(seqs)} events, the last is {max(seqs)}")
        if receiver.seqs != set(seqs):
            bad.append(f"the receiver has {len(receiver.seqs)} of {len(seqs)} events")
        per_hour = slope(samples)
        print(f"{seconds:.0f} s: {n['records_in']:,} records ({n['records_in'] / seconds:,.0f} a second), {captured:,} of them "
              f"from {files[0]} captures, {n['records_anomalous']:,} anomalous in {n['alerts']:,} alerts, {len(seqs):,} events, "
              f"{reloads} reloads, {receiver.breaks} breaks of the receiver")
        print(f"resident {samples[0][1] >> 20} MiB at first, {samples[-1][1] >> 20} MiB at the end, at most "
              f"{max(y for _, y in samples) >> 20} MiB; slope {per_hour:+.2f} MB an hour")
    return bad, per_hour


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--capture", required=True)
    p.add_argument("--minutes", type=float, default=60)
    mine, rest = p.parse_known_args()
    ganad.parse(rest)
    bad, per_hour = soak(mine.minutes * 60, mine.capture,
                         os.path.join(ganad.args.source, "models/default/kdd99-egbad.ckpt"))
    if per_hour > SLOPE_MAX and mine.minutes >= 10:
        bad.append(f"memory grows by {per_hour:.2f} MB an hour")
    print("\n".join(bad) or "all counters agree")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
