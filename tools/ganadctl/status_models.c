/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "tools/ganadctl/status.h"

void status_models(const Ganad__V1__StatusReply *s, char text[static STATUS_MODELS])
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(STATUS_MODELS - 1);
    char name[256], in_alerts[256];

    for (size_t i = 0; i < s->n_model; i++) {
        const Ganad__V1__StatusReply__Model *m = s->model[i];
        gad_text_escape(name, sizeof(name), m->name, strlen(m->name));
        gad_text_escape(in_alerts, sizeof(in_alerts), m->alert_name, strlen(m->alert_name));
        gad_buf_printf(&b, "%s'%s'", i > 0 ? ", " : "", name);
        if (strcmp(name, in_alerts) != 0)
            gad_buf_printf(&b, " (in alerts '%s')", in_alerts);
    }
    (void)snprintf(text, STATUS_MODELS, "%.*s", b.p ? (int)b.len : 4,
                   b.p ? (const char *)b.p : "none");
}
