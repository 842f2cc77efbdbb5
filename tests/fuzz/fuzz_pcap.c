/* SPDX-License-Identifier: Apache-2.0 */
/* A capture file, pcap or pcapng, plain or packed, through source, filter and decoder. */

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/net/magic.h"
#include "lib/net/source.h"
#include "tests/fuzz/decoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct decoding decoding;
    const struct gad_source *source;
    uint64_t bytes;
};

static void decode(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen, size_t len)
{
    struct reading *r = arg;

    r->bytes += len;
    require(time.ns >= 0);
    decode_frame(&r->decoding, gad_source_link_type(r->source), time, frame, caplen,
                 len > caplen ? 255 : 0);
}

/* Filtered and not: the frames that a filter refuses are counted until it takes one. */
static void read_all(const char *path, const char *filter)
{
    const struct gad_source_options opt = {.filter = filter};
    struct reading r = {.bytes = 0};
    struct gad_source *s = NULL;
    struct gad_source_stats stats;
    struct gad_diag d = {.text = ""};
    int end;

    if (gad_source_open_file(path, &opt, &s, &d) != 0) {
        require(s == NULL && d.text[0] != '\0');
        return;
    }
    r.source = s;
    require(gad_link_type_known(gad_source_link_type(s)) && d.text[0] == '\0');
    if (decoding_start(&r.decoding, 4)) {
        do
            end = gad_source_read(s, 7, decode, &r, &d);
        while (end == GAD_MORE);
        gad_source_stats(s, &stats);
        require(stats.frames == r.decoding.frames && stats.bytes == r.bytes);
        require(end == GAD_END || end == GAD_ENOMEM);
        require(!(stats.truncated && stats.damaged));
        bool changes = strstr(d.text, "from packet ") != NULL; /* no fault */
        require((end < 0 || stats.truncated || stats.damaged || changes) == (d.text[0] != '\0'));
        require(gad_source_read(s, 7, decode, &r, NULL) == GAD_END);
        decoding_end(&r.decoding);
    }
    gad_source_close(s);
}

/* The properties of the first bytes hold for all of them. */
static void check_magic(const uint8_t *data, size_t size, size_t n)
{
    bool first = false, all = false;

    int r = gad_magic_is_capture(data, n < size ? n : size, &first);
    int r_all = gad_magic_is_capture(data, size, &all);
    require(r == GAD_MORE || r == GAD_ENOMEM || (r == r_all && first == all));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("capture", MFD_CLOEXEC);

    if (fd < 0)
        return 0;
    check_magic(data, size, 4);
    check_magic(data, size, size);
    if (size == 0 || write(fd, data, size) == (ssize_t)size) {
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        read_all(path, "");
        read_all(path, "tcp or vlan 7");
    }
    close(fd);
    return 0;
}
