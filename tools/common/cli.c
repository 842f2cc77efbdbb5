/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/crypto.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "tools/common/option.h"

enum { COMMANDS_MAX = 32 };

static const char *program = "ganad";

void cli_set_program(const char *name)
{
    program = name;
}

/* --- messages --- */

__attribute__((__format__(__printf__, 2, 0))) static void say(const struct cli_command *c,
                                                              const char *fmt, va_list ap)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s%s%s: ", program, c ? " " : "", c ? c->name : "");
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
}

void cli_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(NULL, fmt, ap);
    va_end(ap);
}

int cli_try_help(const struct cli_command *c)
{
    (void)fprintf(stderr, "Try '%s%s%s --help'.\n", program, c ? " " : "", c ? c->name : "");
    return CLI_USAGE;
}

int cli_usage(const struct cli_command *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(c, fmt, ap);
    va_end(ap);
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

const char *cli_hint(const char *word, const char *const *names, size_t n,
                     char hint[static CLI_HINT])
{
    int near = gad_text_nearest(word, names, n);

    for (size_t i = 0; i < n; i++)
        if (gad_text_casecmp(word, names[i]) == 0)
            near = (int)i;
    hint[0] = '\0';
    if (near >= 0)
        (void)snprintf(hint, CLI_HINT, "; did you mean '%s'?", names[near]);
    return hint;
}

/* --- values of options --- */

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

    if (gad_text_real(text, strlen(text), &v) != 0 || !(v >= min && v <= max))
        return gad_fail(d, GAD_EINVAL, "%s: '%s' is not a number from %.10g to %.10g", opt, text,
                        min, max);
    *ret = v;
    return 0;
}

int cli_share(const char *opt, const char *text, double *ret, struct gad_diag *d)
{
    double v;

    if (gad_text_real(text, strlen(text), &v) != 0 || !(v > 0 && v < 1))
        return gad_fail(d, GAD_EINVAL, "%s: '%s' is not a number between 0 and 1", opt, text);
    *ret = v;
    return 0;
}

int cli_size(const char *opt, const char *text, uint64_t max, uint64_t *ret, struct gad_diag *d)
{
    static const char units[] = "KMG";
    size_t len = strlen(text);
    const char *unit = len > 0 ? strchr(units, text[len - 1]) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    uint64_t v = 0;

    if (gad_text_u64(text, unit ? len - 1 : len, max >> shift, &v) != 0)
        return gad_fail(d, GAD_EINVAL,
                        "%s: '%s' is not a size up to %lluM, such as 65536, 64K or 8M", opt, text,
                        (unsigned long long)max >> 20);
    *ret = v << shift;
    return 0;
}

int cli_choice(const char *opt, const char *text, const char *const *names, size_t n, size_t *ret,
               struct gad_diag *d)
{
    struct gad_buf all = GAD_BUF_INIT(GAD_DIAG_MAX);
    char hint[CLI_HINT];

    for (size_t i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = i;
            return 0;
        }
    for (size_t i = 0; i < n; i++)
        gad_buf_printf(&all, "%s%s", i == 0 ? "" : ", ", names[i]);
    int err = gad_fail(d, GAD_EINVAL, "%s: '%s' is not one of %.*s%s", opt, text, (int)all.len,
                       all.p ? (const char *)all.p : "", cli_hint(text, names, n, hint));
    gad_buf_deinit(&all);
    return err;
}

/* --- commands --- */

static const struct cli_command *find(const struct cli_program *p, const char *name)
{
    const char *names[COMMANDS_MAX] = {NULL};
    char hint[CLI_HINT];

    gad_assert(p->n_commands <= COMMANDS_MAX);
    for (size_t i = 0; i < p->n_commands; i++) {
        names[i] = p->command[i]->name;
        if (strcmp(name, names[i]) == 0)
            return p->command[i];
    }
    (void)cli_usage(NULL, "no command '%s'%s", name, cli_hint(name, names, p->n_commands, hint));
    return NULL;
}

static void show_overview(const struct cli_program *p, FILE *f)
{
    (void)fprintf(f, "Usage: %s %sCOMMAND [OPTION...]\n\n%s\n\nCommands:\n", p->name, p->before,
                  p->about);
    for (size_t i = 0; i < p->n_commands; i++)
        (void)fprintf(f, "  %-10s %s\n", p->command[i]->name, p->command[i]->summary);
    (void)fprintf(f, "  %-10s %s\n\n%s", "help", "show the options of a command", p->more);
}

static int show_help(const struct cli_program *p, const struct cli_command *c)
{
    if (c->usage)
        (void)printf("Usage: %s %s%s%s%s\n\n%s\n%s", p->name, p->before, c->name,
                     *c->usage ? " " : "", c->usage, c->summary, *c->help ? "\n" : "");
    (void)fputs(c->help, stdout);
    if (c->help_more)
        (void)fputs(c->help_more, stdout);
    return cli_flushed();
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* argv[0] is the command's name. */
static int run(const struct cli_program *p, int argc, char **argv)
{
    bool help = strcmp(argv[0], "help") == 0;
    struct gad_diag d = {""};

    if (help && argc > 2)
        return cli_usage(NULL, "help takes one command at most");
    if (help && (argc == 1 || asks_for_help(argc, argv) || strcmp(argv[1], "help") == 0)) {
        show_overview(p, stdout);
        return cli_flushed();
    }
    const struct cli_command *c = find(p, argv[help ? 1 : 0]);
    if (!c)
        return CLI_USAGE;
    if (help || asks_for_help(argc, argv))
        return show_help(p, c);
    int err = gad_crypto_init(&d);
    if (err != 0)
        return cli_failed(err, &d);
    argv[0] = (char *)(uintptr_t)p->name; /* getopt() puts it before its messages */
    optind = 0;                           /* getopt() starts again with the command's options */
    int code = c->run(c, argc, argv);
    return code == CLI_OK ? cli_flushed() : code;
}

int cli_main(const struct cli_program *p, int argc, char **argv)
{
    const struct option longs[] = {{"help", no_argument, NULL, 'h'},
                                   {"version", no_argument, NULL, 'V'},
                                   {p->socket ? "socket" : NULL, required_argument, NULL, 's'},
                                   {NULL, 0, NULL, 0}};
    char version[] = "version", *version_command[] = {version, NULL};
    int c;

    cli_set_program(p->name);
    if (argc > 0)
        argv[0] = (char *)(uintptr_t)p->name;
    while ((c = option_next(argc, argv, p->socket ? "+hVs:" : "+hV", longs, NULL)) != -1) {
        if (c == 's' && p->socket) {
            *p->socket = optarg;
        } else if (c == 'h') {
            show_overview(p, stdout);
            return cli_flushed();
        } else if (c == 'V' && !p->version) {
            return run(p, 1, version_command);
        } else if (c == 'V') {
            (void)printf("%s %s\n", p->name, p->version);
            return cli_flushed();
        } else {
            (void)fprintf(stderr, "The options of a command come after it.\n");
            return cli_try_help(NULL);
        }
    }
    if (optind >= argc) {
        show_overview(p, stderr);
        return CLI_USAGE;
    }
    return run(p, argc - optind, argv + optind);
}
