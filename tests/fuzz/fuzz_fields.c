/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of fields: refused with the line, or fields within their limits that are read
 * again from what is written. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool x)
{
    if (!x)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gad_fields f, again;
    static char text[GAD_FIELDS_FILE_MAX + 1];
    struct gad_diag d = {""};
    size_t len = 0;

    int r = gad_fields_parse("f", (const char *)data, size, &f, &d);
    require(r == 0 || ((r == GAD_EFORMAT || r == GAD_ELIMIT) && strncmp(d.text, "f:", 2) == 0));
    if (r != 0)
        return 0;
    require(f.n <= GAD_FIELDS_MAX);
    for (size_t i = 0; i < f.n; i++) {
        require(strlen(f.field[i].name) < GAD_FIELD_NAME);
        require(strlen(f.field[i].value) < GAD_FIELD_VALUE);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s = %s\n", f.field[i].name,
                                f.field[i].value);
        (void)gad_fields_u64(&f, f.field[i].name, UINT64_MAX, 0);
    }
    require(len < sizeof(text) && gad_fields_parse("f", text, len, &again, NULL) == 0);
    require(again.n == f.n && memcmp(gad_fields_get(&again, "state"), gad_fields_get(&f, "state"),
                                     strlen(gad_fields_get(&f, "state")) + 1) == 0);
    return 0;
}
