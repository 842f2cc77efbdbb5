/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Training as it stands after an epoch, in a file: trainer, history, and the networks that are kept so far. Who
 * continues from it ends with the same bits as who never stopped. It belongs to one command, one program version
 * and one kind of machine; it is not a checkpoint and nobody else reads it.
 *
 *     "ganadst1"  u32 length, identity  u64 epochs, kept epoch  f64 figure, held-out error
 *     f64 history (4 * epochs asked for)  f32 kept weights  the trainer's blocks  SHA-256 of all before
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

/* Copies the nets of @c; their names stay the trainer's. */
int snapshot_new(const struct gad_checkpoint *c, struct snapshot **ret) GAD_MUST_CHECK;
void snapshot_free(struct snapshot *s);
GAD_DEFINE_CLEANUP(struct snapshot, snapshot_free);

/* Points the nets of @c at the copy. */
void snapshot_fill(struct snapshot *s, struct gad_checkpoint *c);

/**
 * state_save() - atomically; an older state stays if this one cannot be written
 * @c: with provenance, which is the identity, and nets
 */
int state_save(const char *path, const struct fit_options *o, struct gad_trainer *t,
               const struct gad_checkpoint *c, struct training *r,
               struct gad_diag *d) GAD_MUST_CHECK;

/**
 * state_load() - trainer and training as they were
 * @c: with provenance; model, nets and score are filled in
 * @r: with room for its history
 * Return: 0; GAD_END if there is no such file; GAD_EMISMATCH with @d if it is of another training, GAD_EFORMAT or
 * GAD_ETRUNC if it is damaged. Trainer and training are touched only on success.
 */
int state_load(const char *path, const struct fit_options *o, struct gad_trainer *t,
               struct gad_checkpoint *c, struct training *r, struct gad_diag *d) GAD_MUST_CHECK;
