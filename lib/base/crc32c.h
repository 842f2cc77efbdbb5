/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * CRC-32C (Castagnoli; RFC 3720 appendix B.4): detects damage, not forgery. Uses the instruction of
 * SSE 4.2 or of ARMv8 where the processor has it, otherwise a table; the value is the same.
 */

#include <stddef.h>
#include <stdint.h>

/* Returns the sum of the bytes that gave @crc and len more. A new sum starts with 0, or with
 * another number so that sums of different kinds differ. */
uint32_t gad_crc32c(uint32_t crc, const void *p, size_t len);

/* The same by table on every processor, for the test. */
uint32_t gad_crc32c_table(uint32_t crc, const void *p, size_t len);
