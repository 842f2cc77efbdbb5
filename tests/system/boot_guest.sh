#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs inside the booted system of boot.py, where ganad is installed: checks the service under a
# real systemd. Prints a line "ok WHAT" or "FAILED WHAT" for each check, and at the end powers the
# machine off.
set -u
exec >/results 2>&1

say() { printf '%s\n' "$*"; }
check() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@" >/tmp/check.log 2>&1; then
        say "ok $what"
        grep '^figure' /tmp/check.log
    else
        say "FAILED $what"
        sed 's/^/    /' /tmp/check.log
        journalctl -u ganadd --no-pager -n 12 -o short-monotonic | sed 's/^/    | /'
    fi
}
property() { systemctl show -P "$1" ganadd; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
wait_for() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}
is_active() { systemctl is-active --quiet ganadd; }
sockets=(ganadd-control.socket ganadd-scoring.socket)
all_active() { is_active && systemctl is-active --quiet "${sockets[0]}" && systemctl is-active --quiet "${sockets[1]}"; }
all_stopped() { ! is_active && ! systemctl is-active --quiet "${sockets[@]}"; }
inodes() { stat -c %i /run/ganadd/control.sock /run/ganadd/scoring.sock; }
# call_during COMMAND...: calls on both sockets while the command runs, at least 300, and until
# another process serves.
call_during() {
    local pid n=0 refused=0 over=false job
    pid=$(property MainPID)
    "$@" >/tmp/during.log 2>&1 &
    job=$!
    while [ $n -lt 300 ] || ! $over; do
        { timeout 20 ganadctl status && timeout 20 ganadctl score /tmp/records.csv; } >/tmp/call.log 2>&1 || {
            refused=$((refused + 1))
            cat /tmp/call.log
        }
        n=$((n + 2))
        kill -0 $job 2>/dev/null || over=true
    done
    say "figure $n calls, $refused refused, during: $*"
    wait $job || { cat /tmp/during.log && return 1; }
    [ "$(property MainPID)" != "$pid" ] && [ $refused -eq 0 ] && all_active
}
is_active_again() { # PID: another process exists and is ready
    local pid
    pid=$(property MainPID)
    [ "$pid" != 0 ] && [ "$pid" != "$1" ] && is_active
}
scorer_of() { grep -lx ganadd-scorer /proc/"$1"/task/*/comm | sed 's|.*/task/\([0-9]*\)/.*|\1|'; }
# hold THREAD: stops this thread and no other until the process is ended, with the perl that every
# Debian has.
hold() {
    local ptrace=101
    [ "$(uname -m)" = x86_64 ] || ptrace=117
    perl -e 'my ($ptrace, $thread) = @ARGV;
        syscall($ptrace, 16, $thread + 0, 0, 0) == 0 or die "ptrace: $!\n"; # PTRACE_ATTACH
        waitpid($thread, 0x40000000); # __WALL: it has stopped
        waitpid($thread, 0x40000000); # it has ended' $ptrace "$1"
}
status_has() { ganadctl status -J | grep -q "$1"; }
drop_in() { mkdir -p /etc/ganad/ganadd.conf.d && cat >"/etc/ganad/ganadd.conf.d/$1"; }

if ! wait_for 20 is_active; then
    say "FAILED ganadd is active"
    journalctl -u ganadd --no-pager -n 40
    say end
    systemctl poweroff
    exit
fi
began=$(property InactiveExitTimestampMonotonic) active=$(property ActiveEnterTimestampMonotonic)
say "figure active after $(((active - began) / 1000)) ms"
say "figure systemd $(systemctl --version | sed -n '1s/systemd \([^ ]*\).*/\1/p'), ganad $(dpkg-query -W -f '${Version}' ganad)"
check "both sockets are there since boot" all_active

# During an upgrade no client is refused, and the operator's files stay.
export DEBIAN_FRONTEND=noninteractive
ganadctl extract /usr/share/ganad/examples/attacks.pcap.gz 2>/dev/null | head -n 2 >/tmp/records.csv
# The sensor would learn first: alerts at once are what the rest is about.
check "a fresh sensor says that it learns" bash -c 'ganadctl status | grep -q "learning this network"'
printf '[learning]\nmode = alert-at-once\n' | drop_in 05-learning.conf
systemctl restart ganadd
printf '[alerts]\nrollup = 30s\n' | drop_in 10-own.conf
ganadctl score /usr/share/ganad/examples/*.pcap.gz >/dev/null 2>&1
wait_for 20 grep -q top_features /var/log/ganad/alerts.json
first=$(grep -o '"event_id":"[^"]*' /var/log/ganad/alerts.json | head -n 1)
spool_goes_on() { grep -q "$first" /var/log/ganad/alerts.json && ganadctl spool /var/lib/ganad/spool; }
check "the upgrade refuses no call" call_during apt-get -qq install /ganad.deb
check "it is the new version" test "$(dpkg-query -W -f '${Version}' ganad)" = "$(dpkg-deb -f /ganad.deb Version)"
check "with the configuration unchanged" test -s /etc/ganad/ganadd.conf.d/10-own.conf
check "and the spool" spool_goes_on
rm /etc/ganad/ganadd.conf.d/10-own.conf
check "active within 2 s" test $((active - began)) -le 2000000
check "runs as ganad" test "$(ps -o user= -p "$(property MainPID)")" = ganad
check "no capability without a live capture" test "$(sed -n 's/^CapPrm:\s*//p' "/proc/$(property MainPID)/status")" = 0000000000000000
check "a seccomp filter is in force" test "$(sed -n 's/^Seccomp:\s*//p' "/proc/$(property MainPID)/status")" = 2
say "figure $(systemd-analyze security ganadd | tail -n 1)"

# Three commands for a start: follow the alerts, score the bundled traffic, read their file.
alerts() { grep -c top_features /var/log/ganad/alerts.json; }
written=$(alerts)
more_alerts() { [ "$(alerts)" -gt "$written" ]; }
began=$(now_ms)
ganadctl tail -n 1 >/tmp/tail 2>&1 &
sleep 0.3 # it is connected
check "ganadctl score of the bundled traffic" bash -c 'ganadctl score /usr/share/ganad/examples/*.pcap.gz'
check "the first alert is in ganadctl tail" wait_for 30 grep -q . /tmp/tail
say "figure first alert after $(($(now_ms) - began)) ms and 2 commands: $(head -n 1 /tmp/tail | cut -c 1-150)"
check "and in the file" wait_for 30 more_alerts

# systemctl reload fails if the configuration is refused.
check "systemctl reload" systemctl reload ganadd
printf '[alerts]\nrollupp = 1s\n' | drop_in 90-bad.conf
check "a bad configuration fails the reload" bash -c '! systemctl reload ganadd'
check "and the running configuration stays in use" ganadctl status
rm /etc/ganad/ganadd.conf.d/90-bad.conf

# kill -9.
pid=$(property MainPID)
began=$(now_ms)
kill -9 "$pid"
wait_for 20 is_active_again "$pid"
took=$(($(now_ms) - began))
say "figure active again $took ms after kill -9"
check "kill -9 recovers within 2 s" test "$took" -le 2000

again_and_again() {
    local i pid
    for i in 1 2 3 4 5 6 7 8; do
        pid=$(property MainPID)
        kill -9 "$pid" && wait_for 20 is_active_again "$pid" || return 1
    done
}
check "and does so again and again" again_and_again

# The keep-alive stops: for the whole process, and for its scorer alone.
pid=$(property MainPID)
began=$(now_ms)
kill -STOP "$pid"
check "the watchdog ends a stopped process" wait_for 60 is_active_again "$pid"
say "figure active again $(($(now_ms) - began)) ms after SIGSTOP"
check "by the watchdog" bash -c 'journalctl -u ganadd | grep -qi "watchdog timeout"'
pid=$(property MainPID)
began=$(now_ms)
hold "$(scorer_of "$pid")" >/tmp/hold.log 2>&1 &
sleep 1
check "the scorer alone is stopped" grep -q '^State:.*tracing' "/proc/$pid/task/$(scorer_of "$pid")/status"
check "while the main loop responds" timeout 5 ganadctl status
check "the watchdog detects it" wait_for 60 is_active_again "$pid"
say "figure active again $(($(now_ms) - began)) ms after the scorer stood still"
check "and the log reports it" bash -c 'journalctl -u ganadd | grep -q "the scorer does not answer"'
check "and records are scored again" bash -c 'ganadctl score /usr/share/ganad/examples/*.pcap.gz'

# The sockets belong to the manager, and exist as long as the service should run.
check "a restart refuses no call" call_during systemctl restart ganadd
before=$(inodes)
check "nor does try-restart" call_during systemctl try-restart ganadd
check "on the same sockets" test "$(inodes)" = "$before"
late_call() {
    kill -9 "$(property MainPID)" && ganadctl status && [ "$(inodes)" = "$before" ] && wait_for 20 all_active
}
check "a call right after kill -9 is answered" late_call
stays_stopped() {
    wait_for 5 all_stopped && ! ganadctl status && ! ganadctl score /tmp/records.csv &&
        sleep 2 && all_stopped && [ ! -e /run/ganadd/control.sock ]
}
systemctl stop ganadd
check "stopped, and no client starts it" stays_stopped
systemctl try-restart ganadd
check "nor does try-restart" stays_stopped
systemctl start ganadd
check "started, with its sockets" all_active

# An error that only an operator can fix is tried once; a temporary one is retried each second, and
# clients wait.
printf '[alerts]\nrollupp = 1s\n' | drop_in 90-bad.conf
fails_once() { # while clients call
    local since clients
    since=$(date +%s)
    while timeout 5 ganadctl status || true; do :; done >/dev/null 2>&1 &
    clients=$!
    ! systemctl restart ganadd && [ "$(property ExecMainStatus)" = 78 ] && stays_stopped
    set -- $? "$(journalctl -u ganadd --since "@$since" -o cat | grep -c 'status=78')"
    kill $clients
    say "figure $2 attempts"
    [ "$1" = 0 ] && [ "$2" = 1 ] && [ "$(property NRestarts)" = 0 ]
}
check "a bad configuration is tried once" fails_once
rm /etc/ganad/ganadd.conf.d/90-bad.conf
systemctl start ganadd
check "and once it is corrected, all are active" all_active
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1:4711", ReuseAddr => 1) or die; sleep 60' &
other=$!
printf '[scoring]\ntcp = 127.0.0.1:4711\n' | drop_in 90-taken.conf
wait_for 10 grep -q ':1267 00000000:0000 0A' /proc/net/tcp
check "a taken port fails the start" bash -c '! systemctl restart ganadd'
tries_again() { [ "$(property NRestarts)" -ge 2 ]; }
check "which is retried" wait_for 20 tries_again
ganadctl status >/tmp/waits.log 2>&1 &
waits=$!
kill $other
check "and succeeds once the port is free" wait_for 20 all_active
check "and a client that waited is answered" wait $waits
rm /etc/ganad/ganadd.conf.d/90-taken.conf
systemctl restart ganadd

# Live capture, under the filter.
printf '[capture lo]\ninterface = lo\n' | drop_in 50-lo.conf
systemctl restart ganadd
check "captures from an interface" status_has '"state": *"reading"'
check "with that capability and no other" test "$(sed -n 's/^CapPrm:\s*//p' "/proc/$(property MainPID)/status")" = 0000000000002000
for i in 1 2 3 4 5 6 7 8; do (exec 3<>"/dev/tcp/127.0.0.1/$((9000 + i))") 2>/dev/null; done
check "and makes records of its packets" wait_for 20 bash -c 'ganadctl status -J | tr -d " \n" | grep -q "\"records\":[1-9]"'
rm /etc/ganad/ganadd.conf.d/50-lo.conf

# A key that only root can read.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout /etc/ssl/private/siem.key -out /etc/ganad/cert.pem 2>/dev/null
chmod 600 /etc/ssl/private/siem.key
chmod 644 /etc/ganad/cert.pem
mkfifo /tmp/siem.in # at the end of its input the receiver would close its connections
openssl s_server -quiet -accept 6514 -cert /etc/ganad/cert.pem -key /etc/ssl/private/siem.key -Verify 1 -CAfile /etc/ganad/cert.pem \
    <>/tmp/siem.in >/tmp/siem.log 2>/tmp/siem.err &
siem=$!
mkdir -p /etc/systemd/system/ganadd.service.d
printf '[Service]\nLoadCredential=siem.key:/etc/ssl/private/siem.key\n' >/etc/systemd/system/ganadd.service.d/key.conf
printf '[output siem]\ntype = tls\nto = localhost:6514\nca = /etc/ganad/cert.pem\ncertificate = /etc/ganad/cert.pem\nkey = credential:siem.key\n' | drop_in 60-siem.conf
systemctl daemon-reload
systemctl restart ganadd
check "a key as a credential, and TLS under the filter" wait_for 20 bash -c 'ganadctl status -J | tr -d " \n" | grep -q "\"name\":\"siem\".*\"state\":\"open\""'
ganadctl score /usr/share/ganad/examples/*.pcap.gz >/dev/null 2>&1
check "alerts arrive there" wait_for 20 grep -q top_features /tmp/siem.log
kill $siem
check "only root can read the key" bash -c '! su -s /bin/sh ganad -c "cat /etc/ssl/private/siem.key"'

# The journal as an output, and the catalogue's explanation of an alert.
rm /etc/ganad/ganadd.conf.d/60-siem.conf
printf '[output journal]\ntype = journal\nformat = journal\nseverity = high\n' | drop_in 70-journal.conf
systemctl restart ganadd
ganadctl score /usr/share/ganad/examples/*.pcap.gz >/dev/null 2>&1
check "an alert is in the journal" wait_for 20 bash -c 'journalctl -o verbose MESSAGE_ID=5b0a3f2c7d9e4c1e8f64a1d2b37c9e01 | grep -q GANAD_TOP_FEATURES='
check "with its explanation" bash -c 'journalctl -x MESSAGE_ID=5b0a3f2c7d9e4c1e8f64a1d2b37c9e01 | grep -q "An anomalous connection"'

# All of it at once; a system call outside of the filter ends the process, so that none fails
# unnoticed.
printf '[capture lo]\ninterface = lo\n' | drop_in 50-lo.conf
printf '[output siem]\ntype = tcp\nto = localhost:6515\n[scoring]\ntcp = 127.0.0.1:4711\n[metrics]\ntcp = 127.0.0.1:9187\n[records]\nfile = /var/lib/ganad/records.csv\n' | drop_in 60-more.conf
printf '[Service]\nSystemCallErrorNumber=kill\nRestart=no\n' >/etc/systemd/system/ganadd.service.d/kill.conf
systemctl daemon-reload
systemctl restart ganadd
pid=$(property MainPID)
metrics() {
    exec 3<>/dev/tcp/127.0.0.1/9187 && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3 && timeout 5 cat <&3 | grep -q '^ganad_' && exec 3>&-
}
everything() {
    metrics && ganadctl score /usr/share/ganad/examples/*.pcap.gz && systemctl reload ganadd && ganadctl status && ganadctl model list &&
        ganadctl suppress add dport=9 && ganadctl spool && ganadctl reopen && sleep 2 && [ "$(property MainPID)" = "$pid" ] &&
        systemctl stop ganadd && [ "$(property Result)" = success ]
}
check "all system calls are in the filter" everything
rm /etc/systemd/system/ganadd.service.d/kill.conf /etc/ganad/ganadd.conf.d/50-lo.conf /etc/ganad/ganadd.conf.d/60-more.conf
systemctl daemon-reload
systemctl restart ganadd

# A probe instead of ganadd, under the same unit: it tries everything that must be refused. The
# numbers of system calls are those of x86-64.
probe() {
    mkdir -p /usr/lib/ganad-probe && cp /usr/bin/perl /usr/lib/ganad-probe/perl && cat >/usr/lib/ganad-probe/probe.pl
    printf '[Service]\nType=oneshot\nExecStart=\nExecStart=/usr/lib/ganad-probe/perl /usr/lib/ganad-probe/probe.pl\nRestart=no\nWatchdogSec=0\n' \
        >/etc/systemd/system/ganadd.service.d/probe.conf
    systemctl daemon-reload
    systemctl restart ganadd
    cat /var/log/ganad/probe
    rm -r /usr/lib/ganad-probe /etc/systemd/system/ganadd.service.d/probe.conf
    systemctl daemon-reload
    ! grep ALLOWED /var/log/ganad/probe && [ "$(grep -c ^refused /var/log/ganad/probe)" = 18 ] && grep -qx done /var/log/ganad/probe
}
if [ "$(uname -m)" = x86_64 ]; then
    check "the unit refuses what it must" probe <<'EOF'
open(my $out, ">", "/var/log/ganad/probe") or die; # its own directory
sub refused { my ($what, $allowed) = @_; print $out $allowed ? "ALLOWED" : "refused", " $what\n"; }
refused("a program", system({"/bin/true"} "/bin/true") == 0);
open(my $own, ">", "/var/lib/ganad/own") or die;
print $own "#!/bin/sh\n"; close $own; chmod 0755, "/var/lib/ganad/own";
refused("a program that it wrote", system({"/var/lib/ganad/own"} "/var/lib/ganad/own") == 0);
unlink "/var/lib/ganad/own";
for my $file ("/etc/ganad/x", "/usr/bin/ganadd", "/var/x", "/proc/sys/kernel/printk", "/sys/kernel/x") {
    refused("writing $file", open(my $f, ">>", $file));
}
for my $file ("/etc/shadow", "/proc/1/cmdline", "/dev/mem") { refused("reading $file", open(my $f, "<", $file)); }
for my $directory ("/home", "/root") { refused("reading $directory", opendir(my $d, $directory) && grep(!/^\.+$/, readdir($d))); }
refused("a socket of bluetooth", socket(my $s, 31, 3, 0));
my ($none, $at, $kind) = ("none", "/var/lib/ganad", "tmpfs");
refused("mount(2)", syscall(165, $none, $at, $kind, 0, 0) == 0);
refused("unshare(2)", syscall(272, 0x10000000) == 0);
refused("ptrace(2)", syscall(101, 0, 0, 0, 0) == 0);
refused("bpf(2)", syscall(321, 0, 0, 0) >= 0);
refused("memory that is written and run", syscall(9, 0, 4096, 7, 0x22, -1, 0) != -1);
print $out "done\n";
EOF
fi
systemctl restart ganadd

check "installing it again refuses no call" call_during apt-get -qq install --reinstall /ganad.deb
check "with the configuration unchanged" test -s /etc/ganad/ganadd.conf.d/70-journal.conf
say "figure resident $(sed -n 's/^VmRSS:\s*//p' "/proc/$(property MainPID)/status")"

rm -r /etc/systemd/system/ganadd.service.d
check "remove" apt-get -qq remove ganad
check "and no process runs any more" bash -c '! pgrep -x ganadd && [ ! -e /run/ganadd/control.sock ]'
check "and configuration, alerts and spool are kept" test -s /etc/ganad/ganadd.conf.d/70-journal.conf -a -s /var/log/ganad/alerts.json -a -d /var/lib/ganad/spool
check "purge" apt-get -qq purge --autoremove ganad
find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /dev \) -prune -o -print | sort >/after
say end
systemctl poweroff
