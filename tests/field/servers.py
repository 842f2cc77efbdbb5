# SPDX-License-Identifier: Apache-2.0
"""Servers from Debian packages, each with a configuration of its own in the directory of the
trial. The accounts exist only in the mount namespace of the trial."""

import os
import pwd
import random

import network
from network import FILES, GATEWAY, NAMES, WEB, call

USERS = ["alice", "bob", "carol", "dave"]
PASSWORD = "correct-horse-7"
SIZES = {"index.html": 6_000, "style.css": 14_000, "script.js": 40_000, "logo.png": 9_000,
         "photo.jpg": 70_000, "news.html": 11_000, "report.pdf": 400_000, "image.iso": 1_200_000}
UPLOADS = 2_000_000  # the longest file that an ordinary client sends, in bytes

NGINX = """daemon off;
user www-data;
pid {run}/nginx.pid;
error_log {work}/nginx.log;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type application/octet-stream;
    client_max_body_size 200m;
    client_body_temp_path {work}/nginx-body;
    proxy_temp_path {work}/nginx-proxy;
    fastcgi_temp_path {work}/nginx-fastcgi;
    uwsgi_temp_path {work}/nginx-uwsgi;
    scgi_temp_path {work}/nginx-scgi;
    server {{
        listen 80;
        listen 8088;
        listen 443 ssl;
        ssl_certificate {work}/web.crt;
        ssl_certificate_key {work}/web.key;
        root {work}/www;
        location /private/ {{ auth_basic "private"; auth_basic_user_file {work}/htpasswd; }}
        location /upload {{ proxy_pass http://127.0.0.1:8081; }}
    }}
    server {{ listen 127.0.0.1:8081; location / {{ return 204; }} }}
}}
"""

SSHD = """Port 22
Port 2222
HostKey {work}/ssh_host_ed25519_key
PidFile none
UsePAM no
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin no
MaxStartups 200
MaxAuthTries 6
UseDNS no
PrintMotd no
Subsystem sftp internal-sftp
"""

VSFTPD = """listen=YES
background=NO
anonymous_enable=YES
anon_root={work}/www
local_enable=YES
write_enable=YES
local_umask=022
seccomp_sandbox=NO
isolate_network=NO
delay_failed_login=0
secure_chroot_dir={work}/empty
pam_service_name=vsftpd
xferlog_enable=NO
"""

EXIM = """primary_hostname = mail.example
spool_directory = {work}/exim
log_file_path = {work}/exim/log-%s
pid_file_path = {run}/exim.pid
daemon_smtp_ports = 25
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 200
message_size_limit = 100M
acl_smtp_rcpt = takes
acl_smtp_data = drops
begin acl
takes:
  accept
drops:
  discard
"""

DOVECOT = """protocols = imap pop3
listen = *
base_dir = {run}/dovecot
state_dir = {work}/dovecot
log_path = {work}/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 1 secs
mail_location = maildir:{work}/mail/%u
first_valid_uid = 8
first_valid_gid = 8
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={work}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
"""

DNSMASQ = """port=53
no-resolv
no-hosts
no-daemon
pid-file=
user=root
local=/example/
address=/tunnel.example/10.77.0.10
cache-size=1000
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def make_accounts(work):
    """Covers the account files of this mount namespace with copies that have more users."""
    os.makedirs(f"{work}/home")
    hashed = call("openssl", "passwd", "-6", PASSWORD).strip()
    extra = {"passwd": "", "shadow": "", "group": ""}
    for i, user in enumerate(USERS):
        home = f"{work}/home/{user}"
        os.makedirs(home)
        os.chown(home, 6001 + i, 6001 + i)
        extra["passwd"] += f"{user}:x:{6001 + i}:{6001 + i}::{home}:/bin/sh\n"
        extra["shadow"] += f"{user}:{hashed}:19000:0:99999:7:::\n"
        extra["group"] += f"{user}:x:{6001 + i}:\n"
    for name, lines in extra.items():
        with open(f"/etc/{name}", encoding="utf-8") as f:
            text = f.read()
        path = write(f"{work}/etc-{name}", text + ("" if text.endswith("\n") else "\n") + lines)
        os.chmod(path, 0o600 if name == "shadow" else 0o644)
        call("mount", "--bind", path, f"/etc/{name}")
    # Servers that look up names ask the name server of this network.
    resolver = write(f"{work}/etc-resolv.conf", f"nameserver {NAMES.address}\n")
    call("mount", "--bind", resolver, os.path.realpath("/etc/resolv.conf"))


def make_files(work):
    """What the servers offer."""
    rng = random.Random(1)
    for d in ("www/private", "empty", "exim", "dovecot", "mail"):
        os.makedirs(f"{work}/{d}")
    for name, size in SIZES.items():
        with open(f"{work}/www/{name}", "wb") as f:
            f.write(rng.randbytes(size))
    write(f"{work}/www/private/index.html", "private\n" * 40)
    write(f"{work}/htpasswd", "alice:" + call("openssl", "passwd", "-apr1", PASSWORD))
    mail = pwd.getpwnam("mail")
    os.chown(f"{work}/mail", mail.pw_uid, mail.pw_gid)
    for user in USERS:
        for d in ("", "/cur", "/new", "/tmp"):
            os.makedirs(f"{work}/mail/{user}{d}", exist_ok=True)
            os.chown(f"{work}/mail/{user}{d}", mail.pw_uid, mail.pw_gid)
        for i in range(6):
            text = f"From: a@example\nTo: {user}@example\nSubject: message {i}\n\n"
            path = write(f"{work}/mail/{user}/cur/{i}.1.mail:2,S",
                         text + "A line of an ordinary message.\n" * rng.randint(3, 300))
            os.chown(path, mail.pw_uid, mail.pw_gid)
    exim = pwd.getpwnam("Debian-exim")
    os.chown(f"{work}/exim", exim.pw_uid, exim.pw_gid)


def make_keys(work):
    call("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=www.example", "-keyout", f"{work}/web.key", "-out", f"{work}/web.crt")
    call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{work}/ssh_host_ed25519_key")


def start(net, work):
    """Starts all servers and waits until they answer."""
    make_accounts(work)
    make_files(work)
    make_keys(work)
    for d in ("sshd", "dovecot"):
        os.makedirs(f"/run/{d}", exist_ok=True)
    values = {"work": work, "run": "/run", "password": PASSWORD}
    conf = {name: write(f"{work}/{name}.conf", text.format(**values)) for name, text in {
        "nginx": NGINX, "sshd": SSHD, "vsftpd": VSFTPD, "exim": EXIM, "dovecot": DOVECOT}.items()}
    hosts = "".join(f"address=/{h.name}.example/{h.address}\n" for h in network.SERVERS)
    conf["dnsmasq"] = write(f"{work}/dnsmasq.conf", DNSMASQ + hosts)
    log = f"{work}/servers.log"
    here = os.path.dirname(os.path.abspath(__file__))
    for host, command in (
            (WEB, ["nginx", "-c", conf["nginx"]]),
            (WEB, ["/usr/sbin/sshd", "-D", "-e", "-f", conf["sshd"]]),
            (WEB, ["/usr/bin/python3", f"{here}/hostile.py", "answer", "31337"]),
            (GATEWAY, ["/usr/bin/python3", f"{here}/hostile.py", "answer", "445"]),
            (FILES, ["vsftpd", conf["vsftpd"]]),
            (FILES, ["exim4", "-C", conf["exim"], "-bdf"]),
            (FILES, ["dovecot", "-F", "-c", conf["dovecot"]]),
            (NAMES, ["dnsmasq", "-C", conf["dnsmasq"]]),
            (NAMES, ["redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode",
                     "no", "--save", "", "--dir", work])):
        net.start(host.name, command, log)
    for host, ports in ((WEB, (80, 443, 22, 31337)), (FILES, (21, 25, 110, 143)),
                        (NAMES, (53, 6379)), (GATEWAY, (445,))):
        for port in ports:
            net.until_open(host.name, host.address, port)
