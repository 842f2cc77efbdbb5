/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/evidence.h"

#include "daemon/evidence/evidence.h"
#include "daemon/evidence/store.h"
#include "daemon/ingest/reply.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/wire/frame.h"

enum { FILES = 100 /* of one answer */, CHUNK = 256 << 10 };

/* A message and everything that it points to. */
struct answer {
    Ganad__V1__EvidenceReply m;
    Ganad__V1__EvidenceReply__File entry[FILES], *list[FILES];
    struct evidence_file file[FILES];
    uint8_t data[CHUNK];
};

bool control_evidence_is(const Ganad__V1__ControlRequest *m)
{
    return m->command == GANAD__V1__CONTROL_REQUEST__COMMAND__EVIDENCE_LIST ||
           m->command == GANAD__V1__CONTROL_REQUEST__COMMAND__EVIDENCE_READ;
}

static void list(struct evidence_store *s, uint64_t from, struct answer *a)
{
    size_t n = 0;

    while (n < FILES && evidence_store_file(s, (size_t)from + n, &a->file[n])) {
        Ganad__V1__EvidenceReply__File *to = &a->entry[n];
        ganad__v1__evidence_reply__file__init(to);
        to->name = a->file[n].name;
        to->size = a->file[n].size;
        to->time_ns = a->file[n].time.ns;
        a->list[n++] = to;
    }
    a->m.n_file = n;
    a->m.next = n == FILES ? from + n : 0;
}

static int read_file(struct evidence_store *s, const Ganad__V1__ControlRequest *m, struct answer *a,
                     struct gad_diag *d)
{
    ssize_t n = evidence_store_read(s, m->file, m->id, a->data, CHUNK, &a->m.size);

    if (n < 0)
        return gad_fail(d, (int)n, "evidence '%.200s': %s", m->file, gad_strerror((int)n));
    a->m.data = (ProtobufCBinaryData){(size_t)n, a->data};
    return 0;
}

static int pack(const struct answer *a, struct gad_buf *out)
{
    size_t len = ganad__v1__evidence_reply__get_packed_size(&a->m);

    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        return GAD_ENOMEM;
    gad_frame_add_head(out, GANAD__V1__KIND__EVIDENCE_REPLY, len);
    out->len += ganad__v1__evidence_reply__pack(&a->m, out->p + out->len);
    return 0;
}

int control_evidence(const struct evidence *e, const Ganad__V1__ControlRequest *m,
                     struct gad_buf *out)
{
    gad_cleanup(gad_freep) struct answer *a = gad_calloc(1, sizeof(*a));
    struct evidence_store *s = e ? evidence_store_of(e) : NULL;
    struct gad_diag d = {""};
    int r = 0;

    if (!a)
        return GAD_ENOMEM;
    ganad__v1__evidence_reply__init(&a->m);
    a->m.file = a->list;
    if (!s)
        r = gad_fail(&d, GAD_EINVAL, "no packets are kept: [evidence] has no directory");
    else if (m->command == GANAD__V1__CONTROL_REQUEST__COMMAND__EVIDENCE_LIST)
        list(s, m->id, a);
    else
        r = read_file(s, m, a, &d);
    return r == 0 ? pack(a, out)
                  : reply_error(0, GANAD__V1__ERROR_REPLY__CODE__REFUSED, d.text, out);
}
