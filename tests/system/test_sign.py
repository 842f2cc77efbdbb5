# SPDX-License-Identifier: Apache-2.0
"""Signed models, with the real minisign: which are accepted or refused, and that the running models
stay in use."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import ganad


class Signer:
    """A directory with a key pair."""

    def __init__(self, directory, name):
        self.public = os.path.join(directory, name + ".pub")
        self.secret = os.path.join(directory, name + ".key")
        subprocess.run(["minisign", "-G", "-W", "-p", self.public, "-s", self.secret], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def sign(self, path, *options, comment="office, week 48"):
        subprocess.run(["minisign", "-S", *options, "-s", self.secret, "-t", comment, "-m", path],
                       check=True,
                       stdout=subprocess.DEVNULL)


@unittest.skipUnless(shutil.which("minisign"), "minisign is not installed")
class Signed(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory(prefix="ganad-sign-")
        self.addCleanup(self.tmp.cleanup)
        os.mkdir(self.path("keys"), 0o755)
        self.signer, self.untrusted = Signer(self.tmp.name, "ours"), Signer(self.tmp.name, "theirs")
        shutil.copy(self.signer.public, self.path("keys"))
        os.chmod(self.path("keys/ours.pub"), 0o644)
        self.model = self.path("m.ckpt")
        shutil.copy(ganad.checkpoint(), self.model)

    def path(self, name):
        return os.path.join(self.tmp.name, name)

    def daemon(self, required="yes", **kw):
        return ganad.Daemon(models={"m": {"checkpoint": self.model}},
                            trust={"require_signature": required, "keys": self.path("keys")}, **kw)

    def test(self, required="yes"):
        """The messages of ganadd -t."""
        with self.daemon(required, start=False) as d:
            r = subprocess.run([ganad.args.ganadd, "-t", "-c", d.conf], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE,
                               text=True)
            return r.returncode, r.stdout + r.stderr

    def flip(self, path, at):
        with open(path, "r+b") as f:
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 1]))

    def test_both_kinds_of_signature_are_accepted(self):
        for options in ((), ("-l",)):
            self.signer.sign(self.model, *options)
            code, said = self.test()
            self.assertEqual(code, 0, said)
            self.assertRegex(said, r"model 'm' is signed by [0-9A-F]{16} office, week 48")
        with self.daemon() as d:
            self.assertRegex(d.status().model[0].signed_by, r"^[0-9A-F]{16} office, week 48$")
            self.assertIn("signed by", d.ctl("model", control=True).stdout.decode())
            self.assertIn("week 48", json.loads(d.ctl("model", "-J",
                                                      control=True).stdout)[0]["signed_by"])

    def test_what_is_not_signed_as_it_must_be_is_refused(self):
        self.assertIn("not signed, and [trust] require_signature is yes", self.test()[1])
        self.assertEqual(self.test("no")[0], 0)
        self.untrusted.sign(self.model)
        code, said = self.test()
        self.assertEqual(code, 1)
        self.assertRegex(said, r"signed by key [0-9A-F]{16}, which is not in ")
        self.assertEqual(self.test("no")[0], 0)
        self.signer.sign(self.model)
        self.flip(self.model, 300)
        for required in "yes", "no":  # a trusted key says that it is another file
            code, said = self.test(required)
            self.assertEqual(code, 1)
            self.assertRegex(said,
                             r"the signature in .*m.ckpt.minisig, by key [0-9A-F]{16}, "
                             "is not of this file")

    def test_every_changed_byte_is_found(self):
        self.signer.sign(self.model)
        step = "1" if ganad.args.long else "997"
        r = subprocess.run([ganad.args.flip_signed, self.model, self.path("keys"), step],
                           stdout=subprocess.PIPE, text=True)
        print(r.stdout, end="")
        self.assertEqual(r.returncode, 0, r.stdout)

    def test_other_files_beside_the_model(self):
        beside = self.model + ".minisig"
        os.mkdir(beside)
        self.assertEqual(self.test()[0], 1)
        os.rmdir(beside)
        os.mkfifo(beside)
        self.assertEqual(self.test()[0], 1)
        os.unlink(beside)
        self.signer.sign(self.model)
        os.rename(beside, self.path("real"))
        os.symlink(self.path("real"), beside)
        self.assertEqual(self.test()[0], 1)
        os.unlink(beside)
        with open(beside, "wb") as f:
            f.truncate(1 << 30)
        self.assertEqual(self.test()[0], 1)
        os.unlink(beside)
        os.rename(self.path("real"), beside)
        self.assertEqual(self.test()[0], 0)
        os.chmod(self.path("keys"), 0o777)
        self.assertIn("other users can write it", self.test()[1])

    def test_a_bad_one_does_not_replace_a_good_one(self):
        self.signer.sign(self.model)
        with self.daemon() as d:
            before = d.status().model[0].sha256
            other = self.path("other.ckpt")
            shutil.copy(self.model, other)
            self.assertEqual(d.ctl("model", "load", "m", other, control=True).returncode, 1)
            self.untrusted.sign(other)
            self.assertEqual(d.ctl("model", "load", "m", other, control=True).returncode, 1)
            self.signer.sign(other)
            self.assertEqual(d.ctl("model", "load", "m", other, control=True).returncode, 0)
            self.flip(other + ".minisig", 60)
            self.assertEqual(d.ctl("model", "load", "m", other, control=True).returncode, 1)
            self.assertEqual(d.status().model[0].sha256, before)
            os.unlink(self.path("keys/ours.pub"))  # no key is trusted any more
            r = d.ctl("reload", control=True)
            self.assertEqual(r.returncode, 1)
            self.assertIn(b"which is not in", r.stderr)
            self.assertEqual(d.status().model[0].sha256, before)

    def test_a_model_from_before_signatures_were_required_does_not_return(self):
        unsigned = self.path("unsigned.ckpt")
        shutil.copy(self.model, unsigned)
        with ganad.Daemon(models={"m": {"checkpoint": unsigned, "threshold": "5"}},
                          trust={"require_signature": "no", "keys": self.path("keys")}) as d:
            def ctl(*command):
                r = d.ctl(*command, control=True)
                return r.returncode, r.stderr.decode()

            def status():
                return d.status().model[0]
            other = self.path("other.ckpt")
            subprocess.run([ganad.args.random_checkpoint, "egbad", "2",
                            os.path.join(ganad.scratch(), "calibration"), other],
                           check=True)
            self.signer.sign(other)
            self.assertEqual(ctl("model", "load", "m", other)[0], 0)
            self.assertNotEqual(status().signed_by, "")
            self.assertEqual(ctl("model", "rollback", "m")[0], 0)  # it is not required yet
            self.assertEqual(status().signed_by, "")
            self.signer.sign(unsigned)  # the same checkpoint, now signed
            self.assertEqual(ctl("reload")[0], 0)
            self.assertNotEqual(status().signed_by, "")
            os.remove(unsigned + ".minisig")
            self.assertEqual(ctl("reload")[0], 0)
            self.assertEqual(ctl("model", "load", "m", other)[0], 0)
            with open(d.conf) as f:
                text = f.read()
            with open(d.conf, "w") as f:
                f.write(text.replace("require_signature = no",
                                     "require_signature = yes").replace(unsigned, other))
            code, said = ctl("reload")
            self.assertEqual(code, 0, said)
            code, said = ctl("model", "rollback", "m")
            self.assertEqual(code, 1)
            self.assertIn("require_signature is yes", said)
            self.assertEqual(status().file, other)

    def test_offline(self):
        def verify(*files):
            r = subprocess.run([ganad.args.train, "verify", "--keys", self.path("keys"), *files],
                               stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
            return r.returncode, r.stdout, r.stderr
        self.assertEqual(verify(self.model)[0], 1)
        self.signer.sign(self.model)
        code, out, _ = verify(self.model)
        self.assertEqual(code, 0)
        self.assertRegex(out, r"signed by [0-9A-F]{16} office, week 48")
        self.flip(self.model, 100)
        code, out, err = verify(self.model)
        self.assertEqual((code, out), (1, ""))
        self.assertIn("is not of this file", err)

    def test_a_comment_cannot_add_lines_to_our_output(self):
        self.signer.sign(self.model, comment="a\x1b[31m b")
        with self.daemon() as d:
            self.assertNotIn("\x1b", d.status().model[0].signed_by)


if __name__ == "__main__":
    ganad.main()
