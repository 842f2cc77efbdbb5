/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * SipHash (Aumasson and Bernstein 2012): a hash of short keys that somebody who does not know the seed
 * cannot make collide, for tables whose keys come from the network.
 */

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4, of any bytes. */
uint64_t gad_siphash(const uint64_t key[static 2], const void *p, size_t len);

/* SipHash-1-3 of (n) whole words, which is what most tables of other programs use: for a hash a packet. The value
 * depends on the byte order of the words. */
uint64_t gad_siphash13(const uint64_t key[static 2], const uint64_t *words, size_t n);
