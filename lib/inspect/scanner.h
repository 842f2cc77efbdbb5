/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Internal to lib/inspect and its tests: the counts, the lines of both directions, and the state of
 * the one scanner of the connection's protocol.
 */

#include <stddef.h>

#include "lib/inspect/inspect.h"
#include "lib/inspect/line.h"
#include "lib/inspect/terminal.h"

enum gad_way { GAD_SERVER, GAD_CLIENT, GAD_N_WAYS }; /* indexed by "from the originator" */

enum gad_login_stage {
    GAD_LOGIN_START,  /* no prompt yet, or a failure was reported */
    GAD_LOGIN_NAME,   /* a name is being typed */
    GAD_LOGIN_SECRET, /* a password */
    GAD_LOGIN_WAIT,   /* input was sent, the verdict is expected */
    GAD_LOGIN_IN,
};

struct gad_login {
    struct gad_terminal terminal[GAD_N_WAYS];
    enum gad_login_stage stage;
    bool guest;        /* the last name is a guest's */
    bool answered;     /* rlogin, telnet: the server showed output since the client's last line */
    bool asked;        /* the client's current line began at an inspected prompt */
    bool secret;       /* in a session: the current line is a password */
    bool root_prompt;  /* the current line is typed at root's prompt */
    bool su;           /* su to root was requested, no root prompt since */
    bool new_file;     /* an editor reported a new file since the last line */
    uint8_t handshake; /* rlogin: NULs that the client has sent */
};

enum { GAD_FTP_QUEUE = 8 };

struct gad_ftp {
    /* commands that wait for their reply, oldest first; enum command, flags */
    uint8_t queue[GAD_FTP_QUEUE];
    uint8_t n;
    uint16_t n_more;     /* further commands, of which only the number is known */
    uint16_t multi_code; /* code of a multi-line reply, until its last line */
    bool greeted;
    bool guest; /* by the last USER */
    bool has_endpoint;
    struct gad_ftp_endpoint asked,
        endpoint; /* PORT before its reply; the newest endpoint, until it is taken */
};

struct gad_smtp {
    bool data_asked, tls_asked, in_data, in_body;
    bool auth_asked, refused, accepted; /* accepted: a login or a mail */
};

struct gad_http {
    bool in_headers;
    bool hot;          /* the last request was hot, so its answer is inspected */
    bool access;       /* and requested a file of accounts */
    uint8_t n_matched; /* bytes of the searched phrase that matched */
    bool asked;        /* a request was seen */
    bool has_credentials, refused, accepted;
    bool unknown; /* an answer was not found */
    uint8_t n_status, n_line_ends;
    uint16_t status; /* the code of the answer */
};

struct gad_mail {    /* POP3, IMAP */
    uint8_t pending; /* enum of the scanner */
    bool root;
    bool answering; /* POP3: the client's next line answers a challenge */
    uint8_t tag_len;
    char tag[16];
};

struct gad_rsh {
    uint8_t n_fields; /* NULs seen */
    bool accepted, refused;
    bool root;
};

struct gad_store { /* Redis, PostgreSQL */
    bool refused, accepted;
    uint16_t n_asked; /* Redis: AUTH without its answer; PostgreSQL: 1 from the first message */
    /* PostgreSQL: the current message and field */
    uint8_t n_head, head[5], n_value;
    bool is_code;
    uint32_t left;
};

/* Sizes are bytes of a turn; 0: not seen yet. */
struct gad_ssh_auth {
    unsigned hello;         /* the client's first turn */
    unsigned service;       /* the acceptance of the service */
    unsigned two;           /* the acceptance and the first refusal, in one turn */
    unsigned low;           /* no refusal is shorter */
    unsigned failure;       /* a refusal */
    unsigned shorter;       /* the second answer, if it is shorter than the first */
    unsigned request;       /* the client's last turn, but for service requests */
    unsigned first, second; /* requests */
    unsigned n_answers, n_others;
    unsigned n_refused[3]; /* by enum request of the scanner; without the first request */
    uint8_t answer;        /* the last one; enum answer */
    bool first_refused;
    bool clear_lengths; /* the cipher does not encrypt the length of a packet */
    bool waits;         /* the client's last turn has no answer */
    bool unknown;       /* an answer can have been a success */
    bool succeeded, over;
};

struct gad_ssh_way {
    uint8_t stage; /* enum of the scanner */
    uint8_t n_head, head[6];
    uint32_t left; /* bytes of the packet */
};

struct gad_ssh {
    struct gad_ssh_way way[GAD_N_WAYS];
    uint8_t turn_of; /* enum gad_way */
    unsigned turn;   /* bytes of the current turn */
    struct gad_ssh_auth auth;
};

struct gad_inspect {
    const struct gad_scanner *scanner;
    enum gad_app app;
    bool seen[GAD_N_WAYS]; /* some payload, or a gap */
    bool done[GAD_N_WAYS]; /* no more input of that direction is needed */
    struct gad_content c;
    union {
        struct gad_login login;
        struct gad_ftp ftp;
        struct gad_smtp smtp;
        struct gad_http http;
        struct gad_mail mail;
        struct gad_rsh rsh;
        struct gad_ssh ssh;
        struct gad_store store;
    };
    bool keeps;                               /* the counts of app, whatever is found */
    struct gad_detector *detector;            /* NULL: by the port alone */
    struct gad_inspect_line line[GAD_N_WAYS]; /* last: packed without the unused part */
};

/* Prepares memory for an inspection without a detector. */
void gad_inspect_init(struct gad_inspect *in, enum gad_app app);

/* A direction is still open, or logged_in depends on one. */
bool gad_inspect_can_change(const struct gad_inspect *in);

/* One of line and bytes is set. gap and skips can be NULL; the caller of the scanner handles the
 * lines. */
struct gad_scanner {
    void (*start)(struct gad_inspect *in);
    void (*line)(struct gad_inspect *in, enum gad_way way, struct gad_span s);
    void (*bytes)(struct gad_inspect *in, enum gad_way way, const uint8_t *p, size_t len);
    void (*gap)(struct gad_inspect *in, enum gad_way way);
    bool (*skips)(const struct gad_inspect *in, enum gad_way way); /* see gad_inspect_skips() */
    /* changes a copy of the counts by what is pending; can be NULL */
    void (*result)(const struct gad_inspect *in, struct gad_content *ret);
    bool both_ways_is_login; /* payload in both directions means "logged in" */
};

extern const struct gad_scanner gad_scan_telnet, gad_scan_rlogin, gad_scan_rsh, gad_scan_ftp,
    gad_scan_smtp, gad_scan_http, gad_scan_pop3, gad_scan_imap, gad_scan_auth, gad_scan_ssh,
    gad_scan_redis, gad_scan_postgresql;

static inline void gad_inspect_done(struct gad_inspect *in)
{
    in->done[GAD_SERVER] = true;
    in->done[GAD_CLIENT] = true;
}
