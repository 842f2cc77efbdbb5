/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/main/start_check.h"

#include "daemon/alert/feedback.h"
#include "daemon/alert/suppressor.h"
#include "daemon/config/check.h"
#include "daemon/config/config.h"
#include "daemon/evidence/evidence.h"
#include "daemon/feed/feed_spool.h"
#include "daemon/ingest/capture.h"
#include "daemon/log.h"
#include "daemon/main/own_files.h"
#include "daemon/privileges.h"
#include "daemon/socket_group.h"
#include "lib/base/diag.h"
#include "lib/wire/socket.h"

static void prefix(const struct config *c, const char *section, const char *key, struct gad_diag *d)
{
    const struct config_value *v = config_value_of(c->value, section, key);

    if (v->file)
        gad_diag_prefix(d, "%s:%u: [%s] %s", v->file, v->line, section, key);
    else
        gad_diag_prefix(d, "%s: [%s] %s, by default", c->file, section, key);
}

static int check_listen(const struct config *c, const char *section, const char *key,
                        const char *address, struct gad_diag *d)
{
    bool is_used;

    if (!*address)
        return 0;
    int r = gad_socket_check_listen(address, &is_used, d);
    if (r != 0 && !config_value_of(c->value, section, key)->file) {
        /*
         * The unit creates the directory of the default socket: the operator did not configure it.
         */
        log_warn("check", "[%s] %s, by default: %s", section, key, d->text);
        return 0;
    }
    if (r != 0)
        prefix(c, section, key, d);
    else if (is_used)
        log_warn(
            "check",
            "[%s] %s: '%s' is in use; this is fine if the ganadd that will be replaced uses it",
            section, key, address);
    return r;
}

/* @key, @other: an address of [scoring]. */
static int check_clash(const struct config *c, const char *section, const char *address,
                       const char *key, const char *other, struct gad_diag *d)
{
    if (!*address || !*other || !gad_socket_clash(other, address))
        return 0;
    int r = gad_fail(d, GAD_EINVAL, "'%s' conflicts with [scoring] %s '%s': use another port",
                     address, key, other);
    prefix(c, section, "tcp", d);
    return r;
}

static int check_sockets(const struct config *c, struct gad_diag *d)
{
    int r = check_listen(c, "scoring", "unix", c->scoring.unix_path, d);

    if (r == 0)
        r = check_listen(c, "scoring", "tcp", c->scoring.tcp, d);
    if (r == 0)
        r = check_listen(c, "scoring", "tls", c->scoring.tls, d);
    if (r == 0)
        r = check_listen(c, "control", "unix", c->control.unix_path, d);
    if (r == 0)
        r = check_listen(c, "metrics", "unix", c->metrics.unix_path, d);
    if (r == 0)
        r = check_listen(c, "metrics", "tcp", c->metrics.tcp, d);
    if (r == 0)
        r = check_clash(c, "metrics", c->metrics.tcp, "tcp", c->scoring.tcp, d);
    if (r == 0)
        r = check_clash(c, "metrics", c->metrics.tcp, "tls", c->scoring.tls, d);
    return r == 0 ? check_clash(c, "scoring", c->scoring.tcp, "tls", c->scoring.tls, d) : r;
}

static int check_groups(const struct config *c, struct gad_diag *d)
{
    const char *const group[][2] = {{"scoring", c->scoring.group},
                                    {"control", c->control.group},
                                    {"control", c->control.admin_group},
                                    {"metrics", c->metrics.group}};
    int r = 0;
    gid_t gid;

    for (size_t i = 0; r == 0 && i < sizeof(group) / sizeof(group[0]); i++)
        r = socket_group_find(group[i][0], group[i][1], &gid, d);
    return r;
}

static int check_captures(const struct config *c, struct gad_diag *d)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->n_captures; i++)
        if (config_capture_is_used(&c->capture[i]))
            r = capture_check(&c->capture[i], d);
    return r;
}

int start_check(const struct config *c, struct gad_diag *d)
{
    int r = privileges_check(c->ganadd.user, d);

    if (r == 0)
        r = own_files_check(c, d);
    if (r == 0)
        r = check_groups(c, d);
    if (r == 0)
        r = check_sockets(c, d);
    if (r == 0 && (r = feed_spool_check(c, d)) != 0)
        prefix(c, "spool", "directory", d);
    if (r == 0 && (r = suppressor_check(c->alerts.suppress, d)) != 0)
        prefix(c, "alerts", "suppress", d);
    if (r == 0 && (r = feedback_check(c->alerts.feedback, d)) != 0)
        prefix(c, "alerts", "feedback", d);
    if (r == 0)
        r = evidence_check(c, d);
    if (r == 0)
        r = check_captures(c, d);
    return r;
}

void start_warn_open_tcp(const struct config *c)
{
    const char *tcp = c->scoring.tcp;

    if (*tcp && strncmp(tcp, "127.", 4) != 0 && strncmp(tcp, "[::1]", 5) != 0)
        log_warn(
            "scoring",
            "tcp '%s' accepts every client that can reach it, without authentication or encryption",
            tcp);
}

void start_log_no_capture(const struct config *c)
{
    if (config_n_captures_used(c) == 0)
        log_notice("capture",
                   "no capture is configured: records come from scoring clients only; for packets "
                   "add [capture NAME] with interface = ... to %s or a file of %s.d, and restart",
                   c->file, c->file);
}
