# SPDX-License-Identifier: Apache-2.0
"""What a signature states: a signed checkpoint does not replace a newer one, nor another model's;
and a rollback is checked as a load is, when it is made."""

import os
import shutil
import subprocess
import unittest

import ganad
from test_sign import Signer


def claim(version, model="m"):
    return f"ganad model={model} version={version} Alice, week 48"


@unittest.skipUnless(shutil.which("minisign"), "minisign is not installed")
class Case(unittest.TestCase):
    def setUp(self):
        self.d = ganad.Daemon(start=False, models={"m": {"checkpoint": "{dir}/m.ckpt"}})
        self.addCleanup(self.d.__exit__)
        self.path = self.d.path
        os.mkdir(self.path("keys"), 0o755)
        self.signer, self.other = Signer(self.d.dir, "ours"), Signer(self.d.dir, "theirs")
        self.trust(self.signer)
        ganad.checkpoint()
        self.made = 10

    def trust(self, signer):
        name = self.path("keys/" + os.path.basename(signer.public))
        shutil.copy(signer.public, name)
        os.chmod(name, 0o644)
        return name

    def make(self, name, comment, signer=None):
        """Writes another checkpoint; a comment of None: without a signature."""
        self.made += 1
        path = self.path(name)
        subprocess.run([ganad.args.random_checkpoint, "egbad", str(self.made),
                        os.path.join(ganad.scratch(), "calibration"), path], check=True)
        if os.path.exists(path + ".minisig"):
            os.unlink(path + ".minisig")
        if comment is not None:
            (signer or self.signer).sign(path, comment=comment)
        return path

    def configure(self, trust="bind = yes\nversions = {dir}/versions", models=None):
        models = models or {"m": f"checkpoint = {self.path('m.ckpt')}"}
        trust = trust.replace("{dir}", self.d.dir)
        with open(self.d.conf, "w") as f:
            f.write(f"[scoring]\nunix = {self.d.scoring}\n[control]\nunix = {self.d.control}\n"
                    f"[trust]\nkeys = {self.path('keys')}\n{trust}\n")
            for name, keys in models.items():
                f.write(f"[model {name}]\n{keys}\n")

    def checked(self):
        """What ganadd -t says, with its exit status."""
        r = subprocess.run([ganad.args.ganadd, "-t", "-c", self.d.conf], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=30)
        return r.returncode, r.stdout

    def ctl(self, *command):
        r = self.d.ctl(*command, control=True)
        return r.returncode, r.stderr.decode()

    def refused(self, result, pattern):
        code, said = result
        self.assertEqual(code, 1, said)
        self.assertRegex(said, pattern)

    def fine(self, result):
        self.assertEqual(result[0], 0, result[1])

    def sha(self):
        return self.d.status().model[0].sha256


class Bound(Case):
    def test_what_is_not_bound_is_refused(self):
        self.configure()
        for comment, pattern in (
                (None, "not signed, and .*bind is yes"),
                ("office, week 48", "does not state 'ganad model=m version=N'"),
                ("ganad model=m", "does not state"), ("ganad version=3", "does not state"),
                ("note ganad model=m version=3", "does not state"),
                (claim(3, "n"), "signed for model 'n', not for 'm'"),
                (claim(3, "M"), "signed for model 'M'"),
                ("ganad model=m version=3 version=4", "'version=' twice"),
                ("ganad model=n model=m version=3", "'model=' twice"),
                ("ganad model=m version=0", "without a number"),
                ("ganad model=m version=-1", "without a number"),
                ("ganad model=m version=99999999999", "without a number"),
                ("ganad model=m/../n version=1", "without a name")):
            with self.subTest(comment):
                self.make("m.ckpt", comment)
                self.refused(self.checked(), pattern)
        self.make("m.ckpt", claim(3), self.other)
        self.refused(self.checked(), "signed by key .* which is not in .*bind is yes")
        self.make("m.ckpt", claim(3))
        self.fine(self.checked())

    def test_another_models_checkpoint_is_refused_without_bind_too(self):
        self.configure(trust="")
        self.make("m.ckpt", claim(1, "n"))
        self.refused(self.checked(), "signed for model 'n', not for 'm'")
        self.make("m.ckpt", "any words, as before")
        self.fine(self.checked())

    def test_a_minimum(self):
        self.configure(trust="", models={
            "m": f"checkpoint = {self.path('m.ckpt')}\nminimum_version = 5"})
        self.make("m.ckpt", None)
        self.refused(self.checked(), "not signed, and minimum_version is set")
        for version in 4, 1:
            self.make("m.ckpt", claim(version))
            self.refused(self.checked(), f"version {version}, minimum_version is 5")
        for version in 5, 6, 4294967295:
            self.make("m.ckpt", claim(version))
            self.fine(self.checked())

    def test_an_old_checkpoint_is_not_replayed(self):
        """By a reload, a load, a restart, and under another name."""
        self.configure()
        old, new = self.make("old.ckpt", claim(3)), self.make("m.ckpt", claim(4))
        shutil.copy(new, self.path("kept"))
        shutil.copy(new + ".minisig", self.path("kept.minisig"))
        self.d.start()
        sha = self.sha()

        def replay():
            for end in "", ".minisig":
                shutil.copy(old + end, new + end)
        self.refused(self.ctl("model", "load", "m", old), "version 3, but version 4 was in use")
        replay()
        self.refused(self.ctl("reload"), "version 3, but version 4 was in use")
        self.assertEqual(self.sha(), sha)
        self.assertEqual(self.d.stop(), 0)
        with open(self.path("versions")) as f:
            self.assertEqual(f.read(), "ganad model=m version=4\n")
        self.refused(self.checked(), "version 3, but version 4 was in use")
        self.assertRaisesRegex(AssertionError, "an old checkpoint", self.d.start)
        for end in "", ".minisig":
            shutil.copy(self.path("kept") + end, new + end)
        self.d.start()
        self.fine(self.ctl("model", "load", "m", self.make("next.ckpt", claim(5))))
        self.refused(self.ctl("reload"), "version 4, but version 5 was in use")

    def test_a_rollback_is_the_operators_own_replay(self):
        self.configure()
        self.make("m.ckpt", claim(3))
        self.d.start()
        sha = self.sha()
        self.fine(self.ctl("model", "load", "m", self.make("new.ckpt", claim(4))))
        self.fine(self.ctl("model", "rollback", "m"))
        self.assertEqual(self.sha(), sha)
        self.fine(self.ctl("reload"))  # of version 3, which is the one in use

    def test_a_damaged_list_of_versions_is_not_an_empty_one(self):
        self.configure()
        self.make("m.ckpt", claim(3))
        for text in ("junk\n", "ganad model=m\n", "ganad model=m version=2", "\n",
                     "ganad model=x version=1\n" * 300):
            with open(self.path("versions"), "w") as f:
                f.write(text)
            self.assertEqual(self.checked()[0], 1, text)
        os.unlink(self.path("versions"))
        self.fine(self.checked())

    def test_a_shadow_may_try_another_models(self):
        self.make("m.ckpt", claim(3))
        models = {"m": f"checkpoint = {self.path('m.ckpt')}",
                  "trial": f"checkpoint = {self.make('trial.ckpt', claim(4))}\nshadow = yes"}
        self.configure(models=models)
        self.fine(self.checked())
        models["trial"] = models["trial"].replace("shadow = yes", "")
        self.configure(models=models)
        self.refused(self.checked(), "signed for model 'm', not for 'trial'")


class Rollback(Case):
    """From signed a.ckpt to signed b.ckpt, then back to a.ckpt."""

    def setUp(self):
        super().setUp()
        self.configure(trust="require_signature = yes")
        self.a = self.make("m.ckpt", claim(1))
        self.d.start()
        self.first = self.sha()
        self.fine(self.ctl("model", "load", "m", self.make("b.ckpt", claim(2))))
        self.second = self.sha()

    def back(self, pattern=None):
        result = self.ctl("model", "rollback", "m")
        if pattern:
            self.refused(result, pattern)
            self.assertEqual(self.sha(), self.second)
            self.assertEqual(self.d.status().model[0].previous_sha256, self.first)
        else:
            self.fine(result)
            self.assertEqual(self.sha(), self.first)

    def test_it_is_fine(self):
        self.back()

    def test_its_signature_is_gone(self):
        os.rename(self.a + ".minisig", self.path("away"))
        self.back("not signed, and .*require_signature is yes")
        os.rename(self.path("away"), self.a + ".minisig")
        self.back()

    def test_its_signature_is_bad_now(self):
        shutil.copy(self.path("b.ckpt.minisig"), self.a + ".minisig")
        self.back("is not of this file")

    def test_its_key_is_not_trusted_any_more(self):
        key = self.path("keys/ours.pub")
        os.rename(key, self.path("away"))
        self.back("which is not in")
        self.trust(self.other)
        self.back("which is not in")
        os.rename(self.path("away"), key)
        self.back()

    def test_another_key_has_its_number(self):
        """The file has another checkpoint by now, so only the key can be looked at."""
        self.make("m.ckpt", claim(3))
        with open(self.path("keys/ours.pub")) as f, open(self.other.public) as g:
            import base64  # pylint: disable=import-outside-toplevel
            first, ours = f.read().splitlines()
            theirs = base64.b64decode(g.read().splitlines()[1])
        mixed = base64.b64encode(base64.b64decode(ours)[:10] + theirs[10:]).decode()
        with open(self.path("keys/ours.pub"), "w") as f:
            f.write(f"{first}\n{mixed}\n")
        self.back("which is not in")

    def test_its_file_was_replaced(self):
        self.make("m.ckpt", claim(3))
        self.back()

    def test_its_file_was_replaced_and_its_key_withdrawn(self):
        self.make("m.ckpt", claim(3), self.other)
        self.trust(self.other)
        os.unlink(self.path("keys/ours.pub"))
        self.back("which is not in")

    def test_the_directory_of_keys_is_unsafe(self):
        os.chmod(self.path("keys"), 0o777)
        self.back("other users can write it")
        os.chmod(self.path("keys"), 0o755)
        self.back()

    def test_a_minimum_holds_for_it(self):
        self.configure(trust="require_signature = yes", models={
            "m": f"checkpoint = {self.path('b.ckpt')}\nminimum_version = 2"})
        self.fine(self.ctl("reload"))
        self.back("version 1, minimum_version is 2")


if __name__ == "__main__":
    ganad.main()
