# SPDX-License-Identifier: Apache-2.0
"""The live page shows a ganadd that captures synthetic traffic; README.md has its picture.

Usage: test_live_page.py ... --out FILE

`meson test -C build live-page` writes build/tests/system/live-page.webp. To renew the picture, copy
it to conf/live-page.webp. Skips without chromium and chromedriver."""

import argparse
import base64
import os
import shutil
import subprocess
import threading
import time

import ganad
import test_live

SIZE = (1280, 900)
SLICES = 12  # captures, one a second
START = 1767225600  # packet time of the first slice: the beginning of 2026
BYTES_MAX = 150_000  # the picture is committed
ROWS = {"models": 1, "outputs": 1, "sources": 1}


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=120 * ganad.SLOW)


def learn(directory):
    """A model of the synthetic site, and 200 normal records.

    The shipped models were trained on another network."""
    capture, records, few, model = (os.path.join(directory, x) for x in
                                    ("normal.pcap", "normal.csv", "few.csv", "site.ckpt"))
    run(ganad.args.traffic, "--quiet", "--sessions", "6000", "--seed", "1", capture)
    run(ganad.args.ganadctl, "extract", capture, "--out", records)
    run(ganad.args.train, "fit", "--quiet", "--model", "ganomaly", "--all-rows", "--name", "site",
        "--data", records, "--out", model)
    with open(records, "rb") as f, open(few, "wb") as g:
        g.writelines(f.readlines()[:200])
    return model, few


def make_traffic(directory):
    """Captures of different length: normal sessions, and every third has attacks."""
    for i in range(SLICES):
        attacks = ["--attacks"] if i % 3 == 2 else []
        path = os.path.join(directory, f"slice-{i:02}.pcap")
        run(ganad.args.traffic, "--quiet", "--sessions", str(400 + 150 * (i * 5 % 7)),
            "--seed", str(10 + i), "--start", str(START + 120 * i), *attacks, path)
        yield path


def play(captures, watched, d, records, ended):
    """Each second: moves a capture into the watched directory, and sends records as a client."""
    for path in captures:
        os.rename(path, os.path.join(watched, os.path.basename(path)))
        d.ctl("score", records)
        if ended.wait(1):
            return


def devtools(browser, command, **parameters):
    return browser.call("POST", "goog/cdp/execute", {"cmd": command, "params": parameters})


def take_picture(browser):
    r = devtools(browser, "Page.captureScreenshot", format="webp", quality=80)
    return base64.b64decode(r["data"])


def watch(d, port, captures, watched, records):
    """Checks the page after all captures were read; its picture."""
    ended = threading.Event()
    player = threading.Thread(target=play, args=(captures, watched, d, records, ended))
    with test_live.browser() as b:
        b.emulate(SIZE, False)
        devtools(b, "Emulation.setScrollbarsHidden", hidden=True)
        b.call("POST", "url", {"url": f"http://127.0.0.1:{port}/"})
        player.start()
        try:
            ganad.wait_for(lambda: not (player.is_alive() or os.listdir(watched)), 90, "the reads")
        finally:
            ended.set()
            player.join()
        n_rows = "return document.getElementById('{}').rows.length"
        ganad.wait_for(lambda: {x: b.run(n_rows.format(x)) for x in ROWS} == ROWS, 20, "tables")
        time.sleep(2)  # two polls of the page
        assert b.run("return document.querySelectorAll('.chart canvas').length") == 4
        assert b.run("return document.getElementById('gone').textContent") == "", "no answer"
        b.run("document.getElementById('show-news').click(); scrollTo(0, 0)")
        assert b.run("return document.querySelectorAll('.incident').length") > 10
        assert b.call("POST", "se/log", {"type": "browser"}) == [], "errors in the browser"
        return take_picture(b)


def check(picture):
    """It is WebP (RFC 9649), small enough for the repository, and not of an empty page."""
    assert (picture[:4], picture[8:12]) == (b"RIFF", b"WEBP"), picture[:12]
    assert 20_000 < len(picture) <= BYTES_MAX, len(picture)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    args, rest = parser.parse_known_args()
    ganad.parse(rest)
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        ganad.skip("no chromium with chromedriver on this machine")
    directory = os.path.join(ganad.scratch(), "page")
    watched = os.path.join(directory, "watched")
    os.makedirs(watched)
    model, records = learn(directory)
    captures = list(make_traffic(directory))
    port = test_live.free_port()
    capture = {"directory": watched, "delete": "yes",
               "poll": "200ms", "settle": "200ms", "patience": "1s"}
    metrics = {"tcp": f"127.0.0.1:{port}", "page": "yes"}
    with ganad.Daemon(metrics=metrics, captures={"lan": capture}, outputs=ganad.ALERTS_FILE,
                      models={"site": {"checkpoint": model}}, alerts={"rollup": "5s"}) as d:
        picture = watch(d, port, captures, watched, records)
    check(picture)
    with open(args.out, "wb") as f:
        f.write(picture)
    print(f"{args.out}: {len(picture):,} bytes")


if __name__ == "__main__":
    main()
