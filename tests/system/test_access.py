# SPDX-License-Identifier: Apache-2.0
"""Who may do what: groups of the sockets, commands of the control socket by the groups of a client,
places that are reserved, tails without a reader, and what a start as root gives away."""

import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
import unittest

import ganad

REFUSED = 8
STATUS, TAIL, REOPEN, ADD, LIST, RELOAD, BACK = 1, 2, 3, 4, 5, 8, 10
OTHER = 65534  # a user and group without rights
USER = pwd.getpwuid(OTHER).pw_name
is_root = os.geteuid() == 0


def as_user(action, uid=OTHER, gid=OTHER, groups=()):
    """Returns the text that action() returns, in a process of that user."""
    end, out = os.pipe()
    pid = os.fork()
    if pid == 0:
        text = "it failed"
        try:
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            text = action()
        except BaseException as e:  # pylint: disable=broad-except
            text = f"{type(e).__name__}: {e}"
        os.write(out, text.encode())
        os._exit(0)
    os.close(out)
    with os.fdopen(end) as f:
        text = f.read()
    os.waitpid(pid, 0)
    return text


def ask(path, command, **fields):
    """What happens to a command: "ok", or the code and text of its refusal."""
    with ganad.Conn(path) as c:
        try:
            c.send(ganad.CONTROL_REQUEST, ganad.pb.ControlRequest(command=command, **fields))
        except BrokenPipeError:
            pass  # refused before
        kind, body = c.frame()
    if kind != ganad.ERROR_REPLY:
        return "ok"
    e = ganad.pb.ErrorReply.FromString(body)
    return f"{e.code} {e.message}"


class Case(unittest.TestCase):
    def daemon(self, **kw):
        d = ganad.Daemon(start=False, **kw)
        self.addCleanup(d.__exit__)
        os.chmod(d.dir, 0o755)
        os.chmod(ganad.scratch(), 0o711)
        return d


@unittest.skipUnless(is_root, "not root")
class Groups(Case):
    """Members of games may read, those of staff change."""

    def setUp(self):
        self.games, self.staff = (grp.getgrnam(n).gr_gid for n in ("games", "staff"))

    def test_each_socket_has_its_group(self):
        d = self.daemon(scoring={"group": "games"}, control={"group": "staff"},
                        metrics={"unix": "{dir}/metrics.sock", "group": "users"})
        d.start()
        for path, name in ((d.scoring, "games"), (d.control, "staff"),
                           (d.path("metrics.sock"), "users")):
            st = os.stat(path)
            self.assertEqual((grp.getgrgid(st.st_gid).gr_name, st.st_mode & 0o7777),
                             (name, 0o660), path)
        self.assertTrue(as_user(lambda: ask(d.control, STATUS)).startswith("PermissionError"))
        self.assertEqual(as_user(lambda: ask(d.control, STATUS), groups=[self.staff]), "ok")

    def test_the_mode_holds_whatever_the_umask(self):
        d = self.daemon(scoring={"mode": "0666"}, control={"mode": "0606"})
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        d.start()
        self.assertEqual([os.stat(p).st_mode & 0o777 for p in (d.scoring, d.control)],
                         [0o666, 0o606])

    def test_an_unknown_group_is_refused(self):
        d = self.daemon(control={"admin_group": "no-such-group"})
        for options in (["-t"], []):
            r = subprocess.run([ganad.args.ganadd, *options, "-c", d.conf], timeout=30,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.assertNotEqual(r.returncode, 0)
            self.assertIn("'no-such-group': no such group", r.stdout + r.stderr)

    def test_a_user_gets_the_sockets_with_their_groups(self):
        d = self.daemon(ganadd={"user": USER}, scoring={"group": "games"},
                        outputs={"f": {"type": "file", "to": "{dir}/alerts"}})
        d.start()
        st = os.stat(d.scoring)
        self.assertEqual((st.st_uid, st.st_gid), (OTHER, self.games))
        for path in d.path("alerts"), d.path("spool"), d.path("spool/ganad-spool.state"):
            self.assertEqual(os.stat(path).st_uid, OTHER, path)

    def test_a_socket_of_the_manager_gets_the_group(self):
        """The daemon is its owner and a member of the group, without root."""
        d = self.daemon(scoring={"group": "games"})
        s = socket.socket(socket.AF_UNIX)
        self.addCleanup(s.close)
        s.bind(d.scoring)
        s.listen()
        os.chmod(d.scoring, 0o660)
        for path in d.scoring, d.dir:
            os.chown(path, OTHER, OTHER)

        def become():
            os.dup2(s.fileno(), 3)
            os.setgroups([self.games])
            os.setresgid(OTHER, OTHER, OTHER)
            os.setresuid(OTHER, OTHER, OTHER)
        shell = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"'
        self.skip_unless_runnable()
        d.process = subprocess.Popen(["/bin/sh", "-c", shell, ganad.args.ganadd, "-c", d.conf],
                                     preexec_fn=become, close_fds=False, stderr=d.log)
        ganad.wait_for(d.answers, 20, "ganadd serves")
        self.assertEqual(os.stat(d.scoring).st_gid, self.games)

    def skip_unless_runnable(self):
        if as_user(lambda: str(os.access(ganad.args.ganadd, os.X_OK))) != "True":
            self.skipTest("an unprivileged user may not run ganadd here")

    def test_reading_and_changing_need_their_groups(self):
        d = self.daemon(control={"group": "games", "admin_group": "staff", "mode": "0666"})
        d.start()

        def may(command, **who):
            return as_user(lambda: ask(d.control, command, rule="service=http"), **who)
        reads, changes = (STATUS, LIST), (ADD, RELOAD, REOPEN, BACK)
        for command in (*reads, *changes):
            said = may(command)
            self.assertRegex(said, f"^{REFUSED} not permitted: reading .*'games'")
            self.assertNotIn("not permitted", may(command, groups=[1, 2, self.staff, 7]))
            self.assertNotIn("not permitted", may(command, gid=self.staff))
            self.assertNotIn("not permitted", may(command, uid=0, gid=OTHER))
        for command in reads:
            self.assertEqual(may(command, groups=[self.games]), "ok")
            self.assertEqual(may(command, gid=self.games), "ok")
        denied = d.counter("control_denied")
        for command in changes:
            said = may(command, groups=[self.games])
            self.assertRegex(said, f"^{REFUSED} not permitted: a command that changes ganadd needs "
                             "a member of group 'staff'")
        self.assertEqual(d.counter("control_denied"), denied + len(changes))
        self.assertIn(f"uid {OTHER}", d.read_log())

    def test_a_refusal_does_not_flood_the_log(self):
        d = self.daemon(control={"admin_group": "staff", "mode": "0666"})
        d.start()
        as_user(lambda: str([ask(d.control, RELOAD) for _ in range(300)]))
        self.assertEqual(d.counter("control_denied"), 300)
        self.assertLess(d.read_log().count("not permitted"), 30)

    def test_without_keys_everyone_who_connects_may_change(self):
        d = self.daemon(control={"mode": "0666"})
        d.start()
        self.assertEqual(as_user(lambda: ask(d.control, ADD, rule="service=http")), "ok")
        self.assertEqual(as_user(lambda: ask(d.control, STATUS)), "ok")

    def test_a_refused_command_ends_ganadctl_with_its_reason(self):
        d = self.daemon(control={"admin_group": "staff", "mode": "0666"})
        d.start()
        self.skip_unless_runnable()
        r = subprocess.run(["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups",
                            ganad.args.ganadctl, "-s", d.control, "reload"], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
        self.assertEqual(r.returncode, 1, r)
        self.assertIn("group 'staff'", r.stderr)

    def test_places_are_reserved(self):
        d = self.daemon(control={"max_clients": "3", "mode": "0666"})
        d.start()

        held = []

        def take():
            """Connects as another user. Returns whether it is served."""
            os.seteuid(OTHER)  # what the kernel states at connect()
            try:
                c = ganad.Conn(d.control)
                c.send(ganad.CONTROL_REQUEST, ganad.pb.ControlRequest(command=STATUS))
                kind, _ = c.frame()
            except (BrokenPipeError, ConnectionResetError):
                kind = ganad.ERROR_REPLY
            finally:
                os.seteuid(0)
            if kind == ganad.STATUS_REPLY:
                held.append(c)
            else:
                c.close()
            return kind == ganad.STATUS_REPLY
        for _ in range(3):
            ganad.wait_for(take, 10, "the connection before is closed")
        self.assertFalse(take())
        self.assertEqual(ask(d.control, STATUS), "ok")  # root
        with ganad.Conn(d.control), ganad.Conn(d.control):  # two are reserved for root
            ganad.wait_for(lambda: ask(d.control, STATUS).startswith(f"{ganad.BUSY} "), 10,
                           "all are taken")
        self.assertFalse(take())
        for c in held:
            c.close()


class Tails(Case):
    def test_a_silent_tail_ends_and_one_with_a_reader_does_not(self):
        d = self.daemon(control={"tail_idle": "2s"})
        d.start()
        silent, alive = ganad.Conn(d.control), ganad.Conn(d.control)
        tail = ganad.pb.ControlRequest(command=TAIL)
        silent.send(ganad.CONTROL_REQUEST, tail)

        def count(name, value):
            alive.send(ganad.CONTROL_REQUEST, tail)
            time.sleep(0.05)
            return d.counter(name) == value
        ganad.wait_for(lambda: count("tails_idle", 1), 20, "the silent one ends")
        ganad.wait_for(lambda: count("tails", 1), 20, "the other one is left")
        self.assertIn("tail_idle", silent.error().message)
        self.assertTrue(silent.is_closed())
        self.assertEqual(d.counter("tails_idle"), 1)
        silent.close()
        alive.close()

    def test_a_tail_that_takes_nothing_ends_though_it_talks(self):
        line = ganad.record(ganad.data_lines(20)[0])  # takes more than a second
        d = self.daemon(control={"tail_idle": "2s"}, models={
            "m": {"checkpoint": ganad.checkpoint(), "threshold": "-1e30"}})
        d.start()
        tail = ganad.pb.ControlRequest(command=TAIL)
        stuck, reader = ganad.Conn(d.control), ganad.Conn(d.control)
        for c in stuck, reader:
            c.send(ganad.CONTROL_REQUEST, tail)
        with ganad.Conn(d.scoring) as s:

            def ended():
                s.send(ganad.SCORE_REQUEST, ganad.request([line]))
                s.answer()
                reader.answer(ganad.EVENT)
                with contextlib.suppress(OSError):
                    stuck.send(ganad.CONTROL_REQUEST, tail)
                time.sleep(0.05)
                return d.counter("tails_idle") > 0
            ganad.wait_for(ended, 20, "the one that takes nothing ends")
        self.assertEqual((d.counter("tails"), d.counter("tails_idle")), (1, 1))
        stuck.close()
        reader.close()

    def test_ganadctl_shows_that_it_is_there(self):
        """It repeats its request while no event arrives; a stopped one does not."""
        end = os.path.join(ganad.scratch(), "asked.sock")
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(end)
            s.listen()
            s.settimeout(30 * ganad.SLOW)
            p = subprocess.Popen([ganad.args.ganadctl, "-s", end, "tail"],
                                 stdout=subprocess.DEVNULL)
            try:
                c, _ = s.accept()
                c.settimeout(30 * ganad.SLOW)
                first = c.recv(100)
                self.assertEqual(c.recv(100), first)
                c.close()
            finally:
                p.kill()
                p.wait()


@unittest.skipUnless(is_root, "not root")
class GivenAway(Case):
    """What the start of root gives to the user: only the daemon's own."""

    def setUp(self):
        self.victim = os.path.join(ganad.scratch(), "victim-" + self._testMethodName)
        os.mkdir(self.victim, 0o755)
        self.addCleanup(shutil.rmtree, self.victim)
        self.secret = os.path.join(self.victim, "secret")
        with open(self.secret, "w") as f:
            f.write("0,root's\n")

    def run_to_ready(self, d, *options):
        """Returns whether it serves, and what it says."""
        try:
            d.start()
            d.stop()
            return True, d.read_log()
        except AssertionError as e:
            return False, str(e)

    def daemon_for(self, spool, **kw):
        d = self.daemon(ganadd={"user": USER}, spool={"directory": spool}, **kw)
        os.chown(d.dir, OTHER, OTHER)  # the directory is the daemon user's, as /var/lib/ganad
        return d

    def untouched(self, *paths):
        for path in (self.victim, self.secret, *paths):
            st = os.stat(path)
            self.assertEqual((st.st_uid, st.st_gid), (0, 0), path)
        with open(self.secret) as f:
            self.assertEqual(f.read(), "0,root's\n")

    def check_refused(self, d, pattern):
        """By ganadd -t and by a start, which makes nothing there."""
        r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], timeout=30, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertNotEqual(r.returncode, 0)
        self.assertRegex(r.stdout, pattern)
        serves, said = self.run_to_ready(d)
        self.assertFalse(serves)
        self.assertRegex(said, pattern)
        self.assertEqual(set(os.listdir(self.victim)) - {"state"}, {"secret"})

    def test_a_linked_spool(self):
        d = self.daemon_for("{dir}/spool")
        os.symlink(self.victim, d.path("spool"))
        self.check_refused(d, "symbolic link")
        self.untouched()

    def test_a_link_on_the_way(self):
        d = self.daemon_for("{dir}/a/" + os.path.basename(self.victim))
        os.symlink(ganad.scratch(), d.path("a"))
        self.check_refused(d, "symbolic link")
        self.untouched()

    def test_a_link_of_root_is_followed(self):
        way = os.path.join(ganad.scratch(), "way")
        d = self.daemon_for(way + "/spool")
        os.symlink(d.dir, way)
        self.addCleanup(os.unlink, way)
        serves, said = self.run_to_ready(d)
        self.assertTrue(serves, said)
        self.assertEqual(os.stat(d.path("spool")).st_uid, OTHER)

    def test_a_directory_of_others(self):
        d = self.daemon_for(self.victim)
        self.check_refused(d, "files that are not the daemon's")
        self.untouched()

    def test_only_files_of_the_spool(self):
        """In a directory that is the user's already."""
        d = self.daemon_for("{dir}/spool")
        os.mkdir(d.path("spool"))
        os.chown(d.path("spool"), OTHER, OTHER)
        names = ("alerts.json", "0000000000000001.seg.bak", ".hidden", "ganad-spool.state.x")
        for name in names:
            with open(d.path("spool/" + name), "w"):
                pass
        os.mkfifo(d.path("spool/00000000000000ff.seg"))
        os.symlink(self.secret, d.path("spool/00000000000000fe.seg"))
        os.mkdir(d.path("spool/00000000000000fd.seg"))
        serves, said = self.run_to_ready(d)
        self.assertTrue(serves, said)
        self.untouched(*(d.path("spool/" + n) for n in names), d.path("spool/00000000000000ff.seg"),
                       d.path("spool/00000000000000fd.seg"))
        self.assertEqual(os.lstat(d.path("spool/00000000000000fe.seg")).st_uid, 0)
        self.assertEqual(os.stat(d.path("spool/ganad-spool.state")).st_uid, OTHER)

    def test_hard_links_with_names_of_the_spool(self):
        d = self.daemon_for("{dir}/spool")
        self.assertTrue(self.run_to_ready(d)[0])
        state, other = d.path("spool/ganad-spool.state"), os.path.join(self.victim, "state")
        shutil.copy(state, other)  # of root, with a content that a spool accepts
        os.unlink(state)
        os.link(other, state)
        self.check_refused(d, "hard links")
        self.untouched(other)
        os.unlink(state)
        os.link(self.secret, d.path("spool/00000000000000aa.seg"))
        self.run_to_ready(d)  # the spool may remove the name, and nothing else
        self.untouched(other)

    def test_a_hard_link_in_place_of_a_file(self):
        for key, kw in (("alerts", {"outputs": {"f": {"type": "file", "to": "{dir}/alerts"}}}),
                        ("records", {"records": {"file": "{dir}/records"}}),
                        ("rules", {"alerts": {"suppress": "{dir}/rules"}})):
            with self.subTest(key):
                d = self.daemon_for("{dir}/spool", **kw)
                os.link(self.secret, d.path(key))
                self.check_refused(d, "hard links")
                os.unlink(d.path(key))
                self.untouched()

    def test_links_on_the_way_to_files(self):
        for key, kw in (("alerts", {"outputs": {"f": {"type": "file", "to": "{dir}/a/alerts"}}}),
                        ("records", {"records": {"file": "{dir}/a/records"}}),
                        ("scoring.sock", {"scoring": {"unix": "{dir}/a/scoring.sock"}})):
            with self.subTest(key):
                d = self.daemon_for("{dir}/spool", **kw)
                os.symlink(self.victim, d.path("a"))
                self.check_refused(d, "symbolic link")
                self.untouched()

    def test_a_second_start_needs_nothing(self):
        d = self.daemon_for("{dir}/spool", outputs={"f": {"type": "file", "to": "{dir}/alerts"}})
        for _ in range(2):
            serves, said = self.run_to_ready(d)
            self.assertTrue(serves, said)


if __name__ == "__main__":
    ganad.main()
