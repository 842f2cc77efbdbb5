/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Frames: a 32-bit big-endian length and that many bytes. The first of these is the kind of the
 * message (enum Kind of proto/ganad.proto). The length includes the kind byte, so it is at least 1.
 *
 *     length (4)  kind (1)  message (length - 1)
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_buf;

enum { GAD_FRAME_HEAD = 5 };

struct gad_frame {
    uint8_t kind;
    const uint8_t *p; /* borrowed from the bytes that were parsed */
    size_t len;       /* of the message, without the kind */
};

/* Returns the maximum message size of a kind; 0: this kind is refused. Never called for kind 0. */
typedef size_t gad_frame_cap_fn(uint8_t kind, const void *arg);

/**
 * gad_frame_next() - parses the first frame of the bytes at p
 * @cap:      called as soon as the kind is known, before the message has arrived
 * @ret_used: bytes of the whole frame; set only on 0
 *
 * Return: 0; GAD_MORE if the frame is incomplete; GAD_EFORMAT for length 0; GAD_EUNKNOWN for kind 0
 * or one that cap refuses; GAD_ELIMIT over the cap. The last two set kind and len of ret_frame, for
 * the message to the peer. With GAD_MORE ret_frame->kind is 0 if the header is incomplete too, else
 * ret_frame->len is the expected length. On 0 only, ret_frame->p is set.
 */
int gad_frame_next(const uint8_t *p, size_t len, gad_frame_cap_fn *cap, const void *arg,
                   struct gad_frame *ret_frame, size_t *ret_used) GAD_MUST_CHECK;

/* Appends the header of a frame whose message has len bytes; the caller appends the message.
 * kind is not 0, and len + 1 fits in 32 bits. */
void gad_frame_add_head(struct gad_buf *b, uint8_t kind, size_t len);
