/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/evidence/source.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/config/config.h"
#include "lib/base/diag.h"
#include "lib/net/frame_ring.h"

/* A frame's number: that of its file, modulo 2^24, and its place there. */
enum { PLACE_BITS = 40, FILE_MASK = (1 << 24) - 1 };
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)

void evidence_source_free(struct evidence_source *s)
{
    if (!s)
        return;
    gad_frame_ring_free(s->ring);
    if (s->mapped)
        (void)munmap(s->mapped, s->mapped_len);
    (void)pthread_mutex_destroy(&s->turn);
    (void)pthread_mutex_destroy(&s->lock);
    (void)pthread_mutex_destroy(&s->names);
    gad_free(s->path);
    gad_free(s);
}

struct gad_frame_ring *evidence_source_ring(const struct evidence_source *s)
{
    return s ? s->ring : NULL;
}

void evidence_source_hold(struct evidence_source *s)
{
    if (!s || !s->ring)
        return;
    (void)pthread_mutex_lock(&s->turn);
    (void)pthread_mutex_lock(&s->lock);
    (void)pthread_mutex_unlock(&s->turn);
}

void evidence_source_release(struct evidence_source *s)
{
    if (s && s->ring)
        (void)pthread_mutex_unlock(&s->lock);
}

void evidence_source_file(struct evidence_source *s, const char *path)
{
    size_t len = strlen(path), skip = len < GAD_EVENT_PATH ? 0 : len - GAD_EVENT_PATH + 1;

    if (!s || s->room == 0)
        return;
    (void)pthread_mutex_lock(&s->names);
    s->n_files++;
    (void)snprintf(s->path[s->n_files % s->room], GAD_EVENT_PATH, "%s", path + skip);
    (void)pthread_mutex_unlock(&s->names);
}

void evidence_source_path(struct evidence_source *s, uint32_t file,
                          char text[static GAD_EVENT_PATH])
{
    *text = '\0';
    if (s->room == 0 || file == 0)
        return;
    (void)pthread_mutex_lock(&s->names);
    uint32_t behind = (s->n_files - file) & FILE_MASK;
    if (behind < s->room && behind < s->n_files)
        (void)snprintf(text, GAD_EVENT_PATH, "%s", s->path[(s->n_files - behind) % s->room]);
    (void)pthread_mutex_unlock(&s->names);
}

uint64_t evidence_source_number(const struct evidence_source *s, uint64_t n)
{
    return s ? (uint64_t)(s->n_files & FILE_MASK) << PLACE_BITS | (n & PLACE_MASK) : 0;
}

void evidence_number_split(uint64_t number, uint32_t *ret_file, uint64_t *ret_n)
{
    *ret_n = number & PLACE_MASK;
    *ret_file = *ret_n > 0 ? (uint32_t)(number >> PLACE_BITS) : 0;
}
