/*
 * drain.h - after a kill at any point, everything comes to an end.
 */
#ifndef TESTS_SCENARIO_DRAIN_H
#define TESTS_SCENARIO_DRAIN_H

/*
 * Kills, opens again, lets every carrier take and deliver everything, and
 * judges by the carriers' ledgers (invariant 5): each accepted message ended;
 * a part that a carrier took twice, or whose fate nobody knows, is one that
 * the flow names as uncertain or as sent twice.
 */
void drain_after_kill(void);

#endif
