# SPDX-License-Identifier: Apache-2.0
"""ganad-train fit --resume: a killed and resumed training ends with the same bits as an
uninterrupted one."""

import os
import resource
import signal
import subprocess
import time

import ganad
from train_case import TrainCase


class Resume(TrainCase):
    def settings(self, *more):
        return ("--data", self.data, "--quiet", "--batch", "20", "--folds", "0", *more)

    def start(self, *arguments, **kw):
        return subprocess.Popen([ganad.args.train, "fit", *map(str, arguments)],
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kw)

    def read(self, path):
        with open(path, "rb") as f:
            return f.read()

    def kill_in_the_middle(self, state, *arguments, how=signal.SIGKILL):
        """Returns the state's bytes, after at least one epoch and before the last."""
        p = self.start(*arguments, "--resume", state)
        end = time.monotonic() + 60 * ganad.SLOW
        while not os.path.exists(state) and p.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        self.assertIsNone(p.poll(), "ended before it could be killed")
        p.send_signal(how)
        p.communicate(timeout=60 * ganad.SLOW)
        return self.read(state)

    def test_a_killed_training_resumes_to_the_same_bits(self):
        for model in (("--model", "egbad", "--epochs", "60"),
                      ("--model", "ganomaly", "--epochs", "60", "--keep", "best"),
                      ("--model", "anogan", "--epochs", "20", "--steps", "5")):
            name = model[1]
            whole, resumed, state = (self.path(f"{name}.{x}")
                                     for x in ("whole", "resumed", "state"))
            settings = self.settings(*model)
            self.run_train("fit", *settings, "--out", whole)
            for _ in range(2):
                self.kill_in_the_middle(state, *settings, "--out", resumed)
                self.assertFalse(os.path.exists(resumed))
            self.run_train("fit", *settings, "--out", resumed, "--resume", state)
            self.assertEqual(self.read(whole), self.read(resumed), name)
            self.assertFalse(os.path.exists(state))

    def test_an_interrupted_training_writes_its_checkpoint_and_can_be_resumed(self):
        whole, resumed, state = (self.path(f"int.{x}") for x in ("whole", "resumed", "state"))
        settings = self.settings("--epochs", "60")
        self.run_train("fit", *settings, "--out", whole)
        self.kill_in_the_middle(state, *settings, "--out", resumed, how=signal.SIGINT)
        early = self.json("inspect", resumed)["provenance"]
        self.assertLess(early["epochs"], 60)
        p = self.run_train("fit", *[x for x in settings if x != "--quiet"], "--out", resumed,
                           "--resume", state)
        self.assertIn("continuing from", p.stderr)
        self.assertEqual(self.read(whole), self.read(resumed))

    def test_another_training_is_refused_and_the_state_stays(self):
        out, state = self.path("other.ckpt"), self.path("other.state")
        settings = self.settings("--epochs", "60")
        kept = self.kill_in_the_middle(state, *settings, "--out", out)
        other = self.write("other.csv", self.text.replace("smurf", "neptune"))
        for change in (("--seed", "2"), ("--epochs", "61"), ("--model", "egbad"),
                       ("--lr", "0.01")):
            p = self.run_train("fit", *settings, *change, "--out", out, "--resume", state, code=1)
            self.assertIn("other settings", p.stderr)
        p = self.run_train("fit", "--data", other, *settings[2:], "--out", out, "--resume", state,
                           code=1)
        self.assertIn("other settings", p.stderr)
        self.assertEqual(self.read(state), kept)
        self.assertFalse(os.path.exists(out))

    def test_a_damaged_state_is_refused(self):
        out, state = self.path("damaged.ckpt"), self.path("damaged.state")
        settings = self.settings("--epochs", "60")
        kept = self.kill_in_the_middle(state, *settings, "--out", out)
        cases = [kept[:n] for n in (0, 7, 39, 40, len(kept) // 2, len(kept) - 1)] + [kept + b"x"]
        cases += [kept[:i] + bytes([kept[i] ^ 1]) + kept[i + 1:]
                  for i in (0, 9, 40, len(kept) // 2, len(kept) - 1)]
        for bad in cases:
            with open(state, "wb") as f:
                f.write(bad)
            p = self.run_train("fit", *settings, "--out", out, "--resume", state, code=1)
            self.assertRegex(p.stderr, "damaged.state: (damaged|not a training state)")
            self.assertEqual(self.read(state), bad)
        self.assertFalse(os.path.exists(out))

    def test_a_state_that_cannot_be_written_ends_clearly(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

        state = self.path("full.state")
        p = self.start(*self.settings("--epochs", "3"), "--out", self.path("full.ckpt"), "--resume",
                       state,
                       preexec_fn=limit)
        _, err = p.communicate(timeout=60 * ganad.SLOW)
        self.assertEqual(p.returncode, 1)
        self.assertIn("full.state", err)
        self.assertEqual([f for f in os.listdir(self.tmp.name) if f.startswith("full")], [])


if __name__ == "__main__":
    ganad.main()
