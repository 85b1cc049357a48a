/*
 * quirks.h - the forms that carriers give the same message id.
 *
 * Promise: an id of the response and the id of its receipt give the same key
 * when they mean the same message under the carrier's settings: letter case,
 * leading zeros, and hexadecimal against decimal. An id is never held as an
 * integer: what does not fit 64 bits keeps its letters.
 *
 * Threads: pure.
 */
#ifndef ENGINE_CARRIER_QUIRKS_H
#define ENGINE_CARRIER_QUIRKS_H

#include "engine/carrier/settings.h"

enum quirks_place { QUIRKS_IN_RESP, QUIRKS_IN_RECEIPT };

enum { QUIRKS_KEY_BYTES = 256 }; /* the longest id kept, with its NUL */

/* The key of the id, as text; out ends with NUL. Returns its octets, 0 when
 * the id is empty. */
size_t quirks_id_key(const struct carrier_settings *settings, struct slice id,
                     enum quirks_place place, char out[QUIRKS_KEY_BYTES]);

#endif
