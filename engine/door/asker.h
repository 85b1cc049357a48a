/*
 * asker.h - asks somebody outside which networks phones are on.
 *
 *   POST {"numbers": ["+12125550101", ...]}
 *   200  {"+12125550101": {"network": "310260"}, ...}
 *
 * Instead of `network` an answer may name a `carrier` or a `price`: whatever
 * stands there is the text that routes compare. A number that is missing, or
 * has none of them, is one that nobody knows.
 *
 * Promise: a few questions at a time over connections that stay open; an
 * answer that is late, large or wrong ends as a failed question, and nothing
 * else waits for it. Numbers and the token appear in no log.
 *
 * Threads: start and stop from any; inside, one of its own.
 */
#ifndef ENGINE_DOOR_ASKER_H
#define ENGINE_DOOR_ASKER_H

#include "engine/flow/mail.h"

struct asker;

/* NULL: it cannot be started. Strings are copied. */
struct asker *asker_start(struct flow *f, const char *url, const char *token);
/* Gives up what is asked. Fine with NULL. */
void asker_stop(struct asker *a);

/* The body of a question; the caller frees it. */
char *asker_question(const struct lookup_batch *b);
/* Fills in the networks. False: that is no answer. */
bool asker_answer(struct lookup_batch *b, const char *text, size_t octets);

#endif
