/*
 * fake_client.h - apps without sockets that bind to the flow, under test.
 *
 * fake_client.c implements client.h; a program that links it before the
 * engine's library gets it instead of the client room. What an app has been
 * told (its ledger) outlives the process that told it.
 *
 * Promise: an answer or a delivery is told only when its position was
 * released; one that leaves before its commit fails the test (invariant 1).
 *
 * Threads: the test's only.
 */
#ifndef TESTS_SCENARIO_FAKE_CLIENT_H
#define TESTS_SCENARIO_FAKE_CLIENT_H

#include "engine/client/client.h"

/* Something that was delivered. */
struct fake_delivery {
    struct client *client; /* NULL: its bind is gone */
    uint64_t note, hold;
    bool left, answered;
    uint32_t command;
    uint8_t esm_class, data_coding;
    char source[24], dest[24], id[24]; /* id: receipted_message_id */
    int state;                         /* message_state, -1: none */
    char text[512];
};

/* The last answer that has left; id is empty when there was none. */
struct fake_reply {
    bool left;
    uint64_t hold;
    uint32_t command, status;
    uint8_t message_state; /* of a query_sm_resp */
    char id[72];
};

/* Asks to bind; fake_is_bound() once the flow has let it in, fake_refusal()
 * when it was turned away. */
struct client *fake_bind(const char *system_id, const char *password,
                         enum session_mode mode, uint8_t version);
uint32_t fake_refusal(const struct client *c);
/* The connection ends: what was not answered is lost. */
void fake_leave(struct client *c);

/* A request; false: the flow takes no more now. */
bool fake_request(struct client *c, struct pdu *request);
const struct fake_reply *fake_answered(const struct client *c);

unsigned fake_deliveries(void);
struct fake_delivery *fake_delivery(unsigned i);
void fake_acknowledge(struct fake_delivery *d, uint32_t status);
void fake_set_room(struct client *c, unsigned room);
/* Its output is full: there is no room, and nothing says when there is. */
void fake_set_stuffed(struct client *c, bool stuffed);

/* Deliveries and answers that left so far; tells whether a turn moved. */
uint64_t fake_client_moves(void);
/* Forgets what apps were told. */
void fake_client_reset(void);

#endif
