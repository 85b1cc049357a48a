/*
 * settings.c - the defaults of a carrier, and which changes need new binds.
 *
 * Promise: as in settings.h.
 */
#include "engine/carrier/settings.h"

#include <string.h>

void
carrier_settings_default(struct carrier_settings *out)
{
    *out = (struct carrier_settings){
        .name = "",
        .host = "",
        .port = 2775,
        .system_id = "",
        .password = "",
        .system_type = "",
        .service_type = "",
        .version = SMPP_V34,
        .bind = CARRIER_BIND_TRANSCEIVER,
        .binds = 1,
        .window = 10, /* what most carriers allow unasked */
        .lenient = true,
        .tls = {.verify = true},
        .timers =
            {
                .connect_ms = 10000,
                .bind_ms = 10000,
                .response_ms = 60000,
                .enquire_ms = 30000,
                .enquire_answer_ms = 10000,
                .idle_ms = 120000,
                .reconnect_min_ms = 1000,
                .reconnect_max_ms = 60000,
                .bound_floor_ms = 30000,
                .stall_ms = 90000, /* longer than response_ms */
                .unbind_ms = 5000,
            },
        .receipts = {.by_text = true, .registered_delivery = 1},
        .segments = {.max_parts = 10},
        .addresses =
            {
                .source_full = {1, 1},
                .source_short = {0, 0},
                .source_alpha = {5, 0},
                .dest_full = {1, 1},
                .dest_short = {0, 0},
                .short_digits = 6,
                .address_range = "",
            },
    };
}

static bool
same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool
same_tls(const struct carrier_tls *a, const struct carrier_tls *b)
{
    return a->enabled == b->enabled && a->verify == b->verify &&
           same(a->ca, b->ca) && same(a->cert, b->cert) &&
           same(a->key, b->key) && same(a->server_name, b->server_name);
}

static bool
same_timers(const struct carrier_timers *a, const struct carrier_timers *b)
{
    return a->bind_ms == b->bind_ms && a->response_ms == b->response_ms &&
           a->enquire_ms == b->enquire_ms &&
           a->enquire_answer_ms == b->enquire_answer_ms &&
           a->idle_ms == b->idle_ms && a->unbind_ms == b->unbind_ms;
}

bool
carrier_settings_keep_binds(const struct carrier_settings *a,
                            const struct carrier_settings *b)
{
    const struct carrier_addresses *x = &a->addresses, *y = &b->addresses;
    return same(a->host, b->host) && a->port == b->port &&
           same(a->system_id, b->system_id) && same(a->password, b->password) &&
           same(a->system_type, b->system_type) && a->version == b->version &&
           a->bind == b->bind && a->window == b->window &&
           a->lenient == b->lenient &&
           a->enquire_unanswered == b->enquire_unanswered &&
           same_tls(&a->tls, &b->tls) && same_timers(&a->timers, &b->timers) &&
           x->bind_ton == y->bind_ton && x->bind_npi == y->bind_npi &&
           same(x->address_range, y->address_range);
}
