/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a connection works, and what follows if it does not. An open connection proves little: a
 * full disk can be opened, a receiver may accept and close, and TLS 1.3 refuses a certificate after
 * the handshake. A connection is proven when something was delivered on it. Until then the output
 * does not report that it works again, its address is not preferred, and the time between two
 * attempts grows.
 */
#include <inttypes.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "daemon/config/config.h"
#include "daemon/feed/output_parts.h"
#include "daemon/log.h"
#include "daemon/watch.h"

static const int64_t SECOND = 1000000000;

enum {
    RETRY_MS = 250, /* the first; doubles */
    RETRY_MAX_MS = 30000,
    STEADY_SECONDS =
        10, /* that a connection must have lasted: longer than receivers take to refuse */
    REMIND_SECONDS = 60, /* between two warnings of an output whose reason changes */
};

/* Returns the bytes that the receiver's kernel has not acknowledged; 0 where that is unknown. */
static int64_t in_flight(const struct output *o)
{
    int n = 0;
    return ioctl(o->transport->fd, SIOCOUTQ, &n) == 0 ? n : 0;
}

static int64_t bytes_taken(const struct output *o, int64_t flying)
{
    return (int64_t)(o->now.bytes + o->written) - flying;
}

void output_proof_begin(struct output *o)
{
    o->proven = false;
    o->opened = gad_time_monotonic();
    o->sent_before = o->now.sent;
    o->taken = bytes_taken(o, 0);
    transport_text(o->transport, o->now.address);
    if (!o->disk) /* output_file.c logs it with the size */
        log_info("feed", "output '%s': %s%s", o->o.config->name,
                 *o->now.address ? "connected to " : "open", o->now.address);
}

/* To a file, synced bytes are delivered; to a receiver, bytes that its kernel took on a connection
 * that lasted. */
static bool is_delivered(const struct output *o, bool held, bool moves)
{
    if (o->now.sent == o->sent_before)
        return false;
    return o->disk ? o->synced_some : held && moves;
}

void output_proof_check(struct output *o, struct gad_time now)
{
    int64_t flying = in_flight(o), taken = bytes_taken(o, flying);
    bool held = gad_time_sub(now, o->opened).ns > STEADY_SECONDS * SECOND;
    bool moves = flying == 0 || taken > o->taken;

    o->taken = taken;
    if (o->proven)
        return;
    o->proven = is_delivered(o, held, moves);
    if (o->proven || (held && o->now.sent == o->sent_before))
        o->tries = 0; /* a connection that had nothing to send did not fail */
    if (!o->proven)
        return;
    transport_worked(o->transport);
    if (o->failing)
        log_notice("feed", "output '%s': works again%s%s", o->o.config->name,
                   *o->now.address ? ", with " : "", o->now.address);
    o->failing = false;
}

/* Logs each new reason once, and rarely if reasons alternate. */
static void log_failure(struct output *o, struct gad_time now)
{
    const struct config_output *c = o->o.config;
    bool is_new = strcmp(o->now.error, o->warned_of) != 0 &&
                  gad_time_sub(now, o->warned).ns > REMIND_SECONDS * SECOND;

    if (o->failing && !is_new) {
        log_info("feed", "output '%s': %s", c->name, o->now.error);
        return;
    }
    log_warn("feed", "output '%s' (%s %s): %s; events wait in the spool", c->name, c->type, c->to,
             o->now.error);
    o->failing = true;
    o->warned = now;
    memcpy(o->warned_of, o->now.error, sizeof(o->warned_of));
}

void output_proof_failed(struct output *o, const char *why)
{
    char address[ADDRESS_TEXT] = "";

    if (o->transport)
        address_text(&o->transport->peer, address);
    (void)snprintf(o->now.error, sizeof(o->now.error), "%s%s%s", address, *address ? ": " : "",
                   why);
    log_failure(o, gad_time_monotonic());
    if (o->transport && !o->proven)
        transport_failed(o->transport);
}

/* Full jitter, so that sensors that lost the same collector do not reconnect in step. */
void output_schedule_retry(struct output *o)
{
    uint32_t most = RETRY_MS;

    for (unsigned i = 0; i < o->tries && most < RETRY_MAX_MS; i++)
        most *= 2;
    most = most < RETRY_MAX_MS ? most : RETRY_MAX_MS;
    o->tries++;
    uint32_t ms = RETRY_MS / 10 + gad_rng_below(&o->rng, most);
    watch_after(o->timer, (struct gad_time){ms * INT64_C(1000000)});
    log_info("feed", "output '%s': next attempt in %" PRIu32 ".%03" PRIu32 " s", o->o.config->name,
             ms / 1000, ms % 1000);
}
