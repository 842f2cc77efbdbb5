/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The state of a training after an epoch: a copy of the kept networks, and a file with trainer,
 * history and that copy. A training that continues from the file ends with the same bits as one
 * that was never interrupted. The file belongs to one command, one program version and one kind of
 * machine. It is not a checkpoint, and no other program reads it.
 *
 *     "ganadst1"  u32 length, identity  u64 epochs, kept epoch  f64 figure, held-out error
 *     f64 history (4 * epochs requested)  f32 kept weights  the trainer's blocks
 *     SHA-256 of all before
 *
 * Integers little-endian, floats as in memory.
 */

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"

struct fit_options;
struct gad_diag;
struct gad_trainer;
struct snapshot;
struct training;

/* Copies the nets of @c, because the trainer changes its own. Their names remain the trainer's. */
int snapshot_new(const struct gad_checkpoint *c, struct snapshot **ret) GAD_MUST_CHECK;
void snapshot_free(struct snapshot *s);
GAD_DEFINE_CLEANUP(struct snapshot, snapshot_free);

/* Points the nets of @c at the copy. */
void snapshot_fill(struct snapshot *s, struct gad_checkpoint *c);

/**
 * state_save() - writes the state atomically; an older file stays if this one cannot be written
 * @c: with provenance, which is the identity, and nets
 */
int state_save(const char *path, const struct fit_options *o, struct gad_trainer *t,
               const struct gad_checkpoint *c, struct training *r,
               struct gad_diag *d) GAD_MUST_CHECK;

/**
 * state_load() - restores trainer and training
 * @c: with provenance; model, nets and score are filled in
 * @r: with memory for its history
 * Returns 0; GAD_END if there is no such file; GAD_EMISMATCH with @d if it is of another training;
 * GAD_EFORMAT with @d if it is damaged. Trainer and training are changed only on success.
 */
int state_load(const char *path, const struct fit_options *o, struct gad_trainer *t,
               struct gad_checkpoint *c, struct training *r, struct gad_diag *d) GAD_MUST_CHECK;
