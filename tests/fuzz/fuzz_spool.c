/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of synthetic files as a spool: opened, or refused with a reason. An opened spool can
 * be read to its end, in order and with every number accounted for. It can be written, left as by a
 * crash or orderly, and opened again. Everything that was read before is then read again, and no
 * number occurs twice.
 *
 *   mode (1): 1, 2 sync  4 same boot  8 orderly end  16 no state
 *   state: next  reserved  unused_from  unused_to  cursor (8 each)
 *          flags (1): 1 clean  2 guessed  4, 8 sync  16 two gaps, around the unused numbers
 *   then for each segment: number (8)  length (2)  bytes; sums of ff ff ff ff are corrected
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/reader.h"
#include "lib/spool/state.h"
#include "tests/fuzz/spool_sums.h"
#include "tests/unit/scratch.h"

enum { SEGMENTS_MAX = 8, ITEMS_MAX = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(int dir, const char *name, const void *p, size_t len)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    require(fd >= 0 && write(fd, p, len) == (ssize_t)len);
    (void)close(fd);
}

static void put_state(int dir, struct gad_cursor *c, bool wanted)
{
    struct gad_spool_state s = {.generation = 1, .boot = 7};
    uint8_t slot[GAD_SPOOL_SLOT];

    s.next = gad_cursor_u64le(c);
    s.reserved = gad_cursor_u64le(c);
    s.unused_from = gad_cursor_u64le(c);
    s.unused_to = gad_cursor_u64le(c);
    memcpy(s.cursor[0].name, "out", 4);
    s.cursor[0].next = gad_cursor_u64le(c);
    uint8_t flags = gad_cursor_u8(c);
    s.clean = (flags & 1) != 0;
    s.guessed = (flags & 2) != 0;
    s.sync = (enum gad_spool_sync)(flags >> 2 & 3);
    if ((flags & 16) != 0 && s.unused_to < GAD_SPOOL_SEQ_MAX) {
        gad_spool_gaps_add(&s.gaps, s.unused_from, s.unused_to, GAD_SPOOL_UNUSED);
        gad_spool_gaps_add(&s.gaps, s.unused_from / 2 + 1, s.unused_to + s.unused_to / 2,
                           GAD_SPOOL_MAYBE);
    }
    gad_spool_slot_write(&s, slot);
    if (wanted)
        put(dir, GAD_SPOOL_STATE_NAME, slot, sizeof(slot));
}

static void put_segments(int dir, struct gad_cursor *c)
{
    static uint8_t p[UINT16_MAX];
    char name[GAD_SPOOL_FILE_NAME];

    for (int i = 0; i < SEGMENTS_MAX && c->left > 10; i++) {
        uint64_t first = gad_cursor_u64le(c);
        size_t len = gad_cursor_u8(c);
        len |= (size_t)gad_cursor_u8(c) << 8;
        if (len > c->left)
            len = c->left;
        const uint8_t *bytes = gad_cursor_take(c, len);
        if (len > 0)
            memcpy(p, bytes, len);
        (void)put_segment_right(p, len);
        gad_spool_segment_name(first, name);
        put(dir, name, p, len);
    }
}

static void empty(int dir)
{
    DIR *d = fdopendir(dup(dir));
    const struct dirent *e;

    require(d != NULL);
    rewinddir(d);
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            (void)unlinkat(dir, e->d_name, 0);
    (void)closedir(d);
}

struct tally {
    uint64_t records, last;
};

static struct tally read_all(const char *directory, uint64_t limit)
{
    struct gad_spool_reader *r;
    struct gad_spool_item item;
    struct tally t = {0};
    uint64_t at = 1;
    int err;

    require(gad_spool_reader_open(directory, 1, &r, NULL) == 0);
    while ((err = gad_spool_reader_next(r, limit, &item)) != GAD_END) {
        require(err == 0 || err == GAD_EVERSION);
        if (err != 0) {
            gad_spool_reader_give_up(r);
            continue;
        }
        require(item.seq >= at && item.end > item.seq && item.end <= limit);
        require(!item.p || (item.end == item.seq + 1 && item.len > 0));
        at = item.end;
        t.records += item.p != NULL;
        t.last = item.p ? item.seq : t.last;
        require(t.records < ITEMS_MAX);
    }
    gad_spool_reader_close(r);
    return t;
}

/* Opens and reads; NULL if it is refused. */
static struct gad_spool *open_and_read(const char *directory, const struct gad_spool_options *o,
                                       struct tally *t, struct gad_spool_status *st)
{
    struct gad_spool *s = NULL;
    struct gad_diag d = {""};

    int r = gad_spool_open(directory, o, &s, NULL, &d);
    if (r != 0) {
        require(strncmp(d.text, directory, strlen(directory)) == 0 &&
                d.text[strlen(directory)] == ':');
        return NULL;
    }
    gad_spool_status(s, st);
    require(st->end <= st->next && st->oldest <= st->next);
    const struct gad_spool_place place = {.next = 1, .gone = 1, .known = 1};
    const struct gad_spool_share share =
        gad_spool_gaps_share(&st->gaps, st->oldest, st->end, &place);
    require(share.waiting + share.lost <= st->next && share.at_most <= share.lost);
    *t = read_all(directory, st->end);
    require(t->last < st->end);
    return s;
}

static void try(const char *directory, const struct gad_spool_options *o, bool orderly)
{
    struct gad_spool_status st;
    struct tally t, more;

    struct gad_spool *s = open_and_read(directory, o, &t, &st);
    if (!s)
        return;
    for (int i = 0; i < 3; i++) {
        uint64_t seq = 0;
        require(gad_spool_append(s, 1, (struct gad_time){1}, "abc", 3, &seq) == 0);
        require(seq == st.next + (uint64_t)i);
        if (i == 0)
            require(gad_spool_commit(s, (struct gad_time){1}) == 0);
    }
    const struct gad_spool_cursor *cursor = gad_spool_cursor_at(s, 0);
    bool deletes = cursor && cursor->next > 1; /* the records read are acknowledged */
    if (orderly)
        require(gad_spool_finish(s, (struct gad_time){2}) == 0);
    gad_spool_close(s);

    uint64_t next = st.next;
    s = open_and_read(directory, o, &more, &st);
    require(s && st.next > next);
    require(deletes ||
            more.records >= t.records + (orderly ? 3 : 1)); /* more, if segments overlap */
    gad_spool_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char directory[64];
    static int dir = -1;
    struct gad_cursor c = gad_cursor_init(data, size);
    struct gad_spool_options o = {.quota = 1 << 20,
                                  .segment_max = GAD_SPOOL_SEGMENT_MIN,
                                  .group_max = GAD_SPOOL_GROUP_MIN,
                                  .salt = 3};

    if (dir < 0) {
        if (access("/dev/shm", W_OK) == 0)
            (void)setenv("TMPDIR", "/dev/shm", 1);
        require(mkdtemp(scratch_path(directory, sizeof(directory), "fuzz-XXXXXX")) != NULL);
        dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        require(dir >= 0);
    }
    (void)mkdir(directory, 0700);
    (void)close(dir);
    dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(dir >= 0);
    uint8_t mode = gad_cursor_u8(&c);
    o.sync = (enum gad_spool_sync)((mode & 3) % 3);
    o.boot = mode & 4 ? 7 : 8;
    put_state(dir, &c, (mode & 16) == 0);
    put_segments(dir, &c);
    try(directory, &o, (mode & 8) != 0);
    empty(dir);
    (void)rmdir(directory);
    return 0;
}
