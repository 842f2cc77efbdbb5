/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dialogue with one scanner, APP, or with the search for one (detect): pieces of a byte of flags
 * (1: by the client, 2: lost), a length and that number of bytes. Unchanged, byte by byte, and
 * joined as far as they have one direction, the pieces give the same counts, also if the inspection
 * is packed between them, and without the pieces that it skips. A count that a scanner reported as
 * final does not change.
 */

#include <stdint.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/inspect/inspect.h"

enum { BY_CLIENT = 1, LOST = 2, LOST_FACTOR = 257 };
enum cut { AS_THEY_COME, BYTES, JOINED, PACKED };

struct feeder {
    struct gad_inspect *in;
    bool more;
    struct gad_content stopped; /* the counts when it reported them as final */
    uint8_t *joined;
    size_t n_joined;
    bool client; /* of the bytes joined */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The inspection continues in an inspector that has served another. */
static void repack(struct gad_inspect *in)
{
    uint8_t packed[GAD_INSPECT_PACKED_MAX];
    size_t len = gad_inspect_packed_len(in);

    gad_assert(len <= sizeof(packed));
    gad_inspect_pack(in, packed);
    gad_inspect_begin(in, GAD_APP_TELNET, NULL);
    (void)gad_inspect_bytes(in, true, (const uint8_t *)"another\n", 8);
    gad_inspect_unpack(in, packed);
    gad_assert(gad_inspect_packed_len(in) == len);
}

static void feed(struct feeder *f, bool client, const uint8_t *p, size_t len)
{
    bool more = gad_inspect_bytes(f->in, client, p, len);
    gad_assert(f->more || !more);
    if (f->more && !more)
        gad_inspect_result(f->in, &f->stopped);
    f->more = more;
}

static void flush(struct feeder *f)
{
    if (f->n_joined > 0)
        feed(f, f->client, f->joined, f->n_joined);
    f->n_joined = 0;
}

static void piece(struct feeder *f, enum cut cut, bool client, const uint8_t *p, size_t len)
{
    if (cut == AS_THEY_COME) {
        /* a separate allocation, so that a sanitizer finds a read past the end */
        gad_cleanup(gad_freep) uint8_t *copy = gad_calloc(len + 1, 1);
        gad_assert(copy);
        memcpy(copy + 1, p, len);
        feed(f, client, copy + 1, len);
        return;
    }
    if (cut == PACKED) {
        repack(f->in);
        if (len > 0 && !gad_inspect_skips(f->in, client))
            feed(f, client, p, len);
        return;
    }
    if (cut == BYTES) {
        for (size_t i = 0; i < len; i++) {
            uint8_t b = p[i];
            feed(f, client, &b, 1);
        }
        return;
    }
    if (f->client != client)
        flush(f);
    f->client = client;
    memcpy(f->joined + f->n_joined, p, len);
    f->n_joined += len;
}

static void run(const uint8_t *p, size_t size, enum cut cut, struct gad_content *ret,
                struct gad_ftp_endpoint *ret_endpoint)
{
    gad_cleanup(gad_inspect_freep) struct gad_inspect *in = NULL;
    gad_cleanup(gad_freep) uint8_t *joined = gad_calloc(size + 1, 1);
    int err = gad_inspect_new((enum gad_app)APP, &in);
    gad_assert(err == 0 && joined);
    struct feeder f = {.in = in, .more = true, .joined = joined};

    while (size >= 2) {
        bool client = p[0] & BY_CLIENT;
        size_t len = p[1];
        if (p[0] & LOST) {
            flush(&f);
            if (cut != PACKED || !gad_inspect_skips(in, client))
                gad_inspect_gap(in, client, len * LOST_FACTOR);
            p += 2;
            size -= 2;
            continue;
        }
        len = len < size - 2 ? len : size - 2;
        piece(&f, cut, client, p + 2, len);
        p += 2 + len;
        size -= 2 + len;
    }
    flush(&f);
    gad_inspect_result(in, ret);
    (void)gad_inspect_take_endpoint(in, ret_endpoint);
    if (!f.more)
        gad_assert(memcmp(&f.stopped, ret, sizeof(*ret)) == 0);
}

static void check_ranges(const struct gad_content *c)
{
    gad_assert(c->logged_in <= 1 && c->root_shell <= 1 && c->is_guest_login <= 1);
    gad_assert(c->su_attempted <= 2);
    gad_assert(c->num_outbound_cmds == 0 && c->is_host_login == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gad_content a, b, c, d;
    struct gad_ftp_endpoint ea = {0}, eb = {0}, ec = {0}, ed = {0};

    run(data, size, AS_THEY_COME, &a, &ea);
    run(data, size, BYTES, &b, &eb);
    run(data, size, JOINED, &c, &ec);
    run(data, size, PACKED, &d, &ed);
    check_ranges(&a);
    gad_assert(memcmp(&a, &b, sizeof(a)) == 0 && memcmp(&a, &c, sizeof(a)) == 0);
    gad_assert(memcmp(&a, &d, sizeof(a)) == 0 && memcmp(&ea, &ed, sizeof(ea)) == 0);
    gad_assert(memcmp(&ea, &eb, sizeof(ea)) == 0 && memcmp(&ea, &ec, sizeof(ea)) == 0);
    return 0;
}
