/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inside of an evidence source: a capture's ring and the names of its files. */

#include <pthread.h>

#include "daemon/evidence/evidence.h"
#include "lib/event/event.h"

enum { EVIDENCE_FILES = 256 }; /* whose names a capture keeps */

struct evidence_source {
    const char *name; /* the capture's; borrowed */
    struct gad_frame_ring *ring;
    void *mapped; /* the ring's memory if it is in a file */
    size_t mapped_len;
    /* The evidence thread gets the lock between two reads: who wants it takes the turn first. */
    pthread_mutex_t turn, lock;

    pthread_mutex_t names;
    uint32_t n_files; /* so far; file i, from 1, is at i % room */
    size_t room;      /* 0: an interface */
    char (*path)[GAD_EVENT_PATH];
};

void evidence_source_free(struct evidence_source *s);

/* Thread: any. Copies the name of a file; "": forgotten, or 0. */
void evidence_source_path(struct evidence_source *s, uint32_t file,
                          char text[static GAD_EVENT_PATH]);
