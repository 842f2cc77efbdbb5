/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/renewal.h"

#include <string.h>

#include "daemon/config/config.h"
#include "daemon/feed/output_thread.h"
#include "daemon/feed/transport.h"
#include "lib/base/diag.h"

struct watched_output {
    const struct config_output *config; /* NULL: not of type tls */
    struct tls_files files;
    struct tls_renewal renewal;
};

struct renewal {
    size_t n;
    struct watched_output output[CONFIG_OUTPUTS_MAX];
};

int renewal_new(const struct config *c, struct renewal **ret)
{
    struct renewal *r = gad_calloc(1, sizeof(*r));

    if (!r)
        return GAD_ENOMEM;
    r->n = c->n_outputs;
    for (size_t i = 0; i < r->n; i++) {
        struct watched_output *o = &r->output[i];
        if (strcmp(c->output[i].type, "tls") != 0)
            continue;
        o->config = &c->output[i];
        o->files = transport_tls_files(o->config);
        tls_renewal_init(&o->renewal, &o->files);
    }
    *ret = r;
    return 0;
}

void renewal_free(struct renewal *r)
{
    for (size_t i = 0; r && i < r->n; i++)
        tls_renewal_forget(&r->output[i].renewal);
    gad_free(r);
}

int renewal_read(struct renewal *r, struct gad_diag *d)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < r->n; i++) {
        const struct config_output *c = r->output[i].config;
        error = c ? tls_renewal_read(&r->output[i].renewal, d) : 0;
        if (error != 0)
            gad_diag_prefix(d, "output '%s' (%s %s)", c->name, c->type, c->to);
    }
    for (size_t i = 0; error != 0 && i < r->n; i++)
        tls_renewal_forget(&r->output[i].renewal);
    return error;
}

void renewal_put(struct renewal *r, struct output_thread *output_thread, tls_renewal_fn *fn,
                 void *arg)
{
    for (size_t i = 0; i < r->n; i++) {
        struct ssl_ctx_st *context =
            r->output[i].config ? tls_renewal_take(&r->output[i].renewal, fn, arg) : NULL;
        if (context)
            output_thread_renew(output_thread, i, context);
    }
}
