/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "proto/ganad.pb-c.h"
#include "tools/ganadctl/client.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/score.h"

/* A batch whose records have connections is sent as several requests, which carry fewer records
 * each. */
enum {
    REQUESTS_A_BATCH = (SCORE_BATCH + REQUEST_RECORDS_MAX - 1) / REQUEST_RECORDS_MAX,
    IN_FLIGHT = 15 + REQUESTS_A_BATCH,
};

/* The requests first .. first + n - 1 (modulo IN_FLIGHT) are sent and not answered, in that
 * order. */
struct line {
    struct client client;
    struct request *request;
    size_t first, n;
    struct score_batch pending[IN_FLIGHT], taken;
    struct gad_record rec[SCORE_BATCH];
};

/* Queues one request for n records of the batch, from @at on. */
static int ask(struct line *l, struct score_run *run, size_t at, size_t n, bool connections)
{
    struct score_batch *b = &l->pending[(l->first + l->n) % IN_FLIGHT];
    Ganad__V1__ScoreOptions opt;

    ganad__v1__score_options__init(&opt);
    if (run->model)
        opt.model = run->model;
    opt.top = run->look.top;
    opt.no_alert = run->no_alerts;
    b->id = at == 0 ? l->taken.id : ++run->next_id;
    b->n = n;
    memcpy(b->item, l->taken.item + at, n * sizeof(b->item[0]));
    int err =
        request_queue(l->request, &l->client, b->id, &opt, l->rec + at, n, connections, &run->diag);
    l->n += !err;
    return err;
}

static int ask_all(struct line *l, struct score_run *run)
{
    bool connections = request_has_connection(l->rec, l->taken.n);
    size_t most = connections ? REQUEST_RECORDS_MAX : SCORE_BATCH, n;
    int err = 0;

    for (size_t at = 0; at < l->taken.n && !err; at += n) {
        n = l->taken.n - at < most ? l->taken.n - at : most;
        err = ask(l, run, at, n, connections);
    }
    return err;
}

static bool wants_input(const struct line *l, const struct score_run *run)
{
    return l->n + REQUESTS_A_BATCH <= IN_FLIGHT && !run->at_end &&
           gad_buf_left(&run->out) < SCORE_OUTPUT_HIGH;
}

static int open_client(struct line *l, const char *address, struct score_run *run)
{
    const struct client_tls_choice tls = ctl_tls_choice();

    return client_open_scoring(&l->client, address, &tls, &run->diag);
}

/* Reads input and sends requests while there is room for the answers and their output. */
static int ask_more(struct line *l, struct score_run *run, const char *address)
{
    while (wants_input(l, run)) {
        /* Without a pending request any row is sent at once; else a batch fills until an answer
         * arrives. */
        score_take(run, l->n > 0, l->rec, &l->taken);
        if (l->taken.n == 0)
            break;
        int err = l->client.fd < 0 ? open_client(l, address, run) : 0;
        if (!err)
            err = ask_all(l, run);
        if (err)
            return err;
    }
    return 0;
}

/* Returns true unless the records were scored by different models and the answer does not say
 * which. */
static bool says_which(const Ganad__V1__ScoreReply *m, size_t n)
{
    if (m->n_by > 0 && m->by_which.len != n)
        return false;
    for (size_t i = 0; i < m->n_by; i++)
        if (m->by[i]->model_sha256.len != 32)
            return false;
    for (size_t i = 0; m->n_by > 0 && i < n; i++)
        if (m->by_which.data[i] >= m->n_by)
            return false;
    return true;
}

static int fits(const Ganad__V1__ScoreReply *m, const struct score_batch *b,
                const struct score_run *run)
{
    return m->id == b->id && m->n_score == b->n && m->n_p_value == b->n &&
           m->anomalous.len == b->n && m->model_sha256.len == 32 &&
           (m->unscored.len == 0 || m->unscored.len == b->n) &&
           m->n_explanation == (run->look.top > 0 ? b->n : 0) && says_which(m, b->n);
}

static void set_hex(char hex[static SCORE_HEX], const ProtobufCBinaryData *sha256)
{
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", sha256->data[i]);
}

static void put_reply(struct score_run *run, const struct score_batch *b,
                      const Ganad__V1__ScoreReply *m)
{
    char hex[SCORE_HEX];
    struct score_result r = {
        .model = m->model, .sha256 = hex, .threshold = m->threshold, .n_reasons = 0};

    double p_least = m->p_least;
    set_hex(hex, &m->model_sha256);
    for (size_t i = 0; i < b->n; i++) {
        r.item = &b->item[i];
        if (m->n_by > 0) {
            const Ganad__V1__ScoreReply__By *by = m->by[m->by_which.data[i]];
            set_hex(hex, &by->model_sha256);
            r.model = by->model;
            r.threshold = by->threshold;
            p_least = by->p_least;
        }
        r.score = m->score[i];
        r.p_value = m->p_value[i];
        r.extrapolated = (double)r.p_value < (1.0 - 1e-6) * p_least; /* a float's error */
        r.unscored = m->unscored.len > 0 && m->unscored.data[i] != 0;
        r.anomalous = !r.unscored && m->anomalous.data[i] != 0;
        r.n_reasons = 0;
        if (m->n_explanation > 0) {
            const Ganad__V1__Explanation *e = m->explanation[i];
            for (; r.n_reasons < e->n_reason && r.n_reasons < GAD_N_COLUMNS; r.n_reasons++) {
                const Ganad__V1__Reason *why = e->reason[r.n_reasons];
                r.reason[r.n_reasons] =
                    (struct score_reason){why->feature, why->value, why->expected, why->share};
            }
        }
        score_put(run, &r);
    }
    set_hex(hex, &m->model_sha256);
    gad_text_escape(run->shown_model, sizeof(run->shown_model), m->model, strlen(m->model));
    size_t len = strlen(run->shown_model);
    (void)snprintf(run->shown_model + len, sizeof(run->shown_model) - len, " (%.16s)", hex);
    run->shown_threshold = m->threshold;
}

static int take_answer(struct line *l, struct score_run *run, const struct gad_frame *f)
{
    const struct score_batch *b = &l->pending[l->first];

    if (f->kind == GANAD__V1__KIND__ERROR_REPLY) {
        int err = client_error(&l->client, f, &run->diag);
        if (l->n > 0 && l->client.refused == GANAD__V1__ERROR_REPLY__CODE__BAD_RECORD)
            gad_diag_prefix(&run->diag, "%s: lines %llu to %llu", run->file,
                            (unsigned long long)b->item[0].line,
                            (unsigned long long)b->item[b->n - 1].line);
        return err;
    }
    if (f->kind != GANAD__V1__KIND__SCORE_REPLY || l->n == 0)
        return gad_fail(&run->diag, GAD_EFORMAT, "%s: an unexpected frame of kind %u",
                        l->client.address, f->kind);
    Ganad__V1__ScoreReply *m = ganad__v1__score_reply__unpack(NULL, f->len, f->p);
    int err = m && fits(m, b, run) ? 0
                                   : gad_fail(&run->diag, GAD_EFORMAT,
                                              "%s: an answer that does not fit request %llu",
                                              l->client.address, (unsigned long long)b->id);
    if (!err) {
        put_reply(run, b, m);
        l->first = (l->first + 1) % IN_FLIGHT;
        l->n--;
    }
    ganad__v1__score_reply__free_unpacked(m, NULL);
    return err;
}

/* Moves bytes: requests out, answers in, output to stdout; or wakes up for new input. */
static int move(struct line *l, struct score_run *run)
{
    struct pollfd more[] = {{.fd = STDOUT_FILENO, .events = POLLOUT},
                            {.fd = input_fd(run->in), .events = POLLIN}};
    struct gad_frame f;

    if (gad_buf_left(&run->out) == 0)
        more[0].fd = -1; /* poll() ignores it */
    if (!wants_input(l, run))
        more[1].fd = -1;
    /* Without a pending request only the input and the output can move, without a time limit. */
    int err = client_move(&l->client, more, 2, l->n > 0 ? CLIENT_ANSWER_MS : -1, &run->diag);
    if (!err && more[0].fd >= 0 && more[0].revents) {
        err = score_write(run, false);
        if (err)
            return gad_fail(&run->diag, err, "cannot write the output: %s", gad_strerror(err));
    }
    while (!err && (err = client_next(&l->client, &f, &run->diag)) == 0)
        err = take_answer(l, run, &f);
    if (err == GAD_MORE)
        return 0;
    if (err == GAD_ECLOSED && l->n == 0) { /* idle: reconnect with the next input */
        client_close(&l->client);
        return 0;
    }
    return err;
}

/* Returns true if bytes arrived without a pending request: ganadd is closing the connection, and a
 * request would be lost. */
static bool is_closing(const struct line *l)
{
    struct pollfd p = {.fd = l->client.fd, .events = POLLIN};

    return l->n == 0 && l->client.fd >= 0 && poll(&p, 1, 0) > 0;
}

int score_by_socket(struct score_run *run)
{
    const char *address = ctl_scoring_socket();
    gad_cleanup(gad_freep) struct line *l = gad_calloc(1, sizeof(*l));
    gad_cleanup(request_freep) struct request *request = request_new();

    if (!l || !request)
        return cli_failed(GAD_ENOMEM, NULL);
    l->client = CLIENT_INIT;
    l->request = request;
    int err = open_client(l, address, run);
    if (err)
        return ctl_unreachable(err, &run->diag, true);
    while (!err) {
        err = is_closing(l) ? move(l, run) : 0;
        if (!err)
            err = ask_more(l, run, address);
        if (!err && l->n == 0 && run->at_end && gad_buf_left(&run->out) == 0)
            break;
        if (!err)
            err = move(l, run);
        score_progress(run);
    }
    client_close(&l->client);
    if (err)
        cli_say("%s", run->diag.text);
    return err ? CLI_FAILED : CLI_OK;
}
