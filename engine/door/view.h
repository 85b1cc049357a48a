/*
 * view.h - how things of the engine look in JSON: the one place.
 *
 * Threads: pure.
 */
#ifndef ENGINE_DOOR_VIEW_H
#define ENGINE_DOOR_VIEW_H

#include "engine/door/emit.h"
#include "engine/flow/query.h"

/* The message of product.md section 4 ("Shapes"). */
void view_message(struct emit *e, const struct message_view *m);

/* {id, type, timestamp, data}; for message.* the data is the message. */
void view_event(struct emit *e, const struct event_view *v);

void view_thread(struct emit *e, const struct thread_view *t);

/* The 202 of a message that was taken: {id, state, parts, encoding}, as the
 * members of an object that is open. */
void view_taken(struct emit *e, const struct send_item *item);

/* "critical" to "marketing"; NULL for CLASS_UNSET. Names in order of the
 * enum from CLASS_CRITICAL, ends with NULL. */
extern const char *const class_names[];
const char *class_name(enum message_class class);

#endif
