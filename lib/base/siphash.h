/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * SipHash-2-4 (Aumasson and Bernstein 2012): a hash of short keys that somebody who does not know the seed
 * cannot make collide, for tables whose keys come from the network.
 */

#include <stddef.h>
#include <stdint.h>

uint64_t gad_siphash(const uint64_t key[static 2], const void *p, size_t len);
