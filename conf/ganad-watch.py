#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tells of sensors that are silent and of events that are missing, for who has no Prometheus:

    tail -n 0 -F /var/log/ganad/alerts.json | ganad-watch.py

Reads events of format json from any number of sensors, a line each, and writes a line for what is amiss, and when it is well
again. A sensor is silent if nothing came for two and a half times the interval of its heartbeats: 150 s by default. Numbers
of a loss that was announced, numbers that a loss of 0 events says were never used, and events that come again, are nothing
amiss. Ends with the input."""

import json
import os
import select
import sys
import time

INTERVALS, FIRST_INTERVAL, LINE_MAX = 2.5, 60.0, 1 << 20


class Sensor:
    def __init__(self, name):
        self.name, self.due, self.runs, self.interval, self.silent = name, None, set(), FIRST_INTERVAL, False
        self.heard = time.monotonic()

    def take(self, event):
        self.heard = time.monotonic()
        if self.silent:
            self.silent = False
            yield "is back"
        if event["event_type"] == "heartbeat":
            self.interval = float(event["interval"])
        if event["event_type"] == "loss":
            if event["lost"] > 0:
                yield f"lost {event['lost']} events, {event['first_seq']} to {event['last_seq']}, and says so"
            if self.due is not None and event["first_seq"] <= self.due:
                self.due = max(self.due, event["last_seq"] + 1)
        if "seq" not in event:
            return
        seq, run = event["seq"], event["event_id"].rsplit("-", 2)[1]
        if self.due is not None and seq > self.due:
            yield f"events {self.due} to {seq - 1} are missing"
        if self.due is None or seq >= self.due or run not in self.runs:  # a new run that begins lower has a new spool
            self.due = seq + 1
        self.runs.add(run)

    def look(self):
        quiet = time.monotonic() - self.heard
        if not self.silent and quiet > INTERVALS * self.interval:
            self.silent = True
            yield f"silent for {quiet:.0f} s"


def tell(sensor, what):
    for text in what:
        print(time.strftime("%FT%TZ", time.gmtime()), f"sensor {sensor.name}: {text}", flush=True)


def lines(fd):
    """Lines of fd, and None once in a while."""
    rest = b""
    while True:
        if not select.select([fd], [], [], 0.5)[0]:
            yield None
            continue
        more = os.read(fd, 1 << 16)
        if not more:
            return
        *whole, rest = (rest + more).split(b"\n")
        rest = b"" if len(rest) > LINE_MAX else rest
        yield from whole
        yield None


def main():
    sensors = {}
    for line in lines(sys.stdin.fileno()):
        if line is None:
            for s in sensors.values():
                tell(s, s.look())
            continue
        try:
            event = json.loads(line)
            s = sensors.setdefault(event["host"], Sensor(event["host"]))
            tell(s, s.take(event))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as e:
            print(f"not an event of format json: {e!r}", file=sys.stderr)


if __name__ == "__main__":
    main()
