/*
 * path.h - whose turn it is: which carrier of a path takes the next message.
 *
 * A carrier with room asks. Failover: it may take while none before it in
 * the list is good. Round robin, weighted: the one whose turn it is, by
 * smooth weighted turns over those that are good and have room. Least
 * loaded: the one with the smallest share of its windows in use.
 *
 * Promise: a carrier that is down or skipped gets nothing while another one
 * can take it; when none can, one that is merely failing does. A throttled
 * carrier takes what it can, and the rest moves on. A path of one carrier is
 * never asked about its health.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_PATH_H
#define ENGINE_FLOW_PATH_H

#include "engine/flow/route.h"

struct flow;

enum path_answer {
    PATH_YES,
    PATH_LATER, /* another one's turn: ask again in a moment */
    PATH_NO,    /* others are better, until something changes */
    PATH_AWAY,  /* the carrier is not on this path */
};
enum path_answer
path_ask(struct flow *f, struct route_path *p, const struct carrier_entry *c);

/* It took a message. */
void path_took(struct route_path *p, uint64_t now_us);

/* The carrier that something single should go to; `not`: bits of carriers
 * by their place on the path that shall not. NULL: none lives. */
struct carrier_entry *
path_choose(struct flow *f, struct route_path *p, uint32_t not );

/* Is any of its carriers in the settings? */
bool path_lives(const struct route_path *p);
/* The place of a carrier on the path; -1: none. */
int path_place(const struct route_path *p, const struct carrier_entry *c);

/* As path_ask(), but nobody's turn is taken. */
bool path_would_take(struct flow *f, struct route_path *p, unsigned place);

/* Why a carrier takes nothing now, or how, in words. For people. */
const char *path_why(struct flow *f, struct route_path *p, unsigned place);

#endif
