/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/cli.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

void cli_say(const char *fmt, ...)
{
    va_list ap;

    (void)fputs("ganad-train: ", stderr);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
}

int cli_try_help(const struct cli_command *c)
{
    (void)fprintf(stderr, "Try 'ganad-train %s --help'.\n", c->name);
    return CLI_USAGE;
}

int cli_usage(const struct cli_command *c, const char *fmt, ...)
{
    va_list ap;

    (void)fprintf(stderr, "ganad-train %s: ", c->name);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    return cli_try_help(c);
}

int cli_failed(int err, const struct gad_diag *d)
{
    cli_say("%s", d && d->text[0] ? d->text : gad_strerror(err));
    return CLI_FAILED;
}

int cli_flushed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CLI_OK;
    cli_say("cannot write to the standard output: %s", gad_strerror(-errno));
    return CLI_FAILED;
}

int cli_u64(const char *opt, const char *text, uint64_t min, uint64_t max, uint64_t *ret,
            struct gad_diag *d)
{
    uint64_t v;

    if (gad_text_u64(text, strlen(text), max, &v) != 0 || v < min)
        return gad_fail(d, GAD_EINVAL, "%s: '%s' is not a whole number from %llu to %llu", opt,
                        text, (unsigned long long)min, (unsigned long long)max);
    *ret = v;
    return 0;
}

int cli_real(const char *opt, const char *text, double min, double max, double *ret,
             struct gad_diag *d)
{
    double v;

    if (gad_text_real(text, strlen(text), &v) != 0 || v < min || v > max)
        return gad_fail(d, GAD_EINVAL, "%s: '%s' is not a number from %g to %g", opt, text, min,
                        max);
    *ret = v;
    return 0;
}

int cli_choice(const char *opt, const char *text, const char *const *names, size_t n, size_t *ret,
               struct gad_diag *d)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = i;
            return 0;
        }

    struct gad_buf all = GAD_BUF_INIT(GAD_DIAG_MAX);
    for (size_t i = 0; i < n; i++)
        gad_buf_printf(&all, "%s%s", i == 0 ? "" : ", ", names[i]);
    int near = gad_text_nearest(text, names, n);
    for (size_t i = 0; i < n; i++)
        if (gad_text_casecmp(text, names[i]) == 0)
            near = (int)i;
    (void)gad_fail(d, GAD_EINVAL, "%s: '%s' is none of %.*s%s%s%s", opt, text, (int)all.len,
                   all.p ? (const char *)all.p : "", near < 0 ? "" : "; did you mean '",
                   near < 0 ? "" : names[near], near < 0 ? "" : "'?");
    gad_buf_deinit(&all);
    return GAD_EINVAL;
}

int cli_check_out(const char *out, struct gad_diag *d)
{
    char path[PATH_MAX];
    struct stat st;

    if (stat(out, &st) == 0 && !S_ISREG(st.st_mode))
        return gad_fail(d, GAD_EINVAL, "%s: %s there, and not a file that could be replaced", out,
                        S_ISDIR(st.st_mode) ? "a directory is" : "something else is");
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

const char *cli_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
