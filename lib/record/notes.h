/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The notes of a connection (enum gad_conn_note) as words: "guessed", "ambiguous", "interim",
 * "cut", "blind". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/flow/conn.h"

enum {
    GAD_NOTES_ALL = GAD_NOTE_GUESSED | GAD_NOTE_AMBIGUOUS | GAD_NOTE_INTERIM | GAD_NOTE_CUT |
                    GAD_NOTE_BLIND | GAD_NOTE_BACKGROUND,
    GAD_NOTES_TEXT = 48, /* bytes of all words, with the NUL */
};

/* The words of the notes in the order above, joined by a space; "": none. */
void gad_notes_text(unsigned notes, char text[static GAD_NOTES_TEXT]);

/* Adds the notes of such a text to @notes. Returns false if a word is not in the list; known words
 * are added all the same. */
bool gad_notes_parse(const char *s, size_t len, uint8_t *notes);
