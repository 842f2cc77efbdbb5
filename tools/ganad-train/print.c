/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/print.h"

#include <stdio.h>
#include <string.h>

const char *print_count(uint64_t n, char text[static PRINT_COUNT])
{
    char digits[PRINT_COUNT];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), at = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

const char *print_time(double seconds, char text[static PRINT_TIME])
{
    unsigned s = seconds < 0.0 ? 0 : seconds > 3.6e6 ? 3600000 : (unsigned)(seconds + 0.5);

    if (s < 60)
        (void)snprintf(text, PRINT_TIME, "%u s", s);
    else if (s < 3600)
        (void)snprintf(text, PRINT_TIME, "%u:%02u", s / 60, s % 60);
    else
        (void)snprintf(text, PRINT_TIME, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    return text;
}
