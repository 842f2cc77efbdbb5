# SPDX-License-Identifier: Apache-2.0
"""Plants a breach of each rule in a separate tree and expects that the check finds it, and nothing
else. Usage: test_checks.py SOURCE_ROOT COMPILER..."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import check_docs
import check_english
import check_exports
import check_format
import check_hardening
import check_headers
import check_layers
import check_limits
import check_manuals
import check_parsers
import check_source
import check_symbols
import tree

ROOT, COMPILER = sys.argv[1], sys.argv[2:]
C = "/* SPDX-License-Identifier: Apache-2.0 */\n"
H = C + "#pragma once\n"


def words(*parts):
    """Joined, so that this file does not contain the word."""
    return "".join(parts)


class Planted(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.root = self.tmp.name
        self.addCleanup(self.tmp.cleanup)

    def plant(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def expect(self, check, name, text, *found):
        """The check reports each of found, in this order, about the planted file, and no more."""
        with self.subTest(name=name, text=text):
            self.plant(name, text)
            said = list(check(self.root))
            self.assertEqual(len(said), len(found), said)
            for want, got in zip(found, said):
                self.assertIn(want, got)
            os.unlink(os.path.join(self.root, name))

    def test_layers(self):
        def expect(name, includes, *found):
            self.expect(check_layers.check, name, C + "".join(f"#include {i}\n" for i in includes),
                        *found)
        expect("lib/base/a.c", ['"lib/base/a.h"', "<stdio.h>", '"lib/base/b.h"'])
        expect("lib/base/a.c", ['"lib/nn/mat.h"'], "lib/base/a.c:2: lib/base may not include")
        expect("lib/base/a.c", ['"a.h"'], "may not include")
        expect("lib/base/a.c", ["<stdio.h>", '"lib/base/a.h"'], "own header")
        expect("lib/nn/mat.c", ["<cblas.h>"])
        expect("lib/nn/dense.c", ["<cblas.h>"], "only for lib/nn/mat.c")
        expect("lib/record/a.c", ['"lib/feature/schema.h"'], "may not include")
        expect("lib/wire/a.c", ["<event2/event.h>"], "only for daemon/")
        expect("lib/wire/a.c", ['"proto/ganad.pb-c.h"'], "may not include", "only for")
        expect("lib/dataset/a.c", ["<jansson.h>"], "only for")
        expect("models/model.c", ['"lib/dataset/dataset.h"'], "may not include")
        expect("models/detector.c", ['"lib/dataset/dataset.h"'])
        expect("daemon/score/a.c", ['"proto/ganad.pb-c.h"'], "only for")
        expect("daemon/score/a.c", ['"models/trainer.h"'], "only for")
        expect("daemon/ingest/a.c", ['"proto/ganad.pb-c.h"', "<event2/event.h>"])
        expect("tools/ganadctl/a.c", ['"daemon/main/daemon.h"'], "tools may not include")
        expect("tools/ganadctl/a.c", ["<pcap.h>"], "only for lib/net/source.c")
        expect("lib/dataset/a.c", ["<lzma.h>"], "only for lib/net/unpack_")
        expect("lib/inspect/a.c", ['"lib/flow/conn.h"'], "may not include")
        expect("lib/flow/a.c", ['"lib/record/record.h"'], "may not include")
        expect("extra/a.c", [], "no layer")

    def test_source(self):
        def expect(name, text, *found):
            self.expect(check_source.check, name, text, *found)
        expect("lib/base/a.c", C + '/* strcpy() is not free() */\nconst char *s = "gets(";\n')
        expect("lib/base/a.c", "int a;\n", "no SPDX")
        expect("tools/run", "#!/bin/sh\n", "no SPDX")
        expect("meson.build", "x = 1\n", "no SPDX")
        expect("daemon/metrics/page/vendor/x.js", "gets(x)")
        expect("daemon/vendor/x.js", "x", "no line end")
        expect("lib/base/a.h", C, "#pragma once")
        expect("lib/base/a.c", C + "int a;", "no line end")
        expect("lib/base/a.c", C + "\n" * 599)
        expect("lib/base/a.c", C + "\n" * 600, "601 lines")
        expect("conf/a.conf", "# SPDX-License-Identifier: Apache-2.0\n" + "\n" * 500, "501 lines")
        for call in ("strcpy", "sprintf", "gets", "alloca", "atoi", "sscanf", "strtol", "strtoul",
                     "strtoull", "strtok", "rand",
                     "localtime", "system"):
            expect("tests/unit/a.c", C + f"\nvoid f(void) {{ {call}(x); }}\n",
                   f"a.c:3: {call}: has no bound")
        for call in ("malloc", "free", "strdup", "asprintf"):
            expect("daemon/a.c", C + f"x = {call} (y);\n", f"{call}: memory comes from")
            expect("tests/a.c", C + f"x = {call}(y);\n")
        expect("daemon/a.c", C + "ops->free(m); t.free(m); gad_free(m); void (*free)(int);\n")
        for call in ("printf", "fprintf", "exit", "perror", "usleep", "fork"):
            expect("lib/nn/a.c", C + f"{call}(x);\n", f"{call}: the library does not")
            expect("models/a.c", C + f"{call}(x);\n", f"{call}: the library does not")
            expect("tools/a.c", C + f"{call}(x);\n")
        expect("lib/nn/a.c", C + "snprintf(x); gad_buf_printf(x);\n")
        expect("lib/nn/a.c", C + "typedef struct gad_x gad_x;\n", "keep their names")
        for word in (words("TO", "DO"), words("FIX", "ME"), words("X", "XX"),
                     words("place", "holder"), words("st", "ub")):
            expect("lib/base/a.c", C + f"/* {word}: later */\n", "finish it")
            expect("README.md", f"{word} here\n", "finish it")
        for path in (words("/wo", "rk/x"), words("/ro", "ot/x"), words("/ho", "me/x")):
            expect("HACKING.md", f"see {path}\n", "path of one machine")
        expect("HACKING.md", "see ../network/x, https://example.org/home/x\n")

    def test_english(self):
        def expect(name, text, *found):
            self.expect(check_english.check, name, text, *found)
        refused = words("no", "body")
        expect("README.md", "The daemon reports it.\n")
        expect("README.md", f"The daemon asks {refused}.\n", f"README.md:1: '{refused}': write")
        expect("README.md", f"The daemon asks\n{refused.capitalize()}.\n", "README.md:2: ")
        expect("README.md", "It is " + words("go", "ne") + ".\nThe host is\n" + words("go", "ne") +
               " again.\n", "README.md:1: ", "README.md:2: ")
        expect("tests/unit/a.c", C + f"static int is_{refused}(void);\n", "tests/unit/a.c:2: ")
        expect("daemon/a.c", C + f'const char *text = "{refused} reads";\n', "daemon/a.c:2: ")
        expect("tools/a.py", f'x = 1 if y is None else "{refused}"\n', "tools/a.py:1: ")
        expect("tools/check", f"chown -R {refused}: x\n")
        expect("tools/other", f"chown -R {refused}: x\n", "tools/other:1: ")
        expect("daemon/metrics/page/vendor/x.js", refused + "\n")
        expect("ARCHITECTURE.md", "word\n" * 34 + "ends. The next one is short.\n")
        expect("ARCHITECTURE.md", "word\n" * 36 + "ends.\n", "a sentence of 37 words")
        expect("ARCHITECTURE.md", "```\n" + "word " * 40 + "\n```\n| a | " + "word " * 40 + "|\n")
        expect("daemon/a.8", ".Sh NAME\n" + "word\n" * 20 + ".Pp\n" + "word\n" * 20)
        expect("daemon/a.8", ".Sh NAME\n" + "word\n" * 36, "a sentence of 36 words")
        expect("daemon/a.c", C + "/* " + "a " * 47 + "*/\n")
        expect("daemon/a.c", C + "/* " + "a " * 48 + "*/\n", "daemon/a.c:2: 101 columns")
        expect("README.md", "See https://example.org/" + "a" * 100 + "\n")

    def test_exports(self):
        def check(root):
            for source in ("lib/a", "daemon/b", "tests/c"):
                path = os.path.join(root, source)
                if os.path.exists(path + ".c"):
                    subprocess.run(COMPILER + ["-c", "-fno-common", path + ".c", "-o", path + ".o"],
                                   check=True)
            return check_exports.check(root)
        self.plant("lib/a.c", "int gad_a(void); int gad_a(void) { return 1; }\n")
        self.plant("tests/c.c", "int gad_a(void); int main(void) { return gad_a(); }\n")
        self.assertIn("product uses 'gad_a'", " ".join(check(self.root)))
        self.plant("daemon/b.c", "int gad_a(void); int main(void) { return gad_a(); }\n")
        self.assertEqual(list(check(self.root)), [])

    def test_headers(self):
        def expect(name, text, *found):
            self.expect(lambda root: check_headers.check(root, root, COMPILER), name, text, *found)
        expect("lib/base/a.h", H + "#include <stddef.h>\nstruct a { size_t n; };\n")
        expect("lib/base/a.h", H + "struct a { size_t n; };\n",
               "lib/base/a.h does not compile alone")
        expect("lib/base/a.h", C + "struct a { int n; };\n", "does not compile alone")

    def test_format(self):
        if not tree.on_path(check_format.PROGRAM):
            self.skipTest("no " + check_format.PROGRAM)
        self.plant(".clang-format", tree.read(ROOT, ".clang-format"))
        self.expect(check_format.check, "lib/a.c", "int f(void)\n{\n    return 0;\n}\n")
        self.expect(check_format.check, "lib/a.c", "int f(void) {\n  return 0;\n}\n", "lib/a.c:1")

    def test_symbols(self):
        def check(root):
            obj, lib = os.path.join(root, "a.o"), os.path.join(root, "liba.a")
            subprocess.run(COMPILER + ["-c", "-fno-common", os.path.join(root, "a.c"), "-o", obj],
                           check=True)
            subprocess.run(["ar", "crs", lib, obj], check=True)
            return check_symbols.check(lib)
        self.expect(check, "a.c",
                    "static const int k[2] = {1, 2};\nconst int *gad_f(void) { return k; }\n")
        self.expect(check, "a.c", "int f(void) { return 1; }\n", "exports 'f'")
        self.expect(check, "a.c", "static int n; int gad_f(void) { return ++n; }\n",
                    "'n' is a mutable global")
        self.expect(check, "a.c",
                    "static int n = 3; int gad_f(void) { static int m; return ++n + ++m; }\n",
                    "mutable global", "mutable global")

    def test_parsers(self):
        if not tree.on_path("readelf"):
            self.skipTest("no readelf")

        def check(_):
            out = os.path.join(self.root, "prog")
            subprocess.run([*COMPILER, os.path.join(self.root, "a.c"), "-o", out], check=True)
            return check_parsers.check(out)
        self.expect(check, "a.c",
                    "int json_dumps(void); int json_dumps(void) { return 0; }\n"
                    "int main(void) { return 0; }\n")
        for name in ("json_loads", "json_load_file", "yaml_parser_parse", "cJSON_Parse",
                     "XML_Parse"):
            self.expect(check, "a.c",
                        f"int {name}(void); int {name}(void) {{ return 0; }}\nint main(void) {{ "
                        f"return 0; }}\n",
                        f"has '{name}'")
        self.expect(check, "a.c", "int json_loads(void) __attribute__((weak));\n"
                    "int main(void) { return json_loads ? json_loads() : 0; }\n",
                    "has 'json_loads'")

        library = os.path.join(self.root, "libyaml-0.so.2")
        self.plant("y.c", "int y(void); int y(void) { return 0; }\n")
        subprocess.run([*COMPILER, "-shared", "-fPIC", os.path.join(self.root, "y.c"),
                        "-Wl,-soname,libyaml-0.so.2", "-o",
                        library], check=True)

        def check_linked(_):
            out = os.path.join(self.root, "prog")
            subprocess.run([*COMPILER, os.path.join(self.root, "a.c"), library, "-o", out],
                           check=True)
            return check_parsers.check(out)
        self.expect(check_linked, "a.c", "int y(void);\nint main(void) { return y(); }\n",
                    "is linked with libyaml-0.so.2")

    def test_hardening(self):
        if not tree.on_path("readelf"):
            self.skipTest("no readelf")
        good = ["-O2", "-fPIE", "-pie", "-fstack-protector-all", "-U_FORTIFY_SOURCE",
                "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro",
                "-Wl,-z,now", "-Wl,-z,noexecstack"]
        code = """#include <stdio.h>
int main(int argc, char **argv)
{ char b[20]; return snprintf(b, sizeof(b), argc == 1 ? "%s" : argv[1], "x"); }
"""

        def expect(flags, *found, more=""):
            def check(_):
                out = os.path.join(self.root, "prog")
                subprocess.run([*COMPILER, *good, *flags, os.path.join(self.root, "a.c"), "-o",
                                out], check=True)
                return check_hardening.check(out)
            self.expect(check, "a.c", code + more, *found)
        expect([])
        expect(["-fno-pie", "-no-pie"], "is not position-independent")
        expect(["-Wl,-z,norelro"], "has no RELRO segment")
        expect(["-Wl,-z,lazy"], "RELRO is not full")
        expect(["-Wl,-z,execstack"], "its stack is executable")
        expect([], "writable and executable",
               more=r"""__asm__(".section .x,\"awx\"\n.byte 0\n.text\n");
""")
        expect(["-Wl,-rpath,/usr/lib/x"])
        expect(["-Wl,-rpath,/usr/lib/x:/tmp"], "looks for libraries in /usr/lib/x:/tmp")
        expect(["-fno-stack-protector"], "no stack protector")
        expect(["-U_FORTIFY_SOURCE"], "no fortified function")

    def test_docs(self):
        if not tree.on_path("mandoc"):
            self.skipTest("no mandoc")
        program = os.path.join(self.root, "prog")
        page = (".Dd November 23, 2026\n.Dt PROG 1\n.Os\n.Sh NAME\n.Nm prog\n.Nd does\n"
                ".Sh DESCRIPTION\n"
                "The command\n.Cm run\ntakes\n.Fl Fl fast\nand\n.Fl x .\n")

        def check(root):
            os.chmod(program, 0o755)
            return check_docs.check(root, [program])

        def expect(help_text, command_help, page_text, *found):
            self.plant("prog.1", page_text)
            self.expect(check, "prog",
                        f"""#!/bin/sh
[ "$1" = --help ] && echo '{help_text}' || echo '{command_help}'
""", *found)
        usage = "Usage: prog COMMAND\n\nCommands:\n  run   runs"
        expect(usage, "-x, --fast", page)
        expect(usage, "-x, --fast, -q, --quiet", page, "prog: --quiet is in --help, not",
               "prog: -q is in --help, not")
        expect(usage, "-x", page, "--fast is in prog.1, not in --help")
        expect(usage + "\n  jump  jumps", "-x, --fast", page, "prog jump: not in prog.1")
        expect(usage, "-x, --fast", page.replace(".Nd does\n", ""), "prog.1")
        os.unlink(os.path.join(self.root, "prog.1"))
        self.expect(check, "prog", "#!/bin/sh\n", "no manual page")

    def test_paths_in_documents(self):
        self.plant("lib/base/err.h", H)
        self.plant("docs/a.md", "text\n")

        def expect(text, *found):
            self.expect(lambda root: check_docs.check(root, []), "README.md", text, *found)
        expect("`lib/base/err.h`, `lib/base/`, lib/base/err.h:12, [a](docs/a.md#b), "
               "[c](https://example.org/x.md), lib/NAME.c\n")
        expect("`lib/base/mem.h`\n", "README.md:1: lib/base/mem.h is not there")
        expect("\nsee lib/base/mem.h and `tools/none`\n", "README.md:2: lib/base/mem.h",
               "README.md:2: tools/none")
        expect("[a](docs/b.md)\n", "docs/b.md is not there")

    def test_tables_of_limits_and_parsers(self):
        self.plant("daemon/config/keys.c", '    {"scoring", "max_clients", X},\n')
        self.plant("lib/a.c", "enum { A_MAX = 1 << 4, /* a limit */\n B_MAX = 3 };\n")
        self.plant("tests/fuzz/fuzz_a.c", C)
        good = ("| a | `lib/a.c A_MAX = 1 << 4`, `[scoring] max_clients` | refused |\n"
                "| `lib/a.c` | `fuzz_a` |\n")

        def expect(text, *found):
            self.expect(check_limits.check, "SECURITY.md", text, *found)
        expect(good)
        expect(good.replace("1 << 4", "1 << 5"), "lib/a.c has no A_MAX = 1 << 5")
        expect(good.replace("A_MAX = 1 << 4", "B_MAX = 33"), "lib/a.c has no B_MAX = 33")
        expect(good.replace("max_clients", "most"), "no key [scoring] most")
        expect(good + "| `lib/b.c` | `fuzz_b` |\n", "lib/b.c is not there",
               "fuzz_b is no fuzz target")
        expect(good.replace("fuzz_a", "fuzz_b"), "fuzz_a is not in the table",
               "fuzz_b is no fuzz target")
        expect("text\n", "no tables", "fuzz_a is not in the table")

    def test_lists_of_manual_pages(self):
        schema = {"properties": {"event_type": {"enum": ["alert"]}, "seq": {}},
                  "$defs": {"alert": {"properties": {"flow": {"properties": {"start": {}}},
                                                     "risk": {}}}}}
        self.plant("proto/event.schema.json", json.dumps(schema))
        self.plant("lib/wire/socket.h", '#define GAD_X "/run/x"\n')
        for form in ("leef", "syslog", "journal"):
            self.plant(f"lib/event/format_{form}.c",
                       f'[GAD_PAIR_SEQ] = "{"GANAD_SEQ" if form == "journal" else "seq"}",\n')
        self.plant("daemon/config/keys.c",
                   """{"a", "n", CONFIG_COUNT, IN(a.n), 1, 1 << 20, "8", NULL,
{"a", "c", CONFIG_CHOICE, IN_A(c), 0, 0, NULL, "x|y",
{"a", "p", CONFIG_SOCKET, IN(a.p), 0, 0, GAD_X, NULL,
{"a", "e", CONFIG_PATH, IN(a.e), 0, 0, "", NULL,\n""")
        self.plant("daemon/a.c", 'getenv("HERE");\n')
        self.plant("daemon/stats.h", "    X(jobs, true, \"x\")\n")
        self.plant("daemon/capture_counts.c", '{"lost", "lost frames", AT(a.b), GAD_COUNTER_BLIND},\n')
        self.plant("lib/net/counters.c", '    REFUSED(A, "a", "of kind A"),\n')
        self.plant("lib/flow/counters.c", "")
        self.plant("daemon/config/config.h",
                   "CONFIG_OUTPUTS_MAX = 15, CONFIG_MODELS_MAX = 16, CONFIG_SHADOWS_MAX = 4, "
                   "CONFIG_NAME_MAX = 40, "
                   "CONFIG_CAPTURES_MAX = 64\n")
        self.plant("conf/ganad-capture.5",
                   "under a name of up to 40 letters. There may be 64 such sections.\n")
        self.plant("conf/ganadd.conf.5", "under a name of up to 40 letters. "
                                         "At least one such section is required; there may be 16. "
                                         "There may be 4 shadows, and at least one model must not "
                                         "be a shadow.\n")
        outputs = "There may be 15 outputs.\n"
        ganadd = (".Ss Alerts\n.It event_type, seq\nx\n.It flow\n.It risk\n.El\n"
                  ".Sh ENVIRONMENT\n.It Ev HERE\n.Sh FILES\n")
        events = ".Ss Format json\n.It Va event_type , seq\n.Va flow.start\n.It Va risk\n.Sh X\n"
        formats = (".Ss Keys of leef, syslog and journal\n"
                   ".It Sy leef\n.It seq Ta seq Ta SEQ Ta seq\n.El\n")
        counters = (".Sh COUNTERS OF THE DAEMON\n.It Va jobs\n.El\n"
                    ".Sh COUNTERS OF A CAPTURE\n.It Va lost\nLost frames (blind).\n"
                    ".It Va refused_a\nOf kind A.\n.El\n")
        conf = (".Sh DESCRIPTION\n.Ss Section a\n.It Cm n No = Ar number\nIt is 1 to 1M.\n"
                "Default: 8.\n.It Cm c No = Cm x | y\n"
                "Must be given.\n.It Cm p No = Ar path\nDefault:\n.Pa /run/x .\n"
                ".It Cm e No = Ar path\nEmpty, the default.\n.El\n")

        def expect(name, text, *found):
            for page, good in (("daemon/ganadd.8", ganadd), ("daemon/ganad-events.5", events),
                               ("daemon/ganad-formats.5", formats),
                               ("daemon/ganad-counters.5", counters), ("conf/a.5", conf),
                               ("conf/ganad-outputs.5", outputs)):
                self.plant(page, good)
            self.expect(check_manuals.check, name, text, *found)
        expect("daemon/ganadd.8", ganadd)
        expect("daemon/ganadd.8", ganadd.replace(".It risk\n", ""), "an alert has 'risk', too")
        expect("daemon/ganadd.8", ganadd.replace("It risk", "It risk, luck"),
               "an alert has no 'luck'")
        expect("daemon/ganadd.8", ganadd.replace("Ev HERE", "Ev THERE"),
               "daemon/a.c reads the variable HERE")
        expect("daemon/ganad-events.5", events.replace("flow.start", "flow.end"),
               "has 'flow.start', too", "has no 'flow.end'")
        expect("daemon/ganad-formats.5", formats.replace("Ta SEQ", "Ta SEK"),
               "no row of keys seq seq SEQ", "no format has the keys seq seq SEK")
        expect("daemon/ganad-counters.5", counters.replace("Va jobs", "Va job"),
               "there is no counter 'job'", "no counter 'jobs'")
        expect("daemon/ganad-counters.5", counters.replace(" (blind)", ""),
               "'lost', 'Lost frames (blind).' is not in both", "'lost', 'Lost frames.' is not")
        expect("daemon/ganad-counters.5", counters.replace("refused_a", "refused_b"),
               "'refused_a', 'Of kind A.' is not in both", "'refused_b', 'Of kind A.' is not")
        expect("conf/ganad-outputs.5", outputs.replace("15", "16"),
               "CONFIG_OUTPUTS_MAX, which is 15")
        expect("conf/a.5", conf.replace("Default: 8", "Default: 80"),
               "a.5: [a] n: does not say that the default is '8'")
        expect("conf/a.5", conf.replace("1M", "2M"),
               "a.5: [a] n: says 1 to 2M, the code has 1 to 1 << 20")
        expect("conf/a.5", conf.replace("1 to 1M", "any"), "a.5: [a] n: says no range")
        expect("conf/a.5", conf.replace("x | y", "x | z"), "a.5: [a] c: its choices are x|y")
        expect("conf/a.5", conf.replace("Must be given", "May be"), "the default is None")
        expect("conf/a.5", conf.replace("/run/x", "/run/y"), "the default is '/run/x'")
        expect("conf/a.5", conf.replace("Empty, the", "The"), "the default is ''")
        expect("conf/a.5", conf.replace("Cm e No", "Cm f No"), "no page describes [a] e",
               "there is no key [a] f")

    def test_results_are_counted(self):
        def line(result):
            return json.dumps({"name": "x", "result": result}) + "\n"
        log = os.path.join(self.root, "testlog.json")
        count = [os.path.join(ROOT, "tools/dev/count_tests.py"), log]
        self.plant("testlog.json", "".join(map(line,
                                               ["OK", "OK", "SKIP", "FAIL", "TIMEOUT", "ERROR",
                                                "UNEXPECTEDPASS"])))
        self.assertEqual(subprocess.check_output(count, text=True), "2 4 1\n")
        self.plant("testlog.json", line("OK") +
                   json.dumps({"name": "y", "result": "FAIL",
                               "stdout": "first\n" + "more\n" * 14 + "last\n"}))
        ends = subprocess.check_output([count[0], "--failures", log], text=True).split("\n")
        self.assertEqual([ends[0], ends[1], ends[-2], len(ends)],
                         ["== y: FAIL", "more", "last", 17])
        self.plant("testlog.json", "")
        self.assertNotEqual(subprocess.run(count, stderr=subprocess.DEVNULL,
                                           check=False).returncode, 0)

    def test_ignored_directories_are_not_files(self):
        for name in ("build/a.c", "build-asan/a.c", "lib/__pycache__/a.pyc", "lib/a.c"):
            self.plant(name, C)
        self.assertEqual(tree.files(self.root), ["lib/a.c"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
