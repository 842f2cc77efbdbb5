/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/format.h"

#include "lib/base/buf.h"

static const struct gad_format *const formats[] = {
    &gad_format_json, &gad_format_eve,  &gad_format_ecs,    &gad_format_ocsf,
    &gad_format_cef,  &gad_format_leef, &gad_format_syslog, &gad_format_journal};

const struct gad_format *gad_format_at(size_t i)
{
    return i < sizeof(formats) / sizeof(formats[0]) ? formats[i] : NULL;
}

int gad_format_write(const struct gad_format *f, const struct gad_event *e,
                     const struct gad_format_options *o, struct gad_buf *out)
{
    size_t before = gad_buf_left(out); /* an offset, because growing may move the bytes */

    for (int detail = GAD_DETAIL_ALL; !out->bad && detail <= GAD_DETAIL_LEAST; detail++) {
        f->write(e, o, (enum gad_detail)detail, out);
        if (!out->bad && gad_buf_left(out) - before <= o->max)
            return 0;
        out->bad = false;
        out->len = out->pos + before;
    }
    return GAD_ELIMIT;
}
