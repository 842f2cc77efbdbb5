/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The two primitives of minisign, from libcrypto. Inside of minisign.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { GAD_BLAKE2B = 64 };

/* Computes BLAKE2b-512 without a key (RFC 7693). Returns false without memory. */
bool gad_blake2b(const void *p, size_t len, uint8_t out[static GAD_BLAKE2B]) GAD_MUST_CHECK;

/* Verifies a signature of RFC 8032. Returns 0, GAD_EMISMATCH or GAD_ENOMEM. */
int gad_ed25519_verify(const uint8_t key[static 32], const uint8_t signature[static 64],
                       const void *p, size_t len) GAD_MUST_CHECK;
