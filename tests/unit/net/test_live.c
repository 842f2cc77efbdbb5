/* SPDX-License-Identifier: Apache-2.0 */
/* A live source on the loopback interface; skipped where capturing is not allowed. */
#include "lib/net/source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/net/decode.h"
#include "tests/unit/data.h"
#include "tests/unit/test.h"

enum { PORT = 47808, WAIT_MS = 20000 };

static struct gad_source *source;
static struct gad_diag diag;
static size_t n_packets;
static uint32_t last_len;

static void count(void *arg, const struct gad_packet *p)
{
    (void)arg;
    if (p->tuple.dst_port != PORT)
        return;
    n_packets++;
    last_len = p->len;
}

static void decode(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen, size_t len)
{
    gad_decode(arg, gad_source_link_type(source), time, frame, caplen, len, count, NULL);
}

static void send_bytes(size_t n)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const uint8_t bytes[64] = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(
        sendto(fd, bytes, n, 0, (const struct sockaddr *)(const void *)&to, sizeof(to)), n);
    close(fd);
}

/* Reads until a packet came. */
static void read_one(struct gad_decoder *dec)
{
    for (n_packets = 0; n_packets == 0;) {
        struct pollfd p = {.fd = gad_source_fd(source), .events = POLLIN};
        assert_true(p.fd >= 0);
        assert_int_equal(poll(&p, 1, WAIT_MS), 1);
        assert_int_equal(gad_source_read(source, 100, decode, dec, &diag), GAD_MORE);
    }
}

static void frames_come_from_an_interface(void **state)
{
    (void)state;
    struct gad_decoder *dec = NULL;
    struct gad_source_stats s;

    assert_int_equal(gad_decoder_new(NULL, &dec), 0);
    assert_int_equal(gad_source_read(source, 100, decode, dec, &diag),
                     GAD_MORE); /* does not wait */
    send_bytes(10);
    read_one(dec);
    assert_int_equal(last_len, 10);
    gad_source_stats(source, &s);
    uint64_t frames = s.frames, received = s.received;
    assert_true(frames >= 1 && received >= 1 && s.dropped == 0 && s.reopened == 0);

    assert_int_equal(gad_source_reopen(source, &diag), 0);
    send_bytes(20);
    read_one(dec);
    assert_int_equal(last_len, 20);
    gad_source_stats(source, &s);
    assert_true(s.frames > frames && s.received > received); /* they go on */
    assert_int_equal(s.reopened, 1);
    gad_decoder_free(dec);
}

static void an_interface_may_be_missing_if_that_is_allowed(void **state)
{
    (void)state;
    const struct gad_source_options opt = {.may_be_missing = true};
    struct gad_source *s = NULL;
    struct gad_diag d = {""};

    assert_int_equal(gad_source_open_live("ganad-none0", NULL, &s, &d), -ENODEV);
    assert_non_null(strstr(d.text, "ganad-none0: no such interface; interfaces: "));
    assert_null(s);
    assert_int_equal(gad_source_open_live("ganad-none0", &opt, &s, &d), GAD_MORE);
    assert_int_equal(gad_source_fd(s), -1);
    assert_int_equal(gad_source_read(s, 1, decode, NULL, NULL), GAD_ECLOSED);
    assert_int_equal(gad_source_reopen(s, NULL), -ENODEV);
    assert_int_equal(gad_source_fd(s), -1); /* and again */
    gad_source_close(s);
}

int main(void)
{
    const struct gad_source_options opt = {
        .filter = "udp port 47808", .buffer = 1 << 20, .timeout_ms = 10};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_from_an_interface),
        cmocka_unit_test(an_interface_may_be_missing_if_that_is_allowed)};

    if (gad_source_open_live("lo", &opt, &source, &diag) != 0) {
        printf("%s; skipped\n", diag.text);
        return TEST_SKIPPED;
    }
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    gad_source_close(source);
    return r;
}
