/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/cli.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"

int cli_check_out(const char *out, struct gad_diag *d)
{
    char path[PATH_MAX];
    struct stat st;

    if (stat(out, &st) == 0 && !S_ISREG(st.st_mode))
        return gad_fail(d, GAD_EINVAL, "%s: %s; it cannot be replaced", out,
                        S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
    if ((size_t)snprintf(path, sizeof(path), "%s", out) >= sizeof(path))
        return gad_fail(d, GAD_ELIMIT, "%s: path too long", out);
    if (access(dirname(path), W_OK | X_OK) != 0)
        return gad_fail(d, -errno, "%s: cannot be written there: %s", out, gad_strerror(-errno));
    return 0;
}

bool cli_is_same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

int cli_list_add(struct cli_list *l, const char *s)
{
    const char **item = gad_realloc_array(l->item, l->n + 1, sizeof(*item));
    if (!item)
        return GAD_ENOMEM;
    item[l->n++] = s;
    l->item = item;
    return 0;
}

void cli_list_deinit(struct cli_list *l)
{
    gad_free(l->item);
    *l = (struct cli_list){0};
}
