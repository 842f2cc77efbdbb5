/* SPDX-License-Identifier: Apache-2.0 */
/* What is written is what our own reader reads, byte by byte. */

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/net/pcapng_write.h"
#include "lib/net/source.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

enum { N = 40 };

struct read_back {
    const struct gad_source *source;
    size_t n;
};

static uint8_t data[N + 1];

static void take(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen, size_t len)
{
    struct read_back *b = arg;

    assert_int_equal(time.ns, INT64_C(1780000000123456789) + (int64_t)b->n);
    assert_int_equal(caplen, b->n);
    assert_int_equal(len, b->n + 5);
    assert_memory_equal(frame, data, caplen);
    assert_int_equal(gad_source_link_type(b->source), b->n % 2 ? 12 : 1);
    assert_int_equal(gad_source_number(b->source), b->n + 1);
    b->n++;
}

/* Comments and names of all lengths modulo 4; packets of all lengths from 0. */
static void all_lengths_are_read_back(void **state)
{
    (void)state;
    gad_cleanup(gad_source_closep) struct gad_source *s = NULL;
    struct gad_buf out = GAD_BUF_INIT(1 << 20);
    struct gad_diag d = {""};
    char path[4096];

    memset(data, 0x5a, sizeof(data));
    gad_pcapng_section(&out, "ganad", "event a\nb");
    gad_pcapng_interface(&out, 1, 65536, "eth0");
    gad_pcapng_interface(&out, 12, 65536, "");
    for (uint32_t i = 0; i < N; i++)
        gad_pcapng_packet(
            &out, &(struct gad_pcapng_packet){.interface = i % 2,
                                              .time = {INT64_C(1780000000123456789) + i},
                                              .data = data,
                                              .caplen = i,
                                              .len = i + 5,
                                              .comment = i % 5 == 4 ? "" : &"comment"[i % 5]});
    assert_false(out.bad);
    assert_int_equal(out.len % 4, 0);
    scratch_path(path, sizeof(path), "out.pcapng");
    assert_int_equal(gad_file_write_atomic(path, out.p, out.len, &d), 0);
    assert_int_equal(gad_source_open_file(path, NULL, &s, &d), 0);
    struct read_back b = {.source = s};
    while (gad_source_read(s, 7, take, &b, &d) == GAD_MORE)
        ;
    assert_int_equal(b.n, N);
    struct gad_source_stats stats;
    gad_source_stats(s, &stats);
    assert_false(stats.truncated || stats.damaged);
    gad_buf_deinit(&out);
}

static void a_long_comment_loses_its_end(void **state)
{
    (void)state;
    struct gad_buf out = GAD_BUF_INIT(1 << 20);
    char text[GAD_PCAPNG_COMMENT_MAX + 100];

    memset(text, 'c', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    gad_pcapng_section(&out, "", text);
    assert_int_equal(out.len, 12 + 16 + 4 + GAD_PCAPNG_COMMENT_MAX + 4);
    gad_buf_deinit(&out);
}

static void a_full_buffer_is_bad(void **state)
{
    (void)state;
    struct gad_buf out = GAD_BUF_INIT(40);

    gad_pcapng_section(&out, "ganad", "more than that");
    assert_true(out.bad);
    gad_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_lengths_are_read_back),
        cmocka_unit_test(a_long_comment_loses_its_end),
        cmocka_unit_test(a_full_buffer_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
