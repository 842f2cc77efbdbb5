/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/checksum.h"

#include <string.h>

#include "lib/net/walk.h"

uint64_t gad_checksum_add(uint64_t sum, const uint8_t *p, size_t len)
{
    uint64_t more = 0; /* 32-bit words cannot overflow it: a packet has fewer than 2^32 */
    uint32_t word;

    for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        more += word;
    }
    word = 0;
    if (len > 0)
        memcpy(&word, p, len); /* padded with zeros, as RFC 1071 requires, in either byte order */
    more += word;
    sum += (more & UINT32_MAX) + (more >> 32);
    return sum;
}

uint64_t gad_checksum_pseudo(uint64_t sum, const struct gad_tuple *t, size_t len)
{
    size_t n = t->family == 6 ? 16 : 4;
    const uint8_t tail[8] = {(uint8_t)(len >> 24),
                             (uint8_t)(len >> 16),
                             (uint8_t)(len >> 8),
                             (uint8_t)len,
                             0,
                             0,
                             0,
                             t->proto};

    sum = gad_checksum_add(sum, t->src, n);
    sum = gad_checksum_add(sum, t->dst, n);
    return gad_checksum_add(sum, tail, sizeof(tail));
}

uint16_t gad_checksum_fold(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

bool gad_checksum_is_left(const uint8_t field[static 2], const struct gad_tuple *t, size_t len,
                          bool has_pseudo)
{
    uint16_t left;

    memcpy(&left, field, sizeof(left));
    return left == 0 || (has_pseudo && (left == gad_checksum_fold(gad_checksum_pseudo(0, t, len)) ||
                                        left == gad_checksum_fold(gad_checksum_pseudo(0, t, 0))));
}

/* See senders.h. */
static bool is_believed(struct gad_walk *w, const struct gad_checksum *sum)
{
    struct gad_decoder *dec = w->dec;
    const struct gad_tuple *t = &w->p.tuple;

    dec->is_merging |= sum->is_left && sum->is_merged;
    bool believed =
        (sum->is_left && sum->is_mergeable && dec->is_merging) ||
        !gad_senders_knows_better(dec->senders, t, w->link_source, sum->class, sum->is_left);
    dec->stats.checksums_offloaded += believed && sum->is_left;
    dec->stats.checksums_undecided += believed && !sum->is_left;
    return believed;
}

bool gad_checksum_judge(struct gad_walk *w, const struct gad_checksum *sum)
{
    struct gad_decoder *dec = w->dec;

    dec->stats.checksums_checked++;
    dec->stats.checksums_bad += !sum->is_right;
    if (dec->opt.checksums != GAD_CHECKSUMS_AUTO)
        return !sum->is_right && dec->opt.checksums == GAD_CHECKSUMS_VERIFY;
    if (!sum->is_right)
        return !is_believed(w, sum);
    gad_senders_right(dec->senders, &w->p.tuple, w->link_source, sum->class, sum->is_evidence);
    return false;
}
