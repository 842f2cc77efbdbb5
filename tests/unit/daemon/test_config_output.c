/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/credential.h"
#include "lib/base/diag.h"
#include "lib/event/format.h"
#include "tests/unit/test.h"

#define MODEL "[model m]\ncheckpoint = /m.ckpt\n"

static void refused(const char *text, const char *why)
{
    struct gad_diag d = {""};
    struct config *c = NULL;

    assert_true(config_parse("t.conf", text, strlen(text), &c, &d) < 0);
    assert_null(c);
    assert_string_equal(d.text, why);
}

static void outputs_have_what_their_type_needs(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want; /* behind the line of the type */
    } rows[] = {
        {"type = tcp\nto = /x", "key 'to': needs HOST:PORT"},
        {"type = unix\nto = x", "key 'to': needs an absolute path"},
        {"type = file", "key 'to': needs an absolute path"},
        {"type = stdout\nto = /x", "key 'to': must be empty for type stdout"},
        {"type = journal", "type journal requires format journal, and the reverse"},
        {"type = file\nto = /x\nformat = journal",
         "type journal requires format journal, and the reverse"},
        {"type = udp\nto = a:1\nframing = octets",
         "key 'framing': each datagram is one event and needs no framing"},
        {"type = tls\nto = a:1\nkey = /k", "'certificate' and 'key' have to be set together"},
    };
    char text[256], want[256];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)snprintf(text, sizeof(text), MODEL "[output o]\n%s\n", rows[i].text);
        (void)snprintf(want, sizeof(want), "t.conf:4: section 'output o': %s", rows[i].want);
        refused(text, want);
    }
    refused(MODEL "[output o]\nto = /x\n", "t.conf: section 'output o': key 'type' is missing");
    refused(MODEL "[output o]\ntype = tcp\nto = a:1\nca = /x\n",
            "t.conf:6: key 'ca': is for type tls, but the type is tcp");
    refused(MODEL "[output o]\ntype = stdout\nevents = alert, los\n",
            "t.conf:5: key 'events': 'los' is not one of alert, heartbeat, stats, loss, model, "
            "blind and limit");
    refused(MODEL "[output o]\ntype = stdout\nevents = ,\n",
            "t.conf:5: key 'events': names no event kind");
    refused(MODEL "[spool]\nquota = 1M\nsegment = 1M\n",
            "t.conf: [spool] segment is more than half of quota");
}

static void a_key_may_be_a_credential(void **state)
{
    (void)state;
    static const char *const wrong[] = {"credential:", "credential:a/b", "credential:..",
                                        "credential:."};
    char text[256], want[256], buf[32];
    struct config *c = NULL;
    struct gad_diag d = {""};
    const char *path = NULL;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        (void)snprintf(text, sizeof(text), MODEL "[output o]\ntype = tls\nkey = %s\n", wrong[i]);
        (void)snprintf(want, sizeof(want),
                       "t.conf:5: key 'key': '%s' does not name a credential: the name has to be "
                       "a file name",
                       wrong[i]);
        refused(text, want);
    }
    refused(MODEL "[output o]\ntype = tls\nkey = key.pem\n",
            "t.conf:5: key 'key': 'key.pem' is not an absolute path");
    refused(MODEL "[output o]\ntype = file\nto = credential:x\n",
            "t.conf:4: section 'output o': key 'to': needs an absolute path");
    const char *good =
        MODEL "[output o]\ntype = tls\nto = a:1\nca = /ca\ncertificate = credential:c.pem\n"
              "key = credential:k\n";
    assert_int_equal(config_parse("t.conf", good, strlen(good), &c, &d), 0);
    assert_string_equal(c->output[0].key, "credential:k");

    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(credential_path(c->output[0].ca, buf, sizeof(buf), &path, &d), 0);
    assert_string_equal(path, "/ca");
    assert_int_equal(credential_path(c->output[0].key, buf, sizeof(buf), &path, &d), GAD_EUNKNOWN);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/g", 1), 0);
    assert_int_equal(credential_path(c->output[0].key, buf, sizeof(buf), &path, &d), 0);
    assert_string_equal(path, "/run/credentials/g/k");
    assert_int_equal(credential_path(c->output[0].key, buf, 20, &path, &d), GAD_ELIMIT);
    assert_int_equal(credential_path(c->output[0].key, buf, 21, &path, &d), 0);
    config_free(c);
}

/* The table of keys has the names in a text of its own. */
static void formats_are_those_of_the_library(void **state)
{
    (void)state;
    const struct gad_format *f;

    for (size_t i = 0; (f = gad_format_at(i)) != NULL; i++) {
        const char *at = strstr("|" CONFIG_FORMATS "|", f->name);
        assert_non_null(at);
        assert_true(at[-1] == '|' && at[strlen(f->name)] == '|');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_have_what_their_type_needs),
        cmocka_unit_test(a_key_may_be_a_credential),
        cmocka_unit_test(formats_are_those_of_the_library),
    };
    return cmocka_run_group_tests_name("config_output", tests, NULL, NULL);
}
