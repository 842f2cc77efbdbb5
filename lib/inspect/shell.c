/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/shell.h"

#include <string.h>

static const char *const access_paths[] = {
    "/etc/passwd",    "/etc/shadow", "/etc/group", "/etc/hosts", "/etc/master.passwd",
    "/etc/security/", ".rhosts",     ".shosts",    ".htaccess",  ".htpasswd",
    "/etc/netconfig", ".netrc",      NULL,
};
static const char *const access_names[] = {
    "passwd", "shadow",      "master.passwd", ".rhosts",   ".shosts",   "hosts.equiv",
    ".netrc", "hosts.allow", "hosts.deny",    ".htaccess", ".htpasswd", NULL,
};
static const char *const shells[] = {"sh", "csh", "ksh", "bash", "tcsh", "zsh", NULL};
static const char *const compilers[] = {"gcc", "g++", "cc", NULL};
static const char *const system_directories[] = {
    "/etc",      "/bin",     "/sbin",    "/dev",     "/usr/bin",
    "/usr/sbin", "/usr/etc", "/var/adm", "/var/log", NULL,
};

/* Bro's input_trouble, the entries of the years of KDD99; exact. */
static const char *const trouble[] = {
    "rewt",       "eggdrop",        "/bin/eject",    "shellcode",
    "shell_code", "xploitcode",     "xploit_code",   "execshell",
    "ff.core",    "unset HISTFILE", "unset history", "r0kk0",
    "loadmodule", ">/etc/passwd",   "\"/bin/ksh\"",  NULL,
};
static const char *const guests[] = {"guest", "anonymous", "visitor", NULL};

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool gad_shell_has_access_path(struct gad_span s)
{
    return gad_span_has_any(s, access_paths);
}

bool gad_shell_is_access_file(struct gad_span s)
{
    return gad_span_is_any(gad_span_basename(gad_span_trim(s)), access_names);
}

/* [a-zA-Z0-9]+@[a-zA-Z0-9]+\.[a-zA-Z0-9]+ somewhere */
static bool has_address(struct gad_span s)
{
    const char *at = s.len > 0 ? memchr(s.p, '@', s.len) : NULL;
    if (!at || at == s.p || !is_alnum(at[-1]))
        return false;
    const char *p = at + 1, *end = s.p + s.len;
    while (p < end && is_alnum(*p))
        p++;
    return p > at + 1 && p + 1 < end && *p == '.' && is_alnum(p[1]);
}

bool gad_shell_is_guest(struct gad_span name)
{
    return gad_span_has_any_nocase(name, guests) || has_address(name);
}

static bool is_system_directory(struct gad_span s)
{
    for (const char *const *d = system_directories; *d; d++)
        if (gad_span_starts(s, *d) && (s.len == strlen(*d) || s.p[strlen(*d)] == '/'))
            return true;
    return false;
}

static bool runs_local_program(struct gad_span word)
{
    static const char tmp[] = "/tmp/";
    if (gad_span_starts(word, "./"))
        return true;
    if (gad_span_starts(word, tmp) && word.len > strlen(tmp))
        return word.p[strlen(tmp)] >= '0' && word.p[strlen(tmp)] <= '9';
    return gad_span_is(gad_span_basename(word), "a.out");
}

/* su without a name or with root's; options are skipped. */
static bool asks_for_root(struct gad_span rest)
{
    struct gad_span word = gad_span_token(&rest);
    while (word.len > 0 && word.p[0] == '-')
        word = gad_span_token(&rest);
    return word.len == 0 || gad_span_is(word, "root");
}

struct command_facts {
    bool hot, shell, su;
};

static void one_command(struct gad_span s, struct gad_content *c, struct command_facts *f)
{
    struct gad_span rest = gad_span_trim(s), word = gad_span_token(&rest);
    struct gad_span name = gad_span_basename(word);

    rest = gad_span_trim(rest);
    if (gad_span_is_any(name, compilers)) {
        f->hot = true;
        gad_count(&c->num_file_creations);
    } else if (gad_span_is(name, "cp") || gad_span_is(name, "mv") ||
               (gad_span_is(name, "cat") && rest.len > 0 && rest.p[0] == '>')) {
        gad_count(&c->num_file_creations);
    } else if (gad_span_is(name, "cd")) {
        f->hot |= is_system_directory(rest);
    } else if (gad_span_is(name, "su")) {
        f->su |= asks_for_root(rest);
    }
    f->hot |= runs_local_program(word);
    f->shell |= gad_span_is_any(name, shells);
}

bool gad_shell_command(struct gad_span line, struct gad_content *c)
{
    struct command_facts f = {.hot = gad_span_has_any(line, trouble)};

    for (size_t at = 0, from = 0; at <= line.len; at++) {
        if (at < line.len && line.p[at] != ';' && line.p[at] != '|' && line.p[at] != '&')
            continue;
        one_command((struct gad_span){.p = line.p + from, .len = at - from}, c, &f);
        from = at + 1;
    }
    if (f.hot)
        gad_count(&c->hot);
    if (f.shell)
        gad_count(&c->num_shells);
    if (gad_shell_has_access_path(line))
        gad_count(&c->num_access_files);
    return f.su;
}

/* Finds a word that is not part of a longer one; with a blank after it, if required. */
static bool has_word(struct gad_span s, const char *word, bool before_blank)
{
    const char *end = s.p + s.len;
    size_t len = strlen(word);

    for (const char *p = s.p; (p = memmem(p, (size_t)(end - p), word, len)) != NULL; p++) {
        const char *next = p + len;
        bool ends = next == end    ? !before_blank
                    : before_blank ? *next == ' ' || *next == '\t'
                                   : !is_alnum(*next);
        if (ends && (p == s.p || !is_alnum(p[-1])))
            return true;
    }
    return false;
}

void gad_shell_text(struct gad_span line, struct gad_content *c)
{
    if (line.len == 0)
        return;
    if (has_word(line, "root", false))
        gad_count(&c->num_root);
    if (has_word(line, "cp", true) || has_word(line, "mv", true) || gad_span_has(line, "cat >"))
        gad_count(&c->num_file_creations);
    if ((memchr(line.p, '.', line.len) || memchr(line.p, '/', line.len)) &&
        gad_shell_has_access_path(line))
        gad_count(&c->num_access_files);
}
