/*
 * query_rig.h - a store with a small world in it, and facts put by hand.
 *
 * Accounts 1 demo, 2 other. Senders 1 ana, 2 ben, 3 desk (a queue), all of
 * demo, and 4 eve of other. Numbers 1 +12125550101 of demo by carrier 1, 2
 * +12125550199 shared, 3 +12125550102 of demo by carrier 2. Carriers 1 acme,
 * 2 packer. Campaign 7 of demo and ana.
 */
#ifndef TESTS_ENGINE_QUERY_RIG_H
#define TESTS_ENGINE_QUERY_RIG_H

#include "engine/flow/flow.h"
#include "engine/flow/query.h"
#include "tests/store/rig.h"

enum { DEMO = 1, OTHER = 2, ANA = 1, BEN = 2, DESK = 3, EVE = 4 };
#define PHONE    UINT64_C(447700900123)
#define CAMPAIGN UINT64_C(7)

extern struct rig rig;
extern struct flow flow;
extern struct flow_settings flow_settings;
extern struct query *query;

extern const struct who as_admin, as_demo, as_other, as_ana, as_ben, as_eve;

/* The world; facts are put next. */
void world_open(void);
void world_close(void);
/* A row of a control table. */
void world_put(enum store_table table, struct slice key, struct slice doc);
void world_put_sender(uint32_t id, uint32_t account, const char *name,
                      const char *external_id, bool queue, bool deleted);
/* All that was put becomes durable, in a block of that time. */
void world_commit(uint64_t wall_ms);

/* put_NAME(): puts the fact, returns its position. */
#define FACT(number, NAME, name) uint64_t put_##name(struct fact_##name f);
#define U(field)
#define B(field)
#define END(name)
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END

#define PUT(name, ...) put_##name((struct fact_##name){__VA_ARGS__})

/* Facts as the engine would write them, with less said. */
uint64_t put_single(uint64_t message, uint32_t account, uint32_t sender,
                    const char *text);
uint64_t
put_hand_over(uint64_t message, uint64_t prev, unsigned part, unsigned parts);
uint64_t
put_taken(uint64_t message, uint64_t prev, unsigned part, const char *id);
uint64_t put_receipt_of(uint64_t message, uint64_t prev, unsigned part,
                        unsigned kind, enum message_state_kind state);
/* Two recipients of campaign 7: ana's own PHONE, and ben's PHONE + 1. */
uint64_t put_two_recipients(uint64_t first);

#endif
