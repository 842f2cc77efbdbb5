/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/notes.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum gad_conn_note note;
    const char *word;
} words[] = {
    {GAD_NOTE_GUESSED, "guessed"}, {GAD_NOTE_AMBIGUOUS, "ambiguous"},
    {GAD_NOTE_INTERIM, "interim"}, {GAD_NOTE_CUT, "cut"},
    {GAD_NOTE_BLIND, "blind"},     {GAD_NOTE_BACKGROUND, "background"},
};

enum { N_WORDS = sizeof(words) / sizeof(words[0]) };

void gad_notes_text(unsigned notes, char text[static GAD_NOTES_TEXT])
{
    size_t len = 0;

    *text = '\0';
    for (size_t i = 0; i < N_WORDS; i++)
        if (notes & (unsigned)words[i].note)
            len += (size_t)snprintf(text + len, GAD_NOTES_TEXT - len, "%s%s", len > 0 ? " " : "",
                                    words[i].word);
}

static uint8_t note_of(const char *s, size_t len)
{
    for (size_t i = 0; i < N_WORDS; i++)
        if (strlen(words[i].word) == len && memcmp(words[i].word, s, len) == 0)
            return (uint8_t)words[i].note;
    return 0;
}

bool gad_notes_parse(const char *s, size_t len, uint8_t *notes)
{
    const char *end = s + len;
    bool good = true;

    while (s < end) {
        const char *space = memchr(s, ' ', (size_t)(end - s));
        const char *stop = space ? space : end;
        uint8_t note = note_of(s, (size_t)(stop - s));
        *notes |= note;
        good = good && note != 0;
        s = space ? space + 1 : end;
    }
    return good;
}
