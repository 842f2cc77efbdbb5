/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/option.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

enum { OPTIONS_MAX = 64, NAME_MAX_LEN = 64 };

/* Prints the nearest option, after getopt() has printed its message about @word. */
static void print_hint(const char *word, const struct option *longs)
{
    const char *names[OPTIONS_MAX];
    char name[NAME_MAX_LEN];
    size_t n = 0, len;

    if (strncmp(word, "--", 2) != 0 || (len = strcspn(word + 2, "=")) >= sizeof(name))
        return;
    memcpy(name, word + 2, len);
    name[len] = '\0';
    for (; longs[n].name && n < OPTIONS_MAX; n++) {
        if (strncmp(longs[n].name, name, len) == 0)
            return; /* a known name or prefix: its value is wrong, or getopt() lists the matches */
        names[n] = longs[n].name;
    }
    int near = gad_text_nearest(name, names, n);
    if (near >= 0)
        fprintf(stderr, "Did you mean '--%s'?\n", names[near]);
}

int option_next(int argc, char *const *argv, const char *shorts, const struct option *longs,
                int *ret_index)
{
    int c = getopt_long(argc, argv, shorts, longs, ret_index);

    if (c == '?' && optind > 0 && optind <= argc && opterr)
        print_hint(argv[optind - 1], longs);
    return c;
}
