/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/community_id.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/data.h"
#include "tests/unit/test.h"

struct packet {
    struct gad_tuple t;
    uint8_t type, code;
};

static void set_address(uint8_t *dst, uint8_t *family, const char *text)
{
    *family = strchr(text, ':') ? 6 : 4;
    assert_int_equal(inet_pton(*family == 6 ? AF_INET6 : AF_INET, text, dst), 1);
}

static struct packet packet(uint8_t proto, const char *src, unsigned sport, const char *dst,
                            unsigned dport)
{
    struct packet p = {.t = {.proto = proto}};

    set_address(p.t.src, &p.t.family, src);
    set_address(p.t.dst, &p.t.family, dst);
    if (proto == GAD_IP_ICMP || proto == GAD_IP_ICMP6) {
        p.type = (uint8_t)sport;
        p.code = (uint8_t)dport;
    } else {
        p.t.src_port = (uint16_t)sport;
        p.t.dst_port = (uint16_t)dport;
    }
    return p;
}

static const char *id_of(uint16_t seed, const struct packet *p, char text[GAD_COMMUNITY_ID_TEXT])
{
    gad_cleanup(gad_community_id_freep) struct gad_community_id *c = NULL;
    char again[GAD_COMMUNITY_ID_TEXT];

    assert_int_equal(gad_community_id_new(seed, &c), 0);
    gad_community_id_text(c, &p->t, p->type, p->code, text);
    gad_community_id_text(c, &p->t, p->type, p->code, again); /* nothing of the first stays in it */
    assert_string_equal(text, again);
    return text;
}

/* Values of the specification's own table of examples. */
static void the_published_examples_come_out(void **state)
{
    (void)state;
    char text[GAD_COMMUNITY_ID_TEXT];
    struct packet p = packet(GAD_IP_TCP, "128.232.110.120", 34855, "66.35.250.204", 80);

    assert_string_equal(id_of(0, &p, text), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    assert_string_equal(id_of(1, &p, text), "1:3V71V58M3Ksw/yuFALMcW0LAHvc=");
    p = packet(GAD_IP_TCP, "66.35.250.204", 80, "128.232.110.120", 34855);
    assert_string_equal(id_of(0, &p, text), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    p = packet(GAD_IP_UDP, "192.168.1.52", 54585, "8.8.8.8", 53);
    assert_string_equal(id_of(0, &p, text), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
    p = packet(GAD_IP_ICMP, "192.168.0.89", 8, "192.168.0.1", 0);
    assert_string_equal(id_of(0, &p, text), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    p = packet(GAD_IP_ICMP, "192.168.0.1", 0, "192.168.0.89", 0);
    assert_string_equal(id_of(0, &p, text), "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    p = packet(GAD_IP_ICMP6, "fe80::200:86ff:fe05:80da", 135, "fe80::260:97ff:fe07:69ea", 0);
    assert_string_equal(id_of(0, &p, text), "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
}

static void a_message_without_a_counterpart_keeps_its_direction(void **state)
{
    (void)state;
    char there[GAD_COMMUNITY_ID_TEXT], back[GAD_COMMUNITY_ID_TEXT];
    struct packet a = packet(GAD_IP_ICMP, "10.0.0.1", 11, "10.0.0.2", 0);
    struct packet b = packet(GAD_IP_ICMP, "10.0.0.2", 11, "10.0.0.1", 0);

    assert_string_not_equal(id_of(0, &a, there), id_of(0, &b, back));
}

static void an_unknown_family_has_no_id(void **state)
{
    (void)state;
    char text[GAD_COMMUNITY_ID_TEXT];
    struct packet p = {.t = {.proto = GAD_IP_TCP}};

    assert_string_equal(id_of(0, &p, text), "");
}

static unsigned port_of(const json_t *v)
{
    return json_is_integer(v) ? (unsigned)json_integer_value(v) : 0;
}

/* "1:" and the same bytes in hex. */
static void to_hex(const char *text, char hex[static 64])
{
    uint8_t sum[24];

    assert_int_equal(EVP_DecodeBlock(sum, (const uint8_t *)text + 2, 28), 21);
    (void)snprintf(hex, 64, "1:");
    for (size_t i = 0; i < 20; i++)
        (void)snprintf(hex + 2 + 2 * i, 3, "%02x", sum[i]);
}

static void compare_baseline(const char *file, uint16_t seed, bool base64)
{
    char path[DATA_PATH_MAX], text[GAD_COMMUNITY_ID_TEXT], hex[64];
    json_error_t e;
    const json_t *item;
    size_t i;

    if (!find_data(file, path))
        return;
    json_t *all = json_load_file(path, 0, &e);
    assert_non_null(all);
    assert_int_equal(json_array_size(all), 23);
    json_array_foreach(all, i, item)
    {
        struct packet p = packet((uint8_t)json_integer_value(json_object_get(item, "proto")),
                                 json_string_value(json_object_get(item, "saddr")),
                                 port_of(json_object_get(item, "sport")),
                                 json_string_value(json_object_get(item, "daddr")),
                                 port_of(json_object_get(item, "dport")));
        (void)id_of(seed, &p, text);
        if (!base64)
            to_hex(text, hex);
        assert_string_equal(base64 ? text : hex,
                            json_string_value(json_object_get(item, "communityid")));
    }
    json_decref(all);
}

static void every_baseline_of_the_specification_comes_out(void **state)
{
    (void)state;
    compare_baseline("community-id/baseline_deflt.json", 0, true);
    compare_baseline("community-id/baseline_seed1.json", 1, true);
    compare_baseline("community-id/baseline_nob64.json", 0, false);
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    struct gad_community_id *c = NULL;

    (void)gad_mem_fail_at(1);
    assert_int_equal(gad_community_id_new(0, &c), GAD_ENOMEM);
    (void)gad_mem_fail_at(0);
    assert_null(c);
    gad_community_id_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_examples_come_out),
        cmocka_unit_test(a_message_without_a_counterpart_keeps_its_direction),
        cmocka_unit_test(an_unknown_family_has_no_id),
        cmocka_unit_test(every_baseline_of_the_specification_comes_out),
        cmocka_unit_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests_name("community_id", tests, NULL, NULL);
}
