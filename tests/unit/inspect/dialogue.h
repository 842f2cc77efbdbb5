/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Dialogues by hand: who says what, and what is to be counted. Each is fed whole, byte by byte, and
 * cut in two at every place; the counts must be the same.
 */

#include <string.h>

#include "lib/base/mem.h"
#include "lib/inspect/inspect.h"
#include "tests/unit/test.h"

struct turn {
    bool client;
    size_t len;
    const char *p;
};

/* String literals, so that a NUL may be in them. */
#define C(s)                                                                                       \
    {                                                                                              \
        .client = true, .p = (s), .len = sizeof(s) - 1                                             \
    }
#define S(s)                                                                                       \
    {                                                                                              \
        .client = false, .p = (s), .len = sizeof(s) - 1                                            \
    }
#define N_TURNS(t) (sizeof(t) / sizeof((t)[0]))

static inline void expect_content(const struct gad_content *c, const struct gad_content *want)
{
    assert_int_equal(c->hot, want->hot);
    assert_int_equal(c->num_failed_logins, want->num_failed_logins);
    assert_int_equal(c->logged_in, want->logged_in);
    assert_int_equal(c->num_compromised, want->num_compromised);
    assert_int_equal(c->root_shell, want->root_shell);
    assert_int_equal(c->su_attempted, want->su_attempted);
    assert_int_equal(c->num_root, want->num_root);
    assert_int_equal(c->num_file_creations, want->num_file_creations);
    assert_int_equal(c->num_shells, want->num_shells);
    assert_int_equal(c->num_access_files, want->num_access_files);
    assert_int_equal(c->num_outbound_cmds, 0);
    assert_int_equal(c->is_host_login, 0);
    assert_int_equal(c->is_guest_login, want->is_guest_login);
}

/* A copy of its own, so that a sanitizer sees a read past the end. */
static inline bool feed(struct gad_inspect *in, bool client, const char *p, size_t len)
{
    gad_cleanup(gad_freep) uint8_t *copy = gad_calloc(len + 1, 1);
    assert_non_null(copy);
    memcpy(copy + 1, p, len); /* the end of the bytes is the end of the memory */
    return gad_inspect_bytes(in, client, copy + 1, len);
}

/* Splits the turn `where` at byte `at`; a step splits every turn into pieces of that many bytes. */
static inline void run_cut(enum gad_app app, const struct turn *t, size_t n, size_t where,
                           size_t at, size_t step, const struct gad_content *want)
{
    gad_cleanup(gad_inspect_freep) struct gad_inspect *in = NULL;
    struct gad_content c, stopped = {0};
    bool more = true;

    assert_int_equal(gad_inspect_new(app, &in), 0);
    for (size_t i = 0; i < n; i++) {
        for (size_t done = 0; done < t[i].len;) {
            size_t len = i == where && done < at ? at : step;
            if (len > t[i].len - done)
                len = t[i].len - done;
            bool again = feed(in, t[i].client, t[i].p + done, len);
            assert_true(more || !again);
            if (more && !again)
                gad_inspect_result(in, &stopped);
            more = again;
            done += len;
        }
    }
    gad_inspect_result(in, &c);
    expect_content(&c, want);
    if (!more) /* it may be left off where it said so */
        expect_content(&stopped, want);
}

static inline void run(enum gad_app app, const struct turn *t, size_t n, struct gad_content want)
{
    run_cut(app, t, n, n, 0, SIZE_MAX, &want);
    run_cut(app, t, n, n, 0, 1, &want);
    run_cut(app, t, n, n, 0, 7, &want);
    for (size_t i = 0; i < n; i++)
        for (size_t at = 1; at < t[i].len; at++)
            run_cut(app, t, n, i, at, SIZE_MAX, &want);
}

#define RUN(app, t, ...) run(app, t, N_TURNS(t), (struct gad_content){__VA_ARGS__})
