# SPDX-License-Identifier: Apache-2.0
"""The client that a daemon must serve while others attack it, and a measure of the machine."""

import time

import ganad


def good_client(path, lines, stop, result):
    """Requests one record after another and compares every answer with the first.
    @path: of a unix socket, or a function that makes a connection"""
    want, latency, failure = {}, [], ""
    try:
        with (path() if callable(path) else ganad.Conn(path)) as c:
            while not stop.wait(0.003):
                i = len(latency) % len(lines)
                start = time.monotonic()
                c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(lines[i])], id=len(latency),
                                                          no_alert=True))
                a = c.answer()
                latency.append(time.monotonic() - start)
                if (a.id != len(latency) - 1 or len(a.score) != 1
                        or want.setdefault(i, a.score[0]) != a.score[0]):
                    failure = f"answer {len(latency)}: {a}"
                    break
    except Exception as e:
        failure = repr(e)
    result.send((failure, latency))


def metronome(stop, result):
    """Measures by how much a sleeping process oversleeps: no daemon can answer faster than that."""
    worst = 0.0
    while True:
        start = time.monotonic()
        ended = stop.wait(0.003)
        worst = max(worst, time.monotonic() - start - 0.003)
        if ended:
            break
    result.send(worst)
