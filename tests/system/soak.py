# SPDX-License-Identifier: Apache-2.0
"""The daemon at full rate for a given time: clients that score without a pause, a directory of
incoming captures, a receiver with outages, reloads. At the end everything received was delivered,
and memory is constant.

    tests/system/soak.py --source . --ganadd build/daemon/ganadd \
        --ganadctl build/tools/ganadctl/ganadctl \
        --capture build/tools/ganad-traffic/attacks.pcap.gz [--minutes 60]

The test soak runs a short form."""

import argparse
import contextlib
import gzip
import json
import os
import shutil
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
        self.conn, self.ends = ganad.Conn(path, timeout=60), threading.Event()
        self.records, self.wrong = 0, None
        self.frame = ganad.frame(ganad.SCORE_REQUEST,
                                 ganad.request([ganad.record(x) for x in lines]))
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


def slope(samples):
    """Least-squares slope of (seconds, bytes) in MB an hour, without the first third, in which
    tables fill."""
    use = samples[len(samples) // 3:]
    n = len(use)
    mx, my = sum(x for x, _ in use) / n, sum(y for _, y in use) / n
    sxx = sum((x - mx) ** 2 for x, _ in use)
    return sum((x - mx) * (y - my) for x, y in use) / sxx * 3600 / (1 << 20) if sxx else 0.0


def feed_directory(d, capture, ends, counter):
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
    """Waits until nothing is in flight and no counter changes."""
    before = counters(d)[1]
    time.sleep(0.5)
    after = counters(d)[1]
    return (after["jobs"] == 0 and before["records_in"] == after["records_in"]
            and not os.listdir(d.path("in")))


def load(d, receiver, seconds, capture):
    """Runs all parts at once, then waits until nothing is in flight. Returns the number of sent
    records and the samples."""
    ends, files, samples = threading.Event(), [], []
    clients = [Client(d.scoring, ganad.data_lines(ROWS)) for _ in range(CLIENTS)]
    feeder = threading.Thread(target=feed_directory, args=(d, capture, ends, files), daemon=True)
    feeder.start()
    began, reloads, breaks = time.monotonic(), 0, 0
    while time.monotonic() - began < seconds:
        time.sleep(1)
        samples.append((time.monotonic() - began, d.rss()))
        if len(samples) % 20 == 3:  # unreachable for a second out of twenty
            receiver.stop()
            breaks += 1
        if len(samples) % 20 == 4:
            receiver.start()
        if len(samples) % 10 == 0:
            reloads += d.ctl("reload", control=True).returncode == 0
    for e in (ends, *(c.ends for c in clients)):
        e.set()
    for t in (*clients, feeder):
        t.join(60)
    ganad.wait_for(lambda: idle(d), 120, "what is in flight is done")
    ganad.wait_for(lambda: all(o.waiting == 0 for o in d.status().output), 300,
                   "the outputs have every event")
    print(f"{files[0]} captures, {reloads} reloads, {breaks} breaks of the receiver; resident "
          f"{samples[0][1] >> 20} MiB at "
          f"first, {samples[-1][1] >> 20} MiB at the end, at most "
          f"{max(y for _, y in samples) >> 20} MiB; "
          f"slope {slope(samples):+.2f} MB an hour")
    return sum(c.records for c in clients), [c.wrong for c in clients if c.wrong], slope(samples)


def disagreements(sent, s, n, events):
    """Checks that the counters of input and output agree."""
    captured = sum(x.records for x in s.source)
    if n["records_in"] != sent + captured:
        yield f"records in {n['records_in']}, sent {sent}, captured {captured}"
    if n["records_in"] != n["records_scored"] + n["records_unscored"]:
        yield (f"records in {n['records_in']}, scored {n['records_scored']}, "
               f"unscored {n['records_unscored']}")
    reported = sum(e["rollup"]["count"] for e in events if e["event_type"] == "alert")
    others = ["alerts_suppressed", "alerts_limited", "alerts_bystanders"]
    if n["records_anomalous"] != reported + sum(n[name] for name in others):
        yield (f"anomalous {n['records_anomalous']}, reported {reported}, " +
               ", ".join(f"{name} {n[name]}" for name in others))
    if sorted(e["seq"] for e in events) != list(range(1, len(events) + 1)):
        yield f"the file has {len(events)} events, the last is {max(e['seq'] for e in events)}"


def missing(seqs, receiver):
    """Waits until the receiver has all alerts; returns how many it lacks."""
    try:
        ganad.wait_for(lambda: seqs == set(receiver.seqs()), 60, "the receiver has every event")
    except AssertionError:
        has = set(receiver.seqs())
        gone = sorted(seqs - has)
        return [f"the receiver has {len(has)} of {len(seqs)} events; not {gone[:5]} .. "
                f"{gone[-5:]}; more: {sorted(has - seqs)[:5]}"]
    return []


def soak(seconds, capture, checkpoint):
    outputs = {"file": {"type": "file", "to": "{dir}/alerts", "file_size": "4G"},
               "unix": {"type": "unix", "to": "{dir}/receiver.sock"}}
    with ganad.Daemon(start=False, outputs=outputs, models={"m": {"checkpoint": checkpoint}},
                      captures={"incoming": {"directory": "{dir}/in", "poll": "100ms",
                                             "settle": "100ms", "delete": "yes"}},
                      alerts={"rollup": "2s", "stats": "5s", "heartbeat": "5s"},
                      spool={"quota": "4G", "sync": "interval"},
                      metrics={"unix": "{dir}/metrics.sock"},
                      ganadd={"stop_timeout": "60s", "log_level": "notice"}) as d, \
            contextlib.ExitStack() as at_end:
        os.mkdir(d.path("in"))
        receiver = receivers.Reader(d.dir, "receiver")
        at_end.callback(receiver.stop)
        receiver.start()
        d.start()
        sent, bad, per_hour = load(d, receiver, seconds, capture)
        s, n = counters(d)
        code = d.stop(120)
        if code != 0:
            bad.append(f"ganadd ended with {code}: {d.read_log()[-2000:]}")
        with open(d.path("alerts")) as f:
            events = [json.loads(line) for line in f]
        bad += disagreements(sent, s, n, events)
        bad += missing({e["seq"] for e in events}, receiver)
        print(f"{seconds:.0f} s: {n['records_in']:,} records ({n['records_in'] / seconds:,.0f} a "
              "second), "
              f"{n['records_anomalous']:,} anomalous in {n['alerts']:,} alerts, {len(events):,} "
              "events")
    return bad, per_hour


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
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
