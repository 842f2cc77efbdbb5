/* SPDX-License-Identifier: Apache-2.0 */
/* What -r makes of a configuration. */
#include <stdio.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/config_section.h"
#include "lib/base/diag.h"

int config_read_files(struct config *c, const char *const *file, size_t n, struct gad_diag *d)
{
    const struct section_kind *k = NULL;
    char name[CONFIG_NAME_MAX + 1];

    if (n > CONFIG_CAPTURES_MAX)
        return gad_fail(d, GAD_ELIMIT, "%zu files, at most %d can be read at a time", n,
                        CONFIG_CAPTURES_MAX);
    for (size_t i = 0; i < N_SECTION_KINDS; i++)
        if (strcmp(section_kinds[i].section, "capture") == 0)
            k = &section_kinds[i];
    gad_assert(k);
    for (size_t i = 0; i < c->n_captures; i++)
        section_values_free(gad_steal(&c->capture[i].value));
    c->n_captures = 0;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "%zu", i + 1);
        if (!section_get(c, k, name))
            return gad_fail(d, GAD_ENOMEM, "no memory");
        c->capture[i].file = file[i];
    }
    c->scoring.unix_path = c->scoring.tcp = c->control.unix_path = "";
    if (!*c->alerts.file && !*c->alerts.unix_path)
        c->alerts.to_stdout = true;
    return 0;
}
