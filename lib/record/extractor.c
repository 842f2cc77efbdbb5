/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/extractor.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/net/source.h"
#include "lib/record/community_id.h"
#include "lib/record/make.h"
#include "lib/record/merge.h"
#include "lib/record/service.h"
#include "lib/record/window.h"

enum { FRAMES_AT_ONCE = 512 };

struct file {
    char *path; /* owned, like head */
    bool optional;
    int fd; /* -1: not open yet */
    uint8_t *head;
    size_t head_len;
};

struct lane {
    struct gad_extractor *x;
    size_t number;
    struct gad_decoder *decoder;
    struct gad_flow_table *flows;
    struct gad_source *source; /* the current file, or NULL */
    struct file *file;
    size_t n_files, next; /* next: the file to open next */
};

/* Secrets of the tables whose keys come from the network. Results do not depend on them. */
struct secrets {
    uint64_t window[2], fragments;
    uint8_t flows[16];
};

struct gad_extractor {
    struct gad_source_options source;
    char *filter;
    struct gad_services *services;
    struct gad_community_id *id;
    struct gad_merge *merge; /* NULL: one lane, whose records are emitted at once */
    struct gad_window *window;
    struct gad_extractor_stats stats;
    bool has_ended;
    uint64_t frames; /* that the filter took */
    struct gad_filter_refused refused;
    gad_record_fn *fn; /* during a step */
    void *arg;
    int failed; /* error of fn or the merge */
    size_t n_lanes;
    struct lane lane[];
};

struct gad_extractor_options gad_extractor_defaults(void)
{
    return (struct gad_extractor_options){.flow = gad_flow_defaults()};
}

static int lane_init(struct lane *l, const struct gad_extractor_options *opt,
                     const struct secrets *secret, struct gad_diag *d)
{
    struct gad_decoder_options decoder = opt->decoder;
    struct gad_flow_options flow = opt->flow;

    decoder.seed = secret->fragments;
    memcpy(flow.hash_key, secret->flows, sizeof(flow.hash_key));
    flow.ports = gad_services_ports(l->x->services);
    int r = gad_decoder_new(&decoder, &l->decoder);
    if (r == 0)
        r = gad_flow_table_new(&flow, &l->flows);
    return r != 0 ? gad_fail(d, r, "cannot set up the table of connections: %s", gad_strerror(r))
                  : 0;
}

/* Creates the parts that all lanes share. */
static int shared_init(struct gad_extractor *x, const struct gad_extractor_options *opt,
                       const struct secrets *secret, struct gad_diag *d)
{
    if (opt->filter) {
        x->filter = gad_strndup(opt->filter, strlen(opt->filter));
        if (!x->filter)
            return GAD_ENOMEM;
        x->source.filter = x->filter;
    }
    int r = gad_services_new(&x->services);
    if (r == 0 && opt->services)
        r = gad_services_map(x->services, opt->services, d);
    if (r == 0 && opt->community_id)
        r = gad_community_id_new(opt->community_seed, &x->id);
    if (r == 0 && x->n_lanes > 1)
        r = gad_merge_new(x->n_lanes, &x->merge);
    return r != 0 ? r : gad_window_new(secret->window, &x->window);
}

int gad_extractor_new(const struct gad_extractor_options *opt, size_t n_lanes,
                      struct gad_extractor **ret, struct gad_diag *d)
{
    struct secrets secret;

    if (n_lanes < 1 || n_lanes > GAD_MERGE_SOURCES_MAX)
        return gad_fail(d, GAD_EINVAL, "%zu captures: 1 to %d can be merged", n_lanes,
                        GAD_MERGE_SOURCES_MAX);
    if (getrandom(&secret, sizeof(secret), 0) !=
        (ssize_t)sizeof(secret)) /* requests this short are complete */
        return gad_fail(d, -EIO, "no random numbers from the system");
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x =
        gad_calloc(1, sizeof(*x) + n_lanes * sizeof(x->lane[0]));
    if (!x)
        return GAD_ENOMEM;
    x->n_lanes = n_lanes;
    int r = shared_init(x, opt, &secret, d);
    for (size_t i = 0; r == 0 && i < n_lanes; i++) {
        x->lane[i].x = x;
        x->lane[i].number = i;
        r = lane_init(&x->lane[i], opt, &secret, d);
    }
    if (r != 0)
        return r;
    *ret = gad_steal(&x);
    return 0;
}

static void file_deinit(struct file *f)
{
    if (f->fd > STDIN_FILENO)
        close(f->fd);
    gad_free(f->path);
    gad_free(f->head);
}

static void lane_deinit(struct lane *l)
{
    gad_source_close(l->source);
    for (size_t i = 0; i < l->n_files; i++)
        file_deinit(&l->file[i]);
    gad_free(l->file);
    gad_flow_table_free(l->flows);
    gad_decoder_free(l->decoder);
}

void gad_extractor_free(struct gad_extractor *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->n_lanes; i++)
        lane_deinit(&x->lane[i]);
    gad_window_free(x->window);
    gad_merge_free(x->merge);
    gad_community_id_free(x->id);
    gad_services_free(x->services);
    gad_free(x->filter);
    gad_free(x);
}

/* Adds a file; on success takes ownership of @f's resources. */
static int add(struct gad_extractor *x, size_t lane, const char *path, struct file f)
{
    gad_assert(lane < x->n_lanes);
    struct lane *l = &x->lane[lane];
    char *copy = gad_strndup(path, strlen(path));
    struct file *file = gad_realloc_array(l->file, l->n_files + 1, sizeof(*file));

    if (file)
        l->file = file;
    if (!copy || !file) {
        gad_free(copy);
        return GAD_ENOMEM;
    }
    f.path = copy;
    l->file[l->n_files++] = f;
    return 0;
}

int gad_extractor_add(struct gad_extractor *x, size_t lane, const char *path, bool optional)
{
    return add(x, lane, path, (struct file){.optional = optional, .fd = -1});
}

int gad_extractor_add_begun(struct gad_extractor *x, size_t lane, const struct gad_file_begun *f)
{
    struct file file = {.fd = f->fd, .head_len = f->head_len};

    file.head = gad_calloc(1, f->head_len + 1);
    if (file.head && f->head_len > 0)
        memcpy(file.head, f->head, f->head_len);
    int r = file.head ? add(x, lane, f->name, file) : GAD_ENOMEM;
    if (r != 0) {
        gad_free(file.head);
        if (f->fd != STDIN_FILENO)
            close(f->fd);
    }
    return r;
}

static void emit(struct gad_extractor *x, struct gad_time decided, struct gad_record *r)
{
    gad_window_add(x->window, decided, r);
    if (x->id)
        gad_record_identify(x->id, r);
    x->stats.records++;
    if (x->failed == 0)
        x->failed = x->fn(x->arg, decided, r);
}

static void on_conn(void *arg, const struct gad_conn *c)
{
    struct lane *l = arg;
    struct gad_extractor *x = l->x;
    struct gad_record r, *to = x->merge ? gad_merge_put(x->merge, l->number, c->decided) : &r;

    if (!to) {
        x->failed = x->failed != 0 ? x->failed : GAD_ENOMEM;
        return;
    }
    gad_record_make(x->services, c, to);
    if (!x->merge)
        emit(x, c->decided, to);
}

static void on_packet(void *arg, const struct gad_packet *p)
{
    struct lane *l = arg;
    gad_flow_packet(l->flows, p, on_conn, l);
}

static void on_frame(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen,
                     size_t len)
{
    struct lane *l = arg;

    gad_decode(l->decoder, gad_source_link_type(l->source), time, frame, caplen, len, on_packet, l);
    if (l->x->merge)
        gad_merge_reach(l->x->merge, l->number, gad_decoder_time(l->decoder));
}

static int open_file(struct lane *l, struct file *f, struct gad_diag *d)
{
    const struct gad_file_begun begun = {f->path, f->fd, f->head, f->head_len};

    if (f->fd < 0)
        return gad_source_open_file(f->path, &l->x->source, &l->source, d);
    f->fd = -1; /* now the source's */
    return gad_source_open_begun(&begun, &l->x->source, &l->source, d);
}

/* Can a file follow, in any lane? */
static bool has_more_files(const struct gad_extractor *x)
{
    for (size_t i = 0; i < x->n_lanes; i++)
        if (x->lane[i].source || x->lane[i].next < x->lane[i].n_files)
            return true;
    return false;
}

/* A file that cannot be opened leaves the others. It is an error if there is no other. */
static int open_next(struct lane *l, struct gad_diag *d)
{
    struct file *f = &l->file[l->next++];
    struct gad_extractor *x = l->x;

    int r = open_file(l, f, d);
    if (r == 0) {
        x->stats.files++;
        return GAD_MORE;
    }
    if (f->optional)
        x->stats.files_passed_over++;
    else
        x->stats.files_failed++;
    bool is_last = !f->optional && x->stats.files == 0 && !has_more_files(x);
    return r == GAD_ENOMEM || is_last ? r : GAD_MORE;
}

/* A source was read to its end. */
static void close_source(struct lane *l)
{
    struct gad_extractor *x = l->x;
    struct gad_source_stats s;

    gad_source_stats(l->source, &s);
    x->stats.files_cut += s.truncated;
    x->stats.files_damaged += s.damaged;
    x->frames += s.frames;
    gad_filter_add(&x->refused, &s.refused);
    gad_source_close(l->source);
    l->source = NULL;
}

static void lane_end(struct lane *l)
{
    gad_decoder_flush(l->decoder, on_packet, l);
    gad_flow_flush(l->flows, on_conn, l);
    if (l->x->merge)
        gad_merge_end(l->x->merge, l->number);
}

/* Returns GAD_MORE; GAD_END: the lane was read to its end; or an error. */
static int lane_step(struct lane *l, struct gad_diag *d)
{
    if (!l->source && l->next < l->n_files)
        return open_next(l, d);
    if (!l->source) {
        lane_end(l);
        return GAD_END;
    }
    int r = gad_source_read(l->source, FRAMES_AT_ONCE, on_frame, l, d);
    if (r == GAD_END) {
        close_source(l);
        r = GAD_MORE;
    }
    return r;
}

/* At the end: warns, once, of a filter that took nothing because of tags. */
static int hint(struct gad_extractor *x, struct gad_diag *d)
{
    bool is_hint = x->filter && x->frames == 0 && gad_filter_hint(x->filter, &x->refused, d);

    x->refused = (struct gad_filter_refused){.frames = 0};
    return is_hint ? GAD_MORE : GAD_END;
}

int gad_extractor_step(struct gad_extractor *x, gad_record_fn *fn, void *arg, struct gad_diag *d)
{
    size_t lane = x->merge ? gad_merge_slowest(x->merge) : 0;
    struct gad_merge_item *item;

    if (lane == x->n_lanes || x->has_ended)
        return GAD_END; /* after a warning */
    x->fn = fn;
    x->arg = arg;
    int r = lane_step(&x->lane[lane], d);
    while (x->merge && x->failed == 0 && (item = gad_merge_take(x->merge)) != NULL)
        emit(x, item->decided, &item->rec);
    if (x->failed != 0)
        return x->failed;
    if (r == GAD_END && x->merge && gad_merge_slowest(x->merge) < x->n_lanes)
        return GAD_MORE;
    x->has_ended = r == GAD_END;
    return r == GAD_END ? hint(x, d) : r;
}

struct gad_extractor_stats gad_extractor_stats(const struct gad_extractor *x)
{
    return x->stats;
}

struct gad_net_stats gad_extractor_net(const struct gad_extractor *x, size_t lane)
{
    gad_assert(lane < x->n_lanes);
    return *gad_decoder_stats(x->lane[lane].decoder);
}

struct gad_flow_counters gad_extractor_flow(const struct gad_extractor *x, size_t lane)
{
    gad_assert(lane < x->n_lanes);
    return gad_flow_table_counters(x->lane[lane].flows);
}
