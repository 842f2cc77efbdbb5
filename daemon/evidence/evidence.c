/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/evidence/evidence.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/evidence/source.h"
#include "daemon/evidence/store.h"
#include "daemon/evidence/writing.h"
#include "daemon/log.h"
#include "daemon/log_limit.h"
#include "daemon/rate_limit.h"
#include "daemon/stats.h"
#include "daemon/thread.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/net/frame_ring.h"

enum {
    QUEUE = 512, /* requests that wait */
    COMMENT = GAD_EVENT_ID_TEXT * 2 + GAD_EVENT_SENTENCE + 64,
    INCIDENTS = 4096,                 /* the last ones, whose packets are counted */
    BURST = 10,                       /* seconds of the rate that may be written at once */
    HEAD_BYTES = 16 << 10,            /* more than a file needs before its second packet */
    FRAME_LEAST = GAD_FRAME_HEAD + 8, /* bytes that the shortest frame takes in a ring */
    JOIN_S = 5,
};

struct request {
    struct evidence_source *from;
    uint64_t last, packets, incident;
    char name[EVIDENCE_NAME];
    char comment[COMMENT];
};

/* What was written of an incident; its place is its number modulo INCIDENTS. */
struct incident {
    uint64_t number, packets, bytes;
};

struct counts {
    uint64_t files, packets, bytes, missed, cut, limited, failed, deleted;
};

struct evidence {
    const struct config *config;
    struct stats *stats;
    struct evidence_store *store; /* NULL: off */
    struct evidence_source *source[CONFIG_CAPTURES_MAX];
    size_t n_sources;
    struct thread thread;

    pthread_mutex_t lock; /* of what follows, but for the thread's */
    pthread_cond_t asked;
    bool is_ending;
    struct request *queue; /* (QUEUE), a ring */
    size_t first, n;
    struct incident *incident; /* (INCIDENTS) */
    struct counts counts;
    struct rate_limit rate;

    /* The thread's. */
    struct evidence_writing *writing;
    struct gad_buf file;
    struct request now;
    struct log_limit failures;
};

/* --- requests, on the main loop --- */

static struct evidence_source *find(const struct evidence *e, const char *name)
{
    for (size_t i = 0; i < e->n_sources; i++)
        if (strcmp(e->source[i]->name, name) == 0)
            return e->source[i];
    return NULL;
}

/* The id of the event, and the number of its incident, so that both find the file. */
static void name_file(const struct gad_event *a, char name[static EVIDENCE_NAME])
{
    char id[GAD_EVENT_ID_TEXT], incident[32] = "";

    gad_event_id(a, id);
    if (a->alert.incident.number > 0)
        (void)snprintf(incident, sizeof(incident), "-i%" PRIu64, a->alert.incident.number);
    (void)snprintf(name, EVIDENCE_NAME, "%s%s" EVIDENCE_SUFFIX, id, incident);
    for (char *p = name; *p; p++) {
        bool is_plain =
            isalnum((unsigned char)*p) || *p == '-' || *p == '_' || (*p == '.' && p > name);
        *p = is_plain ? *p : '_';
    }
}

static void describe(const struct gad_event *a, char text[static COMMENT])
{
    char id[GAD_EVENT_ID_TEXT], incident[GAD_EVENT_ID_TEXT], sentence[GAD_EVENT_SENTENCE];

    gad_event_id(a, id);
    gad_incident_id(a, incident);
    gad_event_sentence(a, sentence);
    (void)snprintf(text, COMMENT, "event %s\n%s%s%s%s", id, *incident ? "incident " : "", incident,
                   *incident ? "\n" : "", sentence);
}

/* What may still be written of an incident. @e->lock is held. */
static struct incident *incident_of(struct evidence *e, uint64_t number)
{
    struct incident *i = &e->incident[number % INCIDENTS];

    if (number == 0 || i->number != number)
        *i = (struct incident){.number = number};
    return i;
}

static bool is_spent(const struct evidence *e, const struct incident *i)
{
    return i->packets >= e->config->evidence.incident_packets ||
           i->bytes + HEAD_BYTES >= e->config->evidence.incident_bytes;
}

/* The rate allows a file while anything of it is left. @e->lock is held. */
static bool has_rate(struct evidence *e)
{
    size_t one = rate_limit_take(&e->rate, gad_time_monotonic(), 1);

    rate_limit_give_back(&e->rate, one);
    return one == 1;
}

static bool ask(struct evidence *e, struct evidence_source *from, const struct gad_event *a,
                char name[static EVIDENCE_NAME])
{
    const struct gad_record *r = &a->alert.record;
    bool may = true;

    (void)pthread_mutex_lock(&e->lock);
    may = e->n < QUEUE && has_rate(e) && !is_spent(e, incident_of(e, a->alert.incident.number));
    if (may) {
        struct request *q = &e->queue[(e->first + e->n++) % QUEUE];
        *q = (struct request){.from = from,
                              .last = r->frames,
                              .packets = (uint64_t)r->src_packets + r->dst_packets,
                              .incident = a->alert.incident.number};
        name_file(a, q->name);
        describe(a, q->comment);
        (void)snprintf(name, EVIDENCE_NAME, "%s", q->name);
        (void)pthread_cond_signal(&e->asked);
    } else {
        e->counts.limited++;
    }
    (void)pthread_mutex_unlock(&e->lock);
    return may;
}

void evidence_add(struct evidence *e, struct gad_event *a)
{
    struct gad_alert *alert = &a->alert;
    char name[EVIDENCE_NAME];
    struct evidence_source *from = *alert->source ? find(e, alert->source) : NULL;

    if (!from)
        return;
    evidence_source_path(from, alert->record.file, alert->file);
    alert->packet = *alert->file ? alert->record.packet : 0;
    if (from->ring && alert->record.frames != 0 && ask(e, from, a, name))
        (void)snprintf(alert->evidence, sizeof(alert->evidence), "%s", name);
}

void evidence_count(struct evidence *e)
{
    struct stats *s = e->stats;

    (void)pthread_mutex_lock(&e->lock);
    s->evidence_files = e->counts.files;
    s->evidence_packets = e->counts.packets;
    s->evidence_bytes = e->counts.bytes;
    s->evidence_missed = e->counts.missed;
    s->evidence_cut = e->counts.cut;
    s->evidence_limited = e->counts.limited;
    s->evidence_failed = e->counts.failed;
    s->evidence_deleted = e->counts.deleted;
    (void)pthread_mutex_unlock(&e->lock);
}

struct evidence_store *evidence_store_of(const struct evidence *e)
{
    return e->store;
}

/* --- the thread --- */

static void log_failure(struct evidence *e, int r)
{
    char more[LOG_LIMIT_TEXT];

    if (log_limit_allows(&e->failures, gad_time_monotonic(), more))
        log_error("evidence", "cannot write '%s/%s': %s%s", e->config->evidence.directory,
                  e->now.name, gad_strerror(r), more);
}

/* Sets what the incident may still have. False: nothing. */
static bool reserve(struct evidence *e, uint64_t *ret_packets, size_t *ret_bytes)
{
    (void)pthread_mutex_lock(&e->lock);
    const struct incident *i = incident_of(e, e->now.incident);
    bool may = !is_spent(e, i) && has_rate(e);
    *ret_packets = may ? e->config->evidence.incident_packets - i->packets : 0;
    *ret_bytes = may ? (size_t)(e->config->evidence.incident_bytes - i->bytes) : 0;
    (void)pthread_mutex_unlock(&e->lock);
    return may;
}

static void count(struct evidence *e, const struct evidence_written *w, size_t deleted, int r)
{
    struct counts *n = &e->counts;

    (void)pthread_mutex_lock(&e->lock);
    n->deleted += deleted;
    n->failed += r != 0;
    if (r == 0) {
        struct incident *i = incident_of(e, e->now.incident);
        i->packets += w->packets;
        i->bytes += e->file.len;
        n->files++;
        n->packets += w->packets;
        n->bytes += e->file.len;
        n->cut += w->is_cut;
        e->rate.left -= rate_limit_is_limited(&e->rate) ? (double)e->file.len : 0;
    }
    (void)pthread_mutex_unlock(&e->lock);
}

static void count_one(struct evidence *e, uint64_t *n)
{
    (void)pthread_mutex_lock(&e->lock);
    ++*n;
    (void)pthread_mutex_unlock(&e->lock);
}

static void serve(struct evidence *e)
{
    struct evidence_piece p = {.from = e->now.from,
                               .last = e->now.last,
                               .packets = e->now.packets,
                               .comment = e->now.comment,
                               .application = "ganadd " GANAD_VERSION,
                               .snaplen = (uint32_t)e->config->evidence.snaplen};
    struct evidence_written w;
    size_t deleted = 0;

    if (!reserve(e, &p.max_packets, &e->file.max)) {
        count_one(e, &e->counts.limited);
        return;
    }
    e->file.len = e->file.pos = 0;
    e->file.bad = false;
    evidence_write(e->writing, &p, &e->file, &w);
    if (w.packets == 0) {
        count_one(e, w.is_limited ? &e->counts.limited : &e->counts.missed);
        return;
    }
    int r = e->file.bad
                ? GAD_ENOMEM
                : evidence_store_put(e->store, e->now.name, e->file.p, e->file.len, &deleted);
    if (r != 0)
        log_failure(e, r);
    count(e, &w, deleted, r);
}

/* Waits for a request. False: there will be none. */
static bool take(struct evidence *e)
{
    (void)pthread_mutex_lock(&e->lock);
    while (e->n == 0 && !e->is_ending)
        (void)pthread_cond_wait(&e->asked, &e->lock);
    bool is_one = e->n > 0;
    if (is_one) {
        e->now = e->queue[e->first];
        e->first = (e->first + 1) % QUEUE;
        e->n--;
    }
    (void)pthread_mutex_unlock(&e->lock);
    return is_one;
}

static void run(void *arg)
{
    struct evidence *e = arg;

    while (take(e))
        serve(e);
}

/* --- life --- */

static void prefix(const struct config *c, struct gad_diag *d)
{
    gad_diag_prefix(d, "%s: [evidence] directory", c->file);
}

int evidence_check(const struct config *c, struct gad_diag *d)
{
    int r = *c->evidence.directory ? evidence_store_check(c->evidence.directory, d) : 0;

    if (r != 0)
        prefix(c, d);
    return r;
}

static int make_store(struct evidence *e, bool is_once, struct gad_diag *d)
{
    const struct config *c = e->config;
    double rate = is_once ? 0 : (double)c->evidence.rate;

    int r = evidence_store_open(c->evidence.directory, c->evidence.quota, c->evidence.files,
                                &e->store, d);
    if (r != 0) {
        prefix(c, d);
        return r;
    }
    e->rate = rate_limit_init(rate, BURST * rate, gad_time_monotonic());
    e->failures = log_limit_init(gad_time_monotonic());
    e->file = GAD_BUF_INIT(c->evidence.incident_bytes);
    e->queue = gad_calloc(QUEUE, sizeof(*e->queue));
    e->incident = gad_calloc(INCIDENTS, sizeof(*e->incident));
    r = evidence_writing_new(c->evidence.connection_bytes / FRAME_LEAST + GAD_FRAME_SNAPLEN_MAX,
                             &e->writing);
    if (r != 0 || !e->queue || !e->incident)
        return gad_fail(d, GAD_ENOMEM, "evidence: no memory");
    return 0;
}

int evidence_new(const struct config *c, bool is_once, struct stats *stats, struct evidence **ret,
                 struct gad_diag *d)
{
    gad_cleanup(evidence_freep) struct evidence *e = gad_calloc(1, sizeof(*e));

    if (!e)
        return gad_fail(d, GAD_ENOMEM, "evidence: no memory");
    e->config = c;
    e->stats = stats;
    (void)pthread_mutex_init(&e->lock, NULL);
    (void)pthread_cond_init(&e->asked, NULL);
    int r = *c->evidence.directory ? make_store(e, is_once, d) : 0;
    if (r == 0)
        *ret = gad_steal(&e);
    return r;
}

int evidence_start(struct evidence *e)
{
    return e->store ? thread_run(&e->thread, "ganadd-evidence", run, e) : 0;
}

/* False: the thread waits for a capture or a disk that hangs. */
static bool end_thread(struct evidence *e)
{
    (void)pthread_mutex_lock(&e->lock);
    e->is_ending = true;
    (void)pthread_cond_signal(&e->asked);
    (void)pthread_mutex_unlock(&e->lock);
    if (thread_join_within(&e->thread, JOIN_S))
        return true;
    thread_detach(&e->thread);
    return false;
}

void evidence_free(struct evidence *e)
{
    if (!e || !end_thread(e))
        return;
    for (size_t i = 0; i < e->n_sources; i++)
        evidence_source_free(e->source[i]);
    evidence_store_free(e->store);
    evidence_writing_free(e->writing);
    gad_buf_deinit(&e->file);
    gad_free(e->queue);
    gad_free(e->incident);
    (void)pthread_mutex_destroy(&e->lock);
    (void)pthread_cond_destroy(&e->asked);
    gad_free(e);
}

static int make_ring(struct evidence *e, struct evidence_source *s)
{
    const struct config *c = e->config;
    struct gad_frame_ring_options o = {.bytes = c->evidence.ring_size,
                                       .snaplen = (uint32_t)c->evidence.snaplen,
                                       .connection_max = (uint32_t)c->evidence.connection_bytes};

    if (!e->store)
        return 0;
    if (strcmp(c->evidence.ring, "file") == 0) {
        int r = evidence_store_map(e->store, o.bytes, &s->mapped);
        if (r != 0)
            return r;
        s->mapped_len = o.bytes;
        o.memory = s->mapped;
    }
    return gad_frame_ring_new(&o, &s->ring);
}

int evidence_source_new(struct evidence *e, const struct config_capture *c,
                        struct evidence_source **ret, struct gad_diag *d)
{
    struct evidence_source *s = gad_calloc(1, sizeof(*s));

    gad_assert(e->n_sources < CONFIG_CAPTURES_MAX);
    if (!s)
        return gad_fail(d, GAD_ENOMEM, "evidence: no memory");
    e->source[e->n_sources++] = s;
    s->name = c->name;
    s->room = *c->directory ? EVIDENCE_FILES : *c->file ? 1 : 0;
    (void)pthread_mutex_init(&s->turn, NULL);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_mutex_init(&s->names, NULL);
    s->path = s->room > 0 ? gad_calloc(s->room, sizeof(*s->path)) : NULL;
    int r = s->room > 0 && !s->path ? GAD_ENOMEM : make_ring(e, s);
    if (r != 0)
        return gad_fail(d, r, "evidence: ring of capture '%s': %s", c->name, gad_strerror(r));
    *ret = s;
    return 0;
}
