/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/unread.h"

#include "tests/unit/net/frame.h"
#include "tests/unit/test.h"

static uint64_t count_of(const struct gad_unread_table *t, uint16_t number)
{
    for (size_t i = 0; i < GAD_UNREAD_MAX; i++)
        if (t->entry[i].number == number && t->entry[i].count > 0)
            return t->entry[i].count;
    return 0;
}

static uint64_t sum(const struct gad_unread_table *t)
{
    uint64_t n = t->other;

    for (size_t i = 0; i < GAD_UNREAD_MAX; i++)
        n += t->entry[i].count;
    return n;
}

/* A flood of numbers that are all different pushes out none that is common. */
static void rare_numbers_contest_one_entry(void **state)
{
    (void)state;
    struct gad_unread_table t = {.other = 0};
    for (unsigned i = 0; i < GAD_UNREAD_MAX - 1; i++)
        gad_unread_count(&t, (uint16_t)(0x8000 + i), 3);
    for (unsigned i = 0; i < 60000; i++)
        gad_unread_count(&t, (uint16_t)(i % 30000), 1);
    for (unsigned i = 0; i < GAD_UNREAD_MAX - 1; i++)
        assert_int_equal(count_of(&t, (uint16_t)(0x8000 + i)), 3);
    assert_int_equal(sum(&t), 60000 + 3 * (GAD_UNREAD_MAX - 1));
}

/* Numbers that came first and are rare give way to a common one. */
static void a_common_number_gets_a_place(void **state)
{
    (void)state;
    struct gad_unread_table t = {.other = 0};
    for (unsigned i = 0; i < GAD_UNREAD_MAX; i++)
        gad_unread_count(&t, (uint16_t)i, 2);
    for (unsigned i = 0; i < 10; i++)
        gad_unread_count(&t, 0x88cc, 1);
    assert_int_equal(count_of(&t, 0x88cc), 8);
    assert_int_equal(sum(&t), 2 * GAD_UNREAD_MAX + 10);
    assert_int_equal(t.other, 4);
}

static void tables_are_added(void **state)
{
    (void)state;
    struct gad_unread_table a = {.other = 1}, b = {.other = 2};
    gad_unread_count(&a, 1, 5);
    for (unsigned i = 0; i < GAD_UNREAD_MAX; i++)
        gad_unread_count(&b, (uint16_t)(i + 1), i + 1);
    gad_unread_add(&a, &b);
    assert_int_equal(count_of(&a, 1), 6);
    assert_int_equal(sum(&a), 8 + 17 * 8);
    struct gad_unread_item item[GAD_UNREAD_ITEMS];
    assert_int_equal(gad_unread_list(&a, &(struct gad_unread_table){0}, GAD_UNREAD_MAX, item),
                     GAD_UNREAD_MAX + 1);
    assert_int_equal(item[0].number, 16);
    for (size_t i = 1; i < GAD_UNREAD_MAX; i++)
        assert_true(item[i - 1].count >= item[i].count);
}

static void lists_have_the_commonest_and_the_rest(void **state)
{
    (void)state;
    struct gad_unread_table ether = {.other = 4}, ip = {.other = 0};
    struct gad_unread_item item[GAD_UNREAD_ITEMS];
    gad_unread_count(&ether, 0x88b5, 2);
    gad_unread_count(&ether, 0x88cc, 3);
    gad_unread_count(&ip, 89, 1);
    assert_int_equal(gad_unread_list(&ether, &ip, 1, item), 3);
    assert_int_equal(item[0].number, 0x88cc);
    assert_string_equal(item[0].name, "LLDP");
    assert_true(item[1].is_other && !item[1].is_ip);
    assert_int_equal(item[1].count, 6);
    assert_true(item[2].is_ip && !item[2].is_other);
    assert_int_equal(gad_unread_list(&ether, &ip, GAD_UNREAD_MAX, item), 4);
    assert_string_equal(item[1].name, "");
    assert_int_equal(
        gad_unread_list(&(struct gad_unread_table){0}, &(struct gad_unread_table){0}, 5, item), 0);
}

static void assert_name(uint16_t number, bool is_ip, const char *name)
{
    struct gad_unread_table t[2] = {{.other = 0}};
    struct gad_unread_item item[GAD_UNREAD_ITEMS];

    gad_unread_count(&t[is_ip], number, 1);
    assert_int_equal(gad_unread_list(&t[0], &t[1], 1, item), 1);
    assert_string_equal(item[0].name, name);
}

static void numbers_have_names(void **state)
{
    (void)state;
    assert_name(0x88cc, false, "LLDP");
    assert_name(0x42, false, "STP");
    assert_name(0x88b5, false, "");
    assert_name(89, true, "OSPF");
    assert_name(253, true, "");
}

static void put_other(unsigned proto)
{
    f.len = 0;
    put_ether(&f, 0x0800);
    size_t ip = put_ip4(&f, proto, 1, 0);
    put_zeros(&f, 20);
    end_ip4(&f, ip);
}

static void the_decoder_names_what_it_does_not_read(void **state)
{
    (void)state;
    static const struct {
        unsigned type, number;
        const char *head;
    } frames[] = {{0x0806, 0x0806, "\0\1"},
                  {0x88cc, 0x88cc, "\2\7"},
                  {40, 0x42, "\x42\x42\3"},
                  {40, 0xaa, "\xaa\xaa\3\0\0\x0c\x20\0"}};
    for (unsigned i = 0; i < 4; i++) {
        f.len = 0;
        put_ether(&f, frames[i].type);
        put_bytes(&f, frames[i].head, i < 2 ? 2 : i == 2 ? 3 : 8);
        put_zeros(&f, 46);
        feed(dec, 0, &f, &got);
        assert_int_equal(count_of(&stats()->ether_types, (uint16_t)frames[i].number), 1);
    }
    for (unsigned proto = 88; proto <= 89; proto++) {
        put_other(proto);
        feed(dec, 0, &f, &got);
        assert_int_equal(count_of(&stats()->ip_protocols, (uint16_t)proto), 1);
    }
    assert_int_equal(sum(&stats()->ether_types), fate(GAD_NET_NOT_IP));
    assert_int_equal(sum(&stats()->ip_protocols), fate(GAD_NET_OTHER_PROTOCOL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rare_numbers_contest_one_entry),
        TEST(a_common_number_gets_a_place),
        TEST(tables_are_added),
        TEST(lists_have_the_commonest_and_the_rest),
        TEST(numbers_have_names),
        TEST(the_decoder_names_what_it_does_not_read),
    };
    return cmocka_run_group_tests_name("unread", tests, NULL, NULL);
}
