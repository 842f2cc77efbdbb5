/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/source.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/net/counter.h"
#include "lib/net/decode.h"
#include "lib/net/interface.h"
#include "lib/net/savefile.h"
#include "lib/net/source_bytes.h"

enum {
    SNAPLEN = 262144,
    BUFFER = 64 << 20,
    TIMEOUT_MS = 100,
    NAME_MAX_LEN = 200, /* of a diagnostic's 511, so that the reason is not truncated */
};

struct gad_source {
    pcap_t *pcap;              /* NULL: a file, or the interface is missing */
    struct gad_savefile *file; /* NULL: live */
    struct gad_filter *filter; /* of a file; or NULL */
    int fd;                    /* of a file; -1: none, or standard input */
    bool is_live, has_ended;
    bool has_begun;      /* live: a capture was started */
    int64_t ns_per_unit; /* of a time stamp's fraction */
    int link_type;
    struct gad_source_options opt; /* complete; filter owned by `filter_text` */
    char *filter_text;             /* or NULL */
    struct gad_source_stats stats;
    struct gad_counter received, dropped, interface_dropped;
    uint64_t number; /* of the current frame of a file */
    char name[NAME_MAX_LEN + 1];
};

/* One call of gad_source_read(), for libpcap's callback. */
struct reading {
    struct gad_source *s;
    gad_frame_fn *fn;
    void *arg;
};

static struct gad_source *source_new(const char *name, const struct gad_source_options *opt,
                                     struct gad_diag *d)
{
    gad_cleanup(gad_source_closep) struct gad_source *s = gad_calloc(1, sizeof(*s));
    bool has_filter = opt && opt->filter && opt->filter[0] != '\0';

    if (s) {
        s->fd = -1;
        if (opt)
            s->opt = *opt;
        s->opt.snaplen = s->opt.snaplen ? s->opt.snaplen : SNAPLEN;
        s->opt.buffer = s->opt.buffer ? s->opt.buffer : BUFFER;
        s->opt.timeout_ms = s->opt.timeout_ms ? s->opt.timeout_ms : TIMEOUT_MS;
        s->filter_text = has_filter ? gad_strndup(opt->filter, strlen(opt->filter)) : NULL;
        s->opt.filter = s->filter_text;
        (void)snprintf(s->name, sizeof(s->name), "%s", name);
    }
    if (!s || (has_filter && !s->filter_text)) {
        (void)gad_fail(d, GAD_ENOMEM, "%.*s: no memory", NAME_MAX_LEN, name);
        return NULL;
    }
    return gad_steal(&s);
}

/* Sets link type and filter of an open interface. */
static int prepare(struct gad_source *s, struct gad_diag *d)
{
    struct bpf_program program;
    const char *link_name = pcap_datalink_val_to_name(pcap_datalink(s->pcap));

    s->link_type = pcap_datalink(s->pcap);
    if (!gad_link_type_known(s->link_type))
        return gad_fail(d, GAD_EFORMAT, "%s: unsupported link type %s (%d)", s->name,
                        link_name ? link_name : "unknown", s->link_type);
    if (!s->filter_text)
        return 0;
    if (pcap_compile(s->pcap, &program, s->filter_text, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return gad_fail(d, GAD_EINVAL, "%s: filter '%s': %s", s->name, s->filter_text,
                        pcap_geterr(s->pcap));
    int r = pcap_setfilter(s->pcap, &program);
    pcap_freecode(&program);
    if (r != 0)
        return gad_fail(d, GAD_EINVAL, "%s: filter '%s': %s", s->name, s->filter_text,
                        pcap_geterr(s->pcap));
    return 0;
}

static int open_savefile(struct gad_source *s, const struct gad_file_begun *f, struct gad_diag *d)
{
    const struct gad_bytes_input in = {.fd = f->fd,
                                       .head = f->head,
                                       .head_len = f->head_len,
                                       .wait = s->opt.wait,
                                       .wait_arg = s->opt.wait_arg};
    struct gad_bytes *bytes = NULL;

    int r = gad_bytes_open(&in, &bytes, d);
    if (r != 0) {
        gad_diag_prefix(d, "%s", s->name);
        return r;
    }
    r = gad_savefile_open(bytes, s->name, &s->file, d);
    if (r != 0)
        return r;
    s->link_type = gad_savefile_link_type(s->file);
    if (!s->filter_text)
        return 0;
    r = gad_filter_new(s->filter_text, s->link_type, &s->filter, d);
    if (r != 0)
        gad_diag_prefix(d, "%s", s->name);
    return r;
}

int gad_source_open_begun(const struct gad_file_begun *f, const struct gad_source_options *opt,
                          struct gad_source **ret, struct gad_diag *d)
{
    gad_cleanup(gad_source_closep) struct gad_source *s = source_new(f->name, opt, d);

    if (!s) {
        if (f->fd != STDIN_FILENO)
            close(f->fd);
        return GAD_ENOMEM;
    }
    s->fd = f->fd != STDIN_FILENO ? f->fd : -1;
    int r = open_savefile(s, f, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&s);
    return 0;
}

int gad_source_open_file(const char *path, const struct gad_source_options *opt,
                         struct gad_source **ret, struct gad_diag *d)
{
    struct gad_file_begun f = {.name = path};
    int flags = O_RDONLY | O_CLOEXEC | (opt && opt->wait ? O_NONBLOCK : 0);

    if (strcmp(path, "-") == 0) {
        f.name = "standard input";
        f.fd = STDIN_FILENO;
    } else if ((f.fd = open(path, flags)) < 0) {
        int err = -errno;
        return gad_fail(d, err, "%.*s: cannot open: %s", NAME_MAX_LEN, path, gad_strerror(err));
    }
    return gad_source_open_begun(&f, opt, ret, d);
}

/* pcap_create() accepts more than interfaces. */
static bool is_interface_name(const char *name)
{
    return name[0] != '\0' && strstr(name, "://") == NULL;
}

/* Explains why libpcap could not start, and what to do. */
static int cannot_capture(const struct gad_source *s, int status, struct gad_diag *d)
{
    const char *meaning = pcap_statustostr(status), *more = pcap_geterr(s->pcap);
    char names[GAD_INTERFACE_LIST];

    if (status == PCAP_ERROR_NO_SUCH_DEVICE) {
        gad_interface_list(names);
        return gad_fail(d, -ENODEV, "%s: no such interface; interfaces: %s", s->name, names);
    }
    if (status == PCAP_ERROR_IFACE_NOT_UP)
        return gad_fail(d, -ENETDOWN, "%s: the interface is down", s->name);
    if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED)
        return gad_fail(d, -EPERM,
                        "%s: no permission to capture: this needs CAP_NET_RAW, which root and "
                        "the systemd unit have",
                        s->name);
    bool has_more = more[0] != '\0' && strcmp(more, meaning) != 0;
    return gad_fail(d, -EIO, "%s: cannot capture: %s%s%s", s->name, meaning, has_more ? ": " : "",
                    has_more ? more : "");
}

static int activate(struct gad_source *s, struct gad_diag *d)
{
    char text[PCAP_ERRBUF_SIZE] = "";

    s->pcap = pcap_create(s->name, text);
    if (!s->pcap)
        return gad_fail(d, GAD_ENOMEM, "%s: %s", s->name, text);
    /* These fail only on an active capture; not every kernel has nanoseconds. No immediate mode, so
     * TPACKET_V3 is used. */
    (void)pcap_set_snaplen(s->pcap, s->opt.snaplen);
    (void)pcap_set_promisc(s->pcap, !s->opt.no_promiscuous);
    (void)pcap_set_timeout(s->pcap, s->opt.timeout_ms);
    (void)pcap_set_buffer_size(s->pcap, s->opt.buffer);
    bool has_ns = pcap_set_tstamp_precision(s->pcap, PCAP_TSTAMP_PRECISION_NANO) == 0;
    s->ns_per_unit = has_ns ? 1 : 1000;
    int r = pcap_activate(s->pcap);
    if (r < 0)
        return cannot_capture(s, r, d);
    if (r > 0) {
        const char *meaning = pcap_statustostr(r), *more = pcap_geterr(s->pcap);
        bool has_more = more[0] != '\0' && strcmp(more, meaning) != 0;
        (void)gad_fail(d, 0, "%s: %s%s%s", s->name, meaning, has_more ? ": " : "",
                       has_more ? more : "");
    }
    r = prepare(s, d);
    if (r != 0)
        return r;
    if (pcap_setnonblock(s->pcap, 1, text) != 0)
        return gad_fail(d, -EIO, "%s: %s", s->name, text);
    gad_counter_restart(&s->received);
    gad_counter_restart(&s->dropped);
    gad_counter_restart(&s->interface_dropped);
    s->stats.reopened += s->has_begun;
    s->has_begun = true;
    return 0;
}

static void ask_kernel(struct gad_source *s)
{
    struct pcap_stat now;

    if (!s->is_live || !s->pcap || pcap_stats(s->pcap, &now) != 0)
        return;
    gad_counter_update(&s->received, now.ps_recv);
    gad_counter_update(&s->dropped, now.ps_drop);
    gad_counter_update(&s->interface_dropped, now.ps_ifdrop);
}

static void stop_live(struct gad_source *s)
{
    if (!s->pcap)
        return;
    ask_kernel(s);
    pcap_close(s->pcap);
    s->pcap = NULL;
}

int gad_source_open_live(const char *interface, const struct gad_source_options *opt,
                         struct gad_source **ret, struct gad_diag *d)
{
    gad_cleanup(gad_source_closep) struct gad_source *s = NULL;

    if (!is_interface_name(interface) || strlen(interface) > NAME_MAX_LEN)
        return gad_fail(d, GAD_EINVAL, "'%.*s' is not an interface", NAME_MAX_LEN, interface);
    s = source_new(interface, opt, d);
    if (!s)
        return GAD_ENOMEM;
    s->is_live = true;
    int r = activate(s, d);
    bool is_missing = r == -ENODEV || r == -ENETDOWN;
    if (is_missing && s->opt.may_be_missing) {
        stop_live(s);
        r = GAD_MORE;
    }
    if (r >= 0)
        *ret = gad_steal(&s);
    return r;
}

int gad_source_reopen(struct gad_source *s, struct gad_diag *d)
{
    if (!s->is_live)
        return gad_fail(d, GAD_EINVAL, "%s: a file cannot be reopened", s->name);
    stop_live(s);
    int r = activate(s, d);
    if (r != 0) {
        if (s->pcap)
            pcap_close(s->pcap);
        s->pcap = NULL;
        return r;
    }
    return 0;
}

/* Saturates: the clock of a host can have any value. */
static struct gad_time time_of(const struct gad_source *s, const struct pcap_pkthdr *h)
{
    int64_t sec = (int64_t)h->ts.tv_sec, fraction = (int64_t)h->ts.tv_usec, ns;

    if (fraction < 0 || fraction >= 1000000000 / s->ns_per_unit)
        fraction = 0; /* out of range */
    if (sec < 0 &&
        sec >= INT32_MIN) /* pcap has 32 bits without a sign; libpcap reads them with one */
        sec += INT64_C(1) << 32;
    if (sec < 0 || __builtin_mul_overflow(sec, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, fraction * s->ns_per_unit, &ns))
        ns = INT64_MAX;
    return (struct gad_time){ns};
}

static void give(u_char *user, const struct pcap_pkthdr *h, const u_char *frame)
{
    const struct reading *r = (const struct reading *)(const void *)user;

    r->s->stats.frames++;
    r->s->stats.bytes += h->len;
    r->fn(r->arg, time_of(r->s, h), frame, h->caplen, h->len);
}

/* Passes a frame on if the filter takes it. While it took none it counts those with a tag. */
static void filter_and_give(struct gad_source *s, const struct gad_savefile_frame *f,
                            gad_frame_fn *fn, void *arg)
{
    s->number++;
    if (s->filter && !gad_filter_takes(s->filter, f->link_type, f->p, f->caplen, f->len)) {
        if (s->stats.frames == 0)
            gad_filter_count(&s->stats.refused, f->link_type, f->p, f->caplen);
        return;
    }
    s->link_type = f->link_type;
    s->stats.frames++;
    s->stats.bytes += f->len;
    fn(arg, f->time, f->p, f->caplen, f->len);
}

static int read_file(struct gad_source *s, int n, gad_frame_fn *fn, void *arg, struct gad_diag *d)
{
    struct gad_savefile_frame f;
    int r = 0;

    for (int i = 0; i < n && r == 0; i++) {
        r = gad_savefile_next(s->file, &f);
        if (r == 0)
            filter_and_give(s, &f, fn, arg);
    }
    if (r == 0)
        return GAD_MORE;
    s->has_ended = true;
    if (r < 0)
        return gad_fail(d, r, "%s: %s", s->name, gad_strerror(r));
    enum gad_savefile_state state = gad_savefile_damage(s->file, d);
    s->stats.truncated = state == GAD_SAVEFILE_CUT;
    s->stats.damaged = state == GAD_SAVEFILE_DAMAGED;
    return GAD_END;
}

int gad_source_read(struct gad_source *s, int n, gad_frame_fn *fn, void *arg, struct gad_diag *d)
{
    struct reading reading = {.s = s, .fn = fn, .arg = arg};

    if (s->has_ended)
        return GAD_END;
    if (s->file)
        return read_file(s, n, fn, arg, d);
    if (!s->pcap)
        return gad_fail(d, GAD_ECLOSED, "%s: not capturing", s->name);
    int r = pcap_dispatch(s->pcap, n, give, (u_char *)&reading);
    if (r >= 0)
        return GAD_MORE;
    r = gad_fail(d, -EIO, "%s: %s", s->name, pcap_geterr(s->pcap));
    stop_live(s); /* a descriptor with an error stays readable */
    return r;
}

void gad_source_close(struct gad_source *s)
{
    if (!s)
        return;
    if (s->pcap)
        pcap_close(s->pcap);
    gad_savefile_close(s->file);
    if (s->fd >= 0)
        close(s->fd);
    gad_filter_free(s->filter);
    gad_free(s->filter_text);
    gad_free(s);
}

int gad_source_link_type(const struct gad_source *s)
{
    return s->link_type;
}

uint64_t gad_source_number(const struct gad_source *s)
{
    return s->number;
}

int gad_source_fd(const struct gad_source *s)
{
    return s->is_live && s->pcap ? pcap_get_selectable_fd(s->pcap) : -1;
}

bool gad_source_is_replaced(const struct gad_source *s)
{
    struct sockaddr_ll at = {0};
    socklen_t len = sizeof(at);
    int fd = gad_source_fd(s);

    if (fd < 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0 ||
        at.sll_family != AF_PACKET || at.sll_ifindex == 0) /* 0: all interfaces */
        return false;
    return if_nametoindex(s->name) != (unsigned)at.sll_ifindex;
}

void gad_source_stats(struct gad_source *s, struct gad_source_stats *ret)
{
    ask_kernel(s);
    s->stats.received = s->received.sum;
    s->stats.dropped = s->dropped.sum;
    s->stats.interface_dropped = s->interface_dropped.sum;
    *ret = s->stats;
}
