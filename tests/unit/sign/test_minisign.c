/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sign/minisign.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/sign/beside.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

/* A secret key, and texts as minisign would write them: base64 by libcrypto, not by us. */
static EVP_PKEY *secret;
static struct gad_sign_keys keys;
static char public_text[256];
static const char content[] = "the content of a file";

enum { TEXT = 2048 };

static void base64(const uint8_t *p, size_t len, char *out)
{
    (void)EVP_EncodeBlock((unsigned char *)out, p, (int)len);
}

static void sign(const void *p, size_t len, uint8_t out[static 64])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = 64;

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, secret), 1);
    assert_int_equal(EVP_DigestSign(ctx, out, &n, p, len), 1);
    EVP_MD_CTX_free(ctx);
}

static void write_signature(bool of_hash, const char *comment, const void *p, size_t len,
                            char out[static TEXT])
{
    uint8_t bytes[74] = {'E', of_hash ? 'D' : 'd', 1, 2, 3, 4, 5, 6, 7, 8}, global[64], hash[64];
    uint8_t both[64 + GAD_SIGN_COMMENT_MAX + 1];
    char first[128], second[128];

    (void)EVP_Digest(p, len, hash, NULL, EVP_blake2b512(), NULL);
    sign(of_hash ? hash : p, of_hash ? 64 : len, bytes + 10);
    memcpy(both, bytes + 10, 64);
    memcpy(both + 64, comment, strlen(comment));
    sign(both, 64 + strlen(comment), global);
    base64(bytes, sizeof(bytes), first);
    base64(global, sizeof(global), second);
    (void)snprintf(out, TEXT, "untrusted comment: x\n%s\ntrusted comment: %s\n%s\n", first, comment,
                   second);
}

static int make_keys(void **state)
{
    uint8_t bytes[42] = {'E', 'd', 1, 2, 3, 4, 5, 6, 7, 8}, seed[32];
    size_t len = 32;
    char text[128];
    (void)state;

    for (uint8_t i = 0; i < 32; i++)
        seed[i] = i;
    secret = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
    if (!secret || EVP_PKEY_get_raw_public_key(secret, bytes + 10, &len) != 1)
        return -1;
    base64(bytes, sizeof(bytes), text);
    (void)snprintf(public_text, sizeof(public_text), "untrusted comment: k\n%s\n", text);
    keys.n = 1;
    return gad_sign_key_parse(public_text, strlen(public_text), &keys.key[0], NULL);
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(secret);
    return 0;
}

static int check(const char *text, size_t len, const void *p, size_t p_len)
{
    struct gad_signature s;

    int r = gad_signature_parse(text, len, &s, NULL);
    return r != 0 ? r : gad_signature_verify(&s, &keys, p, p_len);
}

static void both_kinds_are_good(void **state)
{
    (void)state;
    char text[TEXT], comment[GAD_SIGN_COMMENT_MAX + 1];

    memset(comment, 'c', GAD_SIGN_COMMENT_MAX);
    comment[GAD_SIGN_COMMENT_MAX] = '\0';
    for (int of_hash = 0; of_hash < 2; of_hash++) {
        write_signature(of_hash, "week 48", content, sizeof(content), text);
        assert_int_equal(check(text, strlen(text), content, sizeof(content)), 0);
        assert_int_equal(check(text, strlen(text) - 1, content, sizeof(content)), 0);
        write_signature(of_hash, "", content, 0, text);
        assert_int_equal(check(text, strlen(text), content, 0), 0);
        write_signature(of_hash, comment, content, sizeof(content), text);
        assert_int_equal(check(text, strlen(text), content, sizeof(content)), 0);
    }
}

static void every_flipped_bit_of_the_content_is_seen(void **state)
{
    (void)state;
    char text[TEXT], copy[sizeof(content)];

    for (int of_hash = 0; of_hash < 2; of_hash++) {
        write_signature(of_hash, "c", content, sizeof(content), text);
        for (size_t bit = 0; bit < 8 * sizeof(content); bit++) {
            memcpy(copy, content, sizeof(copy));
            copy[bit / 8] ^= (char)(1 << bit % 8);
            assert_int_equal(check(text, strlen(text), copy, sizeof(copy)), GAD_EMISMATCH);
        }
        assert_int_equal(check(text, strlen(text), content, sizeof(content) - 1), GAD_EMISMATCH);
    }
}

/* Except in the untrusted comment, which is not signed, and in line ends. */
static void every_changed_byte_of_a_signature_is_seen(void **state)
{
    (void)state;
    char text[TEXT];

    write_signature(true, "week 48", content, sizeof(content), text);
    size_t len = strlen(text), trusted = strlen("untrusted comment: x\n") - 1;
    for (size_t at = 0; at < len; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char was = text[at];
            if (was == (char)byte)
                continue;
            text[at] = (char)byte;
            int r = check(text, len, content, sizeof(content));
            if (r == 0 && at >= strlen("untrusted comment: ") && at < trusted)
                r = -1; /* x itself */
            if (r == 0 && at == len - 1)
                r = -1; /* the last line end may be none: then the text is longer, see below */
            assert_int_not_equal(r, 0);
            text[at] = was;
        }
    }
    for (size_t cut = 0; cut < len - 1; cut++)
        assert_int_not_equal(check(text, cut, content, sizeof(content)), 0);
}

static void a_key_that_is_not_ours_is_said_to_be_unknown(void **state)
{
    (void)state;
    struct gad_sign_keys none = {.n = 0}, other = keys;
    struct gad_signature s;
    char text[TEXT], id[GAD_SIGN_ID_TEXT];

    write_signature(true, "c", content, sizeof(content), text);
    assert_int_equal(gad_signature_parse(text, strlen(text), &s, NULL), 0);
    assert_int_equal(gad_signature_verify(&s, &none, content, sizeof(content)), GAD_EUNKNOWN);
    other.key[0].id[3] ^= 1;
    assert_int_equal(gad_signature_verify(&s, &other, content, sizeof(content)), GAD_EUNKNOWN);
    other = keys;
    other.key[0].key[3] ^= 1; /* a key of the same number: no point of the curve, or another one */
    assert_int_not_equal(gad_signature_verify(&s, &other, content, sizeof(content)), 0);
    gad_sign_id_text(s.id, id);
    assert_string_equal(id, "0807060504030201");
}

static void what_is_no_signature_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "line 1: does not begin with 'untrusted comment: '"},
        {"trusted comment: x\n", "line 1: does not begin with 'untrusted comment: '"},
        {"untrusted comment: x", "line 2: not the base64 of a signature"},
        {"untrusted comment: x\nabc\n", "line 2: not the base64 of a signature"},
    };
    char text[TEXT], longer[TEXT * 2];
    struct gad_signature s;
    struct gad_diag d;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(gad_signature_parse(bad[i].text, strlen(bad[i].text), &s, &d),
                         GAD_EFORMAT);
        assert_string_equal(d.text, bad[i].why);
    }
    write_signature(true, "c", content, sizeof(content), text);
    (void)snprintf(longer, sizeof(longer), "%s\n", text);
    assert_int_equal(gad_signature_parse(longer, strlen(longer), &s, &d), GAD_EFORMAT);
    assert_string_equal(d.text, "trailing data after line 4");
}

static void put(const char *directory, const char *name, const char *text, mode_t mode)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static void remove_all(const char *directory, const char *const *name, size_t n)
{
    char path[256];

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", directory, name[i]);
        (void)unlink(path);
    }
    (void)rmdir(directory);
}

static void the_directory_of_keys_is_ours_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"a.pub", "b.pub", "note.txt", "bad.pub", "link.pub"};
    char directory[80], link[96], target[96];
    struct gad_sign_keys got;
    struct gad_diag d;

    assert_non_null(mkdtemp(scratch_path(directory, sizeof(directory), "keys-XXXXXX")));
    put(directory, "a.pub", public_text, 0644);
    put(directory, "note.txt", "not a key", 0666);
    assert_int_equal(gad_sign_keys_read(directory, &got, &d), 0);
    assert_int_equal(got.n, 1);
    assert_memory_equal(got.key[0].key, keys.key[0].key, 32);
    put(directory, "b.pub", public_text, 0664);
    assert_int_equal(gad_sign_keys_read(directory, &got, &d), -EPERM);
    assert_non_null(strstr(d.text, "b.pub: other users can write it"));
    put(directory, "b.pub", public_text, 0644);
    assert_int_equal(chmod(directory, 0777), 0);
    assert_int_equal(gad_sign_keys_read(directory, &got, &d), -EPERM);
    assert_int_equal(chmod(directory, 0755), 0);
    put(directory, "bad.pub", "untrusted comment: x\nnothing\n", 0644);
    assert_int_equal(gad_sign_keys_read(directory, &got, &d), GAD_EFORMAT);
    assert_non_null(strstr(d.text, "bad.pub: line 2: not the base64 of a key"));
    (void)snprintf(target, sizeof(target), "%s/bad.pub", directory);
    assert_int_equal(unlink(target), 0);
    (void)snprintf(link, sizeof(link), "%s/link.pub", directory);
    assert_int_equal(symlink("a.pub", link), 0);
    assert_int_equal(gad_sign_keys_read(directory, &got, &d), -ELOOP);
    remove_all(directory, names, sizeof(names) / sizeof(names[0]));
    assert_int_equal(gad_sign_keys_read(directory, &got, &d), 0); /* not there: no keys */
    assert_int_equal(got.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_are_good),
        cmocka_unit_test(every_flipped_bit_of_the_content_is_seen),
        cmocka_unit_test(every_changed_byte_of_a_signature_is_seen),
        cmocka_unit_test(a_key_that_is_not_ours_is_said_to_be_unknown),
        cmocka_unit_test(what_is_no_signature_is_refused_with_its_line),
        cmocka_unit_test(the_directory_of_keys_is_ours_alone),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
