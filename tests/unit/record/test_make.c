/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/make.h"

#include <string.h>

#include "lib/flow/conn.h"
#include "lib/record/community_id.h"
#include "lib/record/record.h"
#include "lib/record/service.h"
#include "tests/unit/test.h"

static struct gad_services *services;

static int make_services(void **state)
{
    (void)state;
    return gad_services_new(&services);
}

static int free_services(void **state)
{
    (void)state;
    gad_services_free(services);
    return 0;
}

/* An http connection of 2.5 s with everything in it. */
static struct gad_conn full_conn(uint8_t proto, enum gad_conn_state state)
{
    struct gad_conn c = {
        .tuple = {.family = 4,
                  .proto = proto,
                  .src_port = 33000,
                  .dst_port = 80,
                  .src = {10, 0, 0, 1},
                  .dst = {10, 0, 0, 2}},
        .start = {1000000000},
        .end = {9999999999},
        .duration = {2999999999},
        .decided = {9000000000},
        .state = state,
        .src_bytes = 11,
        .dst_bytes = 22,
        .wrong_fragment = 3,
        .urgent = 4,
        .content = {.hot = 5,
                    .num_failed_logins = 6,
                    .num_compromised = 7,
                    .num_root = 8,
                    .num_file_creations = 9,
                    .num_shells = 10,
                    .num_access_files = 11,
                    .num_outbound_cmds = 12,
                    .logged_in = 1,
                    .root_shell = 1,
                    .su_attempted = 2,
                    .is_host_login = 1,
                    .is_guest_login = 1},
    };
    return c;
}

static struct gad_record make(const struct gad_conn *c)
{
    struct gad_record r;

    memset(&r, 0xa5, sizeof(r)); /* what is not set would show */
    gad_record_make(services, c, &r);
    assert_int_equal(gad_record_check(&r), -1);
    return r;
}

static void every_feature_is_where_it_belongs(void **state)
{
    (void)state;
    struct gad_conn c = full_conn(GAD_IP_TCP, GAD_CONN_SF);
    struct gad_record r = make(&c);
    const double want[GAD_COUNT] = {2,
                                    GAD_PROTOCOL_TCP,
                                    r.v[GAD_SERVICE],
                                    GAD_FLAG_SF,
                                    11,
                                    22,
                                    0,
                                    3,
                                    4,
                                    5,
                                    6,
                                    1,
                                    7,
                                    1,
                                    2,
                                    8,
                                    9,
                                    10,
                                    11,
                                    12,
                                    1,
                                    1};

    assert_memory_equal(r.v, want, sizeof(want));
    assert_string_equal(gad_name_text(GAD_SERVICE, (int)r.v[GAD_SERVICE]), "http");
    for (int i = GAD_COUNT; i < GAD_N_COLUMNS; i++)
        assert_true(r.v[i] == 0.0);
    assert_memory_equal(&r.tuple, &c.tuple, sizeof(c.tuple));
    assert_true(r.start.ns == c.start.ns && r.end.ns == c.end.ns);
    assert_string_equal(r.community_id, "");
}

static void states_are_flags_and_some_have_no_payload(void **state)
{
    (void)state;
    static const struct {
        enum gad_conn_state state;
        const char *flag;
        bool payload, logged_in;
    } t[] = {
        {GAD_CONN_SF, "SF", true, true},     {GAD_CONN_S1, "S1", true, true},
        {GAD_CONN_S2, "S2", true, true},     {GAD_CONN_S3, "S3", true, true},
        {GAD_CONN_RSTR, "RSTR", true, true}, {GAD_CONN_RSTO, "RSTO", true, true},
        {GAD_CONN_S0, "S0", true, false},    {GAD_CONN_REJ, "REJ", false, false},
        {GAD_CONN_SH, "SH", false, false},   {GAD_CONN_RSTOS0, "RSTOS0", false, false},
        {GAD_CONN_OTH, "OTH", false, false}, {GAD_CONN_RSTRH, "OTH", false, false},
        {GAD_CONN_SHR, "OTH", false, false},
    };
    assert_int_equal(sizeof(t) / sizeof(t[0]), GAD_N_CONN_STATES);

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct gad_conn c = full_conn(GAD_IP_TCP, t[i].state);
        struct gad_record r = make(&c);
        assert_string_equal(gad_name_text(GAD_FLAG, (int)r.v[GAD_FLAG]), t[i].flag);
        assert_true(r.v[GAD_SRC_BYTES] == (t[i].payload ? 11.0 : 0.0));
        assert_true(r.v[GAD_DST_BYTES] == (t[i].payload ? 22.0 : 0.0));
        assert_true(r.v[GAD_LOGGED_IN] == (t[i].logged_in ? 1.0 : 0.0));
        for (int col = GAD_HOT; col <= GAD_IS_GUEST_LOGIN; col++)
            assert_true(t[i].payload || r.v[col] == 0.0);
        assert_true(r.v[GAD_URGENT] == 4.0);
    }
}

static void udp_and_icmp_are_always_sf_and_have_no_content(void **state)
{
    (void)state;
    static const uint8_t protos[] = {GAD_IP_UDP, GAD_IP_ICMP, GAD_IP_ICMP6};

    for (size_t i = 0; i < sizeof(protos); i++) {
        struct gad_conn c = full_conn(protos[i], GAD_CONN_OTH);
        struct gad_record r = make(&c);
        bool udp = protos[i] == GAD_IP_UDP;
        assert_true(r.v[GAD_PROTOCOL_TYPE] == (udp ? GAD_PROTOCOL_UDP : GAD_PROTOCOL_ICMP));
        assert_true(r.v[GAD_FLAG] == GAD_FLAG_SF);
        assert_true(r.v[GAD_SRC_BYTES] == 11.0);
        assert_true(r.v[GAD_DST_BYTES] == (udp ? 22.0 : 0.0));
        assert_true(r.v[GAD_DURATION] == (udp ? 2.0 : 0.0));
        for (int col = GAD_HOT; col <= GAD_IS_GUEST_LOGIN; col++)
            assert_true(r.v[col] == 0.0);
    }
}

static void an_icmp_message_has_the_service_of_its_type(void **state)
{
    (void)state;
    struct gad_conn c = full_conn(GAD_IP_ICMP, GAD_CONN_SF);

    c.tuple.src_port = c.tuple.dst_port = 0;
    c.icmp_type = 3;
    c.icmp_code = 3;
    assert_string_equal(gad_name_text(GAD_SERVICE, (int)make(&c).v[GAD_SERVICE]), "urp_i");
}

static void a_duration_is_whole_seconds_cut(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        double want;
    } t[] = {{0, 0},
             {999999999, 0},
             {1000000000, 1},
             {1999999999, 1},
             {2000000000, 2},
             {-5000000000, 0},
             {4294967295999999999, 4294967295.0},
             {4294967296000000000, 4294967295.0},
             {INT64_MAX, 4294967295.0},
             {INT64_MIN, 0}};

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct gad_conn c = full_conn(GAD_IP_TCP, GAD_CONN_SF);
        c.duration.ns = t[i].ns;
        assert_true(make(&c).v[GAD_DURATION] == t[i].want);
    }
}

static void land_is_the_same_address_and_port(void **state)
{
    (void)state;
    struct gad_conn c = full_conn(GAD_IP_TCP, GAD_CONN_S0);

    c.tuple.src_port = 80;
    assert_true(make(&c).v[GAD_LAND] == 0.0);
    memcpy(c.tuple.src, c.tuple.dst, sizeof(c.tuple.src));
    assert_true(make(&c).v[GAD_LAND] == 1.0);
    c.tuple.src_port = 81;
    assert_true(make(&c).v[GAD_LAND] == 0.0);
    c.tuple.src_port = 80;
    c.tuple.src[15] = 1;
    assert_true(make(&c).v[GAD_LAND] == 0.0);
    c.tuple.src[15] = 0;
    c.tuple.proto = GAD_IP_ICMP;
    assert_true(make(&c).v[GAD_LAND] == 0.0);
}

static void what_is_too_large_is_the_largest(void **state)
{
    (void)state;
    struct gad_conn c = full_conn(GAD_IP_TCP, GAD_CONN_SF);

    c.src_bytes = c.dst_bytes = c.src_packets = UINT64_MAX;
    c.dst_packets = 7;
    c.wrong_fragment = c.urgent = UINT32_MAX;
    memset(&c.content, 0xff, sizeof(c.content));
    struct gad_record r = make(&c);
    assert_true(r.v[GAD_SRC_BYTES] == 9007199254740992.0);
    assert_true(r.src_packets == UINT32_MAX && r.dst_packets == 7);
    assert_true(r.v[GAD_URGENT] == 4294967295.0);
    assert_true(r.v[GAD_HOT] == 65535.0);
    assert_true(r.v[GAD_SU_ATTEMPTED] == 2.0);
    assert_true(r.v[GAD_IS_GUEST_LOGIN] == 1.0);
}

static void a_community_id_is_there_if_asked_for(void **state)
{
    (void)state;
    gad_cleanup(gad_community_id_freep) struct gad_community_id *id = NULL;
    struct gad_conn c = full_conn(GAD_IP_TCP, GAD_CONN_SF);
    struct gad_record r;

    assert_int_equal(gad_community_id_new(0, &id), 0);
    c.tuple = (struct gad_tuple){.family = 4,
                                 .proto = GAD_IP_TCP,
                                 .src_port = 34855,
                                 .dst_port = 80,
                                 .src = {128, 232, 110, 120},
                                 .dst = {66, 35, 250, 204}};
    gad_record_make(services, &c, &r);
    assert_true(r.id_follows);
    assert_string_equal(r.community_id, "");
    gad_record_identify(id, &r);
    assert_false(r.id_follows);
    assert_string_equal(r.community_id, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    memset(r.community_id, 'x', 3); /* of a record that has one: it stays */
    gad_record_identify(id, &r);
    assert_memory_equal(r.community_id, "xxx", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_feature_is_where_it_belongs),
        cmocka_unit_test(states_are_flags_and_some_have_no_payload),
        cmocka_unit_test(udp_and_icmp_are_always_sf_and_have_no_content),
        cmocka_unit_test(an_icmp_message_has_the_service_of_its_type),
        cmocka_unit_test(a_duration_is_whole_seconds_cut),
        cmocka_unit_test(land_is_the_same_address_and_port),
        cmocka_unit_test(what_is_too_large_is_the_largest),
        cmocka_unit_test(a_community_id_is_there_if_asked_for),
    };
    return cmocka_run_group_tests_name("make", tests, make_services, free_services);
}
