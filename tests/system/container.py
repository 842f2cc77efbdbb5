#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Executes tools/container/Containerfile without a container engine, and runs the resulting image.
The image runs as its user, with CAP_NET_RAW only, on a read-only root file system, in separate
namespaces. Needs root, mmdebstrap, unshare, chroot and ip, and takes some minutes. The context is
the last commit, as in a fresh clone."""

import argparse
import gzip
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FILE = os.path.join(ROOT, "tools", "container", "Containerfile")
BASE = re.compile(r"^docker\.io/library/debian:([a-z]+)-slim$")
NET_RAW = 1 << 13
VOLUMES_OF_RUN = ["/run/ganadd"]  # tools/container/README.md: a tmpfs
PATIENCE = 60


def run(*command, **kw):
    return subprocess.run(command, check=True, **kw)


# --- the build ---

def instructions(text, args):
    """[(instruction, rest)]: lines joined, comments removed and build arguments substituted."""
    text = re.sub(r"^#.*\n", "", text, flags=re.M).replace("\\\n", "")
    for line in filter(str.strip, text.splitlines()):
        word, rest = line.split(None, 1)
        if word == "ARG":
            name, _, value = rest.partition("=")
            args.setdefault(name, value)
        elif word in ("FROM", "COPY", "WORKDIR"):
            rest = re.sub(r"\$\{(\w+)\}", lambda m: args[m.group(1)], rest)
        yield word, rest


class Stage:
    """A root file system, and the settings of the Containerfile for running it."""

    def __init__(self, root, release):
        self.root, self.directory, self.user = root, "/", "0:0"
        self.volumes, self.entry, self.health = [], [], []
        run("mmdebstrap", "--quiet", "--variant=minbase", release, root)
        for name in os.listdir("/etc/apt/apt.conf.d"):
            if "proxy" in name:
                shutil.copy(os.path.join("/etc/apt/apt.conf.d", name),
                            os.path.join(root, "etc/apt/apt.conf.d"))
        for name in "etc/resolv.conf", "etc/hosts":
            shutil.copy("/" + name, os.path.join(root, name))

    def path(self, name):
        return os.path.normpath(self.root + "/" + os.path.join(self.directory, name))

    def execute(self, command):
        print(f"  RUN {command[:110]}", flush=True)
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
               "DEBIAN_FRONTEND": "noninteractive"}
        script = ('mount -t proc proc "$0/proc" && '
                  'exec chroot "$0" /bin/sh -c \'cd "$0" && eval "$1"\' "$1" "$2"')
        r = subprocess.run(["unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c", script,
                            self.root, self.directory, command],
                           env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True,
                           errors="replace", check=False)
        if r.returncode:
            raise SystemExit(f"FAILED RUN {command}\n{r.stdout[-4000:]}")

    def copy(self, sources, to, base):
        """Copies as a builder does: of a directory its content. The target is a directory if it
        ends in / or there are several sources."""
        target = self.path(to)
        for name in sources:
            source = os.path.normpath(base + "/" + name)
            if os.path.isdir(source):
                run("cp", "-a", "--no-preserve=ownership", source + "/.", self.made(target))
            else:
                self.made(target if to.endswith("/") else os.path.dirname(target))
                run("cp", "-a", "--no-preserve=ownership", source, target)

    @staticmethod
    def made(directory):
        os.makedirs(directory, exist_ok=True)
        return directory


def build(text, directory, context, release):
    args = {"RELEASE": release} if release else {}
    stages, names = [], {}
    for word, rest in instructions(text, args):
        if word == "ARG":
            continue
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            if not BASE.match(image):
                raise SystemExit(f"FAILED FROM {image}: only Debian's slim images can be made here")
            print(f"FROM {image}", flush=True)
            stages.append(Stage(os.path.join(directory, f"stage{len(stages)}"),
                                BASE.match(image).group(1)))
            names[name] = stages[-1]
            continue
        s = stages[-1]
        if word == "WORKDIR":
            s.directory = os.path.join(s.directory, rest)
            s.made(s.path("."))
        elif word == "COPY":
            words = rest.split()
            base = (names[words.pop(0).split("=")[1]].root if words[0].startswith("--from=")
                    else context)
            s.copy(words[:-1], words[-1], base)
        elif word == "RUN":
            s.execute(rest)
        elif word == "USER":
            s.user = rest
        elif word == "VOLUME":
            s.volumes += json.loads(rest)
        elif word == "ENTRYPOINT":
            s.entry = json.loads(rest)
        elif word == "HEALTHCHECK":
            s.health = json.loads(rest.split("CMD", 1)[1])
        else:
            raise SystemExit(f"FAILED {word}: not known to this test")
    return stages[-1]


# --- the run: in separate mount, network and process namespaces ---

class Container:
    def __init__(self, image, name, config, options):
        self.image, self.options = image, options
        self.directory = os.path.join(image["directory"], name)
        directory = self.directory
        os.mkdir(directory)
        for name in image["volumes"] + VOLUMES_OF_RUN:  # an engine copies the image's content there
            volume = os.path.join(directory, name.strip("/").replace("/", "-"))
            run("cp", "-a", image["root"] + name, volume)
            run("mount", "--bind", volume, image["root"] + name)
        with open(os.path.join(image["root"] + "/etc/ganad/ganadd.conf.d/local.conf"), "w") as f:
            f.write(config)
        self.out, self.err = open(directory + "/stdout", "wb"), open(directory + "/stderr", "wb")
        self.process = subprocess.Popen(self.command(*image["entry"]), stdin=subprocess.DEVNULL,
                                        stdout=self.out, stderr=self.err,
                                        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def command(self, *words):
        """Does what an engine does for a user other than root: the capability is only in the
        bounding set. env(1) is in between because setpriv keeps its permitted capabilities until it
        executes a program."""
        uid, gid = self.image["user"].split(":")
        return ["chroot", self.image["root"], "/usr/bin/setpriv", f"--reuid={uid}",
                f"--regid={gid}", "--clear-groups",
                "--inh-caps=-all", "--ambient-caps=-all", *self.options, "/usr/bin/env", *words]

    def status(self, key):
        with open(f"/proc/{self.process.pid}/status") as f:
            return re.search(rf"^{key}:\s*(.*)$", f.read(), re.M).group(1)

    def is_healthy(self):
        return subprocess.run(self.command(*self.image["health"]), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def wait(self, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if what():
                return True
            time.sleep(0.05)
        return what()

    def text(self, name):
        with open(os.path.join(self.directory, name), errors="replace") as f:
            return f.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.stop()
        for name in self.image["volumes"] + VOLUMES_OF_RUN:
            run("umount", self.image["root"] + name)


def frames(path):
    with gzip.open(path) as f:
        data = f.read()
    at = 24
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16:at + 16 + n]
        at += 16 + n


def send(interface, path):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((interface, 0))
        for frame in frames(path):
            while True:
                try:
                    s.send(frame)
                    break
                except OSError:  # the queue is full
                    time.sleep(0.001)


class Look:
    failed = 0

    def check(self, what, is_so, detail=""):
        print(f"ok {what}" if is_so else f"FAILED {what}: {detail}", flush=True)
        self.failed += not is_so


CAPABLE = ["--bounding-set=-all,+net_raw"]
INCAPABLE = {"no capability": ["--bounding-set=-all"],
             "no new privileges": [*CAPABLE, "--no-new-privs"]}
CAPTURE = "[capture veth]\ninterface = ganad-in\n[output console]\ntype = stdout\n"


def inside(image):
    """Runs in the namespaces."""
    look, root = Look(), image["root"]
    run("mount", "--make-rprivate", "/")
    run("mount", "--bind", root, root)
    run("mount", "-t", "proc", "proc", root + "/proc")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "ganad-in", "mtu", "9000", "type", "veth", "peer", "name", "ganad-out",
        "mtu", "9000")
    for name in "ganad-in", "ganad-out":
        run("ip", "link", "set", name, "up")
    run("mount", "-o", "remount,bind,ro", root)

    c = Container(image, "capable", CAPTURE, CAPABLE)
    look.check("the health check answers", c.wait(c.is_healthy), c.text("stderr"))
    if c.process.poll() is None:
        look.check("runs as the image's user",
                   c.status("Uid").split() == [image["user"].split(":")[0]] * 4, c.status("Uid"))
        for key in "CapBnd", "CapPrm", "CapEff":
            look.check(f"{key} is CAP_NET_RAW and no other", int(c.status(key), 16) == NET_RAW,
                       c.status(key))
        refused = subprocess.run(c.command("/bin/sh", "-c",
                                           "echo >/etc/x || echo >/usr/bin/x || echo >/x"),
                                 stderr=subprocess.DEVNULL,
                                 check=False).returncode != 0
        look.check("its root cannot be written", refused)
        send("ganad-out", root + "/usr/share/ganad/examples/attacks.pcap.gz")
        look.check("what is sent on the interface raises an alert on the standard output",
                   c.wait(lambda: '"event_type":"alert"' in c.text("stdout")), c.text("stderr"))
        look.check("with the connection", '"src_ip":"203.0.113.' in c.text("stdout"))
        look.check("and in the file of its volume",
                   c.wait(lambda: "top_features" in c.text("var-log-ganad/alerts.json")))
        look.check("the spool is in its volume", os.listdir(c.directory + "/var-lib-ganad/spool"))
        look.check("stops on SIGTERM with 0", c.stop() == 0, c.text("stderr"))
        look.check("nothing but events is on the standard output",
                   all(line.startswith("{") for line in c.text("stdout").splitlines()),
                   c.text("stdout")[:200])
    c.close()

    for what, options in INCAPABLE.items():
        c = Container(image, what, "", options)
        look.check(f"with {what} and no capture it serves", c.wait(c.is_healthy), c.text("stderr"))
        look.check("and stops with 0", c.stop() == 0)
        c.close()
        c = Container(image, what + ", capture", CAPTURE, options)
        look.check(f"with {what} a capture says so on the standard error",
                   c.wait(lambda c=c: "permission" in c.text("stderr")),
                   c.text("stderr"))
        c.close()
    return look.failed


def make(image, directory, release):
    """Returns what to run, from the directory @image: a root file system and the settings of the
    Containerfile."""
    config = os.path.join(image, "config.json")
    if not os.path.exists(config):
        began = time.monotonic()
        context = os.path.join(directory, "context")
        os.mkdir(context)
        archive = run("git", "-c", "safe.directory=" + ROOT, "-C", ROOT, "archive", "HEAD",
                      stdout=subprocess.PIPE).stdout
        run("tar", "-x", "-C", context, input=archive)
        with open(FILE) as f:
            last = build(f.read(), directory, context, release)
        os.makedirs(image)
        run("cp", "-a", last.root, image + "/root")
        size = run("du", "-sxm", last.root, stdout=subprocess.PIPE, text=True).stdout.split()[0]
        print(f"figure built in {time.monotonic() - began:.0f} s, {size} MB", flush=True)
        with open(config, "w") as f:
            json.dump({"user": last.user, "volumes": last.volumes, "entry": last.entry,
                       "health": last.health}, f)
    with open(config) as f:
        return {"root": os.path.join(image, "root"), **json.load(f)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", help="the build argument RELEASE")
    parser.add_argument("--image", metavar="DIR", type=os.path.abspath,
                        help="where the image is kept: built if it is not there, else run without "
                             "a build")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        return inside(json.loads(args.inside))
    if os.geteuid() != 0:
        parser.error("root file systems and namespaces are made by root")
    for tool in "mmdebstrap", "unshare", "chroot", "ip":
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            return 77
    with tempfile.TemporaryDirectory(prefix="ganad-container-", dir="/var/tmp") as directory:
        image = make(args.image or os.path.join(directory, "image"), directory, args.release)
        image["directory"] = directory
        failed = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc",
                                 "--kill-child", sys.executable,
                                 __file__, "--inside", json.dumps(image)], check=False).returncode
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
