/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/source_filter.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/net/savefile.h"

enum {
    LINKS_MAX = 8, /* link types of one file; frames of further ones are refused */
    TAG_LEN = 4,
};

struct program {
    int link_type;
    bool is_usable;
    struct bpf_program code;
};

struct gad_filter {
    char *text;
    size_t n, last; /* last: used by the frame before */
    struct program program[LINKS_MAX];
};

int gad_source_check_filter(const char *filter, struct gad_diag *d)
{
    static const int links[] = {DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL2, DLT_IEEE802_11_RADIO};
    int r = GAD_EINVAL;

    for (size_t i = 0; *filter && r != 0 && i < sizeof(links) / sizeof(links[0]); i++) {
        struct bpf_program program;
        pcap_t *p = pcap_open_dead(links[i], 65535);
        if (!p)
            return gad_fail(d, GAD_ENOMEM, "no memory");
        if (pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0) {
            pcap_freecode(&program);
            r = 0;
        } else if (i == 0) {
            (void)gad_fail(d, r, "'%s': %s", filter, pcap_geterr(p));
        }
        pcap_close(p);
    }
    return *filter ? r : 0;
}

/* Adds the program for a link type; there is room. */
static int compile(struct gad_filter *f, int link_type, struct gad_diag *d)
{
    struct program *p = &f->program[f->n];
    pcap_t *dead = pcap_open_dead(link_type, GAD_SAVEFILE_FRAME_MAX);
    int r = 0;

    if (!dead)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    p->link_type = link_type;
    p->is_usable = pcap_compile(dead, &p->code, f->text, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!p->is_usable)
        r = gad_fail(d, GAD_EINVAL, "filter '%s': %s", f->text, pcap_geterr(dead));
    f->last = f->n++;
    pcap_close(dead);
    return r;
}

int gad_filter_new(const char *text, int link_type, struct gad_filter **ret, struct gad_diag *d)
{
    gad_cleanup(gad_filter_freep) struct gad_filter *f = gad_calloc(1, sizeof(*f));

    if (f)
        f->text = gad_strndup(text, strlen(text));
    if (!f || !f->text)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = compile(f, link_type, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&f);
    return 0;
}

void gad_filter_free(struct gad_filter *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++)
        if (f->program[i].is_usable)
            pcap_freecode(&f->program[i].code);
    gad_free(f->text);
    gad_free(f);
}

static struct program *program_for(struct gad_filter *f, int link_type)
{
    if (f->program[f->last].link_type == link_type)
        return &f->program[f->last];
    for (size_t i = 0; i < f->n; i++)
        if (f->program[i].link_type == link_type) {
            f->last = i;
            return &f->program[i];
        }
    if (f->n == LINKS_MAX || compile(f, link_type, NULL) == GAD_ENOMEM)
        return NULL;
    return &f->program[f->last];
}

bool gad_filter_takes(struct gad_filter *f, int link_type, const uint8_t *frame, size_t caplen,
                      size_t len)
{
    const struct program *p = program_for(f, link_type);
    const struct pcap_pkthdr h = {.caplen = (bpf_u_int32)caplen, .len = (bpf_u_int32)len};

    return p && p->is_usable && pcap_offline_filter(&p->code, &h, frame) != 0;
}

/* The tags that the word "vlan" takes. */
static bool is_tag(const uint8_t *p)
{
    unsigned type = (unsigned)p[0] << 8 | p[1];
    return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

void gad_filter_count(struct gad_filter_refused *r, int link_type, const uint8_t *frame,
                      size_t caplen)
{
    size_t at; /* of the EtherType */

    r->frames++;
    switch (link_type) {
    case DLT_EN10MB:
        at = 12;
        break;
    case DLT_LINUX_SLL:
        at = 14;
        break;
    case DLT_LINUX_SLL2:
        at = 0;
        break;
    default:
        return;
    }
    if (caplen < at + 2 || !is_tag(frame + at))
        return;
    r->tagged++;
    at += link_type == DLT_LINUX_SLL2 ? 20 + 2 : TAG_LEN; /* there the header goes on after it */
    r->tagged_twice += caplen >= at + 2 && is_tag(frame + at);
}

void gad_filter_add(struct gad_filter_refused *r, const struct gad_filter_refused *more)
{
    r->frames += more->frames;
    r->tagged += more->tagged;
    r->tagged_twice += more->tagged_twice;
}

bool gad_filter_hint(const char *text, const struct gad_filter_refused *r, struct gad_diag *d)
{
    bool has_vlan = strstr(text, "vlan") != NULL;
    const char *more = !has_vlan && r->tagged_twice == r->tagged ? "vlan and vlan" : "vlan";

    if (r->tagged == 0 || (has_vlan && r->tagged_twice == 0))
        return false;
    (void)gad_fail(d, 0,
                   "the filter '%.150s' took none of %" PRIu64 " packets, and %" PRIu64
                   " of them have a VLAN tag, behind which a filter looks only after 'vlan': try "
                   "'%s and (%.150s)'",
                   text, r->frames, r->tagged, more, text);
    return true;
}
