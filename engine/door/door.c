/*
 * door.c - opens and closes the door.
 *
 * Promise: as in door.h. The order of closing: no new connections, streams
 * end and waits are cut short, what the engine still owes is answered, then
 * whoever is left is closed.
 */
#include "engine/door/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/core/log.h"
#include "engine/door/asker.h"
#include "engine/door/auth.h"
#include "engine/door/intake.h"
#include "engine/door/tls.h"

enum {
    LINGER_MS = 3000, /* for requests that the engine still owes */
    BACKLOG = 511,
};

/* One door a process. */
static struct door *the_door;

static struct query *
query_make(struct door *d)
{
    struct query *q = query_create(d->flow);
    pthread_mutex_lock(&d->query_lock);
    struct query **more =
        realloc(d->queries, (d->query_count + 1) * sizeof *more);
    if (q && more)
        more[d->query_count++] = q;
    if (more)
        d->queries = more;
    pthread_mutex_unlock(&d->query_lock);
    if (more)
        return q;
    query_destroy(q);
    return NULL;
}

struct query *
door_query(struct door *d)
{
    static _Thread_local struct query *mine;
    static _Thread_local struct door *of;
    if (of != d || !mine) {
        mine = query_make(d);
        of = d;
    }
    return mine;
}

/* "host:port", "[v6]:port", ":port" into host and port. */
static bool
listen_split(const char *text, char host[256], char port[16])
{
    const char *colon = strrchr(text, ':');
    if (!colon || !colon[1] || strlen(colon + 1) > 5)
        return false;
    size_t n = (size_t)(colon - text);
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    }
    if (n > 255)
        return false;
    memcpy(host, text, n);
    host[n] = 0;
    snprintf(port, 16, "%s", colon + 1);
    return true;
}

static int
socket_open(const struct addrinfo *a)
{
    int one = 1;
    int fd =
        socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void
note_address(struct door *d, int fd)
{
    struct sockaddr_storage bound;
    socklen_t n = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &n) != 0)
        return;
    d->port = bound.ss_family == AF_INET
                  ? ntohs(((struct sockaddr_in *)&bound)->sin_port)
                  : ntohs(((struct sockaddr_in6 *)&bound)->sin6_port);
}

/* The listening socket; -1 with the reason. */
static int
listen_open(struct door *d, const char *text, char why[DOOR_WHY_BYTES])
{
    char host[256], port[16];
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (!listen_split(text, host, port)) {
        snprintf(why, DOOR_WHY_BYTES,
                 "http.listen %.100s: an address and a port are needed, as in "
                 "127.0.0.1:8080",
                 text);
        return -1;
    }
    int error = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (error) {
        snprintf(why, DOOR_WHY_BYTES, "http.listen %.100s: %s", text,
                 gai_strerror(error));
        return -1;
    }
    int fd = socket_open(found);
    if (fd < 0)
        snprintf(why, DOOR_WHY_BYTES, "http.listen %.100s: %m", text);
    freeaddrinfo(found);
    if (fd >= 0)
        note_address(d, fd);
    return fd;
}

static void
set_limits(struct door *d, const struct door_settings *s)
{
    struct door_settings *l = &d->limits;
    *l = *s;
    l->listen = l->admin_key = l->data_dir = NULL;
    l->lookup_url = l->lookup_token = NULL;
    l->tls_cert = l->tls_key = l->tls_client_ca = NULL;
    l->workers = l->workers ? l->workers : 2;
    l->connections = l->connections ? l->connections : 1000;
    l->per_address = l->per_address ? l->per_address : 32;
    l->header_s = l->header_s ? l->header_s : 10;
    l->idle_s = l->idle_s ? l->idle_s : 30;
    l->body_octets_s = l->body_octets_s ? l->body_octets_s : 1024;
    l->body_max = l->body_max ? l->body_max : 1024 * 1024;
}

static void
door_free(struct door *d)
{
    for (unsigned i = 0; i < d->query_count; i++)
        query_destroy(d->queries[i]);
    free(d->queries);
    free(d->cert);
    free(d->key);
    free(d->client_ca);
    pthread_mutex_destroy(&d->query_lock);
    pthread_mutex_destroy(&d->watch_lock);
    free(d);
}

static struct door *
door_make(struct flow *flow, const struct door_settings *s)
{
    struct door *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->flow = flow;
    pthread_mutex_init(&d->query_lock, NULL);
    pthread_mutex_init(&d->watch_lock, NULL);
    set_limits(d, s);
    auth_set_admin(d, s->admin_key);
    snprintf(d->tmp_dir, sizeof d->tmp_dir, "%s/tmp",
             s->data_dir ? s->data_dir : ".");
    return d;
}

bool
door_start(struct flow *flow, const struct door_settings *s,
           char why[DOOR_WHY_BYTES])
{
    struct door *d = door_make(flow, s);
    snprintf(why, DOOR_WHY_BYTES, "out of memory");
    if (!d)
        return false;
    const char *address = s->listen ? s->listen : "127.0.0.1:8080";
    int fd = tls_load(d, s, why) ? listen_open(d, address, why) : -1;
    if (fd < 0) {
        door_free(d);
        return false;
    }
    if (!intakes_start(d, fd)) {
        snprintf(why, DOOR_WHY_BYTES, "the intake does not start: %m");
        atomic_store(&d->closing, true);
        intakes_stop(d);
        door_free(d);
        return false;
    }
    if (s->lookup_url && s->lookup_url[0] &&
        !(d->asker = asker_start(flow, s->lookup_url, s->lookup_token))) {
        snprintf(why, DOOR_WHY_BYTES, "the look-up does not start");
        atomic_store(&d->closing, true);
        intakes_stop(d);
        door_free(d);
        return false;
    }
    the_door = d;
    log_info(ROOM_DOOR, "door_open", "listen=%s port=%u tls=%s", address,
             d->port, d->cert ? "yes" : "no");
    return true;
}

uint16_t
door_port(void)
{
    return the_door ? the_door->port : 0;
}

void
door_stop(void)
{
    struct door *d = the_door;
    if (!d)
        return;
    the_door = NULL;
    asker_stop(d->asker);
    atomic_store(&d->stopping, true);
    for (unsigned ms = 0; intakes_alive(d) && ms < LINGER_MS; ms += 10) {
        intakes_nudge(d);
        usleep(10000);
    }
    atomic_store(&d->closing, true);
    intakes_stop(d);
    log_info(ROOM_DOOR, "door_closed", "port=%u", d->port);
    door_free(d);
}
