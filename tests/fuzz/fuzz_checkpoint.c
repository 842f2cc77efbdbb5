/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the input as a checkpoint's file, and again with the length and the checksum in its header
 * corrected, so that the message is reached. An accepted message packs to the same bytes. In the
 * second round byte 12, which must be zero in a real file, selects the allocation that fails.
 */

#include <stdint.h>
#include <string.h>

#include "lib/checkpoint/checkpoint.h"
#include "lib/checkpoint/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *p, size_t len, long failing)
{
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *c = NULL;
    gad_cleanup(gad_freep) uint8_t *again = NULL;
    size_t again_len;

    (void)gad_mem_fail_at(failing);
    int r = gad_checkpoint_parse("fuzz", p, len, &c, NULL);
    (void)gad_mem_fail_at(0);
    gad_assert((r == 0) == (c != NULL));
    if (r != 0)
        return;
    gad_assert(gad_checkpoint_pack(c, &again, &again_len, NULL) == 0);
    gad_assert(again_len == len && memcmp(again, p, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size, 0);
    if (size < GAD_CKPT_HEADER_LEN)
        return 0;

    size_t len = size - GAD_CKPT_HEADER_LEN;
    gad_cleanup(gad_freep) uint8_t *p = gad_calloc(1, size); /* ends where the message ends */
    if (!p)
        return 0;
    memcpy(p, data, size);
    memcpy(p, gad_ckpt_magic, sizeof(gad_ckpt_magic));
    memcpy(p + 8, "\1\0\0\0\0\0\0\0", 8);
    for (size_t i = 0; i < 8; i++)
        p[16 + i] = (uint8_t)((uint64_t)len >> 8 * i);
    gad_assert(gad_ckpt_sha256(p + GAD_CKPT_HEADER_LEN, len, p + 24, NULL) == 0);
    parse(p, size, 0);
    if (data[12] > 0)
        parse(p, size, data[12]);
    return 0;
}
