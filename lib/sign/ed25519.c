/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sign/ed25519.h"

#include <openssl/evp.h>

bool gad_blake2b(const void *p, size_t len, uint8_t out[static GAD_BLAKE2B])
{
    unsigned n = 0;

    return EVP_Digest(p, len, out, &n, EVP_blake2b512(), NULL) == 1 && n == GAD_BLAKE2B;
}

int gad_ed25519_verify(const uint8_t key[static 32], const uint8_t signature[static 64],
                       const void *p, size_t len)
{
    EVP_PKEY *k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, 32);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int r = GAD_ENOMEM;

    if (k && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k) == 1)
        r = EVP_DigestVerify(ctx, signature, 64, p, len) == 1 ? 0 : GAD_EMISMATCH;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(k);
    return r;
}
