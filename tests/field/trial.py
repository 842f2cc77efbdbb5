# SPDX-License-Identifier: Apache-2.0
"""The course of the trial, inside its namespaces."""

import glob
import json
import os
import shutil
import subprocess
import sys
import time

import network
import report
import servers

SETTLE = 7  # seconds after an attack; a half-open connection ends after 5
WARM_UP = 6  # seconds of a new daemon that belong to no phase
HERE = os.path.dirname(os.path.abspath(__file__))

LEARN = """[control]
unix = {work}/control.sock
[scoring]
unix =
[records]
file = {work}/learn.csv
connection = yes
[model kdd99-ganomaly]
checkpoint = {top}/models/default/kdd99-ganomaly.ckpt
[capture mirror]
interface = {mirror}
"""

WATCH = """[control]
unix = {work}/control.sock
[scoring]
unix =
[records]
file = {work}/records.csv
connection = yes
score = yes
[spool]
directory = {work}/spool
[output events]
type = file
to = {work}/events.json
[model own]
checkpoint = {model}
[capture mirror]
interface = {mirror}
"""


def say(*words):
    print(time.strftime("%H:%M:%S"), *words, flush=True)


class Daemon:
    """ganadd on the mirror."""

    def __init__(self, args, net, work, text, model=""):
        self.net, self.work = net, work
        conf = servers.write(f"{work}/ganadd.conf", text.format(
            work=work, top=args.top, mirror=network.MIRROR, model=model))
        self.ctl = [f"{args.build}/tools/ganadctl/ganadctl", "-s", f"{work}/control.sock"]
        self.log = f"{work}/ganadd.log"
        self.process = net.start(network.SENSOR, [f"{args.build}/daemon/ganadd", "-c", conf],
                                 self.log)
        for _ in range(100):
            if self.status() or self.process.poll() is not None:
                break
            time.sleep(.1)
        if not self.status():
            with open(self.log, encoding="utf-8") as f:
                raise RuntimeError("ganadd does not start: " + f.read()[-800:])

    def status(self):
        p = subprocess.run([*self.ctl, "status", "--json"], capture_output=True, text=True,
                           check=False)
        return json.loads(p.stdout) if p.returncode == 0 else None

    def stop(self):
        if self.net.stop(self.process, 30) != 0:
            say("ganadd ended with", self.process.returncode)


def learn(args, net, work):
    """The README's way: keep records of ordinary traffic, then fit."""
    say(f"recording {args.record} s of ordinary traffic")
    daemon = Daemon(args, net, work, LEARN)
    time.sleep(args.record)
    daemon.stop()
    say("ganad-train fit")
    p = subprocess.run([f"{args.build}/tools/ganad-train/ganad-train", "fit",
                        *sorted(glob.glob(f"{work}/learn.csv*")), "--name", "own",
                        "--out", f"{work}/own.ckpt"], capture_output=True, text=True, check=False)
    servers.write(f"{work}/fit.txt", p.stdout + p.stderr)
    if p.returncode != 0:
        raise RuntimeError("ganad-train fit: " + p.stderr[-800:])
    for line in p.stdout.splitlines():
        if line.startswith("*"):
            say("  own budget:", " ".join(line[1:].split()))
    return f"{work}/own.ckpt"


def carry_out(net, attack, work):
    """One attack, with ordinary traffic beside it."""
    net.set_addresses(network.ATTACKER, [attack.address])
    say(f"{attack.name:18} from {attack.address}")
    with open(f"{work}/attacks.log", "a", encoding="utf-8") as log:
        print("\n==", attack.name, file=log)
    attack.begin = time.time()
    process = net.start(network.ATTACKER, ["timeout", str(attack.seconds), "sh", "-c",
                                           attack.line()], f"{work}/attacks.log",
                        env={**os.environ, "HERE": HERE, "HOME": work,
                             "PYTHONDONTWRITEBYTECODE": "1"})
    process.wait()
    attack.end = time.time()
    net.stop(process, 1)
    time.sleep(SETTLE)


def watch(args, net, work, model):
    """A quiet phase, then the attacks. Returns the phases, and the last status of ganadd."""
    daemon = Daemon(args, net, work, WATCH, model)
    dump = None
    if args.out and not args.no_capture:
        dump = net.start(network.SENSOR, ["tcpdump", "-i", network.MIRROR, "-B", "65536", "-U",
                                          "-Z", "root", "-w", f"{work}/mirror.pcap"],
                         f"{work}/tcpdump.log")
    time.sleep(WARM_UP)
    phases = [report.Phase("quiet", begin=time.time())]
    say(f"{args.quiet} s without attack")
    time.sleep(args.quiet)
    phases[0].end = time.time()
    for attack in args.attacks:
        carry_out(net, attack, work)
        phases.append(report.Phase(attack.name, attack.begin, attack.end, attack.address,
                                   attack.target, attack.is_forged, attack.victims))
    status = daemon.status()
    daemon.stop()
    if dump:
        net.stop(dump)
    return phases, status


def keep(work, out):
    """Moves to out what a closer look needs."""
    for name in ("events.json", "records.csv", "mirror.pcap", "own.ckpt", "fit.txt", "ganadd.log",
                 "attacks.log", "servers.log", "phases.json", "status.json"):
        for path in glob.glob(f"{work}/{name}*"):
            shutil.move(path, f"{out}/{os.path.basename(path)}")


def run(args, work):
    """Returns the exit code of the program."""
    begin = time.monotonic()
    if args.out:
        os.makedirs(args.out, exist_ok=True)
    say("making the network")
    net = network.Network()
    try:
        servers.start(net, work)
        for i, host in enumerate(network.CLIENTS):
            net.start(host.name, ["/usr/bin/python3", "-B", f"{HERE}/ordinary.py", work, str(i),
                                  str(args.seed)], f"{work}/clients.log",
                      env={**os.environ, "HOME": work})
        model = args.model or learn(args, net, work)
        phases, status = watch(args, net, work, model)
    except (RuntimeError, OSError) as e:
        print(e, file=sys.stderr)
        if args.out:
            keep(work, args.out)
        return 1
    with open(f"{work}/status.json", "w", encoding="utf-8") as f:
        json.dump(status, f)
    report.write_phases(f"{work}/phases.json", phases)
    result = report.judge(report.read_events(glob.glob(f"{work}/events.json*")), phases,
                          report.read_records(glob.glob(f"{work}/records.csv*")))
    report.show(result)
    if args.out:
        keep(work, args.out)
        report.write(args.out, result)
    say(f"done in {time.monotonic() - begin:.0f} s")
    return 0
