# SPDX-License-Identifier: Apache-2.0
"""The network of the trial: hosts in network namespaces on one bridge, and a mirror of the bridge.

All of it is inside namespaces that `run` made for itself. No interface leads out of them, and the
kernel removes everything when the first process in them ends.
"""

import collections
import os
import signal
import subprocess
import time

Host = collections.namedtuple("Host", "name address")

PREFIX = "10.77.0."
GATEWAY = Host("gateway", PREFIX + "1")
WEB = Host("web", PREFIX + "10")  # nginx, sshd
FILES = Host("files", PREFIX + "20")  # vsftpd, exim, dovecot
NAMES = Host("names", PREFIX + "30")  # dnsmasq, redis
SERVERS = [WEB, FILES, NAMES]
CLIENTS = [Host(f"client{i}", f"{PREFIX}{100 + i}") for i in range(1, 7)]
INNOCENTS = {h.address: h.name for h in [GATEWAY, *SERVERS, *CLIENTS]}
ATTACKER = "attacker"  # has another address in each attack
FIRST_ATTACKER = 200

REFLECTORS = "10.77.8."  # behind the gateway; all 254 answer
SWEPT = "10.77.9."  # behind the gateway; two hosts exist
SWEPT_ALIVE = [SWEPT + "40", SWEPT + "90"]

SENSOR, MIRROR = "sensor", "mirror"
SETTINGS = {
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.icmp_echo_ignore_broadcasts": 0,
    "net.ipv6.conf.all.disable_ipv6": 1,
    "net.ipv6.conf.default.disable_ipv6": 1,
}


def call(*command, **kw):
    """Runs a command that must succeed."""
    p = subprocess.run(command, capture_output=True, text=True, check=False, **kw)
    if p.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {(p.stderr or p.stdout).strip()}")
    return p.stdout


def set_up_namespace(name):
    call("ip", "netns", "add", name)
    values = [f"{k}={v}" for k, v in SETTINGS.items()]
    call("ip", "netns", "exec", name, "sysctl", "-q", "-w", *values)
    call("ip", "-n", name, "link", "set", "lo", "up")


def set_up_port(name, number):
    """A port of the bridge. Its packets are copied to the mirror as they come in, so that the
    mirror has each packet once."""
    port = f"port{number}"
    call("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
    call("ip", "link", "set", port, "master", "bridge", "up")
    # Without offload a packet is as long as on a wire.
    call("ip", "netns", "exec", name, "ethtool", "-K", "eth0", "tso", "off", "gso", "off",
         "gro", "off", "tx", "off")
    call("ip", "-n", name, "link", "set", "eth0", "up")
    call("tc", "qdisc", "add", "dev", port, "clsact")
    call("tc", "filter", "add", "dev", port, "ingress", "protocol", "all", "u32", "match", "u32",
         "0", "0", "action", "mirred", "egress", "mirror", "dev", "span")


class Network:
    """Makes the namespaces, and starts programs in them."""

    def __init__(self):
        call("mount", "-t", "tmpfs", "tmpfs", "/run")
        os.makedirs("/run/netns")
        call("sysctl", "-q", "-w", "net.ipv6.conf.default.disable_ipv6=1")
        call("ip", "link", "set", "lo", "up")
        call("ip", "link", "add", "bridge", "type", "bridge")
        call("ip", "link", "set", "bridge", "up")
        set_up_namespace(SENSOR)
        call("ip", "link", "add", "span", "type", "veth", "peer", "name", MIRROR, "netns", SENSOR)
        call("ip", "link", "set", "span", "up")
        call("ip", "-n", SENSOR, "link", "set", MIRROR, "up")
        for i, host in enumerate([GATEWAY, *SERVERS, *CLIENTS, Host(ATTACKER, None)]):
            set_up_namespace(host.name)
            set_up_port(host.name, i)
            if host.address:
                self.set_addresses(host.name, [host.address])
        # The gateway forwards nothing. It only answers for hosts that exist behind it.
        call("ip", "-n", GATEWAY.name, "route", "add", "local", REFLECTORS + "0/24", "dev", "lo")
        for address in SWEPT_ALIVE:
            call("ip", "-n", GATEWAY.name, "address", "add", address + "/32", "dev", "lo")

    @staticmethod
    def set_addresses(name, addresses):
        call("ip", "-n", name, "address", "flush", "dev", "eth0")
        for a in addresses:
            call("ip", "-n", name, "address", "add", a + "/24", "dev", "eth0")
        if name != GATEWAY.name:
            call("ip", "-n", name, "route", "replace", "default", "via", GATEWAY.address)

    @staticmethod
    def start(name, command, log=None, **kw):
        """Starts a program in a namespace, in a process group of its own."""
        with open(log or os.devnull, "ab") as out:
            return subprocess.Popen(["ip", "netns", "exec", name, *command], stdout=out, stderr=out,
                                    stdin=subprocess.DEVNULL, start_new_session=True, **kw)

    @staticmethod
    def stop(process, seconds=5):
        """Ends a program and its process group."""
        for s in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, s)
            except ProcessLookupError:
                pass
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        return None

    @staticmethod
    def until_open(name, address, port, seconds=20):
        """Waits until a server accepts connections."""
        probe = ("import socket,sys;"
                 "socket.create_connection((sys.argv[1],int(sys.argv[2])),1).close()")
        end = time.monotonic() + seconds
        while subprocess.run(["ip", "netns", "exec", name, "/usr/bin/python3", "-c", probe, address,
                              str(port)], stderr=subprocess.DEVNULL, check=False).returncode:
            if time.monotonic() > end:
                raise RuntimeError(f"{name} does not listen on port {port}")
            time.sleep(0.2)
