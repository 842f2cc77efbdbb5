/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Signatures of files in the format of minisign: Ed25519 (RFC 8032) over the file, or over its
 * BLAKE2b-512 (RFC 7693), in four lines of text beside it, FILE.minisig:
 *
 *     untrusted comment: anything
 *     base64 of algorithm "ED" (of the hash) or "Ed" (of the file)  key number (8)  signature (64)
 *     trusted comment: text, which is signed too
 *     base64 of a signature (64) over the signature above and the trusted comment
 *
 * A public key is two lines, an untrusted comment and base64 of "Ed"  key number (8)  key (32).
 * Untrusted comments are not signed, so they can contain anything. Source:
 * jedisct1.github.io/minisign, "Signature format".
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
    char comment[GAD_SIGN_COMMENT_MAX + 1]; /* trusted after gad_signature_verify() */
};

/* The trusted keys. */
struct gad_sign_keys {
    size_t n;
    struct gad_sign_key key[GAD_SIGN_KEYS_MAX];
};

/* Read a key or a signature from text. Return 0, or GAD_EFORMAT with a reason in @d that does not
 * name the file. */
int gad_sign_key_parse(const void *text, size_t len, struct gad_sign_key *ret,
                       struct gad_diag *d) GAD_MUST_CHECK;
int gad_signature_parse(const void *text, size_t len, struct gad_signature *ret,
                        struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_sign_keys_read() - reads the keys in the files *.pub of a directory
 *
 * Anyone who can write there decides what is trusted. So a directory or file that users other than
 * root and the current one can write is refused, and so is a symbolic link. A missing directory has
 * no keys.
 */
int gad_sign_keys_read(const char *directory, struct gad_sign_keys *ret,
                       struct gad_diag *d) GAD_MUST_CHECK;

/* Whether this very key is among them, not only one of its number. */
bool gad_sign_keys_have(const struct gad_sign_keys *keys, const struct gad_sign_key *key);

/**
 * gad_signature_verify() - verifies a signature of these bytes by one of the keys
 * Returns 0; GAD_EUNKNOWN: by another key; GAD_EMISMATCH: other bytes, or a changed comment;
 * GAD_ENOMEM.
 */
int gad_signature_verify(const struct gad_signature *s, const struct gad_sign_keys *keys,
                         const void *p, size_t len) GAD_MUST_CHECK;

void gad_sign_id_text(const uint8_t id[static 8], char text[static GAD_SIGN_ID_TEXT]);
