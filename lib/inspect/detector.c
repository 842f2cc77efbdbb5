/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/detector.h"

#include <string.h>

_Static_assert(GAD_N_FOUND - GAD_FOUND_HTTP <= 8, "a bit for each");

static uint8_t bit_of(enum gad_found what)
{
    return (uint8_t)(1U << (what - GAD_FOUND_HTTP));
}

void gad_detector_init(struct gad_detector *d)
{
    memset(d, 0, sizeof(*d)); /* padding, too: it is packed */
    d->candidates = (uint8_t)((1U << (GAD_N_FOUND - GAD_FOUND_HTTP)) - 1);
}

static struct gad_first first_of(const struct gad_detector *d, enum gad_way way)
{
    return (struct gad_first){d->first[way], d->n[way]};
}

static void feed(struct gad_detector *d, enum gad_way way, const uint8_t *p, size_t len)
{
    if (len > 0)
        (void)gad_inspect_bytes(&d->second, way == GAD_CLIENT, p, len);
}

static void replay(struct gad_detector *d, enum gad_way way)
{
    feed(d, way, d->first[way], d->n[way]);
    gad_inspect_gap(&d->second, way == GAD_CLIENT, d->skipped[way]);
    if (d->at_line[way])
        feed(d, way, (const uint8_t *)"\n", 1); /* else the next line would count as lost too */
}

static void skip(struct gad_detector *d, enum gad_way way, const uint8_t *p, size_t len)
{
    d->skipped[way] += len;
    if (len > 0)
        d->at_line[way] = p[len - 1] == '\n';
}

/* Begins the second inspection, unless the port's is the same. */
static void run(struct gad_detector *d, enum gad_app by_port, enum gad_found what)
{
    enum gad_app app = gad_app_found(what);

    if (d->runs || app == by_port)
        return;
    d->runs = true;
    gad_inspect_init(&d->second, app);
    replay(d, d->begins);
    replay(d, d->begins == GAD_CLIENT ? GAD_SERVER : GAD_CLIENT);
}

/* Compares the first bytes with all candidates. */
static void judge(struct gad_detector *d, enum gad_app by_port)
{
    enum gad_found likely = GAD_FOUND_NOTHING;

    for (enum gad_found what = GAD_FOUND_HTTP; what < GAD_N_FOUND; what++) {
        bool one = false;
        if (!(d->candidates & bit_of(what)))
            continue;
        enum gad_fit fit = gad_detect(what, first_of(d, GAD_CLIENT), first_of(d, GAD_SERVER), &one);
        if (fit == GAD_FIT_NO)
            d->candidates = (uint8_t)(d->candidates & ~bit_of(what));
        else if (one)
            likely = what;
        if (fit == GAD_FIT_YES)
            d->found = what;
    }
    bool only_one = (d->candidates & (d->candidates - 1)) == 0;
    if (likely != GAD_FOUND_NOTHING && only_one)
        run(d, by_port, likely);
    d->over = d->found != GAD_FOUND_NOTHING || d->candidates == 0;
    d->runs = d->runs && d->candidates != 0;
}

void gad_detector_bytes(struct gad_detector *d, enum gad_app by_port, enum gad_way way,
                        const uint8_t *p, size_t len)
{
    size_t room = sizeof(d->first[way]) - d->n[way], n = len < room ? len : room;
    bool ran = d->runs;

    if (len == 0 || (d->over && !d->runs))
        return;
    if (!d->has_begun)
        d->begins = way;
    d->has_begun = true;
    if (!d->over && n > 0) {
        memcpy(d->first[way] + d->n[way], p, n);
        d->n[way] = (uint16_t)(d->n[way] + n);
        judge(d, by_port);
    }
    if (d->runs)
        feed(d, way, ran ? p : p + n, ran ? len : len - n);
    else
        skip(d, way, p + n, len - n);
}

/* Nothing is found behind a gap. */
void gad_detector_gap(struct gad_detector *d, enum gad_way way, uint64_t len)
{
    if (!d->over && d->n[way] < sizeof(d->first[way])) {
        d->over = true;
        d->runs = false;
    }
    if (d->runs) {
        gad_inspect_gap(&d->second, way == GAD_CLIENT, len);
    } else {
        d->skipped[way] += len;
        d->at_line[way] = false;
    }
}

bool gad_detector_can_change(const struct gad_detector *d)
{
    return !d->over || (d->runs && gad_inspect_can_change(&d->second));
}

bool gad_detector_skips(const struct gad_detector *d, enum gad_way way)
{
    return d->over && (!d->runs || gad_inspect_skips(&d->second, way == GAD_CLIENT));
}

const struct gad_inspect *gad_detector_second(const struct gad_detector *d)
{
    return d->found != GAD_FOUND_NOTHING && d->runs ? &d->second : NULL;
}
