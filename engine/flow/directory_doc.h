/*
 * directory_doc.h - the rows of the directory as docs of the control tables.
 *
 * Private to directory*.c, but for the tags, which query.c reads too.
 */
#ifndef ENGINE_FLOW_DIRECTORY_DOC_H
#define ENGINE_FLOW_DIRECTORY_DOC_H

#include "engine/flow/directory.h"

enum directory_kind {
    DIRECTORY_ACCOUNT = 1,
    DIRECTORY_SENDER,
    DIRECTORY_EXTERNAL,
    DIRECTORY_NUMBER,
    DIRECTORY_POOL,
    DIRECTORY_CARRIER,
    DIRECTORY_LOGIN,
    DIRECTORY_SMPP_SENDER, /* by the system_id it speaks for */
};

/* Tags of docs; one space for all tables. Numbers are for ever. */
enum doc_tag {
    DOC_NAME = 1,
    DOC_KEY_DIGEST = 2,
    DOC_PER_DAY = 3,
    DOC_CREATED_MS = 4,
    DOC_DELETED = 5,
    DOC_SMPP = 6, /* no longer written */
    DOC_ACCOUNT = 7,
    DOC_EXTERNAL_ID = 8,
    DOC_SMPP_SYSTEM_ID = 9,
    DOC_QUEUE = 10,
    DOC_TEXT = 11,
    DOC_CARRIER = 12,
    DOC_DEFAULT_SENDER = 13,
    DOC_ACCOUNT_NAME = 14,
    DOC_SHARED = 15,
    DOC_FROM_SETTINGS = 16,
    DOC_RETIRED = 17,
    DOC_PER_S = 18,
    DOC_EXCLUSIVE = 19,
    DOC_ON_CONFLICT = 20,
    DOC_NUMBER = 21, /* repeated */
    DOC_WHO = 22,
    DOC_SENDER = 23,
    DOC_FROM = 24,
    DOC_POOL = 25,
    DOC_CLASS = 26,
    DOC_START_AT_MS = 27,
    DOC_EXPIRES_AT_MS = 28,
    DOC_NO_DEDUPE = 29,
    DOC_RESEND = 30,
    DOC_REASON = 31,
    DOC_AT_MS = 32,
    DOC_SCOPE = 33,
    DOC_HASH = 34,
    DOC_RESULT = 35,
    DOC_SYSTEM_ID = 36,
    DOC_PASSWORD = 37, /* scrypt: parameters, salt and hash */
    DOC_MAX_BINDS = 38,
    DOC_WINDOW = 39,
    DOC_BURST = 40,
    DOC_ON_EXCESS = 41,
    DOC_ALLOW_IP = 42, /* repeated */
    DOC_SOURCE = 43,   /* repeated */
    DOC_TLS_REQUIRED = 44,
    DOC_CERTIFICATE = 45,
    DOC_ENQUIRE_MS = 46,
    DOC_IDLE_MS = 47,
    DOC_RECEIPTS = 48,
    DOC_OUTBIND = 49,
    DOC_DISABLED = 50,
    DOC_OF_CLIENTS = 51,
    DOC_MAKER = 52,
    DOC_REPLACED_BY = 53,
    DOC_WEIGHT = 54, /* repeated, as DOC_NUMBER */
};

/* Keys of the control tables that are ids: big-endian, so that LMDB's order
 * is the order of making. */
struct slice directory_key32(uint32_t id, uint8_t room[4]);

void directory_save_account(struct directory *d, const struct account *a);
void directory_save_sender(struct directory *d, const struct sender *s);
void directory_save_pool(struct directory *d, const struct pool *p);
void directory_save_carrier(struct directory *d, const struct carrier_entry *c);
void directory_save_key(struct directory *d, const uint8_t digest[32],
                        enum who_kind kind, uint32_t account, uint32_t sender);

/* Of directory.c, for loading. */
void *directory_row(struct table *t, uint32_t id, size_t octets);
void directory_name(struct directory *d, enum directory_kind kind,
                    uint32_t account, const char *text, uint32_t id);
void directory_unname(struct directory *d, enum directory_kind kind,
                      uint32_t account, const char *text);
/* 0: nothing has this name. */
uint32_t directory_named(const struct directory *d, enum directory_kind kind,
                         uint32_t account, struct slice text);
void directory_name_sender(struct directory *d, const struct sender *s);
/* Weights are copied; NULL: none. */
void directory_weigh_pool(struct pool *p, const uint32_t *weight);
void directory_join_pool(struct directory *d, const struct pool *p);
void directory_arm_rate(struct number *n);
bool
directory_load_table(struct directory *d, enum store_table table,
                     void (*load)(struct directory *, uint32_t, struct slice),
                     char why[STORE_WHY_BYTES]);

#endif
