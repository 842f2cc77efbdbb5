/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/models.h"

#include <string.h>

#include "daemon/ingest/reply.h"
#include "daemon/reload/reload.h"
#include "lib/base/text.h"
#include "lib/wire/frame.h"

/* A message and everything that it points to. */
struct answer {
    Ganad__V1__ReloadReply m;
    Ganad__V1__ReloadReply__Change change[2 * CONFIG_MODELS_MAX], *list[2 * CONFIG_MODELS_MAX];
    char *applied[RELOAD_KEYS_MAX], *restart[RELOAD_KEYS_MAX];
};

bool control_models_is(const Ganad__V1__ControlRequest *m)
{
    return m->command >= GANAD__V1__CONTROL_REQUEST__COMMAND__RELOAD &&
           m->command <= GANAD__V1__CONTROL_REQUEST__COMMAND__MODEL_ROLLBACK;
}

static char *unconst(const char *s)
{
    return (char *)(uintptr_t)s;
}

static size_t list_keys(const struct reload_keys *keys, char *list[static RELOAD_KEYS_MAX])
{
    char *line = (char *)keys->text.p;
    size_t n = 0;

    for (; n < keys->n && n < RELOAD_KEYS_MAX; n++) {
        list[n] = line;
        line += strlen(line) + 1;
    }
    return n;
}

static void fill(struct answer *a, const struct reload_result *r)
{
    static const char *const what[] = {[RELOAD_SAME] = "same",
                                       [RELOAD_CHANGED] = "changed",
                                       [RELOAD_NEW] = "new",
                                       [RELOAD_GONE] = "gone"};

    ganad__v1__reload_reply__init(&a->m);
    for (size_t i = 0; i < r->n; i++) {
        ganad__v1__reload_reply__change__init(&a->change[i]);
        a->change[i].model = unconst(r->change[i].name);
        a->change[i].what = unconst(what[r->change[i].kind]);
        a->change[i].sha256 = unconst(r->change[i].is);
        a->change[i].previous_sha256 = unconst(r->change[i].was);
        a->list[i] = &a->change[i];
    }
    a->m.n_change = r->n;
    a->m.change = a->list;
    a->m.n_applied = list_keys(&r->applied, a->applied);
    a->m.applied = a->applied;
    a->m.n_all = r->restart.n;
    a->m.n_restart = list_keys(&r->restart, a->restart);
    a->m.restart = a->restart;
}

int control_models_reply(const struct reload_result *r, struct gad_buf *out)
{
    char text[GAD_DIAG_MAX * 4];
    struct answer a;

    if (r->error != 0) {
        gad_text_escape(text, sizeof(text), r->why.text, strlen(r->why.text));
        return reply_error(0, GANAD__V1__ERROR_REPLY__CODE__REFUSED, text, out);
    }
    fill(&a, r);
    size_t len = ganad__v1__reload_reply__get_packed_size(&a.m);
    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        return GAD_ENOMEM;
    gad_frame_add_head(out, GANAD__V1__KIND__RELOAD_REPLY, len);
    out->len += ganad__v1__reload_reply__pack(&a.m, out->p + out->len);
    return 0;
}
