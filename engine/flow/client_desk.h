/*
 * client_desk.h - the desk for apps that bind over SMPP: who may come in, and
 * which room a request goes to.
 *
 * Promise: a wrong system_id and a wrong password are told apart neither by
 * status nor by time. A password that was right is remembered as a keyed
 * digest, so that a storm of rebinds costs no hash. Limits changed at run
 * time reach living binds in the same turn.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_CLIENT_DESK_H
#define ENGINE_FLOW_CLIENT_DESK_H

#include "engine/client/client.h"
#include "engine/flow/flow.h"

struct login;
struct client_desk;

extern const struct client_ops client_desk_ops;

/* Opens the listeners that the settings name; false and why. */
MUST_CHECK bool client_desk_open(struct flow *f, char why[STORE_WHY_BYTES]);
void client_desk_close(struct flow *f);

/* Each turn: passwords that were looked at. */
void client_desk_tick(struct flow *f);

/* A login was made, changed or deleted. */
void client_desk_changed(struct flow *f, struct login *l);

/* Why the last request of a bind was refused; "" when none was. */
const char *client_desk_reason(const struct client *c);
void client_desk_note(struct client *c, const char *reason);

/* MAIL_CLIENT_*; client_mail.c. */
void client_on_mail(struct flow *f, struct mail *m);

/* client_submit.c: submit_sm, data_sm and submit_multi. */
void client_submit(struct flow *f, struct client *c, const struct pdu *p);
void client_submit_multi(struct flow *f, struct client *c, const struct pdu *p);
/* The source a PDU names: a number that this login may use. NULL: none, and
 * what to answer; make: a pattern's number is made when new. */
struct number *client_source(struct flow *f, struct login *l, uint32_t sender,
                             uint64_t subscriber, const struct pdu *p,
                             bool make, const char **why);
/* E.164 as a word; 0: none. */
uint64_t client_subscriber(const struct flow *f, uint8_t ton, uint8_t npi,
                           struct slice text);

/* client_ask.c: query_sm, cancel_sm, replace_sm. */
void client_query(struct flow *f, struct client *c, const struct pdu *p);
void client_cancel(struct flow *f, struct client *c, const struct pdu *p);
void client_replace(struct flow *f, struct client *c, const struct pdu *p);
/* Ends what the message `by` of this login replaces (replace_if_present). */
void client_replace_present(struct flow *f, const struct login *l,
                            const struct number *n, uint64_t subscriber,
                            struct slice service_type, uint64_t by);

#endif
