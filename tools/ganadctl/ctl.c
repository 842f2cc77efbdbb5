/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/ctl.h"

#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/record/reason.h"
#include "lib/wire/socket.h"
#include "tools/common/option.h"
#include "tools/ganadctl/client.h"

/* --- options --- */

static const char *socket_option; /* of -s, or NULL */

const char **ctl_socket_option(void)
{
    return &socket_option;
}

int ctl_option(const struct cli_command *self, int c, const char *arg)
{
    if (c != 's')
        return cli_try_help(self);
    socket_option = arg;
    return CLI_OK;
}

int ctl_only_json(const struct cli_command *self, int argc, char **argv, bool *ret_json)
{
    static const struct option longs[] = {
        CTL_LONG_OPTIONS, {"json", no_argument, NULL, 'J'}, {NULL, 0, NULL, 0}};
    int c;

    *ret_json = false;
    while ((c = option_next(argc, argv, CTL_OPTIONS "J", longs, NULL)) != -1) {
        if (c == 'J')
            *ret_json = true;
        else if (ctl_option(self, c, optarg) != CLI_OK)
            return CLI_USAGE;
    }
    if (argc > optind)
        return cli_usage(self, "takes no '%s'", argv[optind]);
    return CLI_OK;
}

/* --- sockets --- */

static const char *socket_of(const char *variable, const char *fallback)
{
    const char *env = getenv(variable);

    if (socket_option)
        return socket_option;
    return env && *env ? env : fallback;
}

const char *ctl_scoring_socket(void)
{
    return socket_of("GANAD_SCORING_SOCKET", GAD_SCORING_SOCKET);
}

const char *ctl_control_socket(void)
{
    return socket_of("GANAD_CONTROL_SOCKET", GAD_CONTROL_SOCKET);
}

/* The path of a unix socket. */
static const char *path_of(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 ? address + 5 : address;
}

/* Prints the owner of the socket, or of the first directory above it that the user cannot enter. */
static void say_owner(const char *address)
{
    char path[PATH_MAX];
    struct stat st;
    int r = -1;

    if ((size_t)snprintf(path, sizeof(path), "%s", path_of(address)) < sizeof(path))
        while ((r = stat(path, &st)) != 0 && errno == EACCES && strcmp(path, "/") != 0 &&
               strcmp(path, ".") != 0) {
            const char *above = dirname(path); /* can point into path */
            memmove(path, above, strlen(above) + 1);
        }
    if (r != 0) {
        fprintf(stderr, "No permission to use this socket: be root or in its group.\n");
        return;
    }
    const struct passwd *user = getpwuid(st.st_uid);
    const struct group *group = getgrgid(st.st_gid);
    fprintf(stderr, "%s is for user '%s' and group '%s': be root", path, user ? user->pw_name : "?",
            group ? group->gr_name : "?");
    if (group && st.st_gid != 0)
        fprintf(stderr, ", or be in the group ('usermod -aG %s USER' as root, then log in again)",
                group->gr_name);
    fputs(".\n", stderr);
}

static bool is_other_file(const char *address)
{
    struct stat st;
    return gad_socket_is_unix(address) && stat(path_of(address), &st) == 0 && !S_ISSOCK(st.st_mode);
}

int ctl_unreachable(int err, const struct gad_diag *d, bool scoring)
{
    const char *address = scoring ? ctl_scoring_socket() : ctl_control_socket();

    cli_say("%s", d->text);
    if (err == GAD_EFORMAT || err == GAD_ELIMIT)
        return CLI_USAGE;
    if (is_other_file(address))
        fprintf(stderr, "%s is not a socket: -s names the %s socket of ganadd.\n", address,
                scoring ? "scoring" : "control");
    else if ((err == -EACCES || err == -EPERM) && gad_socket_is_unix(address))
        say_owner(address);
    else
        fprintf(stderr, "Is ganadd running? Start it with 'systemctl start ganadd' or 'ganadd -c "
                        "FILE', or name its socket with -s.\n");
    if (scoring)
        fprintf(stderr, "Without ganadd: 'ganadctl score --local CHECKPOINT FILE'.\n");
    return CLI_UNREACHABLE;
}

/* --- requests --- */

int ctl_ask(const Ganad__V1__ControlRequest *m, uint8_t want,
            const ProtobufCMessageDescriptor *type, void *ret, bool *ret_reached,
            struct gad_diag *d)
{
    struct client c = CLIENT_INIT;
    struct gad_frame f;
    void *reply = NULL;

    *ret_reached = false;
    int err = client_open(&c, ctl_control_socket(), d);
    if (err)
        return err;
    *ret_reached = true;
    err = client_ask(&c, GANAD__V1__KIND__CONTROL_REQUEST, &m->base, want, &f, d);
    if (!err && !(reply = protobuf_c_message_unpack(type, NULL, f.len, f.p)))
        err = gad_fail(d, GAD_EFORMAT, "%s: an unreadable answer", c.address);
    client_close(&c);
    if (!err)
        memcpy(ret, &reply, sizeof(reply));
    return err;
}

int ctl_get(const Ganad__V1__ControlRequest *m, uint8_t want,
            const ProtobufCMessageDescriptor *type, void *ret)
{
    struct gad_diag d = {""};
    bool reached;

    int err = ctl_ask(m, want, type, ret, &reached, &d);
    if (err && !reached)
        return ctl_unreachable(err, &d, false);
    return err ? cli_failed(err, &d) : CLI_OK;
}

/* --- texts --- */

const char *ctl_safe(const char *s, char text[static CTL_TEXT])
{
    gad_text_escape(text, CTL_TEXT, s, strlen(s));
    return text;
}

void ctl_reason(const char *feature, const char *value, const char *expected, double share,
                char text[static CTL_REASON])
{
    char f[48], v[48], e[48], words[GAD_REASON_TEXT];

    gad_text_escape(f, sizeof(f), feature, strlen(feature));
    gad_text_escape(v, sizeof(v), value, strlen(value));
    gad_text_escape(e, sizeof(e), expected, strlen(expected));
    gad_reason_words(f, v, e, words);
    (void)snprintf(text, CTL_REASON, "%s %.0f%%", words, share * 100);
}
