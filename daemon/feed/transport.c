/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/transport.h"

#include <stdio.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/feed/race.h"
#include "lib/base/diag.h"

static const struct transport_ops *const all[] = {
    &transport_stdout,  &transport_file, &transport_unix, &transport_unix_dgram,
    &transport_journal, &transport_tcp,  &transport_udp,  &transport_tls};

const struct transport_ops *transport_find(const char *type)
{
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i]->type, type) == 0)
            return all[i];
    return NULL;
}

int transport_check(const struct config_output *c, struct gad_diag *d)
{
    const struct transport_ops *ops = transport_find(c->type);

    if (d)
        d->text[0] = '\0';
    int r = ops && ops->check ? ops->check(c, d) : 0;
    if (d && *d->text)
        gad_diag_prefix(d, "output '%s' (%s %s)", c->name, c->type, c->to);
    return r;
}

int transport_new(const struct transport_ops *ops, const struct config_output *c,
                  struct transport_memory *memory, struct transport **ret)
{
    struct transport *t = gad_calloc(1, sizeof(*t));

    if (!t)
        return GAD_ENOMEM;
    t->ops = ops;
    t->config = c;
    t->memory = memory;
    t->fd = -1;
    *ret = t;
    return 0;
}

void transport_free(struct transport *t)
{
    if (!t)
        return;
    t->ops->close(t);
    gad_free(t);
}

void transport_worked(struct transport *t)
{
    addresses_worked(&t->memory->addresses, &t->peer);
}

void transport_failed(struct transport *t)
{
    addresses_failed(&t->memory->addresses, &t->peer);
}

void transport_text(const struct transport *t, char text[static TRANSPORT_TEXT])
{
    char address[ADDRESS_TEXT];

    address_text(&t->peer, address);
    (void)snprintf(text, TRANSPORT_TEXT, "%s", address);
    if (t->peer.len == 0 && t->race)
        race_text(t->race, text);
}
