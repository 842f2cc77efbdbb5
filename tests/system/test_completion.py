# SPDX-License-Identifier: Apache-2.0
"""Completion in a real shell: commands, options, models and files."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import ganad

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]+|-[a-zA-Z])(?![\w-])")


class Shell:
    """The completions of a shell; a subclass knows how to request them."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which(cls.shell):
            raise unittest.SkipTest("no " + cls.shell)
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-complete-")
        for program in ganad.args.ganadctl, ganad.args.ganadd, ganad.args.train, ganad.args.traffic:
            os.symlink(os.path.abspath(program),
                       os.path.join(cls.tmp.name, os.path.basename(program)))
        cls.env = dict(os.environ, PATH=cls.tmp.name + ":" + os.environ["PATH"])
        cls.file = os.path.join(ganad.args.source, "tools", "completion", cls.name)

    @classmethod
    def tearDownClass(cls):
        cls.tmp.cleanup()

    def complete(self, *words, **env):
        """The completions of the last word."""
        r = subprocess.run([self.shell, *self.options, self.script, self.file, *words],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           env=dict(self.env, **env), cwd=self.tmp.name)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        return set(r.stdout.split())

    def help(self, *words):
        return subprocess.run([words[0], *words[1:], "--help"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              env=self.env, check=True).stdout

    def test_commands_and_their_options_are_those_of_the_help(self):
        for program in "ganadctl", "ganad-train":
            listed = re.search(r"^Commands:\n((?:  .*\n)+)", self.help(program), re.M).group(1)
            commands = re.findall(r"^  ([a-z-]+)", listed, re.M)
            self.assertGreater(len(commands), 8)
            self.assertEqual(self.complete(program, ""), set(commands))
            for c in commands:
                self.assertEqual(self.complete(program, c, "-"),
                                 set(OPTION.findall(self.help(program, c))), f"{program} {c}")
        for program in "ganadd", "ganad-traffic":
            self.assertEqual(self.complete(program, "-"), set(OPTION.findall(self.help(program))))
        self.assertEqual(self.complete("ganadctl", "mo"), {"model"})
        self.assertEqual(self.complete("ganadctl", "-s", "x", "re"), {"reload", "reopen"})
        self.assertEqual(self.complete("ganadctl", "help", "re"), {"reload", "reopen"})

    def test_values_of_options(self):
        severities, checksums = {"low", "medium", "high"}, {"ignore", "verify", "auto"}
        for words, values in ((("ganadctl", "tail", "-l"), severities),
                              (("ganadctl", "tail", "--severity"), severities),
                              (("ganadctl", "score", "--format"), {"table", "csv", "json"}),
                              (("ganadctl", "extract", "--format"), {"csv", "ndjson"}),
                              (("ganadctl", "score", "--checksums"), checksums),
                              (("ganad-train", "extract", "--checksums"), checksums),
                              (("ganadctl", "spool", "-f"),
                               {"json", "eve", "ecs", "ocsf", "cef", "leef", "syslog", "journal"}),
                              (("ganad-train", "fit", "--model"), {"egbad", "ganomaly", "anogan"}),
                              (("ganad-train", "fit", "--keep"), {"last", "best"})):
            self.assertEqual(self.complete(*words, ""), values, words)
            one = min(values)
            self.assertEqual(self.complete(*words, one), {v for v in values if v.startswith(one)})
        for words in ("ganadctl", "score", "--top"), ("ganad-train", "fit",
                                                      "--lr"), ("ganad-traffic", "-n"):
            self.assertEqual(self.complete(*words, ""), set(), words)  # a number

    def test_what_traffic_can_make(self):
        text = subprocess.run(["ganad-traffic", "--list"], stdout=subprocess.PIPE, text=True,
                              env=self.env, check=True).stdout
        kinds, attacks = (set(re.findall(r"^  ([a-z0-9_-]+) +\d", part, re.M))
                          for part in text.split("\nAttacks"))
        self.assertGreater(min(len(kinds), len(attacks)), 10)
        for option in "-k", "--kind":
            self.assertEqual(self.complete("ganad-traffic", option, ""), kinds)
        for option in "-a", "--attack":
            self.assertEqual(self.complete("ganad-traffic", option, ""), attacks)
        self.assertEqual(self.complete("ganad-traffic", "--kind", "http", "--attack", "nep"),
                         {"neptune"})

    def test_words_of_a_command_models_and_files(self):
        self.assertEqual(self.complete("ganadctl", "model", ""),
                         {"compare", "list", "load", "rollback"})
        self.assertEqual(self.complete("ganadctl", "suppress", "r"), {"rm"})
        with ganad.Daemon(models={"one": {"checkpoint": ganad.checkpoint()},
                                  "two": {"checkpoint": ganad.checkpoint()}}) as d:
            models = {"GANAD_CONTROL_SOCKET": d.control}
            self.assertEqual(self.complete("ganadctl", "model", "load", "", **models),
                             {"one", "two"})
            self.assertEqual(self.complete("ganadctl", "tail", "-m", "t", **models), {"two"})
        self.assertEqual(self.complete("ganadctl", "model", "load", "",
                                       GANAD_CONTROL_SOCKET="/nowhere"), set())
        with open(os.path.join(self.tmp.name, "traffic.pcap"), "w"):
            self.assertEqual(self.complete("ganadctl", "score", "tra"), {"traffic.pcap"})
            for words in (("ganadd", "-c"), ("ganadd", "--read"), ("ganad-traffic",),
                          ("ganadctl", "extract", "--out"),
                          ("ganadctl", "-s"), ("ganadctl", "score", "--local"),
                          ("ganad-train", "fit", "--data")):
                self.assertEqual(self.complete(*words, "tra"), {"traffic.pcap"}, words)


class Bash(Shell, unittest.TestCase):
    shell, name, options = "bash", "ganad.bash", ["-c"]
    script = ('source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ganad; '
              'printf "%s\\n" "${COMPREPLY[@]}"')

    def test_a_value_behind_an_equals_sign(self):
        """bash has split it into three words."""
        self.assertEqual(self.complete("ganadctl", "score", "--format", "=", "j"), {"json"})
        self.assertEqual(self.complete("ganadctl", "score", "--format", "="),
                         {"table", "csv", "json"})


class Zsh(Shell, unittest.TestCase):
    """With the functions of zsh's completion system that the file calls, in the simplest form."""
    shell, name, options = "zsh", "_ganad", ["-f", "-c"]
    script = """
        compadd() { local w; if [[ $1 == -a ]]; then set -- ${(P)2}; fi
                    for w; do [[ $w != $prefix* ]] || print -r -- $w; done }
        _describe() { local w; for w in ${(P)2}; do compadd ${w%%:*}; done }
        _files() { compadd *(N) }
        compset() { prefix=${words[CURRENT]#*=} }
        complete() { local -a words=("$@"); local CURRENT=$# prefix=$words[-1]; source $file }
        file=$0
        complete "$@"
    """

    def test_a_value_behind_an_equals_sign(self):
        self.assertEqual(self.complete("ganadctl", "score", "--format=j"), {"json"})
        self.assertEqual(self.complete("ganadctl", "score", "--format="), {"table", "csv", "json"})


if __name__ == "__main__":
    ganad.main()
