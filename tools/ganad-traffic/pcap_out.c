/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/pcap_out.h"

#include "tools/ganad-traffic/out.h"

enum { RECORD_HEADER = 16, SNAPLEN = 262144, ETHERNET = 1 };

void pcap_out_header(struct out *o)
{
    gad_buf_add_u32le(&o->buf, 0xa1b2c3d4); /* microseconds */
    gad_buf_add_u32le(&o->buf, 4u << 16 | 2u);
    gad_buf_add_u64le(&o->buf, 0); /* time zone, accuracy: always 0 */
    gad_buf_add_u32le(&o->buf, SNAPLEN);
    gad_buf_add_u32le(&o->buf, ETHERNET);
}

uint8_t *pcap_out_room(struct out *o, size_t max)
{
    uint8_t *p = out_room(o, RECORD_HEADER + max);
    return p ? p + RECORD_HEADER : NULL;
}

void pcap_out_frame(struct out *o, int64_t time_us, size_t len)
{
    /* In the room that is there already, so none of these can fail. */
    gad_buf_add_u32le(&o->buf, (uint32_t)(time_us / 1000000));
    gad_buf_add_u32le(&o->buf, (uint32_t)(time_us % 1000000));
    gad_buf_add_u32le(&o->buf, (uint32_t)len);
    gad_buf_add_u32le(&o->buf, (uint32_t)len);
    o->buf.len += len;
}
