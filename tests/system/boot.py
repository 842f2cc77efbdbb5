#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boots a Debian with ganad's package installed and checks the service under a real systemd. Needs
root, mmdebstrap and systemd-nspawn, and takes some minutes. The system upgrades to the package from
an earlier one: from the same with a lower version or, with --from, from another."""

import argparse
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
# What a purge may leave: the user, the records of apt and dpkg, files of a running system.
NOT_OURS = re.compile(r"^/(etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$"
                      r"|etc/(machine-id|ld\.so\.cache|\.pwd\.lock|resolv\.conf)"
                      r"|etc/systemd|etc/ssl|etc/pki"
                      r"|var/(lib/(apt|dpkg|systemd|dbus|private)|cache|log|tmp|backups|spool)"
                      r"|tmp|root|results|after|before|ganad\.deb|previous\.deb|boot_guest\.sh"
                      r"|usr/lib/(locale|sysimage)"
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


def release_here():
    """The release of this machine: a package runs only where it was built."""
    try:
        with open("/etc/os-release") as f:
            values = dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)
    except OSError:
        values = {}
    return values.get("VERSION_CODENAME",
                      "bookworm") if values.get("ID") == "debian" else "bookworm"


def run(*command, **kw):
    subprocess.run(command, check=True, **kw)


def chroot(root, *command):
    run("chroot", root, "env", "DEBIAN_FRONTEND=noninteractive", *command,
        stdout=subprocess.DEVNULL)


def files(root):
    out = subprocess.run(["find", root, "-xdev", "-printf", "/%P\\n"], stdout=subprocess.PIPE,
                         check=True, text=True).stdout
    return set(out.split("\n"))


def make_root(root, base, suite):
    if not base or not os.path.isdir(base):
        run("mmdebstrap", "--quiet", "--variant=minbase",
            "--include=systemd,systemd-sysv,dbus,procps,openssl,ca-certificates",
            suite, base or root)
    if base:
        run("cp", "-a", base, root)


def lower_version(deb, to, directory):
    """The same package with a lower version number."""
    tree = os.path.join(directory, "previous")
    run("dpkg-deb", "--raw-extract", deb, tree)
    control = os.path.join(tree, "DEBIAN", "control")
    with open(control) as f:
        text = re.sub(r"^(Version: .*)$", r"\1~previous", f.read(), flags=re.M)
    with open(control, "w") as f:
        f.write(text)
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, to, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)


def install(root, deb, previous):
    for name in os.listdir("/etc/apt/apt.conf.d"):
        if "proxy" in name:
            shutil.copy(os.path.join("/etc/apt/apt.conf.d", name),
                        os.path.join(root, "etc/apt/apt.conf.d"))
    for name in ("etc/resolv.conf", "etc/hosts"):
        shutil.copy("/" + name, os.path.join(root, name))
    before = files(root)
    shutil.copy(deb, os.path.join(root, "ganad.deb"))
    chroot(root, "apt-get", "-qq", "update")
    if previous:
        shutil.copy(previous, os.path.join(root, "previous.deb"))
    else:
        lower_version(deb, os.path.join(root, "previous.deb"), os.path.dirname(root))
    chroot(root, "apt-get", "-qq", "install", "/previous.deb")
    shutil.copy(os.path.join(HERE, "boot_guest.sh"), root)
    os.makedirs(os.path.join(root, "etc/systemd/system"), exist_ok=True)
    with open(os.path.join(root, "etc/systemd/system/look.service"), "w") as f:
        f.write(UNIT)
    chroot(root, "systemctl", "enable", "look.service")
    return before


def boot(root):
    """Runs the machine until it powers off."""
    with open(os.path.join(root, "..", "console"), "wb") as console:
        p = subprocess.Popen(["systemd-nspawn", "-q", "-b", "--register=no", "--keep-unit",
                              "--console=pipe",
                              "--private-network", "-D", root], stdin=subprocess.DEVNULL,
                             stdout=console,
                             stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return p.wait(BOOT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("deb", metavar="ganad_VERSION_ARCH.deb", type=os.path.abspath)
    parser.add_argument("base", nargs="?", type=os.path.abspath,
                        help="directory for the Debian without the package: created if missing, "
                             "and copied later")
    parser.add_argument("--suite", default=release_here(),
                        help="the release of Debian that the package was built on (this machine's)")
    parser.add_argument("--from", dest="previous", metavar="DEB", type=os.path.abspath,
                        help="upgrade from this package")
    args = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("a system is made and booted by root")
    for tool in "mmdebstrap", "systemd-nspawn":
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            return 77
    with tempfile.TemporaryDirectory(prefix="ganad-boot-", dir="/var/tmp") as directory:
        root = os.path.join(directory, "root")
        began = time.monotonic()
        make_root(root, args.base, args.suite)
        before = install(root, args.deb, args.previous)
        print(f"installed after {time.monotonic() - began:.0f} s", flush=True)
        code = boot(root)
        results = os.path.join(root, "results")
        text = open(results).read() if os.path.exists(results) else ""
        print(text, end="")
        good, bad = len(re.findall("^ok ", text, re.M)), len(re.findall("^FAILED ", text, re.M))
        if code is None or "\nend\n" not in text:
            bad += 1
            with open(os.path.join(directory, "console"), "rb") as f:
                print("did not come to its end (code "
                      f"{code}):\n{f.read()[-3000:].decode(errors='replace')}")
        else:
            with open(os.path.join(root, "after")) as f:
                left = sorted(p for p in set(f.read().split("\n")) - before if p
                              and not NOT_OURS.match(p))
            ours = sorted(p for p in files(root) if "ganad" in os.path.basename(p)
                          and p != "/ganad.deb" and not
                          p.startswith(("/var/lib/dpkg", "/var/log/journal", "/var/cache")))
            print("FAILED purge left " + " ".join(left + ours) if left or ours
                  else "ok purge leaves nothing")
            good += not left + ours
            bad += bool(left + ours)
    print(f"{good} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
