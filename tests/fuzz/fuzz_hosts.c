/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the file of what was learned about hosts, also with a right head: refused, or the
 * same after writing and reading them. While an allocation fails they are accepted or refused.
 */
#include <string.h>

#include "daemon/alert/host_memory.h"
#include "lib/base/mem.h"
#include "lib/base/siphash.h"
#include "tests/fuzz/failing.h"

enum { HEAD = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct host_memory memory, again;
static struct host_usual usual, usual_again;
static struct host_levels levels, levels_again;

static void require(bool x)
{
    if (!x)
        __builtin_trap();
}

static void one(const uint8_t *p, size_t len)
{
    if (host_memory_read(p, len, &memory, &usual, &levels, NULL) != 0)
        return;
    struct gad_buf b = GAD_BUF_INIT(HOST_MEMORY_FILE_MAX);
    host_memory_write(&memory, &usual, &levels, &b);
    if (!b.bad) {
        int r = host_memory_read(b.p, b.len, &again, &usual_again, &levels_again, NULL);
        require(r == 0 || r == GAD_ENOMEM);
        require(r != 0 || again.n == memory.n);
    }
    gad_buf_deinit(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t key[2] = {UINT64_C(0x67616e61642d686f), UINT64_C(0x73742d6d656d6f72)};
    struct gad_buf b = GAD_BUF_INIT(HOST_MEMORY_FILE_MAX);

    one(data, size);
    gad_buf_add(&b, "GADHOST1", 8);
    gad_buf_add_u64le(&b, size > HEAD ? size - HEAD : 0);
    gad_buf_add_u64le(
        &b, gad_siphash(key, data + (size > HEAD ? HEAD : 0), size > HEAD ? size - HEAD : 0));
    if (size > HEAD)
        gad_buf_add(&b, data + HEAD, size - HEAD);
    if (!b.bad) {
        one(b.p, b.len);
        failing_begin(data, size);
        (void)!host_memory_read(b.p, b.len, &memory, &usual, &levels, NULL);
        failing_end();
    }
    gad_buf_deinit(&b);
    return 0;
}
