/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/tls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/diag.h"

enum {
    HEAD_BYTES = 8192,      /* of a file, to explain why it cannot be used */
    CHAIN_BYTES = 32 << 10, /* of a peer's certificates; OpenSSL allows 100 KiB by default */
};

/* A file: its key in the configuration, the PEM block that it must hold, and how it is loaded. */
struct use {
    const char *key, *block, *what, *to_pem;
    int (*load)(SSL_CTX *ctx, const char *file); /* 1: loaded */
};

const char *gad_tls_reason(void)
{
    unsigned long e = ERR_get_error();
    const char *text = e ? ERR_reason_error_string(e) : NULL;

    ERR_clear_error();
    return text ? text : "no reason was given";
}

static int load_ca(SSL_CTX *ctx, const char *file)
{
    return SSL_CTX_load_verify_locations(ctx, file, NULL);
}

static int load_key(SSL_CTX *ctx, const char *file)
{
    int ok = SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM);
    return ok == 1 && SSL_CTX_get0_certificate(ctx) ? SSL_CTX_check_private_key(ctx) : ok;
}

/* Of each certificate chain, the certificate of the peer itself is looked up. */
static int load_crl(SSL_CTX *ctx, const char *file)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());

    return lookup && X509_load_crl_file(lookup, file, X509_FILETYPE_PEM) > 0 &&
           X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
}

static const struct use ca = {"ca", "CERTIFICATE-----", "certificate", "x509", load_ca};
static const struct use certificate = {"certificate", "CERTIFICATE-----", "certificate", "x509",
                                       SSL_CTX_use_certificate_chain_file};
static const struct use key = {"key", "PRIVATE KEY-----", "private key", "pkey", load_key};
static const struct use crl = {"crl", "X509 CRL-----", "revocation list", "crl", load_crl};

/* Reads the head of a file and appends a NUL. Returns 0 or -errno. */
static int read_head(const char *file, char head[static HEAD_BYTES], size_t *ret)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block the start */
    ssize_t n = fd < 0 ? -1 : read(fd, head, HEAD_BYTES - 1);
    int r = n < 0 ? -errno : 0;

    if (fd >= 0)
        (void)close(fd);
    if (r == 0) {
        head[n] = '\0';
        *ret = (size_t)n;
    }
    return r;
}

static int fail_of(const struct use *u, const char *file, const char *why, struct gad_diag *d)
{
    return gad_fail(d, GAD_EINVAL, "key '%s': %s: %s", u->key, file, why);
}

/* Explains why OpenSSL refused @file, which begins with @head. */
static int explain(const struct use *u, const char *file, const char *head, size_t len, bool asked,
                   struct gad_diag *d)
{
    int reason = ERR_GET_REASON(ERR_peek_error());
    bool is_x509 = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_X509;

    if (asked)
        return gad_fail(d, GAD_EINVAL,
                        "key '%s': %s: has a password, and a daemon cannot ask for it: write a "
                        "copy without one, by 'openssl pkey -in %s -out NEW'",
                        u->key, file, file);
    if (len == 0)
        return fail_of(u, file, "is empty", d);
    if (len >= 2 && (unsigned char)head[0] == 0x30 && (unsigned char)head[1] >= 0x80)
        return gad_fail(d, GAD_EINVAL,
                        "key '%s': %s: is DER or PKCS #12, and must be PEM: of DER write a copy "
                        "by 'openssl %s -inform DER -in %s -out NEW'",
                        u->key, file, u->to_pem, file);
    if (len < HEAD_BYTES - 1 && !strstr(head, u->block))
        return gad_fail(d, GAD_EINVAL, "key '%s': %s: has no %s in PEM", u->key, file, u->what);
    if (is_x509 && (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH))
        return fail_of(u, file,
                       "does not match the certificate: it is the key of another certificate", d);
    return fail_of(u, file, gad_tls_reason(), d);
}

/* A daemon cannot use a key with a password: it must not ask the terminal. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
    bool *asked = arg;
    (void)buf;
    (void)size;
    (void)rwflag;

    *asked = true;
    return -1;
}

static int use_file(SSL_CTX *ctx, const struct use *u, const char *file, struct gad_diag *d)
{
    char head[HEAD_BYTES] = {0};
    bool asked = false;
    size_t len = 0;

    if (!*file)
        return 0;
    int r = read_head(file, head, &len);
    if (r != 0)
        return gad_fail(d, r, "key '%s': %s: %s", u->key, file, gad_strerror(r));
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &asked);
    if (u->load(ctx, file) != 1)
        r = explain(u, file, head, len, asked, d);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    ERR_clear_error();
    return r;
}

static int use_files(SSL_CTX *ctx, const struct gad_tls_files *f, struct gad_diag *d)
{
    int r = use_file(ctx, &ca, f->ca, d);

    if (r == 0)
        r = use_file(ctx, &certificate, f->certificate, d);
    if (r == 0)
        r = use_file(ctx, &key, f->key, d);
    return r == 0 ? use_file(ctx, &crl, f->crl, d) : r;
}

/*
 * A peer could request renegotiations without end. A resumed session would show no certificate, so
 * that a renewed list of authorities or revoked certificates would not apply to it.
 */
static void set_options(SSL_CTX *ctx, enum gad_tls_role role)
{
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(ctx, CHAIN_BYTES);
    if (role == GAD_TLS_CLIENT) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        return;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_num_tickets(ctx, 0);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}

int gad_tls_context(enum gad_tls_role role, const struct gad_tls_files *f, struct ssl_ctx_st **ret,
                    struct gad_diag *d)
{
    SSL_CTX *ctx = SSL_CTX_new(role == GAD_TLS_SERVER ? TLS_server_method() : TLS_client_method());
    int r = 0;

    if (!ctx)
        return gad_fail(d, GAD_ENOMEM, "TLS: %s", gad_tls_reason());
    set_options(ctx, role);
    if (role == GAD_TLS_CLIENT && !*f->ca && SSL_CTX_set_default_verify_paths(ctx) != 1)
        r = gad_fail(d, GAD_EINVAL, "the system's certificates: %s", gad_tls_reason());
    if (r == 0)
        r = use_files(ctx, f, d);
    if (r != 0) {
        SSL_CTX_free(ctx);
        return r;
    }
    *ret = ctx;
    return 0;
}

void gad_tls_context_free(struct ssl_ctx_st *context)
{
    SSL_CTX_free(context);
}

void gad_tls_system_ca(const char **ret_file, const char **ret_directory)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    const char *directory = getenv(X509_get_default_cert_dir_env());

    *ret_file = file ? file : X509_get_default_cert_file();
    *ret_directory = directory ? directory : X509_get_default_cert_dir();
}

/* --- dates --- */

static bool is_valid_now(const X509 *x)
{
    return X509_cmp_current_time(X509_get0_notBefore(x)) < 0 &&
           X509_cmp_current_time(X509_get0_notAfter(x)) > 0;
}

static int check_date(const char *name, const char *file, const X509 *x, struct gad_diag *d)
{
    bool expired = X509_cmp_current_time(X509_get0_notAfter(x)) <= 0;
    const ASN1_TIME *date = expired ? X509_get0_notAfter(x) : X509_get0_notBefore(x);
    struct tm tm;
    char text[40];

    if (is_valid_now(x))
        return 0;
    if (ASN1_TIME_to_tm(date, &tm) != 1 ||
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        text[0] = '\0';
    return gad_fail(d, GAD_EINVAL, "key '%s': %s: a certificate in it %s %s", name, file,
                    expired ? "has expired on" : "is not valid before", text);
}

/* One valid authority is enough: of many, some may have expired. */
static int check_authorities(SSL_CTX *ctx, const char *file, struct gad_diag *d)
{
    STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));
    int r = 0;

    for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
        const X509 *x = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
        if (!x)
            continue;
        r = check_date("ca", file, x, d);
        if (r == 0)
            break;
    }
    if (r == 0 && d)
        d->text[0] = '\0';
    return r;
}

/* Every certificate is refused once the list is overdue. */
static int check_crls(SSL_CTX *ctx, const char *file, struct gad_diag *d)
{
    STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));

    for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
        const X509_CRL *x = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(all, i));
        const ASN1_TIME *next = x ? X509_CRL_get0_nextUpdate(x) : NULL;
        if (next && X509_cmp_current_time(next) <= 0)
            return gad_fail(d, GAD_EINVAL,
                            "key 'crl': %s: a revocation list in it is overdue for its next update",
                            file);
    }
    return 0;
}

int gad_tls_check_dates(struct ssl_ctx_st *context, const struct gad_tls_files *f,
                        struct gad_diag *d)
{
    STACK_OF(X509) *chain = NULL;
    const X509 *own = SSL_CTX_get0_certificate(context);
    int r = *f->ca ? check_authorities(context, f->ca, d) : 0;

    if (r == 0 && own)
        r = check_date("certificate", f->certificate, own, d);
    if (r == 0 && own && SSL_CTX_get0_chain_certs(context, &chain) == 1)
        for (int i = 0; r == 0 && i < sk_X509_num(chain); i++)
            r = check_date("certificate", f->certificate, sk_X509_value(chain, i), d);
    return r == 0 ? check_crls(context, f->crl, d) : r;
}

/* --- connections --- */

int gad_tls_expect(struct ssl_st *ssl, const char *host, struct gad_diag *d)
{
    struct in6_addr ignored;
    bool is_address =
        inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;

    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    /* SSL_set_tlsext_host_name() of OpenSSL casts the const away, which clang reports. */
    int ok = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                        : SSL_set1_host(ssl, host) &&
                              SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                       (void *)(uintptr_t)host) == 1;
    return ok ? 0 : gad_fail(d, GAD_EINVAL, "host '%s': %s", host, gad_tls_reason());
}

int gad_tls_why_failed(const struct ssl_st *ssl, const char *who, struct gad_diag *d)
{
    long verify = SSL_get_verify_result(ssl);

    if (verify != X509_V_OK)
        return gad_fail(d, GAD_EMISMATCH, "certificate: %s", X509_verify_cert_error_string(verify));
    if (ERR_peek_error() == 0)
        return gad_fail(d, GAD_ECLOSED, "TLS: the %s closed the connection", who);
    return gad_fail(d, GAD_EFORMAT, "TLS: %s", gad_tls_reason());
}
