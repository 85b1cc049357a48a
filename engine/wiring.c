/*
 * wiring.c - settings into the shapes of the rooms.
 *
 * Promise: nothing that the file says is dropped silently: what a room
 * cannot do yet is refused by config_check.c or said in the log.
 */
#include "engine/wiring.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/log.h"
#include "engine/core/tls.h"

/* "*" alone is no condition. */
static void
take_prefixes(struct flow_route *out, const struct config_patterns *to,
              struct route_prefix *room)
{
    out->to = room;
    for (unsigned k = 0; k < to->count; k++)
        room[out->to_n++] = (struct route_prefix){
            .digits = to->pattern[k].prefix, .exact = to->pattern[k].exact};
}

static void
take_routes(struct wiring *w)
{
    static const enum route_strategy strategy[] = {
        [CONFIG_FAILOVER] = ROUTE_FAILOVER,
        [CONFIG_ROUND_ROBIN] = ROUTE_ROUND_ROBIN,
        [CONFIG_WEIGHTED] = ROUTE_WEIGHTED,
        [CONFIG_LEAST_LOADED] = ROUTE_LEAST_LOADED,
    };
    const struct config *c = w->config;
    size_t prefixes = 1;
    for (unsigned i = 0; i < c->routes_n; i++)
        prefixes += c->routes[i].to.count;
    w->routes = calloc(c->routes_n + 1u, sizeof *w->routes);
    w->prefixes = calloc(prefixes, sizeof *w->prefixes);
    if (!w->routes || !w->prefixes)
        abort();
    struct route_prefix *room = w->prefixes;
    for (unsigned i = 0; i < c->routes_n; i++) {
        const struct config_route *r = &c->routes[i];
        w->routes[i] = (struct flow_route){
            .from = r->from,
            .account = r->account,
            .network = r->network,
            .class = (enum message_class)r->class,
            .encoding = (enum route_encoding)r->encoding,
            .strategy = strategy[r->strategy],
            .carriers = r->carriers,
            .count = r->carriers_n,
            .weights = r->weights_n ? r->weights : NULL,
            .statuses = r->on_error.statuses,
            .statuses_n = r->on_error.statuses_n,
            .times = r->on_error.times,
        };
        take_prefixes(&w->routes[i], &r->to, room);
        room += r->to.count;
    }
    w->flow.routes = w->routes;
    w->flow.routes_n = c->routes_n;
}

static void
take_retries(struct wiring *w)
{
    const struct config *c = w->config;
    w->retries = calloc(c->sending.retry_n + 1u, sizeof *w->retries);
    if (!w->retries)
        abort();
    for (unsigned i = 0; i < c->sending.retry_n; i++)
        w->retries[i] =
            (struct flow_retry){.status = c->sending.retry[i].status,
                                .wait_ms = c->sending.retry[i].wait_ms,
                                .waits = c->sending.retry[i].waits};
    w->flow.retries = w->retries;
    w->flow.retries_n = c->sending.retry_n;
}

static void
take_numbers(struct wiring *w)
{
    const struct config *c = w->config;
    w->numbers = calloc(c->numbers_n + 1u, sizeof *w->numbers);
    if (!w->numbers)
        abort();
    for (unsigned i = 0; i < c->numbers_n; i++) {
        const struct config_number *n = &c->numbers[i];
        w->numbers[i] = (struct flow_number){
            .number = n->number,
            .carrier = n->carrier[0] ? n->carrier : NULL,
            .account = n->account,
            .default_sender = n->default_sender,
            .shared = n->shared,
            .rate = n->rate,
            .per_day = n->per_day,
        };
    }
    w->flow.numbers = w->numbers;
    w->flow.numbers_n = c->numbers_n;
}

struct wiring *
wiring_create(struct config *config)
{
    struct wiring *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    w->config = config;
    w->flow = (struct flow_settings){
        .carriers = config->carriers,
        .carriers_n = config->carriers_n,
        .reply_window_s = config->replies.window_s,
        .unknown_after_s = config->receipts.unknown_after_s,
        .join_ms = config->replies.join_ms,
        .crossing_ms = config->replies.crossing_ms,
        .pair_ttl_s = config->replies.pair_ttl_s,
        .retry_attempts = config->sending.attempts,
        .country = config->sending.country,
        .no_route_holds = config->sending.no_route == 1,
        .health = {.faults_percent = config->health.faults,
                   .latency_times = config->health.latency,
                   .receipts_percent = config->health.receipts},
        .lookup = {.on = config->lookup.url && config->lookup.url[0],
                   .batch = config->lookup.batch,
                   .wait_ms = config->lookup.wait_ms,
                   .timeout_ms = config->lookup.timeout_ms,
                   .cache_s = config->lookup.cache_s,
                   .cache_max = config->lookup.cache_max,
                   .otherwise = config->lookup.otherwise
                                    ? config->lookup.otherwise
                                    : ""},
        .retention_s = config->retention.messages_s,
        .events_s = config->retention.events_s,
        .receipts_need = true,
        .gathers = true,
        .resend_uncertain = config->accounts.on_uncertain == 1,
        .stop_text = config->compliance.opt_out_text,
        .start_text = config->compliance.opt_in_text,
        .help_text = config->compliance.help_text,
    };
    take_routes(w);
    take_retries(w);
    take_numbers(w);
    return w;
}

void
wiring_destroy(struct wiring *w)
{
    if (!w)
        return;
    config_free(w->config);
    free(w->listen);
    tls_context_release(w->clients.tls);
    free(w->routes);
    free(w->prefixes);
    free(w->retries);
    free(w->numbers);
    free(w);
}

static const char *const *
addresses(const struct config_address *list, unsigned count, const char **room)
{
    for (unsigned i = 0; i < count; i++)
        room[i] = list[i].text;
    return room;
}

bool
wiring_clients(struct wiring *w, char why[STORE_WHY_BYTES])
{
    const struct config *c = w->config;
    struct clients_settings *s = &w->clients;
    char error[TLS_ERROR_BYTES];
    struct tls_settings tls = {
        .server = true,
        .verify = c->smpp.tls.client_ca != NULL,
        .ca = c->smpp.tls.client_ca,
        .cert = c->smpp.tls.cert,
        .key = c->smpp.tls.key,
    };
    clients_settings_default(s);
    w->listen =
        calloc(c->smpp.listen_n + c->smpp.listen_tls_n + 1, sizeof *w->listen);
    if (!w->listen)
        abort();
    s->listen = addresses(c->smpp.listen, c->smpp.listen_n, w->listen);
    s->listen_n = c->smpp.listen_n;
    s->listen_tls = addresses(c->smpp.listen_tls, c->smpp.listen_tls_n,
                              w->listen + c->smpp.listen_n);
    s->listen_tls_n = c->smpp.listen_tls_n;
    s->system_id = c->smpp.system_id;
    s->connections = c->smpp.connections;
    s->bind_ms = c->smpp.bind_s * 1000;
    s->enquire_ms = c->smpp.enquire_s * 1000;
    s->idle_ms = c->smpp.idle_s * 1000;
    s->response_ms = c->smpp.response_s * 1000;
    if (s->listen_tls_n && !(s->tls = tls_context_create(&tls, error))) {
        snprintf(why, STORE_WHY_BYTES, "smpp.tls: %.200s", error);
        return false;
    }
    w->flow.clients = s;
    return true;
}

void
wiring_store(const struct config *c, struct store_settings *out)
{
    *out = (struct store_settings){
        .dir = c->data_dir,
        .segment_bytes = c->store.segment_bytes,
        .segment_s = c->store.segment_s,
        .min_free_bytes = c->store.min_free,
        .pace_ms = c->store.pace_ms,
    };
}

/* ---- the admin's key --------------------------------------------------------
 */

static bool
read_key(const char *path, char key[128])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, key, 127);
    close(fd);
    if (n <= 0)
        return false;
    key[n] = 0;
    key[strcspn(key, " \r\n")] = 0;
    return key[0] != 0;
}

static bool
make_key(const char *path, char key[128])
{
    uint8_t random[20];
    if (RAND_bytes(random, sizeof random) != 1)
        return false;
    memcpy(key, "adm_", 4);
    bytes_to_hex(slice_of(random, sizeof random), key + 4);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    size_t n = strlen(key);
    bool ok = write(fd, key, n) == (ssize_t)n && write(fd, "\n", 1) == 1 &&
              fsync(fd) == 0;
    close(fd);
    return ok;
}

bool
wiring_admin_key(const struct config *c, char key[128],
                 char why[STORE_WHY_BYTES])
{
    char path[4096];
    if (c->http.admin_key[0]) {
        snprintf(key, 128, "%s", c->http.admin_key);
        return true;
    }
    snprintf(path, sizeof path, "%s/admin.key", c->data_dir);
    if (read_key(path, key) || make_key(path, key))
        return true;
    snprintf(why, STORE_WHY_BYTES, "%.150s: %s", path, strerror(errno));
    return false;
}
