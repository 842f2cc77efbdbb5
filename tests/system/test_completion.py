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


class Bash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("bash"):
            raise unittest.SkipTest("no bash")
        cls.tmp = tempfile.TemporaryDirectory(prefix="ganad-complete-")
        for program in ganad.args.ganadctl, ganad.args.ganadd, ganad.args.train:
            os.symlink(os.path.abspath(program), os.path.join(cls.tmp.name, os.path.basename(program)))
        cls.env = dict(os.environ, PATH=cls.tmp.name + ":" + os.environ["PATH"])
        cls.file = os.path.join(ganad.args.source, "tools", "completion", "ganad.bash")

    @classmethod
    def tearDownClass(cls):
        cls.tmp.cleanup()

    def complete(self, *words, **env):
        """What is offered for the last word."""
        script = f'source {self.file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ganad; printf "%s\\n" "${{COMPREPLY[@]}}"'
        r = subprocess.run(["bash", "-c", script, "bash", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           env=dict(self.env, **env), cwd=self.tmp.name)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        return set(r.stdout.split())

    def help(self, *words):
        return subprocess.run([words[0], *words[1:], "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=self.env, check=True).stdout

    def test_commands_and_their_options_are_those_of_the_help(self):
        for program in "ganadctl", "ganad-train":
            listed = re.search(r"^Commands:\n((?:  .*\n)+)", self.help(program), re.M).group(1)
            commands = re.findall(r"^  ([a-z-]+)", listed, re.M)
            self.assertGreater(len(commands), 8)
            self.assertEqual(self.complete(program, ""), set(commands))
            for c in commands:
                self.assertEqual(self.complete(program, c, "-"), set(OPTION.findall(self.help(program, c))), f"{program} {c}")
        self.assertEqual(self.complete("ganadd", "-"), set(OPTION.findall(self.help("ganadd"))))
        self.assertEqual(self.complete("ganadctl", "mo"), {"model"})
        self.assertEqual(self.complete("ganadctl", "-s", "x", "re"), {"reload", "reopen"})
        self.assertEqual(self.complete("ganadctl", "help", "re"), {"reload", "reopen"})

    def test_words_of_a_command_models_and_files(self):
        self.assertEqual(self.complete("ganadctl", "model", ""), {"compare", "list", "load", "rollback"})
        self.assertEqual(self.complete("ganadctl", "suppress", "r"), {"rm"})
        with ganad.Daemon(models={"one": {"checkpoint": ganad.checkpoint()}, "two": {"checkpoint": ganad.checkpoint()}}) as d:
            models = {"GANAD_CONTROL_SOCKET": d.control}
            self.assertEqual(self.complete("ganadctl", "model", "load", "", **models), {"one", "two"})
            self.assertEqual(self.complete("ganadctl", "tail", "-m", "t", **models), {"two"})
        self.assertEqual(self.complete("ganadctl", "model", "load", "", GANAD_CONTROL_SOCKET="/nowhere"), set())
        with open(os.path.join(self.tmp.name, "traffic.pcap"), "w"):
            self.assertEqual(self.complete("ganadctl", "score", "tra"), {"traffic.pcap"})
            self.assertEqual(self.complete("ganadd", "-c", "tra"), {"traffic.pcap"})


class Zsh(unittest.TestCase):
    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_it_can_be_read(self):
        subprocess.run(["zsh", "-n", os.path.join(ganad.args.source, "tools", "completion", "_ganad")], check=True)


if __name__ == "__main__":
    ganad.main()
