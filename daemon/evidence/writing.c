/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/evidence/writing.h"

#include "daemon/evidence/source.h"
#include "lib/base/buf.h"
#include "lib/net/frame_ring.h"
#include "lib/net/pcapng_write.h"

enum {
    LINKS_MAX = 8,  /* link types of one connection; further ones are left out */
    OVERHEAD = 128, /* bytes of an interface and a packet, without name, comment and frame */
};

struct evidence_writing {
    size_t room, n;
    int link[LINKS_MAX];
    uint32_t n_links;
    uint64_t ref[]; /* (room), from the last frame to the first */
};

int evidence_writing_new(size_t frames, struct evidence_writing **ret)
{
    struct evidence_writing *w = gad_calloc(1, sizeof(*w) + frames * sizeof(w->ref[0]));

    if (!w)
        return GAD_ENOMEM;
    w->room = frames; /* at most some millions: connection_bytes has a limit */
    *ret = w;
    return 0;
}

void evidence_writing_free(struct evidence_writing *w)
{
    gad_free(w);
}

/* Finds the connection's frames. Returns whether its first one is among them. */
static bool walk(struct evidence_writing *w, const struct gad_frame_ring *ring, uint64_t last)
{
    struct gad_stored_frame f = {.before = last};

    w->n = 0;
    while (f.before != 0 && w->n < w->room) {
        uint64_t ref = f.before;
        if (!gad_frame_ring_read(ring, ref, &f))
            return false;
        if (!f.is_moved)
            w->ref[w->n++] = ref;
    }
    return f.before == 0;
}

/* Returns the number of a link type's interface, which it writes if it is new. */
static uint32_t interface_of(struct evidence_writing *w, const struct evidence_piece *p,
                             int link_type, struct gad_buf *out)
{
    uint32_t i = 0;

    while (i < w->n_links && w->link[i] != link_type)
        i++;
    if (i < w->n_links || i == LINKS_MAX)
        return i;
    w->link[w->n_links++] = link_type;
    gad_pcapng_interface(out, link_type, p->snaplen, p->from->name);
    return i;
}

/* False: it does not fit any more. */
static bool add(struct evidence_writing *w, const struct evidence_piece *p,
                const struct gad_stored_frame *f, bool is_first, struct gad_buf *out)
{
    size_t texts = is_first ? GAD_PCAPNG_COMMENT_MAX : GAD_EVENT_NAME;

    if (out->max - out->len < f->caplen + texts + OVERHEAD)
        return false;
    uint32_t interface = interface_of(w, p, f->link_type, out);
    if (interface == LINKS_MAX)
        return false;
    gad_pcapng_packet(out, &(struct gad_pcapng_packet){.interface = interface,
                                                       .time = f->time,
                                                       .data = f->data,
                                                       .caplen = f->caplen,
                                                       .len = f->len,
                                                       .comment = is_first ? p->comment : ""});
    return !out->bad;
}

void evidence_write(struct evidence_writing *w, const struct evidence_piece *p, struct gad_buf *out,
                    struct evidence_written *ret)
{
    struct gad_stored_frame f;

    *ret = (struct evidence_written){0};
    w->n_links = 0;
    gad_pcapng_section(out, p->application, p->comment);
    evidence_source_hold(p->from);
    bool is_whole = walk(w, p->from->ring, p->last);
    uint64_t n = w->n < p->max_packets ? w->n : p->max_packets;
    while (ret->packets < n &&
           gad_frame_ring_read(p->from->ring, w->ref[w->n - 1 - ret->packets], &f) &&
           add(w, p, &f, ret->packets == 0, out))
        ret->packets++;
    evidence_source_release(p->from);
    ret->is_limited = ret->packets < w->n;
    ret->is_cut = !is_whole || ret->is_limited || ret->packets < p->packets;
}
