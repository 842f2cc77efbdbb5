/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Signatures of files as minisign makes them: Ed25519 (RFC 8032) over the file, or over its BLAKE2b-512 (RFC 7693), in
 * four lines of text beside it, FILE.minisig:
 *
 *     untrusted comment: anything
 *     base64 of algorithm "ED" (of the hash) or "Ed" (of the file)  key number (8)  signature (64)
 *     trusted comment: text, signed too
 *     base64 of a signature (64) over the signature above and the trusted comment
 *
 * A public key is two lines, an untrusted comment and base64 of "Ed"  key number (8)  key (32). Nobody signed an
 * untrusted comment, so it may say anything. Source: jedisct1.github.io/minisign, "Signature format".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;

enum {
    GAD_SIGN_FILE_MAX = 4096,    /* bytes of a signature's or a key's file */
    GAD_SIGN_COMMENT_MAX = 1024, /* of a trusted comment */
    GAD_SIGN_KEYS_MAX = 64,      /* of a directory */
    GAD_SIGN_ID_TEXT = 17,       /* a key's number in hex as minisign shows it, with the NUL */
};

struct gad_sign_key {
    uint8_t id[8], key[32];
};

struct gad_signature {
    bool is_of_hash;
    uint8_t id[8], signature[64], global[64];
    char comment[GAD_SIGN_COMMENT_MAX + 1]; /* trusted once it is verified */
};

/* The keys that are trusted. */
struct gad_sign_keys {
    size_t n;
    struct gad_sign_key key[GAD_SIGN_KEYS_MAX];
};

/* From text; @d says what is wrong, without the file's name. Return: 0, GAD_EFORMAT. */
int gad_sign_key_parse(const void *text, size_t len, struct gad_sign_key *ret,
                       struct gad_diag *d) GAD_MUST_CHECK;
int gad_signature_parse(const void *text, size_t len, struct gad_signature *ret,
                        struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_sign_keys_read() - the keys in the files *.pub of a directory
 *
 * Who can write there decides what is trusted: a directory or file that others than root and we ourselves may write is
 * refused, and so is a symbolic link. A directory that is not there has no keys.
 */
int gad_sign_keys_read(const char *directory, struct gad_sign_keys *ret,
                       struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_signature_verify() - is it a signature of these bytes by one of the keys?
 * Return: 0; GAD_EUNKNOWN: by none of them; GAD_EMISMATCH: it is of other bytes, or the comment is not the signed one;
 * GAD_ENOMEM.
 */
int gad_signature_verify(const struct gad_signature *s, const struct gad_sign_keys *keys,
                         const void *p, size_t len) GAD_MUST_CHECK;

void gad_sign_id_text(const uint8_t id[static 8], char text[static GAD_SIGN_ID_TEXT]);
