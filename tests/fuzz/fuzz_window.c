/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in any order of times, hosts, services, ports and flags. The window features are those of
 * the slow model, with any key of the tables, and legal. The model checks the first records, the
 * last ones and some between, because checking all of them would take most of the time.
 *
 *      key (1)   then for each record: step (1) host (1) service and port (1) flag (1)
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/flow/conn.h"
#include "lib/record/window.h"
#include "tests/support/slow_window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS_MAX = 4096, RECORD_LEN = 4 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* From a step of zero over the limits of the window to one that overflows. */
static struct gad_time after(struct gad_time t, uint8_t step)
{
    static const int64_t ns[16] = {
        0,          0,  1,           1000000,     50000000,    1000000000, 1999999999, 2000000000,
        2000000001, -1, -1000000000, -2000000000, -2000000001, INT64_MAX,  INT64_MIN,  7000000000};
    if (__builtin_add_overflow(t.ns, ns[step % 16], &t.ns))
        t.ns = step % 16 == 13 ? INT64_MAX : INT64_MIN;
    return t;
}

static struct gad_record record_of(const uint8_t *p)
{
    struct gad_record r = {.tuple = {.family = p[1] & 1 ? 6 : 4, .src_port = p[2] >> 6}};

    r.tuple.dst[3] = p[1] >> 1;
    r.v[GAD_SERVICE] = (double)(p[2] % 73) - 1.0; /* -1: not known */
    r.v[GAD_FLAG] = (double)(p[3] % 12) - 1.0;
    r.notes = p[3] >= 192 ? GAD_NOTE_INTERIM : 0;
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gad_cleanup(gad_window_freep) struct gad_window *w = NULL;
    struct slow_window slow = {0};
    struct gad_time t = {0};

    if (size < 1 || (size - 1) / RECORD_LEN > RECORDS_MAX)
        return 0;
    if (gad_window_new((const uint64_t[2]){data[0], 0}, &w) != 0)
        return 0;
    for (size_t at = 1; size - at >= RECORD_LEN; at += RECORD_LEN) {
        struct gad_record r = record_of(data + at), want = r;
        t = after(t, data[at]);
        bool look = slow.n < 32 || slow.n % 64 == 0 || size - at < 4 * RECORD_LEN;
        gad_window_add(w, t, &r);
        if (!slow_window_add(&slow, t, &want, look))
            break;
        require(!look || memcmp(r.v, want.v, sizeof(r.v)) == 0);
        require(gad_record_check(&r) == -1);
    }
    slow_window_deinit(&slow);
    return 0;
}
