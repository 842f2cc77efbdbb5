/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/main/own_files.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/privileges.h"
#include "daemon/socket_group.h"
#include "lib/base/diag.h"

enum { PLACES_MAX = 3 + 5 + CONFIG_OUTPUTS_MAX };

struct place {
    const char *path;
    const char *section, *group; /* of a socket; else NULL */
};

static size_t list(const struct config *c, struct place p[static PLACES_MAX])
{
    const struct place all[] = {{c->scoring.unix_path, "scoring", c->scoring.group},
                                {c->control.unix_path, "control", c->control.group},
                                {c->metrics.unix_path, "metrics", c->metrics.group},
                                {c->alerts.suppress, NULL, NULL},
                                {c->alerts.feedback, NULL, NULL},
                                {c->records.file, NULL, NULL},
                                {c->host.state, NULL, NULL},
                                {c->trust.versions, NULL, NULL},
                                {c->budget.state, NULL, NULL}};
    size_t n = 0;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (*all[i].path)
            p[n++] = all[i];
    for (size_t i = 0; i < c->n_outputs; i++)
        if (strcmp(c->output[i].type, "file") == 0)
            p[n++] = (struct place){c->output[i].to, NULL, NULL};
    return n;
}

static bool learns(const struct config *c)
{
    return strcmp(c->learning.mode, "off") != 0;
}

int own_files_check(const struct config *c, struct gad_diag *d)
{
    struct place p[PLACES_MAX];
    size_t n = list(c, p);
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = privileges_check_give(c->ganadd.user, p[i].path, d);
    if (r == 0 && *c->spool.directory)
        r = privileges_check_spool(c->ganadd.user, c->spool.directory, d);
    if (r == 0 && *c->evidence.directory)
        r = privileges_check_evidence(c->ganadd.user, c->evidence.directory, d);
    if (r == 0 && learns(c))
        r = privileges_check_learning(c->ganadd.user, c->learning.directory, d);
    return r;
}

static int give(const char *user, const struct place *p, struct gad_diag *d)
{
    gid_t group = (gid_t)PRIVILEGES_OWN_GROUP;

    /* The file of rules does not exist before the first rule; that of records is missing if the
     * disk was full. */
    if (access(p->path, F_OK) != 0)
        return 0;
    int r = p->section ? socket_group_find(p->section, p->group, &group, d) : 0;
    return r == 0 ? privileges_give(user, p->path, group, d) : r;
}

int own_files_give(const struct config *c, const char *spool, struct gad_diag *d)
{
    struct place p[PLACES_MAX];
    size_t n = list(c, p);
    int r = privileges_give_spool(c->ganadd.user, spool, d);

    if (r == 0 && *c->evidence.directory)
        r = privileges_give_evidence(c->ganadd.user, c->evidence.directory, d);
    if (r == 0 && learns(c) && access(c->learning.directory, F_OK) == 0)
        r = privileges_give_learning(c->ganadd.user, c->learning.directory, d);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = give(c->ganadd.user, &p[i], d);
    return r;
}
