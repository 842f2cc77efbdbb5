#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boots a Debian 12 with ganad's package installed and looks at the service under a real systemd.
Usage, as root: boot.py ganad_VERSION_ARCH.deb [BASE]; needs mmdebstrap and systemd-nspawn. Takes some minutes. BASE is a
folder for the Debian without the package: made if it is not there, and copied from then on."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BOOT_SECONDS = 400
# What a purge may leave: the user, what apt and dpkg remember, what a running system writes.
NOT_OURS = re.compile(r"^/(etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|etc/(machine-id|ld\.so\.cache|\.pwd\.lock|resolv\.conf)"
                      r"|etc/systemd|etc/ssl|etc/pki|var/(lib/(apt|dpkg|systemd|dbus|private)|cache|log|tmp|backups|spool)"
                      r"|tmp|root|results|after|before|ganad\.deb|boot_guest\.sh|usr/lib/(locale|sysimage)"
                      r"|etc/\.updated|var/\.updated)")
UNIT = """[Unit]
Description=Look at ganad
After=multi-user.target network.target ganadd.service
[Service]
Type=oneshot
ExecStart=/bin/bash /boot_guest.sh
TimeoutStartSec=300
[Install]
WantedBy=multi-user.target
"""


def run(*command, **kw):
    subprocess.run(command, check=True, **kw)


def chroot(room, *command):
    run("chroot", room, "env", "DEBIAN_FRONTEND=noninteractive", *command, stdout=subprocess.DEVNULL)


def files(room):
    out = subprocess.run(["find", room, "-xdev", "-printf", "/%P\\n"], stdout=subprocess.PIPE, check=True, text=True).stdout
    return set(out.split("\n"))


def make_room(room, base):
    if not base or not os.path.isdir(base):
        run("mmdebstrap", "--quiet", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,procps,openssl,ca-certificates",
            "bookworm", base or room)
    if base:
        run("cp", "-a", base, room)


def install(room, deb):
    for name in os.listdir("/etc/apt/apt.conf.d"):
        if "proxy" in name:
            shutil.copy(os.path.join("/etc/apt/apt.conf.d", name), os.path.join(room, "etc/apt/apt.conf.d"))
    for name in ("etc/resolv.conf", "etc/hosts"):
        shutil.copy("/" + name, os.path.join(room, name))
    before = files(room)
    shutil.copy(deb, os.path.join(room, "ganad.deb"))
    chroot(room, "apt-get", "-qq", "update")
    chroot(room, "apt-get", "-qq", "install", "/ganad.deb")
    shutil.copy(os.path.join(HERE, "boot_guest.sh"), room)
    os.makedirs(os.path.join(room, "etc/systemd/system"), exist_ok=True)
    with open(os.path.join(room, "etc/systemd/system/look.service"), "w") as f:
        f.write(UNIT)
    chroot(room, "systemctl", "enable", "look.service")
    return before


def boot(room):
    """The machine, until it switches itself off."""
    with open(os.path.join(room, "..", "console"), "wb") as console:
        p = subprocess.Popen(["systemd-nspawn", "-q", "-b", "--register=no", "--keep-unit", "--console=pipe",
                              "--private-network", "-D", room], stdin=subprocess.DEVNULL, stdout=console,
                             stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return p.wait(BOOT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            return None


def main():
    if len(sys.argv) not in (2, 3) or os.geteuid() != 0:
        print(__doc__, file=sys.stderr)
        return 2
    for tool in "mmdebstrap", "systemd-nspawn":
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            return 77
    with tempfile.TemporaryDirectory(prefix="ganad-boot-", dir="/var/tmp") as folder:
        room = os.path.join(folder, "root")
        began = time.monotonic()
        make_room(room, os.path.abspath(sys.argv[2]) if len(sys.argv) == 3 else None)
        before = install(room, sys.argv[1])
        print(f"installed after {time.monotonic() - began:.0f} s", flush=True)
        code = boot(room)
        results = os.path.join(room, "results")
        text = open(results).read() if os.path.exists(results) else ""
        print(text, end="")
        good, bad = len(re.findall("^ok ", text, re.M)), len(re.findall("^FAILED ", text, re.M))
        if code is None or "\nend\n" not in text:
            bad += 1
            with open(os.path.join(folder, "console"), "rb") as f:
                print(f"did not come to its end (code {code}):\n{f.read()[-3000:].decode(errors='replace')}")
        else:
            with open(os.path.join(room, "after")) as f:
                left = sorted(p for p in set(f.read().split("\n")) - before if p and not NOT_OURS.match(p))
            ours = sorted(p for p in files(room) if "ganad" in os.path.basename(p) and p != "/ganad.deb" and not
                          p.startswith(("/var/lib/dpkg", "/var/log/journal", "/var/cache")))
            print("FAILED purge left " + " ".join(left + ours) if left or ours else "ok purge leaves nothing")
            good += not left + ours
            bad += bool(left + ours)
    print(f"{good} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
