/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The packets of alerted connections. Each capture keeps its latest frames in a ring
 * (lib/net/frame_ring.h). When an alert leaves, the main loop asks for the frames of its
 * connection; a thread copies them out of the ring and writes them as a file of the store.
 *
 *     capture thread -- ring --> evidence thread -- store --> file
 *     main loop --- request ----------^
 *
 * The capture thread holds the ring while it reads frames, up to 512 at a time. Between two reads
 * the evidence thread gets it, for one connection. The main loop never waits for either.
 *
 * Of each capture it also keeps the names of the last files, whether there is a ring or not.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct config_capture;
struct evidence;
struct evidence_source;
struct evidence_store;
struct gad_diag;
struct gad_event;
struct gad_frame_ring;
struct stats;

/* Whether evidence_new() would succeed; NULL or "" as directory: it is off. Thread: main. */
int evidence_check(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;

/* @is_once: files are read once, so that the rate is not limited. @stats, @c: outlive it.
 * Thread: main, for this and the following. */
int evidence_new(const struct config *c, bool is_once, struct stats *stats, struct evidence **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;
int evidence_start(struct evidence *e) GAD_MUST_CHECK;
/* Writes what was asked for. The captures have ended. */
void evidence_free(struct evidence *e);
GAD_DEFINE_CLEANUP(struct evidence, evidence_free);

/* Adds to an alert, whose number is set: file and packet of its connection; with a ring it asks for
 * its packets and adds the name that the file will have. "" if a limit forbids that. */
void evidence_add(struct evidence *e, struct gad_event *alert);

/* Updates the counters of stats. */
void evidence_count(struct evidence *e);

/* NULL: evidence is off. */
struct evidence_store *evidence_store_of(const struct evidence *e);

/* A capture. It lives as long as @e. */
int evidence_source_new(struct evidence *e, const struct config_capture *c,
                        struct evidence_source **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* NULL: evidence is off. */
struct gad_frame_ring *evidence_source_ring(const struct evidence_source *s);

/* Thread: the capture's, for the rest; @s may be NULL. */

/* Around each use of the ring, of the decoder and of the flow table. */
void evidence_source_hold(struct evidence_source *s);
void evidence_source_release(struct evidence_source *s);

/* The capture begins with another file. */
void evidence_source_file(struct evidence_source *s, const char *path);
/* The number of the frame that is n-th in this file, to be kept with its connection. */
uint64_t evidence_source_number(const struct evidence_source *s, uint64_t n);
/* From that number back to the file's number, from 1, and the n in it; 0 and 0: not known. */
void evidence_number_split(uint64_t number, uint32_t *ret_file, uint64_t *ret_n);
