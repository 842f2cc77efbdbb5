/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Detects from the first bytes of a file whether it is a capture that lib/net/source.h reads. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/**
 * gad_magic_is_capture() - detects pcap and pcapng, plain or packed
 * @p:   the first (len) bytes; of gzip, the first unpacked bytes decide. Records are not packed in
 *       the other ways of lib/net/unpack.h, so each file of these counts as a capture
 * @ret: false also for bytes that cannot be unpacked
 * Return: 0; GAD_MORE: more bytes are needed (at the end of the file: it is not a capture);
 * GAD_ENOMEM.
 */
int gad_magic_is_capture(const void *p, size_t len, bool *ret) GAD_MUST_CHECK;
