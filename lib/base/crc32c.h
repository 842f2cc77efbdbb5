/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * CRC-32C (Castagnoli; RFC 3720 appendix B.4): finds damage, not forgery. By the instruction of SSE 4.2 or of
 * ARMv8 where the processor has it, by a table otherwise; the value is the same.
 */

#include <stddef.h>
#include <stdint.h>

/* Of len bytes more behind those that gave @crc; begins with 0, or with a number to tell sums of one kind apart. */
uint32_t gad_crc32c(uint32_t crc, const void *p, size_t len);

/* The same by table, whatever the processor: for its test. */
uint32_t gad_crc32c_table(uint32_t crc, const void *p, size_t len);
