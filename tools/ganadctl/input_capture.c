/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/input_capture.h"

#include <unistd.h>

#include "lib/base/file.h"
#include "lib/dataset/dataset.h"
#include "lib/record/extractor.h"
#include "tools/common/capture_options.h"

struct reading {
    struct gad_extractor *x;
    input_put_fn *put;
    void *arg;
    struct gad_dataset_stats stats;
};

int input_capture_open(const struct gad_file_begun *f, const struct capture_options *o,
                       struct gad_extractor **ret, struct gad_diag *d)
{
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = NULL;
    struct gad_extractor_options opt = gad_extractor_defaults();

    capture_options_apply(o, &opt);
    opt.community_id = true;
    int r = gad_extractor_new(&opt, 1, &x, d);
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
    reading->put(reading->arg, &row, &reading->stats);
    return 0;
}

int input_capture_read(struct gad_extractor *x, input_put_fn *put, void *arg, struct gad_diag *d)
{
    struct reading reading = {.x = x, .put = put, .arg = arg};
    int r;

    while ((r = gad_extractor_step(x, on_record, &reading, d)) == GAD_MORE)
        ;
    return r == GAD_END ? 0 : r;
}
