/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Converts requests of proto/ganad.proto to jobs. Every value of a client is checked before it is
 * used.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct arena;
struct gad_frame;
struct job;
struct job_pool;
struct models;

enum {
    SCORE_FRAME_MAX = 64 << 10, /* bytes of a ScoreRequest */
};

struct decoder {
    struct arena *arena;
    struct job_pool *pool;
    struct models *models;
};

enum decode_result {
    DECODE_OK,
    DECODE_REFUSED, /* the job carries the error as its answer; the connection stays open */
    DECODE_FATAL,   /* the job carries the error; the connection is closed after it */
};

/**
 * decode_request() - fills a blank job from a frame
 * @f: of kind SCORE_REQUEST or PACKED_REQUEST
 *
 * On REFUSED and FATAL the job has no records, but an error code and a text that names the fault.
 * The id is set as soon as it is known.
 */
enum decode_result decode_request(const struct decoder *dec, const struct gad_frame *f,
                                  struct job *j);
