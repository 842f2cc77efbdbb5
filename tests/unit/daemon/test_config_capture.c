/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/config.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/net/decode.h"
#include "tests/unit/test.h"

#define MODEL "[model m]\ncheckpoint = /m.ckpt\n"

static int parse(const char *text, struct config **ret, struct gad_diag *d)
{
    return config_parse("t.conf", text, strlen(text), ret, d);
}

static void refused(const char *text, const char *why)
{
    struct gad_diag d = {""};
    struct config *c = NULL;

    assert_true(parse(text, &c, &d) < 0);
    assert_null(c);
    assert_string_equal(d.text, why);
}

static void a_capture_has_an_interface_or_files(void **state)
{
    (void)state;
    struct config *c = NULL;

    assert_int_equal(parse(MODEL "[capture a]\ninterface = lo\nfilter = tcp port 80\ntunnels = 8\n"
                                 "[capture off]\n[capture b-1]\ninterface = any\n"
                                 "[records]\nservices = tcp/8080 = http\n[scoring]\nunix =\n",
                           &c, NULL),
                     0);
    assert_int_equal(c->n_captures, 3);
    assert_int_equal(config_n_captures_used(c), 2);
    assert_string_equal(c->capture[0].name, "a");
    assert_string_equal(c->capture[0].filter, "tcp port 80");
    assert_int_equal(c->capture[0].tunnels, 8);
    assert_string_equal(c->capture[2].checksums, "ignore");
    assert_true(c->capture[2].promiscuous);
    assert_string_equal(c->records.services, "tcp/8080 = http");
    config_free(c);
    refused(MODEL "[capture a]\ninterface = lo\nfile = /a\n",
            "t.conf: section 'capture a': has more than one of interface, file and directory");
    refused(MODEL "[capture a]\ndirectory = /d\nfile = /a\n",
            "t.conf: section 'capture a': has more than one of interface, file and directory");
    refused(MODEL "[capture a]\ninterface = lo\n[capture b]\nfile = /a\n",
            "t.conf: the [capture NAME] sections must be either all interfaces or all files and "
            "directories");
    refused(MODEL "[capture a]\ninterface = lo\n[capture b]\ndirectory = /a\n",
            "t.conf: the [capture NAME] sections must be either all interfaces or all files and "
            "directories");
    assert_int_equal(parse(MODEL
                           "[capture a]\nfile = /a\n[capture b]\ndirectory = /d\nwatch = no\n"
                           "[capture c]\ndirectory = /e\npoll = 1s\nsettle = 0s\ndelete = yes\n",
                           &c, NULL),
                     0);
    assert_int_equal(config_n_captures_used(c), 3);
    assert_string_equal(c->capture[1].directory, "/d");
    assert_false(c->capture[1].watch);
    assert_true(c->capture[2].watch && c->capture[2].delete_done);
    assert_int_equal(c->capture[2].poll.ns, 1000000000);
    assert_int_equal(c->capture[2].settle.ns, 0);
    config_free(c);
    refused(MODEL "[capture a]\ntunnels = 9\n",
            "t.conf:4: key 'tunnels': '9' is out of range 0 .. 8");
    refused(MODEL "[capture a]\ntunnels = 1\ntunnel_kinds = gre, vxlam\n",
            "t.conf:5: key 'tunnel_kinds': 'vxlam' is not a supported tunnel; did you mean "
            "'vxlan'?");
    refused(MODEL "[capture a]\ntunnel_kinds =\n",
            "t.conf:4: key 'tunnel_kinds': the name of a tunnel is missing");
    refused("[capture]\n", "t.conf:1: section 'capture': needs a name, as in [capture NAME]");
}

/* A depth without kinds opens all but ERSPAN, as it did when that was the default. */
static void tunnels_have_kinds_and_ports(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned kinds;
    } sections[] = {{"", GAD_TUNNELS_HOSTS},
                    {"tunnels = 2\n", GAD_TUNNELS_USUAL},
                    {"tunnel_kinds = gtp\n", GAD_TUNNEL_GTP},
                    {"tunnel_kinds = gtp\ntunnels = 4\n", GAD_TUNNEL_GTP}};
    struct config *c = NULL;
    unsigned kinds = 0;

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        char text[512];
        (void)snprintf(text, sizeof(text), MODEL "[capture a]\nfile = /a\n%s", sections[i].text);
        assert_int_equal(parse(text, &c, NULL), 0);
        assert_int_equal(gad_tunnel_kinds(c->capture[0].tunnel_kinds, &kinds, NULL), 0);
        assert_int_equal(kinds, sections[i].kinds);
        assert_string_equal(c->capture[0].vxlan_ports, "4789");
        config_free(c);
    }
    assert_int_equal(parse(MODEL "[capture a]\nvxlan_ports = 4789, 8472\ngeneve_ports = 1\n"
                                 "gtp_ports = 65535\n",
                           &c, NULL),
                     0);
    assert_string_equal(c->capture[0].vxlan_ports, "4789, 8472");
    config_free(c);
    refused(MODEL "[capture a]\nvxlan_ports = 4789;8472\n",
            "t.conf:4: key 'vxlan_ports': '4789;8472' is not a port, 1 to 65535");
    refused(MODEL "[capture a]\ngeneve_ports =\n",
            "t.conf:4: key 'geneve_ports': '' is not a port, 1 to 65535");
    refused(MODEL "[capture a]\ngtp_ports = 1,2,3,4,5,6,7,8,9\n",
            "t.conf:4: key 'gtp_ports': more than 8 ports");
}

/* A configuration without sockets is one for -r, or for captures. */
static void records_must_come_from_somewhere(void **state)
{
    (void)state;
    struct gad_diag d = {""};
    struct config *c = NULL;
    const char *file = "-";

    assert_int_equal(parse(MODEL "[capture a]\n[scoring]\nunix =\n", &c, NULL), 0);
    assert_int_equal(config_check_input(c, &d), GAD_EINVAL);
    assert_string_equal(d.text,
                        "t.conf: [scoring] has neither unix, tcp nor tls, and no capture is "
                        "configured: nothing can be scored");
    assert_int_equal(config_read_files(c, &file, 1, NULL), 0);
    assert_int_equal(config_check_input(c, NULL), 0);
    config_free(c);
    c = NULL;
    assert_int_equal(parse(MODEL "[capture a]\ninterface = lo\n[scoring]\nunix =\n", &c, NULL), 0);
    assert_int_equal(config_check_input(c, NULL), 0);
    config_free(c);
    c = NULL;
    assert_int_equal(parse(MODEL "[scoring]\nunix =\ntcp = 127.0.0.1:1\n", &c, NULL), 0);
    assert_int_equal(config_check_input(c, NULL), 0);
    config_free(c);
}

static void a_map_of_services_is_checked(void **state)
{
    (void)state;
    struct config *c = NULL;
    struct gad_diag d = {""};

    assert_int_equal(parse(MODEL "[records]\nservices = tcp/80 = no_such\n", &c, &d), GAD_EUNKNOWN);
    assert_memory_equal(d.text, "t.conf:4: key 'services': ", 26);
}

static void files_take_the_place_of_captures(void **state)
{
    (void)state;
    const char *const files[] = {"-", "a.pcap"};
    const char *const many[CONFIG_CAPTURES_MAX + 1] = {0};
    struct config *c = NULL;

    assert_int_equal(parse(MODEL "[capture a]\ninterface = lo\n", &c, NULL), 0);
    assert_int_equal(config_read_files(c, many, CONFIG_CAPTURES_MAX + 1, NULL), GAD_ELIMIT);
    assert_int_equal(config_read_files(c, files, 2, NULL), 0);
    assert_int_equal(c->n_captures, 2);
    assert_string_equal(c->capture[0].file, "-");
    assert_string_equal(c->capture[0].interface, "");
    assert_string_equal(c->capture[1].file, "a.pcap");
    assert_int_equal(c->capture[1].max_flows, 131072);
    assert_string_equal(c->scoring.unix_path, "");
    assert_string_equal(c->control.unix_path, "");
    assert_int_equal(c->n_outputs, 1);
    assert_string_equal(c->output[0].type, "stdout");
    assert_string_equal(c->output[0].format, "json");
    config_free(c);
    c = NULL;
    assert_int_equal(parse(MODEL "[output o]\ntype = file\nto = /a\n", &c, NULL), 0);
    assert_int_equal(config_read_files(c, files, 1, NULL), 0);
    assert_int_equal(c->n_outputs, 1);
    assert_string_equal(c->output[0].type, "file");
    config_free(c);
}

/* n files read with what @text has. */
static struct config *files_with(const char *text, size_t n)
{
    static const char *const files[] = {"-", "/tmp"};
    struct config *c = NULL;

    assert_int_equal(parse(text, &c, NULL), 0);
    assert_int_equal(config_read_files(c, files, n, NULL), 0);
    assert_int_equal(c->n_captures, n);
    return c;
}

static void files_are_read_as_the_only_capture_is(void **state)
{
    (void)state;
    struct config *c =
        files_with(MODEL "[capture off]\nfilter = tcp\n[capture a]\ndirectory = /d\ntunnels = 2\n"
                         "filter = udp\nby_vlan = yes\ndelete = yes\npoll = 1s\n",
                   2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(c->capture[i].filter, "udp");
        assert_int_equal(c->capture[i].tunnels, 2);
        assert_true(c->capture[i].by_vlan);
        assert_false(c->capture[i].delete_done || c->capture[i].watch);
        assert_string_equal(c->capture[i].checksums, "ignore");
    }
    assert_string_equal(c->capture[0].file, "-");
    assert_string_equal(c->capture[0].directory, "");
    assert_string_equal(c->capture[1].file, "");
    assert_string_equal(c->capture[1].directory, "/tmp");
    struct gad_buf dump = GAD_BUF_INIT(1 << 20);
    config_dump(c, &dump);
    gad_buf_add(&dump, "", 1);
    assert_false(dump.bad);
    assert_non_null(strstr((const char *)dump.p, "filter = udp ; t.conf:8\n"));
    gad_buf_deinit(&dump);
    config_free(c);

    c = files_with(MODEL "[capture off]\ntunnels = 2\n",
                   1); /* none is used, and there is but one */
    assert_int_equal(c->capture[0].tunnels, 2);
    config_free(c);
    c = files_with(MODEL "[capture a]\ntunnels = 4\n[capture b]\ntunnels = 3\n", 1);
    assert_int_equal(c->capture[0].tunnels, 2);
    config_free(c);
    c = files_with(MODEL "[capture a]\nfile = /a\ntunnels = 4\n[capture b]\nfile = /b\n", 1);
    assert_int_equal(c->capture[0].tunnels, 2);
    config_free(c);
}

static void every_failed_allocation_of_files_is_an_error(void **state)
{
    (void)state;
    static const char *const files[] = {"-", "/tmp"};
    int r = GAD_ENOMEM;

    for (long k = 1; r != 0; k++) {
        struct config *c = NULL;
        assert_int_equal(parse(MODEL "[capture a]\nfile = /d\ntunnels = 2\n", &c, NULL), 0);
        (void)gad_mem_fail_at(k);
        r = config_read_files(c, files, 2, NULL);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || r == GAD_ENOMEM);
        assert_true(r != 0 || k > 4);
        config_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capture_has_an_interface_or_files),
        cmocka_unit_test(tunnels_have_kinds_and_ports),
        cmocka_unit_test(records_must_come_from_somewhere),
        cmocka_unit_test(a_map_of_services_is_checked),
        cmocka_unit_test(files_take_the_place_of_captures),
        cmocka_unit_test(files_are_read_as_the_only_capture_is),
        cmocka_unit_test(every_failed_allocation_of_files_is_an_error),
    };
    return cmocka_run_group_tests_name("config_capture", tests, NULL, NULL);
}
