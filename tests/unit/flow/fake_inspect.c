/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/flow/fake_inspect.h"

#include <stdio.h>
#include <string.h>

struct fake_inspections fake;

struct gad_inspect {
    size_t seen;
    char way;
};

size_t gad_inspect_size(enum gad_app app)
{
    (void)app;
    return FAKE_LEN;
}

int gad_inspect_new(enum gad_app app, struct gad_inspect **ret)
{
    (void)app;
    *ret = gad_calloc(1, sizeof(**ret));
    if (!*ret)
        return GAD_ENOMEM;
    fake.alive++;
    return 0;
}

void gad_inspect_free(struct gad_inspect *in)
{
    fake.alive -= in != NULL;
    gad_free(in);
}

static void write(const char *p, size_t len)
{
    size_t used = strlen(fake.text);

    gad_assert(used + len < sizeof(fake.text));
    memcpy(fake.text + used, p, len);
    fake.text[used + len] = '\0';
}

static void write_way(struct gad_inspect *in, bool from_originator)
{
    char way = from_originator ? 'o' : 'r';

    if (in->way != way)
        write(&way, 1);
    in->way = way;
}

bool gad_inspect_bytes(struct gad_inspect *in, bool from_originator, const uint8_t *p, size_t len)
{
    write_way(in, from_originator);
    if (*p != '\0') /* tests of memory give zeros */
        write((const char *)p, len);
    in->seen += len;
    return fake.enough == 0 || in->seen < fake.enough;
}

void gad_inspect_gap(struct gad_inspect *in, bool from_originator, uint64_t len)
{
    char text[32];

    write_way(in, from_originator);
    int n = snprintf(text, sizeof(text), "<%llu>", (unsigned long long)len);
    write(text, (size_t)n);
}

bool gad_inspect_take_endpoint(struct gad_inspect *in, struct gad_ftp_endpoint *ret)
{
    (void)in;
    if (!fake.announces)
        return false;
    *ret = fake.endpoint;
    fake.announces = false;
    return true;
}

void gad_inspect_result(const struct gad_inspect *in, struct gad_content *ret)
{
    *ret = (struct gad_content){.hot = (uint16_t)in->seen, .logged_in = fake.logged_in};
}

enum gad_app gad_app_found(enum gad_found found)
{
    return found == GAD_FOUND_FTP_DATA ? GAD_APP_FTP_DATA : GAD_APP_TEXT;
}
