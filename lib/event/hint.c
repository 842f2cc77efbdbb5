/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an incident looks like, from its numbers. The first row that fits counts:
 *
 *     nature malformed                                             malformed
 *     nature login, a login after failed ones                      guessed
 *     nature login, 3 or more records                              guessing
 *     nature content, login                                        content
 *     8 or more ports of the targets, no more than 4 sources       scan
 *     8 or more targets                                            sweep
 *     8 or more sources, or 100 or more records a target port      flood
 *     cause duration, src_bytes or dst_bytes                       volume
 *     cause service, protocol_type or flag                         service
 */
#include "lib/event/incident.h"
#include "lib/record/column.h"

enum { MANY = 8, FEW_SOURCES = 4, FLOOD_RECORDS = 100, GUESSES = 3 };

static enum gad_hint hint_of_numbers(const struct gad_incident *i)
{
    if (i->ports.n >= MANY && i->sources.n <= FEW_SOURCES && i->targets.n < i->ports.n)
        return GAD_HINT_SCAN;
    if (i->targets.n >= MANY && i->sources.n < i->targets.n)
        return GAD_HINT_SWEEP;
    if (i->sources.n >= MANY ||
        i->records >= FLOOD_RECORDS * (i->ports.n > 0 ? i->ports.n : UINT64_C(1)))
        return GAD_HINT_FLOOD;
    return GAD_HINT_NONE;
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
    case GAD_FLAG:
        return GAD_HINT_SERVICE;
    default:
        return GAD_HINT_NONE;
    }
}

enum gad_hint gad_hint_of(const struct gad_incident *i, unsigned cause)
{
    if (i->nature == GAD_NATURE_MALFORMED)
        return GAD_HINT_MALFORMED;
    if (i->nature == GAD_NATURE_LOGIN && i->succeeded)
        return GAD_HINT_GUESSED;
    if (i->nature == GAD_NATURE_LOGIN && i->records >= GUESSES)
        return GAD_HINT_GUESSING;
    if (i->nature == GAD_NATURE_LOGIN || i->nature == GAD_NATURE_CONTENT)
        return GAD_HINT_CONTENT;
    enum gad_hint h = hint_of_numbers(i);
    return h != GAD_HINT_NONE ? h : hint_of_cause(cause);
}

const char *gad_hint_name(enum gad_hint h)
{
    static const char *const names[GAD_N_HINTS] = {
        [GAD_HINT_FLOOD] = "flood",        [GAD_HINT_SCAN] = "scan",
        [GAD_HINT_SWEEP] = "sweep",        [GAD_HINT_GUESSING] = "guessing",
        [GAD_HINT_GUESSED] = "guessed",    [GAD_HINT_CONTENT] = "content",
        [GAD_HINT_VOLUME] = "volume",      [GAD_HINT_SERVICE] = "service",
        [GAD_HINT_MALFORMED] = "malformed"};

    return h < GAD_N_HINTS && names[h] ? names[h] : "";
}

/* https://attack.mitre.org: T1046 Network Service Discovery, T1110 Brute Force, T1498 Network
 * Denial of Service, T1048 Exfiltration Over Alternative Protocol, T1018 Remote System Discovery */
const char *gad_hint_technique(enum gad_hint h)
{
    switch (h) {
    case GAD_HINT_SCAN:
        return "T1046";
    case GAD_HINT_SWEEP:
        return "T1018";
    case GAD_HINT_GUESSING:
    case GAD_HINT_GUESSED:
        return "T1110";
    case GAD_HINT_FLOOD:
        return "T1498";
    case GAD_HINT_VOLUME:
        return "T1048";
    default:
        return "";
    }
}
