# SPDX-License-Identifier: Apache-2.0
"""tools/fetch-data against a server on this machine: right, wrong, truncated, unreachable. Usage:
test_fetch_data.py ROOT"""

import hashlib
import http.server
import io
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import zipfile

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
DATA = pathlib.Path(os.environ.get("GANAD_DATA", ROOT / "../shared/data"))
KDD = DATA / "kdd99/kddcup.data_10_percent.gz"
NSL = DATA / "nsl-kdd/KDDTrain+.txt.xz"
AWAY = "http://127.0.0.1:9/file"  # the discard port: no program listens


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves self.server.files; "/cut/x" ends in the middle, "/whole/x" does not support ranges."""

    def do_GET(self):
        how, name = self.path.strip("/").split("/")
        body = self.server.files.get(name)
        if body is None:
            self.send_error(404)
            return
        start = 0
        if "Range" in self.headers and how != "whole":
            start = int(self.headers["Range"].removeprefix("bytes=").split("-")[0])
            if start >= len(body):
                self.send_error(416)
                return
        self.server.log.append((how, name, start))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        end = start + (len(body) - start) // 2 if how == "cut" else len(body)
        try:
            self.wfile.write(body[start:end])
        except ConnectionError:
            pass  # the client closed early

    def log_message(self, *args):
        pass


class FetchData(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.files = {"junk": b"junk" * 1000}
        self.server.log = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.target = self.dir / "kdd99/kddcup.data_10_percent.gz"

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.dir)

    def url(self, how, name):
        return f"http://127.0.0.1:{self.server.server_port}/{how}/{name}"

    def fetch(self, *args, kdd=AWAY, nsl=AWAY):
        env = os.environ | {"GANAD_DATA": str(self.dir), "GANAD_KDD99_URL": kdd,
                            "GANAD_NSL_KDD_URL": nsl,
                            "no_proxy": "*", "LC_ALL": "C"}
        p = subprocess.run([ROOT / "tools/fetch-data", *args], env=env, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        return p.returncode, p.stdout

    def need(self, path):
        if not path.exists():
            self.skipTest(f"no {path}")
        return path.read_bytes()

    def nothing_is_left(self):
        self.assertEqual([p for p in self.dir.rglob("*") if p.is_file()], [])

    def test_right_file_is_kept_and_not_downloaded_again(self):
        self.server.files["kdd"] = self.need(KDD)
        code, out = self.fetch("kdd99", kdd=self.url("ok", "kdd"))
        self.assertEqual(code, 0, out)
        self.assertEqual(self.target.read_bytes(), self.server.files["kdd"])
        self.assertEqual(len(list(self.target.parent.iterdir())), 1)
        code, out = self.fetch("kdd99", kdd=AWAY)
        self.assertEqual(code, 0, out)
        self.assertIn("there and right", out)
        self.assertEqual(len(self.server.log), 1)

    def test_wrong_file_at_the_target_is_replaced(self):
        self.server.files["kdd"] = self.need(KDD)
        self.target.parent.mkdir()
        self.target.write_bytes(b"old")
        code, out = self.fetch("kdd99", kdd=self.url("ok", "kdd"))
        self.assertEqual(code, 0, out)
        self.assertIn("not what was published", out)
        self.assertEqual(self.target.read_bytes(), self.server.files["kdd"])

    def test_wrong_sum_leaves_nothing_and_says_both(self):
        junk = hashlib.sha256(self.server.files["junk"]).hexdigest()
        code, out = self.fetch("kdd99", kdd=self.url("ok", "junk"))
        self.assertEqual(code, 1)
        self.assertIn(junk, out)
        self.assertIn("8045aca0d84e70e622d1148d7df782496f6333bf6eb979a1b0837c42a9fd9561", out)
        self.nothing_is_left()

    def test_wrong_sum_keeps_what_was_there(self):
        self.target.parent.mkdir()
        self.target.write_bytes(b"old")
        self.assertEqual(self.fetch("kdd99", kdd=self.url("ok", "junk"))[0], 1)
        self.assertEqual(self.target.read_bytes(), b"old")

    def test_the_next_address_is_tried(self):
        self.server.files["kdd"] = self.need(KDD)
        urls = " ".join([AWAY, self.url("ok", "none"), self.url("ok", "junk"),
                         self.url("ok", "kdd")])
        code, out = self.fetch("kdd99", kdd=urls)
        self.assertEqual(code, 0, out)
        self.assertEqual(self.target.read_bytes(), self.server.files["kdd"])

    def test_a_truncated_download_is_resumed(self):
        self.server.files["kdd"] = body = self.need(KDD)
        self.target.parent.mkdir()
        part = self.target.with_name(self.target.name + ".part")
        part.write_bytes(body[:1000000])
        self.assertEqual(self.fetch("kdd99", kdd=AWAY)[0], 1)
        self.assertEqual(part.stat().st_size, 1000000)  # kept for the next time
        code, out = self.fetch("kdd99", kdd=self.url("ok", "kdd"))
        self.assertEqual(code, 0, out)
        self.assertEqual(self.server.log, [("ok", "kdd", 1000000)])
        self.assertEqual(self.target.read_bytes(), body)

    def test_connection_that_breaks_is_an_error_not_a_file(self):
        self.server.files["kdd"] = self.need(KDD)
        code, out = self.fetch("kdd99", kdd=self.url("cut", "kdd"))
        self.assertEqual(code, 1, out)
        self.assertFalse(self.target.exists())
        code, out = self.fetch("kdd99", kdd=self.url("ok", "kdd"))
        self.assertEqual(code, 0, out)

    def test_old_part_that_fits_nowhere_is_dropped(self):
        self.server.files["kdd"] = body = self.need(KDD)
        self.target.parent.mkdir()
        for how, old in (("ok", b"x" * 1000), ("ok", b"x" * (len(body) + 1)),
                         ("whole", body[:1000])):
            self.target.unlink(missing_ok=True)
            self.target.with_name(self.target.name + ".part").write_bytes(old)
            code, out = self.fetch("kdd99", kdd=self.url(how, "kdd"))
            self.assertEqual(code, 0, out)
            self.assertEqual(self.target.read_bytes(), body)

    def test_offline_says_what_to_do_by_hand(self):
        code, out = self.fetch()
        self.assertEqual(code, 1)
        for text in ("is this machine online?", "By hand", str(self.target), AWAY, "kdd99:",
                     "nsl-kdd:"):
            self.assertIn(text, out)

    @unittest.skipUnless(shutil.which("unzip"), "no unzip")
    def test_nsl_kdd_comes_out_of_its_zip(self):
        text = lzma.decompress(self.need(NSL))
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr("NSL-KDD/KDDTrain+.txt", text)
            z.writestr("NSL-KDD/KDDTest+.txt", "other")
        self.server.files["nsl"] = zipped.getvalue()
        code, out = self.fetch("nsl-kdd", nsl=self.url("ok", "nsl"))
        self.assertEqual(code, 0, out)
        self.assertEqual((self.dir / "nsl-kdd/KDDTrain+.txt").read_bytes(), text)

    @unittest.skipUnless(shutil.which("unzip"), "no unzip")
    def test_what_is_no_zip_is_refused(self):
        code, out = self.fetch("nsl-kdd", nsl=self.url("ok", "junk"))
        self.assertEqual(code, 1)
        self.assertIn("no KDDTrain+.txt", out)
        self.nothing_is_left()

    def test_usage(self):
        code, out = self.fetch("--help")
        self.assertEqual(code, 0)
        self.assertIn("GANAD_DATA", out)
        for args in (["kdd98"], ["--dir"], ["-x"]):
            code, out = self.fetch(*args)
            self.assertEqual(code, 2)
            self.assertIn("fetch-data:", out)
        self.assertEqual(self.server.log, [])


if __name__ == "__main__":
    if not shutil.which("curl") and not shutil.which("wget"):
        print("neither curl nor wget; skipped")
        sys.exit(77)
    unittest.main()
