/*
 * puts.h - writes of small rows, gathered in order for one transaction.
 *
 * Layout of each: op u8 (0 delete, 1 put) | key length u16 | value length
 * u32 | key, table number in front | value.
 *
 * Promise: applying the same list twice leaves what applying it once does,
 * so that a commit of unknown or failed outcome may be repeated.
 *
 * Private to store/.
 */
#ifndef STORE_PUTS_H
#define STORE_PUTS_H

#include <lmdb.h>

#include "store/store.h"

enum { STORE_KEY_MAX = 255 }; /* LMDB's limit is 511 */

struct store_puts {
    uint8_t *bytes;
    size_t used, cap;
};

void store_puts_add(struct store_puts *p, enum store_table table,
                    struct slice key, struct slice value);
void store_puts_remove(struct store_puts *p, enum store_table table,
                       struct slice key);
/* 0 or what LMDB said. */
MUST_CHECK int
store_puts_apply(const struct store_puts *p, MDB_txn *txn, MDB_dbi dbi);
void store_puts_clear(struct store_puts *p);
void store_puts_fini(struct store_puts *p);

/* table u8 | key: LMDB's order is then table by table. */
size_t store_row_key(uint8_t dst[1 + STORE_KEY_MAX], enum store_table table,
                     struct slice key);
bool store_table_is_known(unsigned number);
/* Whether a table lies in the control environment (else in state). */
bool store_table_is_control(enum store_table table);

#endif
