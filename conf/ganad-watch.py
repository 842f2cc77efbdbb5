#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reports sensors that are silent and events that are missing, for sites without Prometheus:

    tail -n 0 -F /var/log/ganad/alerts.json | ganad-watch.py

Reads events of format json from up to 256 sensors, a line each, and writes a line for each fault, and for its end. A sensor is
silent if nothing came for two and a half times the interval of its heartbeats: 150 s by default. Numbers of a loss that was
announced, events that come again, and events that the output filters out are not faults. Ends with the input."""

import json
import os
import select
import sys
import time

INTERVALS, FIRST_INTERVAL, LINE_MAX, SENSORS_MAX, RUNS_MAX = 2.5, 60.0, 1 << 20, 256, 64
INTERVAL_MAX, NUMBER_MAX = 86400, 1 << 64
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, ArithmeticError)


def numbers(event, *keys):
    """Whole numbers, and nothing else that would print as one."""
    for key in keys:
        if key in event and not (type(event[key]) is int and 0 <= event[key] < NUMBER_MAX):
            raise ValueError(f"{key} is not a number of an event")


class Sensor:
    def __init__(self, name):
        self.name, self.due, self.runs, self.interval, self.silent = name, None, {}, FIRST_INTERVAL, False
        self.filters, self.heard = False, time.monotonic()

    def take(self, event):
        numbers(event, "seq", "prev_seq", "lost", "first_seq", "last_seq")
        self.heard = time.monotonic()
        if self.silent:
            self.silent = False
            yield "is back"
        if event["event_type"] == "heartbeat":
            if not 0 < event["interval"] <= INTERVAL_MAX:
                raise ValueError("an interval that ganadd cannot have")
            self.interval = event["interval"]
        if event["event_type"] == "loss":
            yield from self.loss(event["lost"], event["first_seq"], event["last_seq"])
        if "seq" not in event:
            return
        self.filters = "prev_seq" in event
        seq, run = event["seq"], event["event_id"].rsplit("-", 2)[1]
        yield from self.gap(seq, event.get("prev_seq"))
        if self.due is None or seq >= self.due or run not in self.runs:  # a new run that begins lower has a new spool
            self.due = seq + 1
        self.runs[run] = True
        if len(self.runs) > RUNS_MAX:
            del self.runs[next(iter(self.runs))]

    def loss(self, lost, first, last):
        """Numbers that are announced as lost, or with lost 0 as never used. An output that filters shows gaps by prev_seq alone."""
        if lost:
            yield f"lost {lost} events, {first} to {last}, and says so"
        if self.due is not None and self.due <= last and not self.filters:
            if first > self.due:
                yield f"events {self.due} to {first - 1} are missing"
            self.due = last + 1

    def gap(self, seq, prev):
        """prev: of an output that filters, the number of the event before; 0: it does not know."""
        if self.due is None:
            return
        if prev is None and seq > self.due:
            yield f"events {self.due} to {seq - 1} are missing"
        elif prev is not None and self.due <= prev < seq:
            yield f"events are missing, the last of them is {prev}, the first is {self.due} or later"

    def look(self):
        quiet = time.monotonic() - self.heard
        if not self.silent and quiet > INTERVALS * self.interval:
            self.silent = True
            yield f"silent for {quiet:.0f} s"


class Sensors:
    """By name. Beyond the most, the one that was heard of the longest time ago is forgotten."""

    def __init__(self, most=SENSORS_MAX, out=sys.stdout):
        self.most, self.out, self.by_name = most, out, {}

    def report(self, sensor, what):
        for text in what:
            # A name is foreign text: it must not look like a line of its own, nor steer the terminal.
            print(time.strftime("%FT%TZ", time.gmtime()), f"sensor {ascii(sensor.name)[1:-1]}: {text}", file=self.out, flush=True)

    def take(self, event):
        name = event["host"]
        if not isinstance(name, str):
            raise ValueError("host is not a text")
        s = self.by_name.pop(name, None) or Sensor(name)
        self.by_name[name] = s
        if len(self.by_name) > self.most:
            oldest = self.by_name.pop(next(iter(self.by_name)))
            self.report(oldest, ["forgotten: there are more sensors than can be watched"])
        self.report(s, s.take(event))

    def look(self):
        for s in self.by_name.values():
            self.report(s, s.look())


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
    sensors = Sensors()
    for line in lines(sys.stdin.fileno()):
        if line is None:
            sensors.look()
            continue
        try:
            sensors.take(json.loads(line))
        except DAMAGE as e:
            print(f"not an event of format json: {e!r}", file=sys.stderr)


if __name__ == "__main__":
    main()
