/*
 * wiring.h - what the settings file says, as each room wants it.
 *
 * Threads: pure.
 */
#ifndef ENGINE_WIRING_H
#define ENGINE_WIRING_H

#include "engine/config.h"
#include "engine/door/door.h"
#include "engine/flow/flow.h"
#include "store/store.h"

/* The flow's settings with the lists they borrow; from one config. */
struct wiring {
    struct config *config; /* owned */
    struct flow_settings flow;
    struct flow_route *routes;
    struct route_prefix *prefixes; /* of all routes */
    struct flow_retry *retries;
    struct flow_number *numbers;
    struct clients_settings clients;
    const char **listen; /* of clients: plain, then TLS */
    struct wiring *next; /* the daemon's list of replaced ones */
};

struct wiring *wiring_create(struct config *config);
void wiring_destroy(struct wiring *w);

void wiring_store(const struct config *c, struct store_settings *out);

/* The SMPP door of the settings; opens the files of its TLS. False: why. The
 * first wiring's is the one in use: its settings count at the next start. */
bool wiring_clients(struct wiring *w, char why[STORE_WHY_BYTES]);

/* The API's key: of the settings, or of data_dir/admin.key, which is made
 * (0600) when missing. False: why says what to do. */
bool wiring_admin_key(const struct config *c, char key[128],
                      char why[STORE_WHY_BYTES]);

#endif
