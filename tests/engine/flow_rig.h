/*
 * flow_rig.h - a flow with a small world, for tests of its rooms.
 *
 * On top of tests/scenario/world.h: account 1 demo with senders 1 ana and 2
 * ben, numbers 1 +12125550101 and 2 +12125550102 on carrier acme, which has
 * no room. Facts are written and applied as the flow itself does.
 */
#ifndef TESTS_ENGINE_FLOW_RIG_H
#define TESTS_ENGINE_FLOW_RIG_H

#include <check.h>

#include "engine/flow/apply.h"
#include "tests/scenario/world.h"

enum { DEMO = 1, ANA = 1, BEN = 2, ACME = 1 };
#define PHONE UINT64_C(447700900123)

void flow_rig_open(void);
void flow_rig_close(void);

/* now, in wall milliseconds, moved by `ms`. */
uint64_t flow_rig_later(uint64_t ms);

/* write_NAME(): the fact is written and applied; its position. */
#define FACT(number, NAME, name) uint64_t write_##name(struct fact_##name x);
#define U(field)
#define B(field)
#define END(name)
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END
#define WRITE(name, ...) write_##name((struct fact_##name){__VA_ARGS__})

/* A message of one part handed over now; its number is the next one. */
uint64_t flow_rig_sent(uint32_t sender, uint32_t number, uint64_t phone);

#endif
