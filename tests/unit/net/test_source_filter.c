/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/source_filter.h"

#include <string.h>

#include "lib/base/diag.h"
#include "tests/unit/test.h"

enum { ETHERNET = 1, RAW = 12, SLL = 113, SLL2 = 276, LEN = 80 };

/* An IPv4 packet to TCP port 80, behind @n tags on Ethernet. */
static size_t frame(uint8_t p[static LEN], unsigned n)
{
    static const uint8_t ip[] = {0x45, 0, 0, 40, 0,  0, 0, 0, 64, 6, 0, 0,
                                 10,   0, 0, 1,  10, 0, 0, 2, 9,  9, 0, 80};
    size_t at = 12;

    memset(p, 0, LEN);
    for (unsigned i = 0; i < n; i++) {
        p[at] = 0x81;
        at += 4;
    }
    p[at] = 8;
    memcpy(p + at + 2, ip, sizeof(ip));
    return at + 2 + 40;
}

static bool takes(const char *text, int link_type, const uint8_t *p, size_t len)
{
    gad_cleanup(gad_filter_freep) struct gad_filter *f = NULL;
    struct gad_diag d = {""};

    assert_int_equal(gad_filter_new(text, link_type, &f, &d), 0);
    return gad_filter_takes(f, link_type, p, len, len);
}

static void it_takes_by_the_link_type(void **state)
{
    (void)state;
    gad_cleanup(gad_filter_freep) struct gad_filter *f = NULL;
    struct gad_diag d = {""};
    uint8_t p[LEN];
    size_t len = frame(p, 0);

    assert_int_equal(gad_filter_new("tcp port 80", ETHERNET, &f, &d), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(gad_filter_takes(f, ETHERNET, p, len, len));
        assert_false(gad_filter_takes(f, RAW, p, len, len));
        assert_true(gad_filter_takes(f, RAW, p + 14, len - 14, len - 14));
    }
    for (int link = 200; link < 230; link++) /* more than it keeps */
        (void)gad_filter_takes(f, link, p, len, len);
    assert_true(gad_filter_takes(f, RAW, p + 14, len - 14, len - 14));
    gad_filter_free(gad_steal(&f));
    assert_int_equal(gad_filter_new("ether host 1:2:3:4:5:6", RAW, &f, &d), GAD_EINVAL);
    assert_non_null(strstr(d.text, "filter 'ether host 1:2:3:4:5:6': "));
    assert_int_equal(gad_filter_new("ether host 0:0:0:0:0:0", ETHERNET, &f, &d), 0);
    assert_false(gad_filter_takes(f, RAW, p + 14, len - 14, len - 14)); /* no such filter there */
    assert_true(gad_filter_takes(f, ETHERNET, p, len, len));
}

/* What it proposes takes the frames. */
static void tags_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *text, *proposed;
        unsigned tags;
    } cases[] = {
        {"tcp port 80", NULL, 0},
        {"tcp port 80", "'vlan and (tcp port 80)'", 1},
        {"tcp port 80", "'vlan and vlan and (tcp port 80)'", 2},
        {"vlan and tcp port 81", NULL, 1},
        {"vlan and tcp port 80", "'vlan and (vlan and tcp port 80)'", 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gad_filter_refused r = {.frames = 0}, sum = {.frames = 1};
        struct gad_diag d = {""};
        uint8_t p[LEN];
        size_t len = frame(p, cases[i].tags);
        for (size_t n = 0; n <= len; n++)
            gad_filter_count(&r, ETHERNET, p, n);
        gad_filter_add(&sum, &r);
        assert_int_equal(sum.frames, len + 2);
        r = (struct gad_filter_refused){.frames = 0};
        gad_filter_count(&r, ETHERNET, p, len);
        assert_int_equal(gad_filter_hint(cases[i].text, &r, &d), cases[i].proposed != NULL);
        if (!cases[i].proposed)
            continue;
        assert_false(takes(cases[i].text, ETHERNET, p, len));
        char *text = strstr(d.text, cases[i].proposed);
        assert_non_null(text);
        text[strlen(text) - 1] = '\0';
        assert_true(takes(text + 1, ETHERNET, p, len));
    }
}

static void cooked_frames_have_tags_too(void **state)
{
    (void)state;
    struct gad_filter_refused r = {.frames = 0};
    uint8_t p[LEN] = {0x81, 0, [14] = 0x88, 0xa8, [18] = 8, 0};

    gad_filter_count(&r, SLL, p, LEN);
    gad_filter_count(&r, SLL2, p, LEN);
    gad_filter_count(&r, RAW, p, LEN);
    assert_int_equal(r.frames, 3);
    assert_int_equal(r.tagged, 2);
    assert_int_equal(r.tagged_twice, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_by_the_link_type),
        cmocka_unit_test(tags_are_explained),
        cmocka_unit_test(cooked_frames_have_tags_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
