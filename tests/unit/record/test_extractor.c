/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/extractor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/record/merge.h"
#include "tests/unit/net/frame.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

enum { PATH = 64, GOT_MAX = 64 };

/* A capture under construction; frames are ICMP echo requests, each a record at once, distinguished
 * by their bytes. */
struct capture {
    struct gad_buf b;
    char path[PATH];
};

static void capture_begin(struct capture *c)
{
    *c = (struct capture){.b = GAD_BUF_INIT(1 << 20)};
    gad_buf_add_u32le(&c->b, 0xa1b2c3d4);
    gad_buf_add_u32le(&c->b, 0x00040002);
    for (int i = 0; i < 2; i++)
        gad_buf_add_u32le(&c->b, 0);
    gad_buf_add_u32le(&c->b, 262144);
    gad_buf_add_u32le(&c->b, LINK_EN10MB);
}

static void capture_frame(struct capture *c, unsigned second, const struct frame *frame)
{
    gad_buf_add_u32le(&c->b, 1000000000 + second);
    gad_buf_add_u32le(&c->b, 0);
    gad_buf_add_u32le(&c->b, (uint32_t)frame->len);
    gad_buf_add_u32le(&c->b, (uint32_t)frame->len);
    gad_buf_add(&c->b, frame->p, frame->len);
}

static void capture_ping(struct capture *c, unsigned second, unsigned bytes)
{
    static struct frame one;

    one.len = 0;
    put_ether(&one, 0x0800);
    size_t ip = put_ip4(&one, GAD_IP_ICMP, 1, 0);
    put_icmp(&one, 8, 0, bytes - 8);
    end_ip4(&one, ip);
    capture_frame(c, second, &one);
}

static void capture_udp(struct capture *c, unsigned second, unsigned bytes)
{
    static struct frame one;

    one.len = 0;
    put_ether(&one, 0x0800);
    size_t ip = put_ip4(&one, GAD_IP_UDP, 1, 0);
    put_udp(&one, 4000, 53, bytes);
    end_ip4(&one, ip);
    capture_frame(c, second, &one);
}

/* To a file, without its last `cut` bytes. */
static const char *capture_end(struct capture *c, size_t cut)
{
    int fd = mkstemp(scratch_path(c->path, sizeof(c->path), "extractor-XXXXXX"));
    size_t len = gad_buf_left(&c->b) - cut;

    assert_true(fd >= 0 && !c->b.bad);
    assert_int_equal(write(fd, c->b.p, len), len);
    assert_int_equal(close(fd), 0);
    gad_buf_deinit(&c->b);
    return c->path;
}

struct got {
    size_t n, most; /* most: a record more is refused */
    double bytes[GOT_MAX];
    struct gad_record last;
    struct gad_time decided;
};

static int keep(void *arg, struct gad_time decided, const struct gad_record *r)
{
    struct got *g = arg;

    if (g->most > 0 && g->n == g->most)
        return -ECANCELED;
    assert_true(g->n < GOT_MAX && decided.ns >= g->decided.ns);
    assert_int_equal(gad_record_check(r), -1);
    g->bytes[g->n++] = r->v[GAD_SRC_BYTES];
    g->last = *r;
    g->decided = decided;
    return 0;
}

static int run(struct gad_extractor *x, struct got *g, struct gad_diag *warning)
{
    struct gad_diag d = {.text = ""};
    int r = GAD_MORE;

    while (r == GAD_MORE) {
        d.text[0] = '\0';
        r = gad_extractor_step(x, keep, g, &d);
        if (d.text[0] && warning)
            *warning = d;
    }
    return r;
}

/* Small tables: what is allocated is also filled, so that use after a free shows. */
static struct gad_extractor_options small_options(void)
{
    struct gad_extractor_options opt = gad_extractor_defaults();

    opt.flow.max_flows = 100;
    opt.decoder.datagrams = 16;
    opt.decoder.memory = 1 << 20;
    opt.community_id = true;
    return opt;
}

static struct gad_extractor *new_extractor(size_t n_lanes)
{
    struct gad_extractor_options opt = small_options();
    struct gad_extractor *x = NULL;

    assert_int_equal(gad_extractor_new(&opt, n_lanes, &x, NULL), 0);
    return x;
}

static void assert_bytes(const struct got *g, const double *want, size_t n)
{
    assert_int_equal(g->n, n);
    for (size_t i = 0; i < n; i++)
        assert_true(g->bytes[i] == want[i]);
}

static void files_of_a_lane_are_one_capture(void **state)
{
    (void)state;
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = new_extractor(1);
    struct capture a, b;
    struct got g = {.n = 0};

    capture_begin(&a);
    capture_udp(&a, 0, 10);
    capture_ping(&a, 1, 20);
    capture_begin(&b);
    capture_udp(&b, 2, 11); /* of the same connection */
    capture_ping(&b, 3, 30);
    assert_int_equal(gad_extractor_add(x, 0, capture_end(&a, 0), false), 0);
    assert_int_equal(gad_extractor_add(x, 0, capture_end(&b, 0), false), 0);
    assert_int_equal(run(x, &g, NULL), GAD_END);
    assert_bytes(&g, (const double[]){20, 30, 21}, 3);

    const struct gad_record *r = &g.last;
    assert_true(r->v[GAD_DURATION] == 2.0 && r->v[GAD_DST_HOST_COUNT] == 3.0);
    assert_string_equal(gad_name_text(GAD_SERVICE, (int)r->v[GAD_SERVICE]), "domain_u");
    assert_int_equal(r->tuple.src_port, 4000);
    assert_true(r->start.ns == 1000000000000000000 && r->end.ns == 1000000002000000000);
    assert_int_equal(strlen(r->community_id), 30);
    struct gad_extractor_stats s = gad_extractor_stats(x);
    assert_true(s.files == 2 && s.files_cut == 0 && s.files_passed_over == 0 && s.records == 3);
    assert_int_equal(gad_extractor_net(x, 0).frames, 4);
    assert_int_equal(gad_extractor_flow(x, 0).ended, 3);
    (void)unlink(a.path);
    (void)unlink(b.path);
}

/* The end of a lane decides its connection at 60 s: after an earlier record of a lane that is still
 * read, and before a later one. */
static void a_lane_that_ends_waits_for_the_others(void **state)
{
    (void)state;
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = new_extractor(2);
    struct capture a, b;
    struct got g = {.n = 0};

    capture_begin(&a);
    capture_udp(&a, 0, 10);
    capture_begin(&b);
    capture_ping(&b, 30, 20);
    capture_ping(&b, 100, 30);
    assert_int_equal(gad_extractor_add(x, 0, capture_end(&a, 0), false), 0);
    assert_int_equal(gad_extractor_add(x, 1, capture_end(&b, 0), false), 0);
    assert_int_equal(run(x, &g, NULL), GAD_END);
    assert_bytes(&g, (const double[]){20, 10, 30}, 3);
    (void)unlink(a.path);
    (void)unlink(b.path);
}

static void lanes_are_put_in_order_of_time(void **state)
{
    (void)state;
    struct capture c[3];
    static const unsigned seconds[3][4] = {{0, 5, 5, 9}, {1, 5, 6, 20}, {0, 1, 5, 8}};

    for (unsigned i = 0; i < 3; i++) {
        capture_begin(&c[i]);
        for (unsigned k = 0; k < 4; k++)
            capture_ping(&c[i], seconds[i][k], 100 * (i + 1) + k);
        (void)capture_end(&c[i], 0);
    }
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = new_extractor(3);
    struct got g = {.n = 0};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(gad_extractor_add(x, i, c[i].path, false), 0);
    assert_int_equal(run(x, &g, NULL), GAD_END);
    assert_bytes(&g, (const double[]){100, 300, 200, 301, 101, 102, 201, 302, 202, 303, 103, 203},
                 12);
    for (size_t i = 0; i < 3; i++)
        (void)unlink(c[i].path);
}

static void a_file_that_is_cut_off_gives_what_it_has(void **state)
{
    (void)state;
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = new_extractor(1);
    struct gad_diag warning = {.text = ""};
    struct got g = {.n = 0};
    struct capture a;

    capture_begin(&a);
    capture_ping(&a, 1, 20);
    capture_ping(&a, 2, 30);
    assert_int_equal(gad_extractor_add(x, 0, capture_end(&a, 5), false), 0);
    assert_int_equal(run(x, &g, &warning), GAD_END);
    assert_bytes(&g, (const double[]){20}, 1);
    assert_non_null(strstr(warning.text, "truncated"));
    assert_int_equal(gad_extractor_stats(x).files_cut, 1);
    (void)unlink(a.path);
}

static void what_is_no_capture_is_passed_over(void **state)
{
    (void)state;
    struct capture a, b;

    capture_begin(&a);
    capture_ping(&a, 1, 20);
    (void)capture_end(&a, 0);
    b = (struct capture){.b = GAD_BUF_INIT(64)};
    gad_buf_add(&b.b, "this is no capture of anything", 30);
    (void)capture_end(&b, 0);
    for (int optional = 0; optional < 2; optional++) {
        gad_cleanup(gad_extractor_freep) struct gad_extractor *x = new_extractor(1);
        struct gad_diag said = {.text = ""};
        struct got g = {.n = 0};
        assert_int_equal(gad_extractor_add(x, 0, b.path, optional), 0);
        assert_int_equal(gad_extractor_add(x, 0, "/no/such/file", optional), 0);
        assert_int_equal(gad_extractor_add(x, 0, a.path, false), 0);
        assert_int_equal(run(x, &g, &said), GAD_END);
        assert_non_null(strstr(said.text, "/no/such/file"));
        assert_int_equal(g.n, 1);
        assert_int_equal(gad_extractor_stats(x).files_passed_over, optional ? 2 : 0);
        assert_int_equal(gad_extractor_stats(x).files_failed, optional ? 0 : 2);
    }
    /* with no other file it is an error */
    gad_cleanup(gad_extractor_freep) struct gad_extractor *x = new_extractor(1);
    struct gad_diag said = {.text = ""};
    struct got g = {.n = 0};
    assert_int_equal(gad_extractor_add(x, 0, "/no/such/file", false), 0);
    assert_int_equal(gad_extractor_add(x, 0, b.path, false), 0);
    assert_int_equal(run(x, &g, &said), GAD_EFORMAT);
    assert_non_null(strstr(said.text, b.path));
    (void)unlink(a.path);
    (void)unlink(b.path);
}

static void a_damaged_file_leaves_the_next_one(void **state)
{
    (void)state;
    struct capture a;

    capture_begin(&a);
    capture_ping(&a, 1, 20);
    for (int i = 0; i < 10; i++)
        gad_buf_add_u32le(&a.b, 0xffffffff);
    (void)capture_end(&a, 0);
    for (int optional = 0; optional < 2; optional++) {
        gad_cleanup(gad_extractor_freep) struct gad_extractor *x = new_extractor(1);
        struct gad_diag said = {.text = ""};
        struct got g = {.n = 0};
        assert_int_equal(gad_extractor_add(x, 0, a.path, optional), 0);
        assert_int_equal(gad_extractor_add(x, 0, a.path, optional), 0);
        assert_int_equal(run(x, &g, &said), GAD_END);
        assert_non_null(strstr(said.text, a.path));
        assert_bytes(&g, (const double[]){20, 20}, 2);
        assert_int_equal(gad_extractor_stats(x).files_damaged, 2);
        assert_int_equal(gad_extractor_stats(x).files_cut, 0);
    }
    (void)unlink(a.path);
}

static void who_takes_the_records_can_end_it(void **state)
{
    (void)state;
    struct capture a;

    capture_begin(&a);
    for (unsigned i = 0; i < 5; i++)
        capture_ping(&a, i, 20 + i);
    (void)capture_end(&a, 0);
    for (size_t lanes = 1; lanes <= 2; lanes++) {
        gad_cleanup(gad_extractor_freep) struct gad_extractor *x = new_extractor(lanes);
        struct got g = {.most = 3};
        for (size_t i = 0; i < lanes; i++)
            assert_int_equal(gad_extractor_add(x, i, a.path, false), 0);
        assert_int_equal(run(x, &g, NULL), -ECANCELED);
        assert_int_equal(g.n, 3);
    }
    (void)unlink(a.path);
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    struct gad_extractor_options opt = gad_extractor_defaults();
    struct gad_extractor *x = NULL;
    struct gad_diag d = {.text = ""};

    assert_int_equal(gad_extractor_new(&opt, 0, &x, &d), GAD_EINVAL);
    assert_int_equal(gad_extractor_new(&opt, GAD_MERGE_SOURCES_MAX + 1, &x, &d), GAD_EINVAL);
    opt.services = "tcp/80=nonsense";
    assert_int_equal(gad_extractor_new(&opt, 1, &x, &d), GAD_EUNKNOWN);
    opt.services = NULL;
    opt.flow.max_flows = 0;
    assert_int_equal(gad_extractor_new(&opt, 1, &x, &d), GAD_EINVAL);
    assert_null(x);
}

/* Of which 30 bytes have been read. */
static struct gad_file_begun begin(const char *path, uint8_t *head)
{
    struct gad_file_begun begun = {path, open(path, O_RDONLY | O_CLOEXEC), head, 30};

    assert_int_equal(read(begun.fd, head, 30), 30);
    return begun;
}

static void a_file_may_be_begun(void **state)
{
    (void)state;
    struct capture a;
    uint8_t head[30];
    bool done = false;

    capture_begin(&a);
    capture_ping(&a, 1, 20);
    capture_ping(&a, 2, 30);
    (void)capture_end(&a, 0);
    struct gad_file_begun unread = begin(a.path, head);
    struct gad_extractor *x = new_extractor(1);
    assert_int_equal(gad_extractor_add_begun(x, 0, &unread), 0);
    gad_extractor_free(x);
    assert_int_equal(fcntl(unread.fd, F_GETFD), -1);
    for (long k = 1; !done; k++) {
        struct gad_file_begun begun = begin(a.path, head);
        struct got g = {.n = 0};
        x = new_extractor(1);
        (void)gad_mem_fail_at(k);
        int r = gad_extractor_add_begun(x, 0, &begun);
        memset(head, 0, sizeof(head)); /* it was borrowed */
        if (r == 0)
            r = run(x, &g, NULL);
        done = gad_mem_fail_at(0) < k;
        assert_true(r == GAD_END ? g.n == 2 : r < 0);
        gad_extractor_free(x);
        assert_int_equal(fcntl(begun.fd, F_GETFD), -1);
    }
    (void)unlink(a.path);
}

/* Making, reading and merging; whatever fails, it ends and nothing is lost. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct gad_extractor_options opt = small_options();
    struct capture a;
    bool done = false;

    capture_begin(&a);
    for (unsigned i = 0; i < 20; i++)
        capture_ping(&a, i, 20 + i);
    (void)capture_end(&a, 0);
    opt.filter = "icmp";
    for (long k = 1; !done; k++) {
        struct gad_extractor *x = NULL;
        struct got g = {.n = 0};
        (void)gad_mem_fail_at(k);
        int r = gad_extractor_new(&opt, 2, &x, NULL);
        for (size_t i = 0; r == 0 && i < 2; i++)
            r = gad_extractor_add(x, i, a.path, false);
        if (r == 0)
            r = run(x, &g, NULL);
        done = gad_mem_fail_at(0) < k;
        assert_true(r == GAD_END ? g.n == 40 : r < 0);
        assert_true(!done || r == GAD_END);
        gad_extractor_free(x);
    }
    (void)unlink(a.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_a_lane_are_one_capture),
        cmocka_unit_test(lanes_are_put_in_order_of_time),
        cmocka_unit_test(a_lane_that_ends_waits_for_the_others),
        cmocka_unit_test(a_file_that_is_cut_off_gives_what_it_has),
        cmocka_unit_test(what_is_no_capture_is_passed_over),
        cmocka_unit_test(a_damaged_file_leaves_the_next_one),
        cmocka_unit_test(who_takes_the_records_can_end_it),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(a_file_may_be_begun),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("extractor", tests, NULL, NULL);
}
