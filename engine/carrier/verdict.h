/*
 * verdict.h - what a command_status asks us to do.
 *
 * Promise: every status has a verdict, the carrier's own settings first; a
 * refused bind has a floor for the next try, so that a wrong password is not
 * tried a hundred times an hour.
 *
 * Threads: pure.
 */
#ifndef ENGINE_CARRIER_VERDICT_H
#define ENGINE_CARRIER_VERDICT_H

#include "engine/carrier/carrier.h"

/* "ok", "retry", "slow", "fail", "stop". */
const char *verdict_name(enum verdict v);
bool verdict_by_name(const char *name, enum verdict *out);

/* Of the answer to a part. settings may be NULL: no overrides. */
enum verdict
verdict_of_submit(const struct carrier_settings *settings, uint32_t status);

/* The least wait in ms after a bind was refused; times: how often in a row,
 * from 1. 0: the usual back-off. */
uint32_t verdict_bind_floor_ms(const struct carrier_settings *settings,
                               uint32_t status, unsigned times);

/* Whether the next bind should offer 3.4 after 5.0 was refused like this. */
bool verdict_is_version_refusal(uint32_t status);

#endif
