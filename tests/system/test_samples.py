# SPDX-License-Identifier: Apache-2.0
"""README.md and the manual pages show what the programs do. Each sample of output in README.md has
the shape of the output of the same command on synthetic traffic. Each list of keys in ganadctl(1)
is that of the JSON, and each example of a manual page runs. Shape: heads of tables, number and kind
of columns, keys of JSON, words of other lines; numbers can differ.

Usage: test_samples.py ..."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

import ganad

LIMIT = 120
ELISION = re.compile(r"^\s*\.\.\.$|^$")
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])")


def read_file(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def read(name):
    return read_file(os.path.join(ganad.args.source, name))


def mean(lines):
    return sum(map(len, lines)) / len(lines)


# --- shapes ---

def kind(cell):
    if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", cell):
        return "time"
    return "number" if re.fullmatch(r"[-+]?[\d,]+(\.\d+)?(e[-+]?\d+)?( %)?", cell) else "text"


def cells(line):
    return re.split(r" {2,}", line.strip())


def is_head(line):
    return len(cells(line)) > 2 and re.fullmatch(r"[A-Z0-9 %.-]+", line) is not None


def plain(line):
    """Only the words: numbers, hashes and shares can differ."""
    return re.sub(r"\s+", " ", NUMBER.sub("0", line)).strip()


def check_row(line, head, rows):
    """The first cells are of the kinds of some real row, and there are as many as the head has."""
    got = cells(line)
    n = len(head) - 1
    kinds = [kind(c) for c in got[:n]]
    if not any(len(got) == len(r) and kinds == [kind(c) for c in r[:n]] for r in rows):
        raise AssertionError(f"no row like {line!r} under {head}: {rows[:5]}")


def check_json(line, real):
    """Between elisions the keys are those of the real line, adjacent and in its order."""
    keys = lambda text: re.findall(r'"(\w+)":', text)
    have, at = keys(real), 0
    for part in re.split(r",? ?\.\.\. ?,?", line):
        want = keys(part)
        at = next((i for i in range(at, len(have) - len(want) + 1)
                   if have[i:i + len(want)] == want), None)
        if at is None:
            raise AssertionError(f"no keys {want} in {have}")
        at += len(want)


def check_shape(sample, real):
    """Raises an AssertionError if the text of a document does not have the shape of the program's
    output."""
    lines, head = real.splitlines(), None
    heads = {plain(x): i for i, x in enumerate(lines) if is_head(x)}
    words = {plain(x) for x in lines}
    for line in sample.splitlines():
        if ELISION.match(line):
            head = head if line.strip() else None
        elif line.startswith("{"):
            check_json(line, next(x for x in lines if x.startswith("{")))
        elif is_head(line):
            if plain(line) not in heads:
                raise AssertionError(f"no head {line!r} in {sorted(heads)}")
            head, rows = cells(line), [cells(x) for x in lines[heads[plain(line)] + 1:]]
        elif head:
            check_row(line, head, rows)
        elif plain(line) not in words:
            raise AssertionError(f"no line {plain(line)!r} in {sorted(words)[:40]}")


def samples(text):
    """[(command, output shown)] of the blocks of a document."""
    found = []
    for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


class Shapes(unittest.TestCase):
    def test_a_wrong_shape_is_found(self):
        real = ("  ID  HITS  RULE\n   7     3  src=192.0.2.1\n\n12 packets, 1 refused\n"
                '{"a":1,"b":{"c":2},"d":3}\n')
        for good in ("  ID   HITS   RULE\n  1  412  dport=1\n", "  9 packets, 2 refused\n",
                     '{"a":7,"b":{"c":1}, ... }', "...\n"):
            check_shape(good, real)
        for bad in ("  ID   RULE  MORE\n", "  ID  HITS  RULE\n  1  never  dport=1\n",
                    "  ID  HITS  RULE\n  1  7\n", "9 packages, 2 refused\n",
                    '{"b":1,"a":1}', '{"a":1, ... ,"x":2}', '{"a":1,"d":2}'):
            self.assertRaises(AssertionError, check_shape, bad, real)


def run(*command, code=0, **more):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       timeout=LIMIT * ganad.SLOW, check=False, **more)
    if p.returncode != code:
        raise AssertionError(f"{command}: {p.returncode}\n{p.stdout}{p.stderr}")
    return p.stdout + p.stderr


class Samples(unittest.TestCase):
    """One capture, its records and its alerts, for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.dir = os.path.join(ganad.scratch(), "samples")
        os.mkdir(cls.dir)
        cls.model = os.path.join(ganad.args.source, "models/default/kdd99-ganomaly.ckpt")
        run(ganad.args.traffic, "--quiet", "-n", "600", "--attacks", "site.pcap", "site.tsv",
            cwd=cls.dir)
        run(ganad.args.traffic, "--quiet", "--sessions", "2600", "--rate", "0.01", "days.pcap",
            cwd=cls.dir)
        with open(os.path.join(cls.dir, "ganadd.conf"), "w") as f:
            f.write(f"[model kdd99-ganomaly]\ncheckpoint = {cls.model}\n")
        run(ganad.args.ganadctl, "extract", "--with-connection", "--head", "days.pcap", "--out",
            "records.csv", cwd=cls.dir)

    def ctl(self, *arguments, **more):
        return run(ganad.args.ganadctl, *arguments, cwd=self.dir, **more)

    def labelled(self):
        """Records of all five categories."""
        labels = ("normal", "normal", "normal", "neptune", "ipsweep", "guess_passwd", "rootkit")
        path = os.path.join(self.dir, "labelled.csv")
        with open(path, "wb") as f:
            f.writelines(x.replace(b"normal.", labels[i % len(labels)].encode() + b".")
                         for i, x in enumerate(ganad.synthetic_lines(2100)))
        return path

    # --- README.md: a command, and a method for its output ---

    def real_score(self):
        return self.ctl("score", "--local", self.model, "--top", "2", "site.pcap")

    def real_read(self):
        return run(ganad.args.ganadd, "-c", "ganadd.conf", "-r", "site.pcap", cwd=self.dir)

    def real_suppress(self):
        """(add, list), with a hit."""
        model = {"m": {"checkpoint": self.model, "threshold": "-1e30"}}
        with ganad.Daemon(models=model) as d:
            ctl = lambda *a: run(ganad.args.ganadctl, "-s", d.control, "suppress", *a)
            added = ctl("add", "src=192.0.2.0/24", "dport=873", "expires=+30d",
                        "comment=nightly backup")
            with ganad.Conn(d.scoring) as c:
                r = ganad.record(ganad.synthetic_lines(1)[0])
                r.connection.src_ip, r.connection.dst_ip = b"\xc0\x00\x02\x01", b"\x0a\x00\x00\x01"
                r.connection.dst_port = 873
                c.send(ganad.SCORE_REQUEST, ganad.request([r]))
                c.answer()
            return added, ctl("list")

    def real_fit(self):
        return run(ganad.args.train, "fit", "records.csv", "--name", "own", "--out", "own.ckpt",
                   "--epochs", "2", cwd=self.dir)

    def test_readme(self):
        silent = ("ganadctl extract ", "ganadctl incidents ", "ganadctl tail ", "ganadctl model load ")
        real = {"ganadctl score --local ": self.real_score,
                "ganadd -c own.conf -r ": self.real_read,
                "ganad-train fit ": self.real_fit,
                "ganadctl suppress add ": lambda: self.real_suppress()[0],
                "ganadctl suppress list": lambda: self.real_suppress()[1]}
        used = set()
        for command, shown in samples(read("README.md")):
            with self.subTest(command=command):
                if command.startswith(silent):
                    self.assertEqual(shown.strip(), "", "output of a command that is not looked at")
                    continue
                name = next((n for n in real if command.startswith(n)), None)
                self.assertIsNotNone(name, "a sample that no test makes")
                used.add(name)
                check_shape(shown, real[name]())
        self.assertEqual(used, set(real))

    def test_the_alert_of_the_readme(self):
        block = re.search(r"^```json\n(.*?)^```$", read("README.md"), re.M | re.S)
        shown = json.loads(block.group(1))
        lines = [x for x in self.real_read().splitlines() if x.startswith("{")]
        real = next(x for x in map(json.loads, lines) if "dest_port" in x)
        kind = lambda v: "number" if type(v) in (int, float) else type(v)
        shape = lambda o, keys: [(k, kind(o[k])) for k in o if k in keys]
        self.assertGreater(len(shown), 10)
        self.assertEqual(shape(shown, shown), shape(real, shown))
        self.assertEqual(set(shown["flow"]), set(real["flow"]))
        self.assertEqual(set(shown["top_features"][0]), set(real["top_features"][0]))

    def test_the_detection_of_the_readme(self):
        if not ganad.data_file():
            self.skipTest("no public data set")
        rows = re.findall(r"^\| (\w+)[^|]* \| ([\d,]+) \| ([\d.]+) % \| ([\d.]+) % \|$",
                          read("README.md"), re.M)
        self.assertEqual({r[0] for r in rows}, {"dos", "normal", "probe", "r2l", "u2r"})
        for column, budget in (2, "0.001"), (3, "0.01"):
            found = json.loads(run(ganad.args.train, "eval", self.model, "--data",
                                   ganad.data_file(),
                                   "--protocol", "normal", "--fpr", budget, "--json"))
            for row in rows:
                one = found["per_category"][row[0]]
                self.assertEqual(row[1], f"{one['n']:,}")
                # Another processor can put a record on the other side of the threshold.
                self.assertAlmostEqual(float(row[column]), 100 * one["detected"] / one["n"],
                                       delta=0.001 + 100 / one["n"])

    # --- ganadctl(1): keys of JSON ---

    def keys_of_the_manual(self, item):
        """The first list of keys under an item of the page."""
        page = read("tools/ganadctl/ganadctl.1")
        text = re.search(rf"^\.It Cm {item}\n(.*?)(?=^\.It Cm [a-z])", page, re.M | re.S).group(1)
        listed = re.search(r"with\s+the\s+keys\s+(.*?)[.;](?:\s|$)",
                           re.sub(r"\s+", " ", text)).group(1)
        return {w for w in re.findall(r"[a-z]\w*",
                                      re.sub(r"\([^)]*\)|, the last two with .*|, \w+ of .*", "",
                                             listed)) if w != "and"}

    def test_keys_of_json(self):
        model = {"m": {"checkpoint": self.model, "threshold": "-1e30"}}
        with ganad.Daemon(models=model, outputs=ganad.ALERTS_FILE) as d:
            ctl = lambda *a: json.loads(run(ganad.args.ganadctl, *a, "--json"))
            asked = lambda *a: ctl("-s", d.control, *a)
            asked("suppress", "add", "dport=1", "comment=x")
            with ganad.Conn(d.scoring) as c:
                c.send(ganad.SCORE_REQUEST, ganad.request([ganad.record(x)
                                                           for x in ganad.synthetic_lines(5)]))
                c.answer()
            real = {"version": asked("version"), "status": asked("status"),
                    "model Op Cm list": asked("model", "list")[0],
                    "config": asked("config")[0], "stats": asked("stats"),
                    "suppress test Ar connection": asked("suppress", "list")[0],
                    "reload": asked("reload")["models"][0],
                    "spool Op Ar directory": ctl("spool", d.path("spool"))}
            with open(os.path.join(self.dir, "plain.csv"), "wb") as f:
                f.writelines(ganad.synthetic_lines(200))
            real["model compare Ar a b file"] = ctl("model", "compare", self.model, self.model,
                                                    os.path.join(self.dir, "plain.csv"))
        for item, o in real.items():
            with self.subTest(item=item):
                self.assertEqual(self.keys_of_the_manual(item), set(o))

    def test_keys_of_an_evaluation(self):
        page = read("tools/ganad-train/ganad-train.1")
        page = re.sub(r"\s+", " ", page.replace("\n.Li", "").replace("\n.Cm", ""))
        eval_keys = re.search(r"with, among others, the keys (.*?)\. A figure", page).group(1)
        report_keys = re.search(r"all keys of eval Fl Fl json , and (.*?) and others",
                                page).group(1)
        listed = [re.findall(r"[a-z][\w.]+", x.replace(" and ", " , "))
                  for x in (eval_keys, report_keys)]
        self.assertGreater(min(map(len, listed)), 3)
        real = json.loads(run(ganad.args.train, "eval", self.model, "--data", self.labelled(),
                              "--json"))
        self.assertLessEqual(set(listed[0]), set(real))
        run(ganad.args.train, "report", self.model, "--data", self.labelled(), "--out", "r.html",
            cwd=self.dir)
        self.assertLessEqual(set(real) | set(listed[1]),
                             set(json.loads(read_file(os.path.join(self.dir, "r.json")))))

    def test_heads_of_records_and_scores(self):
        page = re.sub(r"\s+", " ", read("tools/ganadctl/ganadctl.1"))
        head = self.ctl("score", "--local", self.model, "--format", "csv", "--top", "1",
                        "site.pcap").splitlines()[0].split(",")
        listed = re.search(r"has a header line and the columns (.*?), threshold(.*?) and, with",
                           page)
        self.assertEqual(head, re.findall(r"\w+", re.sub(r"\([^)]*\)", "", listed.group(1))) +
                         ["threshold"] + re.findall(r"\w+", listed.group(2)) + ["top_features"])
        with open(os.path.join(self.dir, "records.csv")) as f:
            behind = f.readline().strip().split(",")[41:]
        named = re.search(r"Appends the columns (.*?)\. The columns (.*?) follow,.*?; then (.*?)\. ",
                          page)
        self.assertEqual(behind, re.split(r", | and ", ", ".join(named.groups())))

    def test_columns_of_the_truth(self):
        with open(os.path.join(self.dir, "site.tsv")) as f:
            head = f.readline().strip().split("\t")
        page = read("tools/ganad-traffic/ganad-traffic.1")
        page = re.search(r"\.Sh THE TRUTH\n(.*?)\n\.El", page, re.S).group(1).replace("\\\n", "")
        self.assertEqual(head, [w for line in re.findall(r"^\.It (.*)$", page, re.M)
                                for w in line.split(" , ")
                                for w in re.findall(r"\w+", w)])

    # --- examples of manual pages ---

    def test_each_example_runs(self):
        programs = {os.path.basename(p): p for p in (ganad.args.ganadd, ganad.args.ganadctl,
                                                     ganad.args.train, ganad.args.traffic)}
        shutil.copy(self.model, os.path.join(self.dir, "egbad.ckpt"))
        shutil.copy(os.path.join(self.dir, "site.pcap"), os.path.join(self.dir, "lan.pcap"))
        with open(os.path.join(self.dir, "records.gz"), "wb") as f:
            f.write(subprocess.run(["gzip", "-c"], input=b"".join(ganad.synthetic_lines(50)),
                                   stdout=subprocess.PIPE, check=True).stdout)
        n = 0
        for page in glob.glob(os.path.join(ganad.args.source, "*/**/*.[1-8]"), recursive=True):
            if "/build" in page:
                continue
            text = read(page).replace("\\(aq", "'")
            for line in re.findall(r"^\.Dl (?:\$ )?((?:ganad\S*) .*)$", text, re.M):
                with self.subTest(page=os.path.basename(page), line=line):
                    self.example(line, programs)
                    n += 1
        self.assertGreaterEqual(n, 6)

    def test_each_configuration_is_one(self):
        found = []
        for page in ("conf/ganadd.conf.5", "conf/ganad-outputs.5", "conf/ganad-capture.5",
                     "conf/ganad-access.5",                     "daemon/ganadd.8"):
            found += re.findall(r"^\.Bd[^\n]*\n(.*?)\n\.Ed", read(page), re.M | re.S)
        for page in ("README.md", "conf/receivers.md"):
            found += re.findall(r"^```[\w-]*\n(.*?)^```$", read(page), re.M | re.S)
        found = [x for x in found
                 if re.match(r"(#.*\n)*\[(output|capture|records|alerts|spool|metrics|trust)\b", x)]
        self.assertGreaterEqual(len(found), 10)
        for text in found:
            with self.subTest(text=text):
                path = os.path.join(self.dir, "example.conf")
                with open(path, "w") as f:
                    f.write(text.rstrip() + "\n" + read_file(os.path.join(self.dir, "ganadd.conf")))
                dumped = run(ganad.args.ganadd, "-c", path, "--dump-config")
                for key in re.findall(r"^(\w+) = ", text, re.M):
                    self.assertRegex(dumped, rf"(?m)^{key} = .*example.conf:")

    def example(self, line, programs):
        with ganad.Daemon(models={"m": {"checkpoint": self.model}}) as d:
            env = {**os.environ, "GANAD_SCORING_SOCKET": d.scoring,
                   "GANAD_CONTROL_SOCKET": d.control}
            line = line.replace("neptune:1000000", "neptune:1000")
            if "| jq" in line and not shutil.which("jq"):
                line = line.split("| jq")[0]
            shell = "".join(f"{name}() {{ {path} \"$@\"; }}\n"
                            for name, path in programs.items()) + line
            run("bash", "-euo", "pipefail", "-c", shell, cwd=self.dir, env=env)

    def test_the_example_of_signing(self):
        if not shutil.which("minisign"):
            self.skipTest("no minisign on this machine")
        block = re.search(r"\.Sh SIGNED MODELS.*?\.Bd[^\n]*\n(.*?)\n\.Ed", read("daemon/ganadd.8"),
                          re.S).group(1)
        commands = "\n".join(x[2:] for x in block.splitlines() if x[:2] in ("$ ", "# "))
        etc, lib = os.path.join(self.dir, "etc"), os.path.join(self.dir, "lib")
        os.mkdir(lib)
        for before, after in (("/etc/ganad", etc), ("/var/lib/ganad", lib),
                              ("minisign -G", "minisign -G -W"),
                              ("ganad-train verify", f"ganad-train verify --keys {etc}/trusted.d"),
                              ("ganad-train", ganad.args.train), ("ganadctl", ganad.args.ganadctl)):
            commands = commands.replace(before, after)
        for directory in (self.dir, lib):
            shutil.copy(self.model, os.path.join(directory, "office.ckpt"))
        with ganad.Daemon(models={"office": {"checkpoint": os.path.join(lib, "office.ckpt")}},
                          trust={"keys": os.path.join(etc, "trusted.d")}) as d:
            said = run("bash", "-eu", "-c", commands, cwd=self.dir,
                       env={**os.environ, "GANAD_CONTROL_SOCKET": d.control})
            self.assertRegex(said, r"signed by [0-9A-F]{16}")
            self.assertIn("signed by", run(ganad.args.ganadctl, "-s", d.control, "model"))

    def test_the_example_of_a_rule_is_one(self):
        rule = re.search(r"^\.Sh EXAMPLES\n\.Dl (.*)$", read("tools/ganadctl/ganad-suppress.5"),
                         re.M).group(1)
        with ganad.Daemon() as d:
            rule = rule.replace("\\(dq", '"').replace("score<12", "'score<12'")
            shell = '"$0" -s "$1" suppress add -n ' + rule
            run("bash", "-eu", "-c", shell, ganad.args.ganadctl, d.control)

    def test_the_sizes_of_alerts(self):
        page = re.sub(r"\s+", " ", read("daemon/ganad-events.5"))
        stated = {f: int(n.replace(",", ""))
                  for n, f in re.findall(r"([\d,]+)(?: bytes)? as (\w+)",
                                         page.split("An ordinary alert")[1][:150])}
        self.assertEqual(set(stated), {"json", "eve", "ecs", "ocsf", "cef", "leef", "syslog"})
        shorter = re.search(r"Without the columns it takes ([\d,]+) as json and ([\d,]+) as eve",
                            page)
        with open(os.path.join(self.dir, "sizes.conf"), "w") as f:
            f.write(read_file(os.path.join(self.dir, "ganadd.conf")))
            for name in stated:
                for length in ("60000", "1180"):
                    f.write(f"[output {name}{length}]\ntype = file\nto = "
                            f"{self.dir}/{name}{length}\nformat = {name}\nevents = alert\n"
                            f"length = {length}\n")
        run(ganad.args.ganadd, "-c", "sizes.conf", "-r", "site.pcap", cwd=self.dir)
        alerts = {(n, k): read_file(os.path.join(self.dir, n + k)).splitlines() for n in stated
                  for k in ("60000", "1180")}
        for name, want in stated.items():
            self.assertAlmostEqual(mean(alerts[name, "60000"]), want, delta=want * 0.15, msg=name)
        inside = {"json": lambda o: o, "eve": lambda o: o["alert"]["context"]["ganad"]}
        for (name, get), want in zip(inside.items(), shorter.groups()):
            whole = [json.loads(x) for x in alerts[name, "60000"]]
            for o in whole:
                get(o).pop("features")
            want = int(want.replace(",", ""))
            self.assertAlmostEqual(mean([json.dumps(o, separators=(",", ":")) for o in whole]),
                                   want, delta=want * 0.15, msg=name)
        one = [len(inside["eve"](json.loads(x))["top_features"]) == 1
               for x in alerts["eve", "1180"]]
        self.assertGreater(sum(one), 0.9 * len(one))
        few = [n for n in stated if len(alerts[n, "1180"]) < 0.1 * len(alerts[n, "60000"])]
        self.assertEqual(few, ["ecs", "ocsf"])
        self.assertEqual([n for n in stated if n not in few
                          and len(alerts[n, "1180"]) < 0.9 * len(alerts[n, "60000"])], [])

    def test_the_sources_with_the_most_connections(self):
        if not shutil.which("jq"):
            self.skipTest("no jq on this machine")
        block = re.search(r"\.Sh EXAMPLES\n.*?\.Bd[^\n]*\n(.*?)\n\.Ed",
                          read("daemon/ganad-events.5"), re.S).group(1)
        with open(os.path.join(self.dir, "alerts.json"), "w") as f:
            f.write("".join(x + "\n" for x in self.real_read().splitlines() if x.startswith("{")))
        found = run("bash", "-eu", "-c", block, cwd=self.dir).split()
        self.assertEqual(len(found), 10)


if __name__ == "__main__":
    rest = ganad.parse(sys.argv[1:])
    for program in ("ganadd", "ganadctl", "train", "traffic"):  # some run in a separate directory
        setattr(ganad.args, program, os.path.abspath(getattr(ganad.args, program)))
    unittest.main(argv=[sys.argv[0]] + rest, verbosity=2)
