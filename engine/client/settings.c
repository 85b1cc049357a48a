/*
 * settings.c - what the server does unless told otherwise.
 */
#include "engine/client/client.h"

void
clients_settings_default(struct clients_settings *out)
{
    *out = (struct clients_settings){
        .system_id = "volley",
        .connections = 20000,
        .per_address = 256,
        .unbound = 2048,
        .bind_ms = 10000,
        .read_ms = 10000,
        .enquire_ms = 60000,
        .idle_ms = 180000,
        .response_ms = 30000,
        .stall_ms = 30000,
        .pdu_max = PDU_DEFAULT_MAX_BYTES,
    };
}
