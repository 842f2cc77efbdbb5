/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config/keys.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define MODEL "[model m]\ncheckpoint = /m.ckpt\n"

static int parse(const char *text, struct config **ret, struct gad_diag *d)
{
    return config_parse("t.conf", text, strlen(text), ret, d);
}

#define SCORING_KEYS                                                                               \
    ", which has unix, mode, group, tcp, max_clients, in_flight, packed_frame_max, idle_timeout, " \
    "frame_timeout, client_memory, client_output, job_memory, tls, certificate, key, ca, crl, "    \
    "handshakes, handshake_timeout"

static void refused(const char *text, const char *why)
{
    struct gad_diag d = {""};
    struct config *c = NULL;

    assert_true(parse(text, &c, &d) < 0);
    assert_null(c);
    assert_string_equal(d.text, why);
}

static void defaults_hold_where_nothing_is_said(void **state)
{
    (void)state;
    struct gad_diag d = {""};
    struct config *c = NULL;

    assert_int_equal(parse(MODEL, &c, &d), 0);
    assert_string_equal(c->scoring.unix_path, "/run/ganadd/scoring.sock");
    assert_string_equal(c->scoring.tcp, "");
    assert_int_equal(c->scoring.mode, 0660);
    assert_int_equal(c->scoring.packed_frame_max, 1 << 20);
    assert_int_equal(c->scoring.idle_timeout.ns, INT64_C(300000000000));
    assert_int_equal(c->n_outputs, 0);
    assert_int_equal(c->alerts.rollup.ns, INT64_C(60000000000));
    assert_string_equal(c->spool.directory, "");
    assert_int_equal(c->n_models, 1);
    assert_string_equal(c->model[0].name, "m");
    assert_string_equal(c->model[0].checkpoint, "/m.ckpt");
    assert_true(c->model[0].fpr_budget == 0.001);
    assert_true(isnan(c->model[0].threshold));
    config_free(c);
}

static void every_kind_of_value_is_understood(void **state)
{
    (void)state;
    struct gad_diag d = {""};
    struct config *c = NULL;
    const char *text = "\xef\xbb\xbf; a comment\n"
                       "[ganadd] # too\n"
                       "log_level=debug\n"
                       "stop_timeout = 1.5s ; half more\n"
                       "  [scoring]\r\n"
                       "\tmode : 666\r\n"
                       "tcp = [::1]:4739\n"
                       "packed_frame_max = 64K\n"
                       "frame_timeout = 250ms\n"
                       "idle_timeout = 2min\n"
                       "max_clients = 7\n"
                       "[output siem]\ntype = tls\nto = siem.example:6514\nsyslog = yes\n"
                       "[spool]\ndirectory =\nsync = always\n"
                       "[model a.b-c_1]\ncheckpoint = /x y/z\nthreshold = -1.5e2\n"
                       "[model second]\ncheckpoint = /s\nfpr_budget = 1e-4";

    assert_int_equal(parse(text, &c, &d), 0);
    assert_string_equal(c->ganadd.log_level, "debug");
    assert_int_equal(c->ganadd.stop_timeout.ns, 1500000000);
    assert_int_equal(c->scoring.mode, 0666);
    assert_string_equal(c->scoring.tcp, "[::1]:4739");
    assert_int_equal(c->scoring.packed_frame_max, 65536);
    assert_int_equal(c->scoring.frame_timeout.ns, 250000000);
    assert_int_equal(c->scoring.idle_timeout.ns, INT64_C(120000000000));
    assert_int_equal(c->scoring.max_clients, 7);
    assert_int_equal(c->n_outputs, 1);
    assert_string_equal(c->output[0].name, "siem");
    assert_string_equal(c->output[0].to, "siem.example:6514");
    assert_true(c->output[0].syslog);
    assert_int_equal(c->output[0].replay, 8192);
    assert_string_equal(c->spool.directory, "");
    assert_string_equal(c->spool.sync, "always");
    assert_int_equal(c->n_models, 2);
    assert_string_equal(c->model[0].checkpoint, "/x y/z");
    assert_true(c->model[0].threshold == -150);
    assert_true(c->model[1].fpr_budget == 1e-4);
    config_free(c);
}

static void what_is_not_known_is_refused_with_the_nearest(void **state)
{
    (void)state;
    refused(MODEL "[scoring]\nmax_client = 3\n",
            "t.conf:4: key 'max_client': not known in [scoring]; did you mean 'max_clients'?");
    refused(MODEL "[scoring]\nidle = 3\n",
            "t.conf:4: key 'idle': not known in [scoring]; did you mean 'idle_timeout'?");
    refused(MODEL "[scoring]\nxyzzy = 3\n",
            "t.conf:4: key 'xyzzy': not known in [scoring]" SCORING_KEYS);
    refused(MODEL "[drift]\ntresh = 1\n",
            "t.conf:4: key 'tresh': not known in [drift], which has threshold, window, rate");
    refused("[model m]\ncheckpiont = /x\n",
            "t.conf:2: key 'checkpiont': not known in [model m]; did you mean 'checkpoint'?");
    refused("# one\n\n[scorin]\n",
            "t.conf:3: section 'scorin': not known; did you mean 'scoring'?");
    refused("[Q]\n", "t.conf:1: section 'Q': not known");
    refused("[model]\n", "t.conf:1: section 'model': needs a name, as in [model NAME]");
    refused("[model a/b]\n", "t.conf:1: section 'model a/b': 'a/b' is not a name of up to 64 "
                             "letters, digits, '.', '_' and '-'");
}

static void values_of_the_wrong_kind_are_refused(void **state)
{
    (void)state;
    refused("[output o]\nsyslog = true\n", "t.conf:2: key 'syslog': 'true' is neither yes nor no");
    refused("[scoring]\nmax_clients = many\n",
            "t.conf:2: key 'max_clients': 'many' is not a whole number");
    refused("[scoring]\nmax_clients = -1\n",
            "t.conf:2: key 'max_clients': '-1' is not a whole number");
    refused("[scoring]\npacked_frame_max = 1MB\n",
            "t.conf:2: key 'packed_frame_max': '1MB' is not a size such as 65536, 64K or 1M");
    refused("[scoring]\nframe_timeout = 10\n",
            "t.conf:2: key 'frame_timeout': '10' is not a time such as 500ms, 10s or 5min");
    refused("[scoring]\nmode = rw\n",
            "t.conf:2: key 'mode': 'rw' is not an octal mode such as 0660");
    refused("[scoring]\nunix = here.sock\n",
            "t.conf:2: key 'unix': 'here.sock' is not an absolute path");
    refused("[scoring]\ntcp = localhost\n", "t.conf:2: key 'tcp': 'localhost' is not HOST:PORT");
    refused("[scoring]\nunix = /a # here\n",
            "t.conf:2: key 'unix': '/a # here': a comment after a value begins with ' ;'");
    refused("[ganadd]\nlog_level = loud\n",
            "t.conf:2: key 'log_level': 'loud' is not one of error|warn|notice|info|debug");
    refused("[ganadd]\nsensor = a b\n", "t.conf:2: key 'sensor': 'a b' is not a name of up to 64 "
                                        "letters, digits, '.', '_' and '-'");
    refused("[records]\nfile = /a\x01z\n",
            "t.conf:2: key 'file': has a byte that is not printable ASCII");
    refused("[model m]\ncheckpoint =\n", "t.conf:2: key 'checkpoint': is empty");
    refused("[model m]\nfpr_budget = x\n", "t.conf:2: key 'fpr_budget': 'x' is not a number");
    refused("[model m]\nfpr_budget =\n", "t.conf:2: key 'fpr_budget': is empty");
}

static void ranges_are_kept(void **state)
{
    (void)state;
    refused("[scoring]\nmax_clients = 0\n",
            "t.conf:2: key 'max_clients': '0' is out of range 1 .. 65536");
    refused("[scoring]\nmax_clients = 99999999999999999999\n",
            "t.conf:2: key 'max_clients': '99999999999999999999' is out of range 1 .. 65536");
    refused("[scoring]\npacked_frame_max = 17M\n",
            "t.conf:2: key 'packed_frame_max': '17M' is out of range 4096 .. 16777216 bytes");
    refused("[scoring]\nidle_timeout = 25h\n",
            "t.conf:2: key 'idle_timeout': '25h' is out of range 0.1 .. 86400 s");
    refused("[scoring]\nmode = 1777\n", "t.conf:2: key 'mode': '1777' is above 0777");
    refused("[model m]\nfpr_budget = 0\n",
            "t.conf:2: key 'fpr_budget': '0' is out of range 1e-09 .. 0.5");
    refused("[model m]\ntop_features = 42\n",
            "t.conf:2: key 'top_features': '42' is out of range 0 .. 41");

    char text[256];
    (void)snprintf(text, sizeof(text), "[scoring]\nunix = /%0108d\n", 0);
    refused(text,
            "t.conf:2: key 'unix': is 109 bytes long, the limit for the path of a socket is 107");
    struct config *c = NULL;
    (void)snprintf(text, sizeof(text), MODEL "[scoring]\nunix = /%0106d\n", 0);
    assert_int_equal(parse(text, &c, NULL), 0);
    config_free(c);
}

static void lines_that_are_no_ini_are_refused(void **state)
{
    (void)state;
    char text[512];

    refused("key = 1\n", "t.conf:1: key 'key': is before the first [section]");
    refused("[scoring\n", "t.conf:1: a section begins with [ but has no ]");
    refused("[scoring] x\n", "t.conf:1: text after the ] of a section");
    refused("[]\n", "t.conf:1: a section without a name");
    refused("[scoring]\n\n\nfree\n", "t.conf:4: neither [section], key = value nor a comment");
    refused("[0123456789012345678901234567890123456789012345678]\n",
            "t.conf:1: a section's name is over 48 bytes");
    (void)snprintf(text, sizeof(text), "[scoring]\nunix = /%0300d\n", 0);
    refused(text, "t.conf:2: a line of 308 bytes, the limit is 198");
    struct gad_diag d;
    struct config *c = NULL;
    assert_true(config_parse("t.conf", "[a\0b]\n", 6, &c, &d) < 0);
    assert_string_equal(d.text, "t.conf:1: a NUL byte");
}

static void long_comments_and_indented_lines_are_fine(void **state)
{
    (void)state;
    char text[1024];
    struct config *c = NULL;

    (void)snprintf(text, sizeof(text), "#%0500d\n[scoring]\n tcp = a:1\n  unix = /b\n" MODEL, 0);
    assert_int_equal(parse(text, &c, NULL), 0);
    assert_string_equal(c->scoring.tcp, "a:1");
    assert_string_equal(c->scoring.unix_path, "/b");
    config_free(c);
    c = NULL;
    (void)snprintf(text, sizeof(text), MODEL "[scoring]\nmode = 0600 ;%0500d\n", 0);
    assert_int_equal(parse(text, &c, NULL), 0);
    assert_int_equal(c->scoring.mode, 0600);
    config_free(c);
}

static void a_key_twice_in_one_file_is_refused(void **state)
{
    (void)state;
    refused("[scoring]\ntcp = a:1\nmode = 0600\n[spool]\n[scoring]\ntcp = a:1\n",
            "t.conf:6: key 'tcp': already given in line 2");
    refused(MODEL "checkpoint = /n\n", "t.conf:3: key 'checkpoint': already given in line 2");
}

static void what_no_single_key_shows_is_refused(void **state)
{
    (void)state;
    refused("", "t.conf: no [model NAME] section: nothing to score with");
    refused("[model m]\n", "t.conf: section 'model m': key 'checkpoint' is missing");
    refused(MODEL "fpr_budget = 0.1\nthreshold = 1\n",
            "t.conf:4: key 'threshold': replaces fpr_budget, which line 3 sets");
    refused(MODEL "networks = 10.0.0.0/8, 10.0.0.1/8\n",
            "t.conf:3: key 'networks': '10.0.0.1/8': not a network such as 192.0.2.0/24 or "
            "2001:db8::/32, with no bits set after its prefix");
    refused("[model a]\ncheckpoint = /a\nshadow = yes\n",
            "t.conf:3: key 'shadow': there is no other model for it to shadow");
    refused(MODEL
            "[model a]\ncheckpoint = /a\nshadow = yes\n[model b]\ncheckpoint = /a\nshadow = yes\n"
            "[model c]\ncheckpoint = /a\nshadow = yes\n[model d]\ncheckpoint = /a\nshadow = yes\n"
            "[model e]\ncheckpoint = /a\nshadow = yes\n",
            "t.conf:17: key 'shadow': at most 4 shadows are allowed");
    refused(MODEL "[scoring]\nunix = /s\n[control]\nunix = /s\n",
            "t.conf: [scoring] and [control] have the same unix socket '/s'");
}

static void there_may_be_sixteen_models(void **state)
{
    (void)state;
    char text[2048];
    size_t at = 0;
    struct config *c = NULL;

    for (int i = 0; i < CONFIG_MODELS_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "[model m%d]\ncheckpoint = /m\n", i);
    assert_int_equal(parse(text, &c, NULL), 0);
    assert_int_equal(c->n_models, CONFIG_MODELS_MAX);
    config_free(c);
    (void)snprintf(text + at, sizeof(text) - at, "[model n]\n");
    refused(text, "t.conf:33: model 'n' is one too many, the limit is 16");
}

/* A directory for each test. */
static char dir[64], main_file[80];

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(scratch_path(dir, sizeof(dir), "config.XXXXXX")))
        return -1;
    (void)snprintf(main_file, sizeof(main_file), "%s/g.conf", dir);
    return 0;
}

static void path_of(char path[static 128], const char *name)
{
    (void)snprintf(path, 128, "%s/%s", dir, name);
}

static const char *const files[] = {"g.conf", "g.conf.d/10.conf", "g.conf.d/20.conf",
                                    "g.conf.d/.x.conf", "g.conf.d/30.conf~"};

static int remove_directory(void **state)
{
    (void)state;
    char path[128];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        path_of(path, files[i]);
        (void)unlink(path);
    }
    path_of(path, "g.conf.d");
    (void)rmdir(path);
    return rmdir(dir);
}

static void put(const char *name, const char *text)
{
    char path[128];
    path_of(path, name);
    assert_int_equal(gad_file_write_atomic(path, text, strlen(text), NULL), 0);
}

static void later_files_win(void **state)
{
    (void)state;
    char path[128];
    struct config *c = NULL;

    path_of(path, "g.conf.d");
    assert_int_equal(mkdir(path, 0700), 0);
    put("g.conf", "[scoring]\nmax_clients = 1\ntcp = a:1\n" MODEL "fpr_budget = 0.2\n");
    put("g.conf.d/20.conf", "[scoring]\nmax_clients = 3\n[model m]\nthreshold = 4\n");
    put("g.conf.d/10.conf", "[scoring]\nmax_clients = 2\ntcp =\n[model n]\ncheckpoint = /n\n");
    put("g.conf.d/.x.conf", "nonsense\n");
    put("g.conf.d/30.conf~", "nonsense\n");
    assert_int_equal(config_load(main_file, &c, NULL), 0);
    assert_int_equal(c->scoring.max_clients, 3);
    assert_string_equal(c->scoring.tcp, "");
    assert_int_equal(c->n_models, 2);
    assert_true(c->model[0].threshold == 4);
    assert_string_equal(c->model[1].name, "n");
    config_free(c);

    struct gad_diag d;
    char want[512];
    put("g.conf.d/20.conf", "[scoring]\n\nlevel = 3\n");
    c = NULL;
    assert_true(config_load(main_file, &c, &d) < 0);
    (void)snprintf(want, sizeof(want),
                   "%s.d/20.conf:3: key 'level': not known in [scoring]" SCORING_KEYS, main_file);
    assert_string_equal(d.text, want);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct gad_diag d;
    struct config *c = NULL;
    char want[512];

    assert_true(config_load(main_file, &c, &d) < 0);
    (void)snprintf(want, sizeof(want), "%s: cannot open: No such file or directory", main_file);
    assert_string_equal(d.text, want);
}

/* What --dump-config prints is a configuration with the same meaning. */
static void a_dump_reads_back_the_same(void **state)
{
    (void)state;
    struct config *a = NULL, *b = NULL;
    struct gad_buf one = GAD_BUF_INIT(65536), two = GAD_BUF_INIT(65536);

    assert_int_equal(parse("[scoring]\ntcp = a:1\n" MODEL
                           "top_features = 3\nthreshold = 2\n[spool]\nquota = 2M\nsegment = 1M\n",
                           &a, NULL),
                     0);
    config_dump(a, &one);
    gad_buf_add(&one, "", 1);
    assert_false(one.bad);
    assert_non_null(strstr((char *)one.p, "tcp = a:1 ; t.conf:2\n"));
    assert_non_null(strstr((char *)one.p, "quota = 2M ; t.conf:8\n"));
    assert_non_null(strstr((char *)one.p, "max_clients = 256 ; default\n"));
    assert_non_null(strstr((char *)one.p, "[model m]\ncheckpoint = /m.ckpt ; t.conf:4\n"));

    assert_non_null(strstr((char *)one.p, "\n; not used: fpr_budget = 0.001 ; default\n"));

    assert_int_equal(config_parse("t.conf", (char *)one.p, one.len - 1, &b, NULL), 0);
    config_dump(b, &two);
    assert_false(two.bad);
    assert_string_equal(b->scoring.tcp, "a:1");
    assert_int_equal(b->spool.quota, 2 << 20);
    assert_int_equal(b->model[0].top_features, 3);
    assert_true(b->model[0].threshold == 2);
    assert_int_equal(b->scoring.idle_timeout.ns, a->scoring.idle_timeout.ns);
    gad_buf_deinit(&one);
    gad_buf_deinit(&two);
    config_free(a);
    config_free(b);
}

/* A section can be on two pages. */
static bool describes(const char *page, const struct config_key *k)
{
    char line[256];

    (void)snprintf(line, sizeof(line), "\n.Ss Section %s", k->section);
    const char *section = strstr(page, line);
    (void)snprintf(line, sizeof(line), "\n.It Cm %s No", k->name);
    const char *key = section ? strstr(section, line) : NULL;
    const char *next = section ? strstr(section + 1, "\n.Ss ") : NULL;
    return key && (!next || key < next);
}

/* The shipped file has each key, commented with its default or set, right below its section. */
static void the_shipped_file_and_the_manual_know_every_key(void **state)
{
    (void)state;
    const char *root = getenv("SOURCE_ROOT");
    char path[512], line[256];
    static const char *const pages[] = {"ganadd.conf.5",    "ganad-access.5",  "ganad-capture.5",
                                        "ganad-outputs.5",  "ganad-clients.5", "ganad-evidence.5",
                                        "ganad-feedback.5", "ganad-hosts.5",   "ganad-learning.5",
                                        "ganad-budget.5"};
    uint8_t *conf = NULL, *man[10] = {NULL};
    size_t conf_len, man_len;
    struct config *c = NULL;
    struct gad_diag d = {""};

    assert_non_null(root);
    (void)snprintf(path, sizeof(path), "%s/conf/ganadd.conf", root);
    assert_int_equal(gad_file_read(path, 1 << 20, &conf, &conf_len, &d), 0);
    for (size_t i = 0; i < 10; i++) {
        (void)snprintf(path, sizeof(path), "%s/conf/%s", root, pages[i]);
        assert_int_equal(gad_file_read(path, 1 << 20, &man[i], &man_len, &d), 0);
    }

    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *k = &config_keys[i];
        (void)snprintf(line, sizeof(line), "\n[%s", k->section);
        char *in_conf = strstr((char *)conf, line);
        assert_non_null(in_conf);
        if (!k->fallback)
            (void)snprintf(line, sizeof(line), "\n%s = ", k->name);
        else
            (void)snprintf(line, sizeof(line), "\n#%s =%s%s\n", k->name, *k->fallback ? " " : "",
                           k->fallback);
        char *key = strstr(in_conf, line), *next = strstr(in_conf + 1, "\n[");
        if (!key || (next && key > next))
            fail_msg("ganadd.conf does not have '%s' in [%s]", line + 1, k->section);
        bool is_described = false;
        for (size_t page = 0; page < 10; page++)
            is_described = is_described || describes((char *)man[page], k);
        if (!is_described)
            fail_msg("the manual does not have '%s' in section %s", k->name, k->section);
    }
    if (config_parse("ganadd.conf", (char *)conf, conf_len, &c, &d) != 0)
        fail_msg("%s", d.text);
    config_free(c);
    gad_free(conf);
    for (size_t i = 0; i < 10; i++)
        gad_free(man[i]);
}

static void every_failed_allocation_is_an_error(void **state)
{
    (void)state;
    const char *text = "[scoring]\ntcp = a:1\n" MODEL;

    for (long k = 1;; k++) {
        struct config *c = NULL;
        struct gad_diag d = {""};
        (void)gad_mem_fail_at(k);
        int r = parse(text, &c, &d);
        long used = gad_mem_fail_at(0);
        if (r == 0) {
            config_free(c);
            assert_true(used < k);
            return;
        }
        assert_null(c);
        assert_true(d.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_where_nothing_is_said),
        cmocka_unit_test(every_kind_of_value_is_understood),
        cmocka_unit_test(what_is_not_known_is_refused_with_the_nearest),
        cmocka_unit_test(values_of_the_wrong_kind_are_refused),
        cmocka_unit_test(ranges_are_kept),
        cmocka_unit_test(lines_that_are_no_ini_are_refused),
        cmocka_unit_test(long_comments_and_indented_lines_are_fine),
        cmocka_unit_test(a_key_twice_in_one_file_is_refused),
        cmocka_unit_test(what_no_single_key_shows_is_refused),
        cmocka_unit_test(there_may_be_sixteen_models),
        cmocka_unit_test_setup_teardown(later_files_win, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_named, make_directory,
                                        remove_directory),
        cmocka_unit_test(a_dump_reads_back_the_same),
        cmocka_unit_test(the_shipped_file_and_the_manual_know_every_key),
        cmocka_unit_test(every_failed_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
