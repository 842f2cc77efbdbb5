/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/input.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/net/magic.h"
#include "lib/record/extractor.h"
#include "tools/common/capture_input.h"
#include "tools/common/capture_options.h"

struct input {
    struct gad_dataset *file;      /* the reader thread's, until it has ended */
    struct gad_extractor *capture; /* likewise; one of them is NULL */
    pthread_t reader;
    int event;

    pthread_mutex_t lock; /* protects all fields below */
    pthread_cond_t room;
    size_t n;
    struct gad_row row[INPUT_BATCH];
    struct gad_dataset_stats stats;
    bool ended, is_damaged;
    int err;
    struct gad_diag diag;
};

static void signal_event(const struct input *in)
{
    const uint64_t one = 1;
    /* Fails only if the event is readable already. */
    ssize_t n = write(in->event, &one, sizeof(one));
    (void)n;
}

static void put(struct input *in, const struct gad_row *row, const struct gad_dataset_stats *stats)
{
    (void)pthread_mutex_lock(&in->lock);
    while (in->n == INPUT_BATCH)
        (void)pthread_cond_wait(&in->room, &in->lock);
    in->row[in->n++] = *row;
    in->stats = *stats;
    if (in->n == 1 || in->n == INPUT_BATCH)
        signal_event(in);
    (void)pthread_mutex_unlock(&in->lock);
}

static int read_records(struct input *in, struct gad_diag *d)
{
    struct gad_row row;
    int err;

    while ((err = gad_dataset_next(in->file, &row, d)) == 0)
        put(in, &row, gad_dataset_stats(in->file));
    return err == GAD_END ? 0 : err;
}

struct reading {
    struct gad_extractor *x;
    struct input *in;
    struct gad_dataset_stats stats;
};

static int new_extractor(const struct capture_options *o, struct gad_extractor **ret,
                         struct gad_diag *d)
{
    struct gad_extractor_options opt = gad_extractor_defaults();

    capture_options_apply(o, &opt);
    opt.community_id = true;
    return gad_extractor_new(&opt, 1, ret, d);
}

static int open_directory(const char *path, const struct capture_options *o,
                          struct gad_extractor **ret, struct gad_diag *d)
{
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = NULL;

    int r = new_extractor(o, &x, d);
    if (r == 0)
        r = capture_input_add(x, 0, path, o->recursive, d);
    if (r == 0)
        *ret = gad_steal(&x);
    return r;
}

/* Takes @f in any case. */
static int open_capture(const struct gad_file_begun *f, const struct capture_options *o,
                        struct gad_extractor **ret, struct gad_diag *d)
{
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = NULL;

    int r = new_extractor(o, &x, d);
    if (r != 0) {
        if (f->fd != STDIN_FILENO)
            close(f->fd);
        return r;
    }
    r = gad_extractor_add_begun(x, 0, f);
    if (r == 0)
        *ret = gad_steal(&x);
    return r;
}

static int on_record(void *arg, struct gad_time decided, const struct gad_record *r)
{
    struct reading *reading = arg;
    struct gad_row row = {.rec = *r, .line = ++reading->stats.rows};
    (void)decided;

    reading->stats.bytes = gad_extractor_net(reading->x, 0).bytes;
    put(reading->in, &row, &reading->stats);
    return 0;
}

/* Reads all of the capture. The line of a row is its number. With 0, @d can hold a warning: the
 * first one. */
static int read_capture(struct input *in, struct gad_diag *d)
{
    struct reading reading = {.x = in->capture, .in = in};
    struct gad_diag later = {""};
    int r;

    do
        r = gad_extractor_step(in->capture, on_record, &reading, d->text[0] ? &later : d);
    while (r == GAD_MORE);
    if (r == GAD_END && gad_extractor_stats(in->capture).files == 0)
        r = gad_fail(&later, GAD_EFORMAT, "no capture among the files");
    if (r < 0 && later.text[0] != '\0')
        *d = later;
    return r == GAD_END ? 0 : r;
}

static void *read_all(void *arg)
{
    struct input *in = arg;
    struct gad_diag d = in->diag; /* a warning of input_open() */

    int err = in->capture ? read_capture(in, &d) : read_records(in, &d);
    (void)pthread_mutex_lock(&in->lock);
    in->is_damaged = in->capture && gad_extractor_stats(in->capture).files_damaged > 0;
    in->ended = true;
    in->err = err;
    in->diag = d;
    if (in->file)
        in->stats = *gad_dataset_stats(in->file);
    signal_event(in);
    (void)pthread_mutex_unlock(&in->lock);
    return NULL;
}

/* Reads the bytes that show whether the file is a capture. */
static int read_head(struct gad_file_begun *f, uint8_t head[static GAD_FILE_HEAD_MAX], bool *ret,
                     struct gad_diag *d)
{
    int r = GAD_MORE;
    ssize_t n = 1;

    f->head = head;
    while (r == GAD_MORE && n > 0 && f->head_len < GAD_FILE_HEAD_MAX) {
        do
            n = read(f->fd, head + f->head_len, GAD_FILE_HEAD_MAX - f->head_len);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            return gad_fail(d, -errno, "%s: cannot read: %s", f->name, gad_strerror(-errno));
        f->head_len += (size_t)n;
        r = gad_magic_is_capture(head, f->head_len, ret);
    }
    return r == GAD_MORE ? 0 : r;
}

static int open_begun(struct input *in, const struct gad_file_begun *f, bool is_capture,
                      bool skip_bad, const struct capture_options *capture, struct gad_diag *d)
{
    const struct gad_dataset_options opt = {
        .skip_bad = skip_bad, .with_connection = true, .ignore_labels = true};

    if (is_capture)
        return open_capture(f, capture, &in->capture, d);
    int r = gad_dataset_open_begun(f, &opt, &in->file, d);
    if (r == 0 && capture->given)
        r = gad_fail(d, GAD_EINVAL, "%s: holds records, and %s is for packets", f->name,
                     capture->given);
    return r;
}

static int open_file(struct input *in, const char *file, bool skip_bad,
                     const struct capture_options *capture, struct gad_diag *d)
{
    bool is_stdin = strcmp(file, "-") == 0, is_capture = false;
    struct gad_file_begun f = {.name = is_stdin ? "stdin" : file, .fd = STDIN_FILENO};
    gad_cleanup(gad_freep) uint8_t *head = gad_calloc(1, GAD_FILE_HEAD_MAX);

    if (capture_input_is_directory(file))
        return open_directory(file, capture, &in->capture, d);
    if (!head)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    if (!is_stdin && (f.fd = open(file, O_RDONLY | O_CLOEXEC)) < 0)
        return gad_fail(d, -errno, "%s: cannot open: %s", file, gad_strerror(-errno));
    int r = read_head(&f, head, &is_capture, d);
    if (r == 0 && !is_stdin && f.head_len == 0)
        r = gad_fail(d, GAD_EFORMAT, "%s: an empty file", file);
    if (r == 0)
        return open_begun(in, &f, is_capture, skip_bad, capture, d);
    if (!is_stdin)
        close(f.fd);
    return r;
}

int input_open(const char *file, bool skip_bad, const struct capture_options *capture,
               struct input **ret, struct gad_diag *d)
{
    struct input *in = gad_calloc(1, sizeof(*in));

    if (!in)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int err = open_file(in, file, skip_bad, capture, d);
    if (err) {
        gad_dataset_close(in->file);
        gad_free(in);
        return err;
    }
    in->diag = *d;
    in->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    err = in->event < 0 ? -errno : 0;
    (void)pthread_mutex_init(&in->lock, NULL);
    (void)pthread_cond_init(&in->room, NULL);
    if (!err)
        err = -pthread_create(&in->reader, NULL, read_all, in);
    if (err) {
        if (in->event >= 0)
            close(in->event);
        gad_dataset_close(in->file);
        gad_extractor_free(in->capture);
        gad_free(in);
        return gad_fail(d, err, "%s: cannot start the reader thread: %s", file, gad_strerror(err));
    }
    *ret = in;
    return 0;
}

void input_close(struct input *in)
{
    (void)pthread_mutex_lock(&in->lock);
    bool ended = in->ended;
    (void)pthread_mutex_unlock(&in->lock);
    if (!ended) {
        (void)pthread_detach(in->reader);
        return;
    }
    (void)pthread_join(in->reader, NULL);
    (void)pthread_cond_destroy(&in->room);
    (void)pthread_mutex_destroy(&in->lock);
    close(in->event);
    gad_dataset_close(in->file);
    gad_extractor_free(in->capture);
    gad_free(in);
}

size_t input_take(struct input *in, bool whole, struct gad_row row[static INPUT_BATCH])
{
    uint64_t count;
    /* Before the rows: a signal after this read is seen by the next call. */
    ssize_t got = read(in->event, &count, sizeof(count));
    size_t n = 0;

    (void)got;
    (void)pthread_mutex_lock(&in->lock);
    if (!whole || in->n == INPUT_BATCH || in->ended) {
        n = in->n;
        memcpy(row, in->row, n * sizeof(row[0]));
        in->n = 0;
        (void)pthread_cond_signal(&in->room);
    }
    (void)pthread_mutex_unlock(&in->lock);
    return n;
}

int input_fd(const struct input *in)
{
    return in->event;
}

bool input_ended(struct input *in, int *ret_err, struct gad_diag *d)
{
    (void)pthread_mutex_lock(&in->lock);
    bool ended = in->ended && in->n == 0;
    if (ended) {
        *ret_err = in->err;
        *d = in->diag;
    }
    (void)pthread_mutex_unlock(&in->lock);
    return ended;
}

bool input_is_damaged(struct input *in)
{
    (void)pthread_mutex_lock(&in->lock);
    bool is_damaged = in->is_damaged;
    (void)pthread_mutex_unlock(&in->lock);
    return is_damaged;
}

struct gad_dataset_stats input_stats(struct input *in)
{
    (void)pthread_mutex_lock(&in->lock);
    struct gad_dataset_stats stats = in->stats;
    (void)pthread_mutex_unlock(&in->lock);
    return stats;
}

const char *input_first_bad(const struct input *in)
{
    return gad_dataset_first_bad(in->file);
}
