/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/notes.h"

#include <string.h>

#include "tests/unit/test.h"

static void words_give_back_their_notes(void **state)
{
    (void)state;
    for (unsigned notes = 0; notes <= GAD_NOTES_ALL; notes++) {
        char text[GAD_NOTES_TEXT];
        uint8_t back = 0;
        gad_notes_text(notes, text);
        assert_true(gad_notes_parse(text, strlen(text), &back));
        assert_int_equal(back, notes);
    }
}

static void the_words_have_an_order(void **state)
{
    (void)state;
    char text[GAD_NOTES_TEXT];

    gad_notes_text(GAD_NOTES_ALL, text);
    assert_string_equal(text, "guessed ambiguous interim cut blind background");
    gad_notes_text(0, text);
    assert_string_equal(text, "");
}

static void other_words_are_reported(void **state)
{
    (void)state;
    static const char *const bad[] = {" ", " cut", "cut  blind", "cu", "cuts", "CUT", "cut,blind"};
    uint8_t notes = 0;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(gad_notes_parse(bad[i], strlen(bad[i]), &notes));
    notes = 0;
    assert_false(gad_notes_parse("blind later", 11, &notes));
    assert_int_equal(notes, GAD_NOTE_BLIND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_give_back_their_notes),
        cmocka_unit_test(the_words_have_an_order),
        cmocka_unit_test(other_words_are_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
