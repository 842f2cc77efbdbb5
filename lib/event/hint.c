/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an incident looks like, from its numbers. The first row that fits counts; ganad-events(5)
 * has the same table. "Fast" is a record a second or more, on average.
 *
 *     nature malformed                                                        malformed
 *     nature login, a login after failed ones                                 guessed
 *     nature login, 3 or more records                                         guessing
 *     nature login, content                                                   content
 *     8 or more ports, more than targets, 4 sources at most                   scan
 *     the same with 64 sources at most that sent 8 records each, on average   scan
 *     8 or more targets (nature traffic: 32), more than sources               sweep
 *     32 or more records of 8 or more sources, fast                           flood
 *     100 or more records a target port, fast                                 flood
 *     cause src_bytes, dst_bytes or duration                                  volume
 *     cause service or protocol_type                                          service
 *
 * An incident of nature host has the hint of its rarest sign.
 *
 * A scan with decoys has several sources, each of which tried all ports. A flood with forged
 * sources has about as many sources as records, also if its ports differ.
 */
#include <string.h>

#include "lib/event/event.h"
#include "lib/record/column.h"

enum {
    MANY = 8,
    FEW_SOURCES = 4,
    DECOYS = 64,
    SWEPT_BY_TRAFFIC = 32,
    FLOOD_OF_MANY = 32,
    FLOOD_OF_FEW = 100,
    GUESSES = 3
};

static bool is_fast(const struct gad_incident *i)
{
    return i->last.ns - i->first.ns <= 0 ||
           (double)i->records >= gad_time_seconds((struct gad_time){i->last.ns - i->first.ns});
}

static bool is_scan(const struct gad_incident *i)
{
    bool each_tried_many = i->sources.n <= DECOYS && i->records / MANY >= i->sources.n;

    return i->ports.n >= MANY && i->targets.n < i->ports.n &&
           (i->sources.n <= FEW_SOURCES || each_tried_many);
}

static bool is_sweep(const struct gad_incident *i)
{
    uint64_t least = i->nature == GAD_NATURE_TRAFFIC ? SWEPT_BY_TRAFFIC : MANY;
    return i->targets.n >= least && i->sources.n < i->targets.n;
}

static bool is_flood(const struct gad_incident *i)
{
    bool of_many = i->sources.n >= MANY && i->records >= FLOOD_OF_MANY;
    bool of_few = i->records / FLOOD_OF_FEW >= (i->ports.n > 0 ? i->ports.n : 1);

    return (of_many || of_few) && is_fast(i);
}

static enum gad_hint hint_of_numbers(const struct gad_incident *i)
{
    return is_scan(i)    ? GAD_HINT_SCAN
           : is_sweep(i) ? GAD_HINT_SWEEP
           : is_flood(i) ? GAD_HINT_FLOOD
                         : GAD_HINT_NONE;
}

static enum gad_hint hint_of_cause(unsigned cause)
{
    switch (cause) {
    case GAD_DURATION:
    case GAD_SRC_BYTES:
    case GAD_DST_BYTES:
        return GAD_HINT_VOLUME;
    case GAD_SERVICE:
    case GAD_PROTOCOL_TYPE:
        return GAD_HINT_SERVICE;
    default:
        return GAD_HINT_NONE;
    }
}

/* Content counts only where it is what made the record anomalous. */
static bool is_of_content(unsigned cause)
{
    return (cause >= GAD_HOT && cause <= GAD_IS_GUEST_LOGIN) || cause == GAD_N_COLUMNS;
}

static enum gad_hint hint_of_sign(enum gad_sign s)
{
    static const enum gad_hint hints[GAD_N_SIGNS] = {
        [GAD_SIGN_FAILED] = GAD_HINT_SWEEP,     [GAD_SIGN_FAILED_SLOW] = GAD_HINT_SWEEP,
        [GAD_SIGN_PORTS] = GAD_HINT_SCAN,       [GAD_SIGN_TARGETS] = GAD_HINT_HOST,
        [GAD_SIGN_RARITY] = GAD_HINT_HOST,      [GAD_SIGN_BEACON] = GAD_HINT_BEACON,
        [GAD_SIGN_TUNNEL] = GAD_HINT_TUNNEL,    [GAD_SIGN_UPLOAD] = GAD_HINT_VOLUME,
        [GAD_SIGN_GUESSING] = GAD_HINT_GUESSING};

    return s < GAD_N_SIGNS ? hints[s] : GAD_HINT_HOST;
}

enum gad_hint gad_hint_of(const struct gad_incident *i, unsigned cause)
{
    if (i->nature == GAD_NATURE_HOST)
        return i->n_unusual > 0 ? hint_of_sign(i->unusual[0].sign) : GAD_HINT_HOST;
    if (i->nature == GAD_NATURE_MALFORMED)
        return GAD_HINT_MALFORMED;
    if (i->nature == GAD_NATURE_LOGIN && i->succeeded)
        return GAD_HINT_GUESSED;
    if (i->nature == GAD_NATURE_LOGIN && i->records >= i->logins + GUESSES)
        return GAD_HINT_GUESSING;
    if (i->nature == GAD_NATURE_LOGIN || (i->nature == GAD_NATURE_CONTENT && is_of_content(cause)))
        return GAD_HINT_CONTENT;
    enum gad_hint h = hint_of_numbers(i);
    return h != GAD_HINT_NONE ? h : hint_of_cause(cause);
}

const char *gad_hint_name(enum gad_hint h)
{
    static const char *const names[GAD_N_HINTS] = {
        [GAD_HINT_FLOOD] = "flood",         [GAD_HINT_SCAN] = "scan",
        [GAD_HINT_SWEEP] = "sweep",         [GAD_HINT_GUESSING] = "guessing",
        [GAD_HINT_GUESSED] = "guessed",     [GAD_HINT_CONTENT] = "content",
        [GAD_HINT_VOLUME] = "volume",       [GAD_HINT_SERVICE] = "service",
        [GAD_HINT_MALFORMED] = "malformed", [GAD_HINT_BEACON] = "beacon",
        [GAD_HINT_TUNNEL] = "tunnel",       [GAD_HINT_HOST] = "host"};

    return h < GAD_N_HINTS && names[h] ? names[h] : "";
}

unsigned gad_hint_signature(enum gad_hint h)
{
    return h < GAD_N_HINTS ? 1 + (unsigned)h : 1;
}

const char *gad_hint_phrase(enum gad_hint h)
{
    static const char *const phrases[GAD_N_HINTS] = {[GAD_HINT_FLOOD] = "a flood",
                                                     [GAD_HINT_SCAN] = "a scan",
                                                     [GAD_HINT_SWEEP] = "a sweep",
                                                     [GAD_HINT_GUESSING] = "password guessing",
                                                     [GAD_HINT_GUESSED] = "a guessed password",
                                                     [GAD_HINT_CONTENT] = "unusual content",
                                                     [GAD_HINT_VOLUME] = "an unusual volume",
                                                     [GAD_HINT_SERVICE] = "an unusual service",
                                                     [GAD_HINT_MALFORMED] = "malformed packets",
                                                     [GAD_HINT_BEACON] = "a beacon",
                                                     [GAD_HINT_TUNNEL] = "a tunnel",
                                                     [GAD_HINT_HOST] = "an unusual host"};

    return h < GAD_N_HINTS && phrases[h] ? phrases[h] : "";
}

/*
 * https://attack.mitre.org: T1018 Remote System Discovery, T1046 Network Service Discovery, T1048
 * Exfiltration Over Alternative Protocol, T1071 Application Layer Protocol, T1110 Brute Force,
 * T1498 Network Denial of Service, T1572 Protocol Tunneling.
 * Hints that fit several techniques name no technique: a flood of whole exchanges need not fill the
 * network, and a volume is an exfiltration only if the source sent more than expected.
 */
const char *gad_alert_technique(const struct gad_alert *a)
{
    const struct gad_reason *top = a->n_top > 0 ? &a->top[0] : NULL;
    enum gad_nature nature = a->incident.nature;

    switch (a->incident.hint) {
    case GAD_HINT_SCAN:
        return "T1046";
    case GAD_HINT_SWEEP:
        return nature == GAD_NATURE_ICMP ? "T1018" : "T1046";
    case GAD_HINT_GUESSING:
    case GAD_HINT_GUESSED:
        return "T1110";
    case GAD_HINT_FLOOD:
        return nature == GAD_NATURE_TRAFFIC ? "" : "T1498";
    case GAD_HINT_BEACON:
        return "T1071";
    case GAD_HINT_TUNNEL:
        return "T1572";
    case GAD_HINT_VOLUME:
        if (nature == GAD_NATURE_HOST)
            return "T1048";
        return top && top->column == GAD_SRC_BYTES && top->value > top->expected ? "T1048" : "";
    case GAD_HINT_NONE:
    case GAD_HINT_CONTENT:
    case GAD_HINT_SERVICE:
    case GAD_HINT_MALFORMED:
    case GAD_HINT_HOST:
    case GAD_N_HINTS:
        break;
    }
    return "";
}

const char *gad_technique_name(const char *id)
{
    static const struct {
        const char *id, *name;
    } rows[] = {{"T1018", "Remote System Discovery"},
                {"T1046", "Network Service Discovery"},
                {"T1048", "Exfiltration Over Alternative Protocol"},
                {"T1071", "Application Layer Protocol"},
                {"T1110", "Brute Force"},
                {"T1498", "Network Denial of Service"},
                {"T1572", "Protocol Tunneling"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].id, id) == 0)
            return rows[i].name;
    return "";
}
