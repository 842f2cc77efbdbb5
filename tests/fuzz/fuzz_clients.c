/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the names of a client, and as a name of a certificate: what is accepted is found for
 * this client and no other, within the limits, and a name that is not written is not found.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "daemon/config/clients.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENT = 3, OTHER = 4 };

static void require(bool x)
{
    if (!x)
        __builtin_trap();
}

/* The name of a word "KIND:NAME"; its kind is N_CLIENT_NAME_KINDS if there is no name. */
static enum client_name_kind split(const char *word, size_t len, const char **name)
{
    for (size_t k = 0; k < N_CLIENT_NAME_KINDS; k++) {
        const char *kind = client_name_kind((enum client_name_kind)k);
        size_t head = strlen(kind);
        *name = word + head + 1;
        if (len > head && memcmp(word, kind, head) == 0 && word[head] == ':')
            return (enum client_name_kind)k;
    }
    return N_CLIENT_NAME_KINDS;
}

static void check_words(const struct client_names *n, const char *text)
{
    size_t words = 0;

    for (const char *p = text; *p;) {
        size_t len = strcspn(p, ", ");
        const char *name = NULL;
        enum client_name_kind k = len > 0 ? split(p, len, &name) : N_CLIENT_NAME_KINDS;
        require(len == 0 || k != N_CLIENT_NAME_KINDS);
        if (len > 0)
            require(client_names_find(n, k, name, (size_t)(p + len - name)) == CLIENT);
        words += len > 0;
        p += len + (p[len] != '\0');
    }
    require(words > 0 && words <= CLIENT_NAMES_EACH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gad_cleanup(client_names_freep) struct client_names *n = NULL;
    char text[4096];
    size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;

    if (client_names_new(&n) != 0)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    require(client_names_add(n, OTHER, "DNS:other.example, email:o@other, URI:o:other", NULL) == 0);
    int r = client_names_add(n, CLIENT, text, NULL);
    if (r == 0)
        check_words(n, text);
    for (size_t k = 0; k < N_CLIENT_NAME_KINDS; k++) {
        int found = client_names_find(n, (enum client_name_kind)k, data, size);
        require(found == -1 || found == CLIENT || found == OTHER);
    }
    require(client_names_find(n, CLIENT_NAME_DNS, "OTHER.example", 13) == OTHER);
    require(client_names_find(n, CLIENT_NAME_DNS, "other.example", 14) == -1);
    return 0;
}
