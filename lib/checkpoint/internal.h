/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Shared by the files of this directory. A checkpoint passes through them as
 *
 *     bytes --reader.c--> protobuf message --convert.c--> struct gad_checkpoint --verify.c-->
 *     verified
 *
 * and writer.c goes back. Everything that reading allocates comes from one arena with a limit,
 * because protobuf-c turns the two bytes of an empty sub-message into some two hundred bytes of
 * heap.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "proto/checkpoint.pb-c.h"

enum {
    GAD_CKPT_HEADER_LEN = 56,
    GAD_CKPT_TENSOR_NAME = GAD_CKPT_NAME_MAX + 32, /* "NET.63.weight" and NUL */
};

extern const uint8_t gad_ckpt_magic[8];

/* The arena frees all its chunks at once. */
struct gad_ckpt_chunk;
struct gad_ckpt_arena {
    struct gad_ckpt_chunk *chunks;
    uint8_t *at; /* free bytes of the newest shared chunk: at .. at + room */
    size_t room;
    size_t left;    /* bytes left of the limit */
    bool over;      /* a request was over the limit */
    bool no_memory; /* a request was within the limit, but the heap was exhausted */
};

struct gad_ckpt_arena *gad_ckpt_arena_new(size_t budget); /* or NULL */
void gad_ckpt_arena_free(struct gad_ckpt_arena *a);
GAD_DEFINE_CLEANUP(struct gad_ckpt_arena, gad_ckpt_arena_free);

/* Returns zeroed memory on a 16-byte boundary, also for 0 bytes; NULL with the reason in `over` or
 * `no_memory`. */
void *gad_ckpt_arena_alloc(struct gad_ckpt_arena *a, size_t n, size_t size)
    __attribute__((__warn_unused_result__));

/* Returns code and text of the failure stored in the arena. */
int gad_ckpt_arena_fail(const struct gad_ckpt_arena *a, struct gad_diag *d);

int gad_ckpt_sha256(const void *p, size_t len, uint8_t sum[static 32],
                    struct gad_diag *d) GAD_MUST_CHECK;

/* "encoder.0.weight", "encoder.0.bias" */
void gad_ckpt_tensor_name(const char *net, size_t layer, bool bias,
                          char text[static GAD_CKPT_TENSOR_NAME]);

/**
 * gad_ckpt_convert() - converts a message to a checkpoint, without the tensors
 * @m:  unpacked into @a; the checkpoint points into it
 * @c:  zeroed
 *
 * Checks all counts, here only; gad_ckpt_verify_*() check the counted items.
 */
int gad_ckpt_convert(const Ganad__Checkpoint__Checkpoint *m, struct gad_ckpt_arena *a,
                     struct gad_checkpoint *c, struct gad_diag *d) GAD_MUST_CHECK;

/* Verifies the nets: names, chains of layers, limits. After this any product of two dimensions fits
 * 32 bits. */
int gad_ckpt_verify_nets(const struct gad_checkpoint *c, struct gad_diag *d) GAD_MUST_CHECK;

/* Sets the two tensors of each layer, decoded in place. Needs verified nets. */
int gad_ckpt_bind_tensors(const Ganad__Checkpoint__Checkpoint *m, struct gad_checkpoint *c,
                          struct gad_diag *d) GAD_MUST_CHECK;

/* Verifies everything else. */
int gad_ckpt_verify_rest(const struct gad_checkpoint *c, struct gad_diag *d) GAD_MUST_CHECK;
