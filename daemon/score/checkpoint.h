/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Opens a checkpoint, with the signature that the configuration requires. Thread: any.
 *
 * A signature stays good for ever. So [trust] bind and [model] minimum_version require that it
 * states the model and the version (lib/sign/claim.h): then it does not hold for another model, nor
 * for an older version than one that was in use.
 */

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/sign/beside.h"
#include "lib/sign/claim.h"
#include "lib/sign/ed25519.h"

struct config_model;
struct config_trust;
struct gad_detector;
struct gad_diag;

/* Why a checkpoint was trusted, to be checked again. */
struct checkpoint_proof {
    struct gad_signed is;      /* its signature */
    struct gad_claim claim;    /* what that states; empty unless is.state is GAD_SIGNED */
    uint8_t hash[GAD_BLAKE2B]; /* of the file */
};

/**
 * checkpoint_open() - reads, verifies, checks and self-tests a checkpoint
 * @c: the model that it is for
 *
 * The signature is checked first: a file without the required signature is not parsed at all, and
 * the parsed bytes are those that were verified, even if the file changes meanwhile. A bad
 * signature by a trusted key is always refused, and so is one that names another model.
 */
int checkpoint_open(const char *file, const struct config_model *c, const struct config_trust *t,
                    struct gad_detector **ret, struct checkpoint_proof *ret_proof,
                    struct gad_diag *d) GAD_MUST_CHECK;

/**
 * checkpoint_prove_again() - checks whether a checkpoint that is in memory would be trusted now
 * @p: as of checkpoint_open(); updated on success
 *
 * If the file still has the same bytes, the signature beside it is checked as for a load.
 * Otherwise, since a newer checkpoint usually replaces the file, the key that signed it must still
 * be trusted. An older version than the highest one is allowed: the operator asks for it.
 */
int checkpoint_prove_again(const char *file, const struct config_model *c,
                           const struct config_trust *t, struct checkpoint_proof *p,
                           struct gad_diag *d) GAD_MUST_CHECK;

/* Whether a model needs a signature that states its name and version. */
bool checkpoint_is_bound(const struct config_model *c, const struct config_trust *t);
