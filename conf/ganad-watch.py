#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reports silent sensors and missing events, for sites without Prometheus:

    tail -n 0 -F /var/log/ganad/alerts.json | ganad-watch.py

Reads events of format json from up to 256 sensors, one a line. Writes a line for each fault, and
when a silent sensor sends again. A sensor is silent if nothing arrived for two and a half times the
interval of its heartbeats: 150 s by default. Numbers of a reported loss, repeated events, and
events that the output filters out are not faults. Ends with the input."""

import json
import os
import select
import sys
import time

INTERVALS, FIRST_INTERVAL, LINE_MAX, SENSORS_MAX, RUNS_MAX = 2.5, 60.0, 1 << 20, 256, 64
INTERVAL_MAX, NUMBER_MAX = 86400, 1 << 64
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError,
          ArithmeticError)


def numbers(event, *keys):
    """Refuses keys that are not whole numbers, such as texts that would print as one."""
    for key in keys:
        if key in event and not (type(event[key]) is int and 0 <= event[key] < NUMBER_MAX):
            raise ValueError(f"{key} is not a number of an event")


class Sensor:
    def __init__(self, name):
        self.name, self.due, self.runs, self.interval = name, None, {}, FIRST_INTERVAL
        self.silent, self.filters, self.heard = False, False, time.monotonic()

    def take(self, event):
        numbers(event, "seq", "prev_seq", "lost", "first_seq", "last_seq")
        self.heard = time.monotonic()
        if self.silent:
            self.silent = False
            yield "sends again"
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
        # a new run with a lower number has a new spool
        if self.due is None or seq >= self.due or run not in self.runs:
            self.due = seq + 1
        self.runs[run] = True
        if len(self.runs) > RUNS_MAX:
            del self.runs[next(iter(self.runs))]

    def loss(self, lost, first, last):
        """A loss event: lost numbers, or with lost 0 unused ones. For an output that filters, only
        prev_seq shows gaps."""
        if lost:
            yield f"reports the loss of {lost} events, {first} to {last}"
        if self.due is not None and self.due <= last and not self.filters:
            if first > self.due:
                yield f"events {self.due} to {first - 1} are missing"
            self.due = last + 1

    def gap(self, seq, prev):
        """prev: from an output that filters, the number of its previous event; 0: not known."""
        if self.due is None:
            return
        if prev is None and seq > self.due:
            yield f"events {self.due} to {seq - 1} are missing"
        elif prev is not None and self.due <= prev < seq:
            yield (f"events are missing, the last of them is {prev}, "
                   f"the first is {self.due} or later")

    def look(self):
        quiet = time.monotonic() - self.heard
        if not self.silent and quiet > INTERVALS * self.interval:
            self.silent = True
            yield f"silent for {quiet:.0f} s"


class Sensors:
    """Sensors by name. Beyond the maximum, the longest silent one is no longer monitored."""

    def __init__(self, most=SENSORS_MAX, out=sys.stdout):
        self.most, self.out, self.by_name = most, out, {}

    def report(self, sensor, what):
        for text in what:
            # A name is foreign text: it must not add a line or control the terminal.
            name = ascii(sensor.name)[1:-1]
            print(time.strftime("%FT%TZ", time.gmtime()), f"sensor {name}: {text}", file=self.out,
                  flush=True)

    def take(self, event):
        name = event["host"]
        if not isinstance(name, str):
            raise ValueError("host is not a text")
        s = self.by_name.pop(name, None) or Sensor(name)
        self.by_name[name] = s
        if len(self.by_name) > self.most:
            oldest = self.by_name.pop(next(iter(self.by_name)))
            self.report(oldest, [f"no longer monitored: there are more than {self.most} sensors"])
        self.report(s, s.take(event))

    def look(self):
        for s in self.by_name.values():
            self.report(s, s.look())


def lines(fd):
    """Yields the lines of fd, and None at least every 0.5 s of silence and after each read."""
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
