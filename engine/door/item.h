/*
 * item.h - one message to send, from its JSON object.
 *
 * Threads: pure.
 */
#ifndef ENGINE_DOOR_ITEM_H
#define ENGINE_DOOR_ITEM_H

#include "engine/door/form.h"
#include "engine/flow/mail.h"

/* What POST /v1/messages reads. Texts borrow from the object. True when it
 * may be sent; else the problem says what is wrong with each member. */
MUST_CHECK bool
item_read(json_t *object, struct send_item *item, struct problem *p);

/* What POST /v1/threads/{id}/messages reads. */
MUST_CHECK bool item_read_answer(json_t *object, uint64_t thread,
                                 struct send_item *item, struct problem *p);
/* Sends it; its 202 or its refusal is the answer (messages.c). */
struct request;
void item_post(struct request *r, const struct send_item *item);

#endif
