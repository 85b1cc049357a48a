/*
 * checkpoint.h - what one transaction of the state environment takes.
 *
 * Private to store/.
 */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "store/room.h"

struct store_checkpoint {
    struct store *s;
    uint64_t pos;
    struct store_puts puts;
};

#endif
