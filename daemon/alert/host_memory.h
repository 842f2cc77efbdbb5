/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the watch of hosts has learned, as a file, so that a restart does not begin it again: the
 * levels, the usual sizes and surprises, and of each host that completed a handshake what is usual
 * for it. A host is there as a keyed hash of its address. The key is in the same file.
 *
 * The file is a magic, a version, the length and a checksum of the rest, and fixed-size values in
 * little endian. Damage is found, and then nothing is taken from it. The checksum is no protection
 * against an attacker who can write it.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/alert/host_level.h"
#include "daemon/alert/host_signs.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

struct gad_diag;

enum {
    HOST_MEMORY_HOSTS = 4096,
    HOST_MEMORY_TAGS = 8,      /* pairs with a known rhythm, of each host */
    HOST_MEMORY_MAX = 1 << 20, /* bytes behind the head */
    HOST_MEMORY_FILE_MAX = HOST_MEMORY_MAX + 24,
};

struct host_memory_host {
    uint64_t hash;
    uint32_t second; /* when it was seen last */
    float own[GAD_N_SIGNS];
    uint32_t n_tags, tag[HOST_MEMORY_TAGS];
};

struct host_memory {
    uint64_t records;
    uint64_t hosts_seen[16];
    size_t n;
    struct host_memory_host host[HOST_MEMORY_HOSTS]; /* by hash */
};

void host_memory_sort(struct host_memory *m); /* by hash, as host_memory_find() expects */

/* Sorts the hosts, and appends the file. */
void host_memory_write(struct host_memory *m, const struct host_usual *u,
                       const struct host_levels *l, struct gad_buf *out);

/* Reads one. On failure, GAD_EFORMAT with a reason in @d, nothing is changed. Of @u and @l only
 * what was learned is set. */
int host_memory_read(const uint8_t *p, size_t len, struct host_memory *m, struct host_usual *u,
                     struct host_levels *l, struct gad_diag *d) GAD_MUST_CHECK;

/* NULL: not there. */
const struct host_memory_host *host_memory_find(const struct host_memory *m, uint64_t hash);
