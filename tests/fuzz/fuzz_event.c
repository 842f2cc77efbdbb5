/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte selects the kind of input. Either it is a message of the spool, which is refused
 * or is an event that packs to the same event. Or its bytes fill the texts of a synthetic event. In
 * both cases every format writes a valid line: no control byte, UTF-8, within its length; and JSON
 * where the format is JSON.
 */
#include <jansson.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/event/format.h"
#include "tests/support/random_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool x)
{
    if (!x)
        __builtin_trap();
}

static void is_one_line(const uint8_t *p, size_t len, bool is_datagram)
{
    for (size_t at = 0; at < len;) {
        size_t n = p[at] < 0x80 ? 1 : gad_text_utf8(p + at, len - at);
        if (is_datagram && n == 0)
            n = 1; /* the journal accepts any byte */
        require(n > 0 && (is_datagram || (p[at] >= 0x20 && p[at] != 0x7f)));
        at += n;
    }
}

static void is_json(const uint8_t *p, size_t len, size_t flags)
{
    json_t *j = json_loadb((const char *)p, len, flags, NULL);

    require(json_is_object(j));
    json_decref(j);
}

/* Counters have the names that event.h permits, and bytes that every format keeps distinct. */
static bool has_proper_names(const struct gad_event *e)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

    bool is_stats = e->kind == GAD_EVENT_STATS;
    const struct gad_counter *c = is_stats ? e->stats.counter : e->blind.counter;
    size_t n = is_stats ? e->stats.n : e->kind == GAD_EVENT_BLIND ? e->blind.n : 0;

    for (size_t i = 0; i < n; i++) {
        const char *name = c[i].name;
        if (name[strspn(name, letters)] || strcmp(name, "uptime") == 0 ||
            strcmp(name, "period") == 0 || strcmp(name, "seq") == 0)
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(name, c[k].name) == 0)
                return false;
    }
    return true;
}

/* The whole event fits the limit of each receiver. */
enum { RECEIVER = 8192 };

static void write_all(const struct gad_event *e, size_t max)
{
    size_t flags = has_proper_names(e) ? JSON_REJECT_DUPLICATES : 0;
    static const char *const json[] = {"json", "eve", "ecs", "ocsf"};
    const struct gad_format_options o = {
        .pid = 1, .enterprise = 32473, .facility = 16, .max = max, .version = "1"};
    const struct gad_format *f;

    for (size_t i = 0; (f = gad_format_at(i)) != NULL; i++) {
        struct gad_buf b = GAD_BUF_INIT(256 << 10);
        int r = gad_format_write(f, e, &o, &b);
        require(r == 0 || (r == GAD_ELIMIT && b.len == 0 && max < RECEIVER));
        if (r == 0) {
            require(b.len > 0 && b.len <= max);
            is_one_line(b.p, b.len, f->is_datagram);
            for (size_t k = 0; k < sizeof(json) / sizeof(json[0]); k++)
                if (strcmp(f->name, json[k]) == 0)
                    is_json(b.p, b.len, flags);
        }
        gad_buf_deinit(&b);
    }
}

static void as_message(unsigned kind, const uint8_t *data, size_t size)
{
    static struct gad_event e, back;
    struct gad_buf b = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX),
                   again = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);

    if (gad_event_unpack(kind, 7, data, size, &e, NULL) != 0)
        return;
    gad_event_pack(&e, &b);
    require(!b.bad && gad_event_unpack(kind, 7, b.p, b.len, &back, NULL) == 0);
    gad_event_pack(&back, &again);
    require(again.len == b.len && memcmp(again.p, b.p, b.len) == 0);
    write_all(&e, RECEIVER);
    gad_buf_deinit(&b);
    gad_buf_deinit(&again);
}

static void fill(char *to, size_t size, const uint8_t *data, size_t len)
{
    size_t n = len < size ? len : size - 1;

    memcpy(to, data, n);
    to[n] = '\0';
}

static void as_texts(uint64_t seed, const uint8_t *data, size_t size)
{
    static struct gad_event e;
    struct gad_rng rng = gad_rng_init(seed, 1);

    random_event(&rng, false, &e);
    fill(e.sensor, sizeof(e.sensor), data, size);
    if (e.kind == GAD_EVENT_ALERT) {
        fill(e.alert.model, sizeof(e.alert.model), data, size);
        fill(e.alert.source, sizeof(e.alert.source), data, size);
        fill(e.alert.interface, sizeof(e.alert.interface), data, size);
        fill(e.alert.record.community_id, sizeof(e.alert.record.community_id), data, size);
    } else if (e.kind == GAD_EVENT_STATS && e.stats.n > 0) {
        fill(e.stats.counter[0].name, sizeof(e.stats.counter[0].name), data, size);
    } else if (e.kind == GAD_EVENT_MODEL) {
        fill(e.model.action, sizeof(e.model.action), data, size);
        fill(e.model.model, sizeof(e.model.model), data, size);
        fill(e.model.reason, sizeof(e.model.reason), data, size);
    } else if (e.kind == GAD_EVENT_BLIND) {
        fill(e.blind.action, sizeof(e.blind.action), data, size);
        fill(e.blind.source, sizeof(e.blind.source), data, size);
    } else if (e.kind == GAD_EVENT_LOSS) {
        fill(e.loss.output, sizeof(e.loss.output), data, size);
    } else if (e.kind == GAD_EVENT_HEARTBEAT) {
        fill(e.heartbeat.version, sizeof(e.heartbeat.version), data, size);
    }
    write_all(&e, size % 2 ? RECEIVER : 900);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (data[0] < 8)
        as_message(data[0], data + 1, size - 1);
    else
        as_texts(data[1], data + 2, size - 2);
    return 0;
}
