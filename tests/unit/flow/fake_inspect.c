/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/flow/fake_inspect.h"

#include <stdio.h>
#include <string.h>

struct fake_inspections fake;

int gad_inspect_new(enum gad_app app, struct gad_inspect **ret)
{
    *ret = gad_calloc(1, sizeof(**ret));
    if (!*ret)
        return GAD_ENOMEM;
    gad_inspect_begin(*ret, app, NULL);
    return 0;
}

void gad_inspect_free(struct gad_inspect *in)
{
    gad_free(in);
}

void gad_inspect_begin(struct gad_inspect *in, enum gad_app app, const struct gad_content *before)
{
    (void)app;
    *in = (struct gad_inspect){.seen = before ? before->hot : 0};
}

size_t gad_inspect_packed_len(const struct gad_inspect *in)
{
    return offsetof(struct gad_inspect, text) + FAKE_LEN + in->len;
}

void gad_inspect_pack(const struct gad_inspect *in, uint8_t *ret)
{
    memcpy(ret, in, offsetof(struct gad_inspect, text) + in->len + 1);
    memcpy(fake.text, in->text, in->len + 1);
}

void gad_inspect_unpack(struct gad_inspect *in, const uint8_t *packed)
{
    size_t head = offsetof(struct gad_inspect, text);

    memcpy(in, packed, head);
    memcpy(in->text, packed + head, in->len + 1);
}

bool gad_inspect_skips(const struct gad_inspect *in, bool from_originator)
{
    (void)in;
    return from_originator ? fake.skips[0] : fake.skips[1];
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

enum gad_app gad_app_found(enum gad_found found)
{
    return found == GAD_FOUND_FTP_DATA ? GAD_APP_FTP_DATA : GAD_APP_TEXT;
}

static void write(struct gad_inspect *in, const char *p, size_t len)
{
    gad_assert(in->len + len < sizeof(in->text));
    memcpy(in->text + in->len, p, len);
    in->len += len;
    in->text[in->len] = '\0';
}

static void write_way(struct gad_inspect *in, bool from_originator)
{
    char way = from_originator ? 'o' : 'r';

    if (in->way != way)
        write(in, &way, 1);
    in->way = way;
}

bool gad_inspect_bytes(struct gad_inspect *in, bool from_originator, const uint8_t *p, size_t len)
{
    write_way(in, from_originator);
    if (*p != '\0') /* tests of memory give zeros */
        write(in, (const char *)p, len);
    in->seen += len;
    return fake.enough == 0 || in->seen < fake.enough;
}

void gad_inspect_gap(struct gad_inspect *in, bool from_originator, uint64_t len)
{
    char text[32];

    write_way(in, from_originator);
    int n = snprintf(text, sizeof(text), "<%llu>", (unsigned long long)len);
    write(in, text, (size_t)n);
}

void gad_inspect_result(const struct gad_inspect *in, struct gad_content *ret)
{
    *ret = (struct gad_content){.hot = (uint16_t)in->seen, .logged_in = fake.logged_in};
}
