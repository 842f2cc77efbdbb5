/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/input_capture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/dataset/dataset.h"
#include "lib/net/source.h"
#include "lib/record/extractor.h"

struct reading {
    struct gad_extractor *x;
    input_put_fn *put;
    void *arg;
    struct gad_dataset_stats stats;
};

/* pcap in both orders, with microseconds, nanoseconds or longer heads, and pcapng: lib/net/source.h reads them. */
static bool is_magic(const uint8_t p[static 4])
{
    static const uint8_t magic[][4] = {
        {0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0xc3, 0xd4}, {0x4d, 0x3c, 0xb2, 0xa1},
        {0xa1, 0xb2, 0x3c, 0x4d}, {0x34, 0xcd, 0xb2, 0xa1}, {0xa1, 0xb2, 0xcd, 0x34},
        {0x0a, 0x0d, 0x0d, 0x0a},
    };

    for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
        if (memcmp(p, magic[i], 4) == 0)
            return true;
    return false;
}

bool input_is_capture(const char *file)
{
    gad_cleanup(gad_source_closep) struct gad_source *s = NULL;
    uint8_t head[4];
    struct stat st;

    if (strcmp(file, "-") == 0 || stat(file, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, head, sizeof(head));
    (void)close(fd);
    if (n != (ssize_t)sizeof(head))
        return false;
    if (is_magic(head))
        return true;
    return head[0] == 0x1f && head[1] == 0x8b && gad_source_open_file(file, NULL, &s, NULL) == 0;
}

int input_capture_open(const char *file, struct gad_extractor **ret, struct gad_diag *d)
{
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = NULL;
    const struct gad_extractor_options opt = gad_extractor_defaults();

    int r = gad_extractor_new(&opt, 1, &x, d);
    if (r == 0)
        r = gad_extractor_add(x, 0, file, false);
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
