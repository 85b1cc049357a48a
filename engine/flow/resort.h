/*
 * resort.h - queues are sorted anew when their messages lead elsewhere.
 *
 * A queue (source.h) holds messages of one path. When rules change, what
 * waits in it is found again by reading the log from its oldest message on,
 * by a queue for each path it may now take: nothing is held in RAM for that.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_RESORT_H
#define ENGINE_FLOW_RESORT_H

#include "engine/flow/flow.h"

/* Queues of single messages whose key no longer says where they lead. */
void resort_sources(struct flow *f);
/* A campaign that is under way begins anew at its lowest row. */
void resort_campaign(struct flow *f, struct campaign *c);

/* What waits where no carrier leads fails or waits, as the settings say. */
void resort_strand(struct flow *f);

/* The paths that rows of a campaign may take, as keys; how many there are.
 * PATH_MIXED alone: each row is asked. */
unsigned resort_campaign_keys(struct flow *f, const struct campaign *c,
                              uint32_t *keys, unsigned cap);

#endif
