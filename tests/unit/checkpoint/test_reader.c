/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint/checkpoint.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "tests/unit/checkpoint/sample.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

/* A directory of its own, gone when the test is. */
static char directory[80];

static const char *in_directory(const char *name)
{
    static char path[PATH_MAX];
    assert_true((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) < sizeof(path));
    return path;
}

static void pack(struct gad_checkpoint *c, uint8_t **p, size_t *len)
{
    struct gad_diag d = {0};
    int r = gad_checkpoint_pack(c, p, len, &d);
    if (r != 0)
        fail_msg("%d: %s", r, d.text);
}

/* Refused, out-parameter untouched, with a message that starts with the file and has @why. */
static void assert_refused(const uint8_t *p, size_t len, const char *why)
{
    struct gad_checkpoint *c = NULL;
    struct gad_diag d = {0};

    if (gad_checkpoint_parse("a.ckpt", p, len, &c, &d) >= 0)
        fail_msg("accepted, although '%s'", why);
    assert_null(c);
    if (strncmp(d.text, "a.ckpt: ", 8) != 0 || !strstr(d.text, why))
        fail_msg("'%s' does not say '%s'", d.text, why);
    assert_true(gad_checkpoint_parse("a.ckpt", p, len, &c, NULL) < 0);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct sample s;
    struct gad_checkpoint *c = NULL;
    struct gad_diag d = {0};
    const char *path = in_directory("sample.ckpt");

    sample_init(&s);
    assert_legal(&s.c); /* so that the check itself is known to pass something */
    assert_int_equal(gad_checkpoint_write(&s.c, path, &d), 0);
    assert_int_equal(gad_checkpoint_read(path, &c, &d), 0);
    assert_legal(c);
    assert_same(&s.c, c);
    assert_ptr_equal(gad_checkpoint_net(c, "generator"), &c->nets[1]);
    assert_null(gad_checkpoint_net(c, "discriminator"));

    uint8_t *p = NULL, *q = NULL;
    size_t p_len, q_len;
    pack(&s.c, &p, &p_len);
    pack(c, &q, &q_len);
    assert_int_equal(p_len, q_len);
    assert_memory_equal(p, q, p_len);
    gad_free(p);
    gad_free(q);
    gad_checkpoint_free(c);
    gad_checkpoint_free(NULL);
    assert_int_equal(unlink(path), 0);
}

/* With an honest header over half a message, two cuts leave a whole checkpoint: that between its
 * two self-tests, and that between the last of them and the condition. */
static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct sample s;
    uint8_t *p = NULL;
    size_t len, n_whole = 0;

    sample_init(&s);
    pack(&s.c, &p, &len);
    for (size_t n = 0; n < len; n++) {
        struct gad_checkpoint *c = NULL;
        uint8_t *cut = malloc(n ? n : 1); /* of its own, so that a read beyond it is seen */
        assert_non_null(cut);
        memcpy(cut, p, n);
        assert_refused(cut, n, n < 56 ? "shorter than a checkpoint's header" : "truncated");
        if (n >= 56)
            seal(cut, n);
        if (gad_checkpoint_parse("a.ckpt", cut, n, &c, NULL) == 0) {
            n_whole++;
            assert_legal(c);
            assert_string_equal(c->condition, n_whole < 3 ? "" : s.c.condition);
            assert_int_equal(c->n_self_tests, n_whole < 3 ? n_whole : 2);
            assert_true(c->reference.n == 0);
            gad_checkpoint_free(c);
        }
        free(cut);
    }
    assert_int_equal(n_whole, 3); /* behind each self-test, and behind the condition */
    gad_free(p);
}

static void every_bit_of_the_header_counts(void **state)
{
    (void)state;
    struct sample s;
    uint8_t *p = NULL;
    size_t len;

    sample_init(&s);
    pack(&s.c, &p, &len);
    for (size_t bit = 0; bit < 56 * 8; bit++) {
        p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_refused(p, len,
                       bit < 64    ? "not a checkpoint"
                       : bit < 96  ? "format version"
                       : bit < 128 ? "reserved"
                       : bit < 192 ? ""
                                   : "SHA-256");
        p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    gad_free(p);
}

static void bytes_behind_the_message_are_refused(void **state)
{
    (void)state;
    struct sample s;
    uint8_t *p = NULL;
    size_t len;

    sample_init(&s);
    pack(&s.c, &p, &len);
    uint8_t *more = gad_realloc_array(p, len + 1, 1);
    assert_non_null(more);
    more[len] = 0;
    assert_refused(more, len + 1, "1 bytes after the message");
    gad_free(more);
}

static void only_regular_files_are_read(void **state)
{
    (void)state;
    struct gad_checkpoint *c = NULL;
    struct gad_diag d = {0};
    struct sample s;
    char target[PATH_MAX];

    sample_init(&s);
    (void)snprintf(target, sizeof(target), "%s", in_directory("target"));
    assert_int_equal(gad_checkpoint_write(&s.c, target, &d), 0);
    const char *path = in_directory("other");

    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(gad_checkpoint_read(path, &c, &d), -ELOOP);
    assert_non_null(strstr(d.text, "symbolic link"));
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(gad_checkpoint_read(path, &c, &d), GAD_EFORMAT);
    assert_non_null(strstr(d.text, "not a regular file"));
    assert_int_equal(unlink(path), 0);

    assert_int_equal(gad_checkpoint_read(directory, &c, &d), GAD_EFORMAT);
    assert_int_equal(gad_checkpoint_read(path, &c, &d), -ENOENT);
    assert_non_null(strstr(d.text, path));

    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(gad_checkpoint_read(path, &c, &d), GAD_ETRUNC);
    assert_int_equal(ftruncate(fd, GAD_CKPT_FILE_MAX + 1L), 0); /* sparse */
    assert_int_equal(gad_checkpoint_read(path, &c, &d), GAD_ELIMIT);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(target), 0);
    assert_null(c);
}

/* SQLite's loop: the k-th allocation fails, for every k, until there is no k-th any more. */
static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct gad_checkpoint *c = NULL;
    struct gad_diag d = {0};
    struct sample s;
    uint8_t *p = NULL;
    size_t len = 0;
    int r = GAD_ENOMEM;

    sample_init(&s);
    long k = 1;
    for (; r != 0; k++) {
        (void)gad_mem_fail_at(k);
        r = gad_checkpoint_pack(&s.c, &p, &len, &d);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || r == GAD_ENOMEM);
    }
    assert_true(k > 4);
    r = GAD_ENOMEM;
    for (k = 1; r != 0; k++) {
        (void)gad_mem_fail_at(k);
        r = gad_checkpoint_parse("a.ckpt", p, len, &c, &d);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || (r == GAD_ENOMEM && !c));
    }
    assert_true(k > 2);
    gad_checkpoint_free(c);
    gad_free(p);
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(scratch_path(directory, sizeof(directory), "checkpoint-XXXXXX")) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory); /* fails, and the test with it, if something was left behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_bit_of_the_header_counts),
        cmocka_unit_test(bytes_behind_the_message_are_refused),
        cmocka_unit_test(only_regular_files_are_read),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("checkpoint reader", tests, make_directory,
                                       remove_directory);
}
