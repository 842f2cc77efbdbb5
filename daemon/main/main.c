/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/file_check.h"
#include "daemon/feed/transport.h"
#include "daemon/ingest/tls_door.h"
#include "daemon/log.h"
#include "daemon/main/daemon.h"
#include "daemon/main/options.h"
#include "daemon/main/signals.h"
#include "daemon/main/start_check.h"
#include "daemon/privileges.h"
#include "daemon/score/models.h"
#include "lib/base/buf.h"
#include "lib/base/crypto.h"
#include "lib/base/diag.h"

enum { DUMP_MAX = 1 << 20 };

static int fail(const struct gad_diag *d)
{
    (void)fprintf(stderr, "ganadd: %s\n", d->text);
    return EXIT_FAILURE;
}

/* A later attempt can succeed: memory, descriptors, a disk. */
static bool is_passing(int r)
{
    return r == GAD_ENOMEM || r == -EMFILE || r == -ENFILE || r == -EIO || r == -EAGAIN;
}

/*
 * An error that only the operator can fix has its own exit code, with which the service manager
 * does not retry.
 */
static int fail_config(const struct options *o, int r, const struct gad_diag *d)
{
    bool serves = !o->test && !o->dump && o->n_read == 0;
    int code = fail(d);

    return serves && !is_passing(r) ? EX_CONFIG : code;
}

/* A checkpoint can be on a file system that is mounted later. */
static int fail_models(const struct options *o, int r, const struct gad_diag *d)
{
    return r == -ENOENT || r == -ESTALE || r == -ETIMEDOUT ? fail(d) : fail_config(o, r, d);
}

static int dump(const struct config *c)
{
    struct gad_buf b = GAD_BUF_INIT(DUMP_MAX);

    config_dump(c, &b);
    bool ok = !b.bad && fwrite(b.p, 1, b.len, stdout) == b.len && fflush(stdout) == 0;
    gad_buf_deinit(&b);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check_scoring(const struct config *c, struct gad_diag *d)
{
    struct tls_files f = tls_door_files(c);

    d->text[0] = '\0';
    int r = *c->scoring.tls ? tls_files_check(&f, d) : 0;
    if (*d->text)
        gad_diag_prefix(d, "[scoring] tls");
    if (r == 0 && *d->text)
        (void)printf("%s\n", d->text);
    return r;
}

static int check_outputs(const struct config *c, struct gad_diag *d)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->n_outputs; i++) {
        r = transport_check(&c->output[i], d);
        if (r == 0 && *d->text)
            (void)printf("%s\n", d->text);
    }
    return r;
}

static int test(const struct options *o, const struct config *c, const struct models *m,
                struct gad_diag *d)
{
    if (check_scoring(c, d) != 0 || check_outputs(c, d) != 0 || file_check_config(c, d) != 0)
        return fail(d);
    if (config_is_live(c))
        privileges_take_raw(); /* as a start does */
    if (start_check(c, d) != 0)
        return fail(d);
    (void)printf("%s: the configuration is fine; %zu %s fine\n", o->file, m->n,
                 m->n == 1 ? "model is" : "models are");
    for (size_t i = 0; i < m->n; i++)
        if (*m->model[i]->signed_by)
            (void)printf("model '%s' is signed by %s\n", m->model[i]->name, m->model[i]->signed_by);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    gad_cleanup(config_freep) struct config *c = NULL;
    gad_cleanup(models_freep) struct models *m = NULL;
    struct gad_diag d = {""};
    struct options o;

    switch (options_parse(argc, argv, &o)) {
    case OPTIONS_DONE:
        return EXIT_SUCCESS;
    case OPTIONS_WRONG:
        return 2;
    case OPTIONS_RUN:
        break;
    }
    signals_hold();
    if (gad_crypto_init(&d) != 0)
        return fail(&d);
    int r = config_load(o.file, &c, &d);
    if (r != 0)
        return fail_config(&o, r, &d);
    if (o.n_read > 0 && config_read_files(c, o.read, o.n_read, &d) != 0)
        return fail(&d);
    r = config_check_input(c, &d);
    if (r != 0)
        return fail_config(&o, r, &d);
    if (o.dump)
        return dump(c);
    r = models_load(c, &m, &d);
    if (r != 0)
        return fail_models(&o, r, &d);
    if (o.test)
        return test(&o, c, m, &d);
    log_set_level(c->ganadd.log_level);
    d.text[0] = '\0'; /* a note about a signature, for example */
    return daemon_run(c, m, o.n_read > 0, &d) == 0 ? EXIT_SUCCESS : fail(&d);
}
