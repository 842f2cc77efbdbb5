# SPDX-License-Identifier: Apache-2.0
"""Outages: while alerts are raised, receivers are killed, stopped, disconnected, stop reading, or
show a bad certificate. At the end each receiver has every alert. A seed determines the course of
outages.

    tests/system/feed_campaign.py --ganadd build/daemon/ganadd \
        --ganadctl build/tools/ganadctl/ganadctl \
        --random-checkpoint build/tests/support/random_checkpoint --source . \
        [--seed 1] [--outages 50] [--alerts 200000]

test_feed.py runs a short form. Needs rsyslog with rsyslog-openssl, and openssl."""

import argparse
import os
import random
import ssl
import sys
import tempfile
import threading
import time

import ganad
import receivers

KINDS = {"tcp": ("kill", "stop", "reset", "half", "deaf"),
         "unix": ("kill", "stop", "reset", "half", "deaf"),
         "tls": ("kill", "stop", "reset", "half", "deaf", "certificate")}
REPLAY, REPLAY_TIME = 8192, 5  # events, seconds


class Impostor:
    """A TLS server whose certificate no trusted authority has signed."""

    def __init__(self, directory):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*receivers.Authority(directory, "impostor").sign("impostor"))
        self.listener = receivers.socket.create_server(("127.0.0.1", 0))
        self.address, self.greeted = self.listener.getsockname(), 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            try:
                s.settimeout(2)
                self.context.wrap_socket(s, server_side=True).close()
                self.greeted += 1
            except OSError:
                pass
            s.close()


class Campaign:
    def __init__(self, directory, longest):
        self.directory, self.longest = directory, longest
        authority = receivers.Authority(directory)
        self.receivers = {"tcp": receivers.Rsyslog(directory, "tcp"),
                          "unix": receivers.Reader(directory, "unix"),
                          "tls": receivers.Rsyslog(directory, "tls",
                                                   (authority.ca, authority.sign("server")))}
        self.proxies = {}
        for name, r in self.receivers.items():
            r.start()
            self.proxies[name] = receivers.Proxy(r, directory, name)
        self.impostor = Impostor(directory)
        outputs = {name: {"type": name, "to": p.to, "replay": str(REPLAY),
                          "replay_time": f"{REPLAY_TIME}s",
                          "connect_timeout": "2s", "stall_timeout": "3s", "format": "json"
                          if name == "unix" else "syslog"}
                   for name, p in self.proxies.items()}
        outputs["tls"]["ca"] = authority.ca
        outputs["file"] = {"type": "file", "to": os.path.join(directory, "emitted"),
                           "file_size": "0"}
        model = {"checkpoint": ganad.checkpoint(), "threshold": "-1e30", "top_features": "1"}
        self.daemon = ganad.Daemon(outputs=outputs, models={"m": model},
                                   ganadd={"stop_timeout": "60s"})
        self.sent, self.done = 0, threading.Event()
        self.history = {name: [] for name in self.receivers}  # (time, events sent) of each output

    def load(self, alerts, seconds):
        """Raises alerts at a constant rate."""
        lines = ganad.data_lines(2000)
        records = [ganad.record(line) for line in lines]
        start, at = time.monotonic(), 0
        with ganad.Conn(self.daemon.scoring, timeout=120) as c:
            while self.sent < alerts and not self.done.is_set():
                n = min(100, alerts - self.sent)
                c.send(ganad.SCORE_REQUEST, ganad.request([records[(at + i) % len(records)]
                                                           for i in range(n)], id=at))
                c.answer()
                at += n
                self.sent += n
                ahead = self.sent / alerts * seconds - (time.monotonic() - start)
                if ahead > 0:
                    time.sleep(ahead)

    def watch(self):
        while not self.done.wait(0.2):
            now = time.monotonic()
            for o in self.daemon.status().output:
                if o.name in self.history:
                    self.history[o.name].append((now, o.sent))

    def window(self, name):
        """The largest number of events in an output's resend window at any time: the last N, or all
        of the interval."""
        h, most, first = self.history[name], 0, 0
        for now, sent in h:
            while h[first][0] < now - REPLAY_TIME - 0.5:
                first += 1
            most = max(most, sent - h[first][1])
        return max(REPLAY, most) + 2048  # and those in the buffer

    def outage(self, name, kind, seconds):
        receiver, proxy = self.receivers[name], self.proxies[name]
        if kind == "kill":
            receiver.kill()
            time.sleep(seconds)
            receiver.start()
        elif kind == "stop":
            receiver.process.send_signal(receivers.signal.SIGSTOP)
            time.sleep(seconds)
            receiver.process.send_signal(receivers.signal.SIGCONT)
        elif kind in ("reset", "half"):
            proxy.mode = "refuse"
            proxy.cut(kind)
            time.sleep(seconds)
            proxy.mode = "pass"
        elif kind == "deaf":
            proxy.mode = "deaf"
            proxy.cut("reset")
            time.sleep(seconds)
            proxy.mode = "pass"
            proxy.cut("reset")
        else:
            proxy.target = self.impostor.address
            proxy.cut("reset")
            time.sleep(seconds)
            proxy.target = None
            proxy.cut("reset")

    def course(self, seed, n):
        r = random.Random(seed)
        for _ in range(n):
            name = r.choice(sorted(KINDS))
            yield (name, r.choice(KINDS[name]), 0.1 * (self.longest / 0.1) ** r.random(),
                   r.uniform(0.1, 1))

    def run(self, seed, outages, alerts, say=lambda *_: None):
        course = list(self.course(seed, outages))
        seconds = sum(long + pause for _, _, long, pause in course) + 0.5 * outages
        load = threading.Thread(target=self.load, args=(alerts, seconds))
        load.start()
        watch = threading.Thread(target=self.watch, daemon=True)
        watch.start()
        for i, (name, kind, long, pause) in enumerate(course):
            say(f"{i + 1}/{outages}: {name} {kind} {long:.1f} s, {self.sent} alerts so far")
            self.outage(name, kind, long)
            time.sleep(pause)
        load.join()
        def is_done():
            s = self.daemon.status()
            return s.spool.end > alerts and all(o.waiting == 0 and o.state == "open"
                                                for o in s.output)
        ganad.wait_for(is_done, 180, "the spool and all outputs have everything")
        self.status = self.daemon.status()
        self.done.set()
        watch.join()
        code = self.daemon.stop(90)
        assert code == 0, self.daemon.read_log()
        for r in self.receivers.values():
            r.stop(120)
        return self.judge(alerts)

    def judge(self, alerts):
        """Prints a line for each output; raises AssertionError if one lacks events or received too
        many repeats."""
        end = self.status.spool.end
        assert end - 1 == alerts, (end, alerts)
        emitted = set(range(1, end))
        report = []
        for o in self.status.output:
            if o.name == "file":
                continue
            got = list(self.receivers[o.name].seqs())
            missing, unknown = emitted - set(got), set(got) - emitted
            twice = len(got) - len(set(got))
            window = self.window(o.name)
            report.append(f"{o.name}: {len(set(got))} of {alerts}, {twice} twice, {o.connects} "
                          "connections, "
                          f"window at most {window}, {o.lost} lost")
            assert not missing and not unknown and o.lost == 0, (
                report, sorted(missing)[:5], sorted(unknown)[:5])
            assert twice <= window * o.connects, report
        return report

    def close(self):
        self.done.set()
        self.daemon.__exit__()
        for r in self.receivers.values():
            if r.process and r.process.poll() is None:
                r.kill()
        for p in self.proxies.values():
            p.close()


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("seed", 1), ("outages", 50), ("alerts", 200000)):
        p.add_argument("--" + name, type=int, default=default)
    p.add_argument("--longest", type=float, default=20,
                   help="seconds of an outage; the shortest is 0.1")
    mine, rest = p.parse_known_args()
    ganad.parse(rest)
    with tempfile.TemporaryDirectory(prefix="ganad-campaign-") as directory:
        c = Campaign(directory, mine.longest)
        try:
            start = time.monotonic()
            for line in c.run(mine.seed, mine.outages, mine.alerts,
                              lambda s: print(s, file=sys.stderr, flush=True)):
                print(line)
            print(f"seed {mine.seed}: {mine.outages} outages, {mine.alerts} alerts, "
                  f"{time.monotonic() - start:.0f} s")
        finally:
            c.close()


if __name__ == "__main__":
    main()
