/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/interface.h"

#include <net/if.h>
#include <string.h>

#include "tests/unit/test.h"

static void the_state_of_a_link_is_known_or_said_to_be_unknown(void **state)
{
    (void)state;
    assert_int_equal(gad_interface_link("ganad-none0"), GAD_LINK_MISSING);
    const char *const others[] = {"", "any", "nflog:1", "a-name-of-16-byte",
                                  "a-name-that-is-much-too-long"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(gad_interface_link(others[i]), GAD_LINK_UNKNOWN);
    if (if_nametoindex("lo") != 0) {
        enum gad_link lo = gad_interface_link("lo"); /* a new network namespace has it down */
        assert_true(lo == GAD_LINK_UP || lo == GAD_LINK_DOWN);
    }
    assert_string_equal(gad_link_name(GAD_LINK_NO_CARRIER), "no carrier");
    assert_string_equal(gad_link_name(GAD_LINK_UNKNOWN), "");
}

static void the_interfaces_there_are_can_be_listed(void **state)
{
    (void)state;
    char text[GAD_INTERFACE_LIST];

    gad_interface_list(text);
    assert_true(strlen(text) > 0);
    if (if_nametoindex("lo") != 0)
        assert_non_null(strstr(text, "lo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_of_a_link_is_known_or_said_to_be_unknown),
        cmocka_unit_test(the_interfaces_there_are_can_be_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
