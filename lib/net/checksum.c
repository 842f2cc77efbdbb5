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

bool gad_checksum_judge(struct gad_decoder *dec, bool is_bad)
{
    dec->stats.checksums_checked++;
    dec->stats.checksums_bad += is_bad;
    if (dec->checksums != GAD_CHECKSUMS_AUTO)
        return is_bad && dec->checksums == GAD_CHECKSUMS_VERIFY;
    dec->sampled_bad += is_bad;
    if (++dec->sampled == GAD_CHECKSUM_SAMPLE) {
        bool offload = dec->sampled_bad * GAD_CHECKSUM_BAD_SHARE > GAD_CHECKSUM_SAMPLE;
        dec->checksums = offload ? GAD_CHECKSUMS_IGNORE : GAD_CHECKSUMS_VERIFY;
    }
    return false;
}
