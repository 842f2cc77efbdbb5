/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOADed into programs under MemorySanitizer, which does not see the writes of libraries
 * built without it: stat(2) under its names since glibc 2.33, zlib, digests. x86-64 glibc.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

void __msan_unpoison(const volatile void *p, size_t size) __attribute__((weak));

static void known(const void *p, size_t size)
{
    if (__msan_unpoison)
        __msan_unpoison(p, size);
}

int fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
    int r = (int)syscall(SYS_newfstatat, dir, path, st, flags);
    if (r == 0)
        known(st, sizeof(*st));
    return r;
}

int fstat64(int fd, struct stat64 *st)
{
    return fstatat64(fd, "", st, AT_EMPTY_PATH);
}

int stat64(const char *path, struct stat64 *st)
{
    return fstatat64(AT_FDCWD, path, st, 0);
}

int lstat64(const char *path, struct stat64 *st)
{
    return fstatat64(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

static int flow(const char *name, z_streamp s, int flush)
{
    int (*next)(z_streamp, int);
    const Bytef *from = s->next_out;

    *(void **)&next = dlsym(RTLD_NEXT, name);
    int r = next(s, flush);
    known(s, sizeof(*s));
    known(from, (size_t)(s->next_out - from));
    return r;
}

int inflate(z_streamp s, int flush)
{
    return flow("inflate", s, flush);
}

int deflate(z_streamp s, int flush)
{
    return flow("deflate", s, flush);
}

int EVP_DigestFinal_ex(EVP_MD_CTX *c, unsigned char *out, unsigned *len)
{
    int (*next)(EVP_MD_CTX *, unsigned char *, unsigned *);

    *(void **)&next = dlsym(RTLD_NEXT, "EVP_DigestFinal_ex");
    int r = next(c, out, len);
    known(out, (size_t)EVP_MD_CTX_get_size(c));
    if (len)
        known(len, sizeof(*len));
    return r;
}

int EVP_EncodeBlock(unsigned char *out, const unsigned char *p, int n)
{
    int (*next)(unsigned char *, const unsigned char *, int);

    *(void **)&next = dlsym(RTLD_NEXT, "EVP_EncodeBlock");
    int r = next(out, p, n);
    known(out, (size_t)r + 1);
    return r;
}

/* Its configuration is read with names that MemorySanitizer regards as uninitialised. */
__attribute__((constructor)) static void start_openssl(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}
