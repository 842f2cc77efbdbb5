/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * SipHash (Aumasson and Bernstein 2012): a keyed hash of short inputs, for tables whose keys come
 * from the network. A peer that does not know the key cannot make inputs collide.
 */

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4, of any bytes. */
uint64_t gad_siphash(const uint64_t key[static 2], const void *p, size_t len);

/* SipHash-1-3 of n words, the variant that most hash tables use, fast enough for one hash a
 * packet. The value depends on the byte order of the words. */
uint64_t gad_siphash13(const uint64_t key[static 2], const uint64_t *words, size_t n);
