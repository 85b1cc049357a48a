/*
 * recover.h - from what is on disk to a running flow.
 *
 * Threads: the engine thread, before the first turn.
 */
#ifndef ENGINE_FLOW_RECOVER_H
#define ENGINE_FLOW_RECOVER_H

#include "engine/flow/flow.h"

/* Loads the checkpoint, replays the facts behind it. Decides nothing. */
MUST_CHECK bool recover_replay(struct flow *f, char why[STORE_WHY_BYTES]);

/* Ends what the crash left open: parts without an answer are in doubt,
 * uploads given up, parts of long messages that had not left go on. */
void recover_finish(struct flow *f);

#endif
