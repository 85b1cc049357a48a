/*
 * owed.h - which client is to be told of what became of a message.
 *
 * Asked when a fact is written: its `login` and `accept` come from here, so a
 * replay owes the same. Only messages of clients (WORD_CLIENT) are looked at.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_OWED_H
#define ENGINE_FLOW_OWED_H

#include "engine/flow/flow.h"

/* login 0: nobody. */
struct owed {
    uint32_t login;
    uint64_t accept;
};

/* The ACCEPT of a single message; borrowed until journal_rest() or the next
 * fact is written. False: there is none. */
MUST_CHECK bool owed_accept(struct flow *f, uint64_t message,
                            struct fact_accept *out, uint64_t *pos);

/* The message goes from `before` to `after`: does that end it, and was a
 * receipt of this end asked for (SMPP 3.4, 5.2.17)? */
struct owed
owed_end(struct flow *f, uint64_t message, enum message_state_kind before,
         enum message_state_kind after);
/* It is on its way: was an intermediate notification asked for? */
struct owed owed_step(struct flow *f, uint64_t message);

/* Whose client a reply belongs to; 0: no client's. */
uint32_t owed_reply(struct flow *f, uint32_t account, uint32_t sender,
                    uint64_t in_reply_to);

/* message_state (SMPP 3.4, 5.2.28) that a state of ours is told as. */
unsigned owed_state(enum message_state_kind state);

#endif
