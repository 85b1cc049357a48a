/*
 * suppress.c - the set of opt-outs.
 *
 * Promise: as in suppress.h. Rows are written in the turn that decides; a
 * crash before the log's commit leaves at most an opt-out too many, and the
 * carrier repeats what we did not acknowledge.
 */
#include "engine/flow/suppress.h"

#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"

static const char *const names[SUPPRESS_SCOPE_N] = {
    [SUPPRESS_NUMBER] = "number",
    [SUPPRESS_PROGRAMME] = "programme",
    [SUPPRESS_ACCOUNT] = "account",
    [SUPPRESS_ALL] = "all",
};

const char *
suppress_scope_name(enum suppress_scope s)
{
    return s < SUPPRESS_SCOPE_N ? names[s] : "";
}

bool
suppress_scope_of(struct slice name, enum suppress_scope *out)
{
    for (int i = 0; i < SUPPRESS_SCOPE_N; i++)
        if (slice_eq(name, slice_str(names[i]))) {
            *out = (enum suppress_scope)i;
            return true;
        }
    return false;
}

struct slice
suppress_key(enum suppress_scope scope, uint32_t owner, uint64_t subscriber,
             uint8_t room[SUPPRESS_KEY_BYTES])
{
    room[0] = (uint8_t)scope;
    for (int i = 0; i < 4; i++)
        room[1 + i] = (uint8_t)(owner >> (24 - 8 * i));
    for (int i = 0; i < 8; i++)
        room[5 + i] = (uint8_t)(subscriber >> (56 - 8 * i));
    return slice_of(room, SUPPRESS_KEY_BYTES);
}

static uint64_t
slot(enum suppress_scope scope, uint32_t owner, uint64_t subscriber)
{
    return map_mix(map_mix(subscriber) ^ ((uint64_t)scope << 32 | owner)) | 1;
}

void
suppress_load(struct suppress *s, struct journal *j)
{
    *s = (struct suppress){.journal = j};
    struct slice key, doc, after = {NULL, 0};
    uint8_t last[SUPPRESS_KEY_BYTES];
    while (store_after(j->reader, TABLE_SUPPRESSION, after, &key, &doc) ==
           STORE_OK) {
        if (key.n != SUPPRESS_KEY_BYTES)
            break;
        memcpy(last, key.p, key.n);
        after = slice_of(last, sizeof last);
        struct cursor c = cursor_of(after);
        enum suppress_scope scope = (enum suppress_scope)cursor_u8(&c);
        uint32_t owner = cursor_be32(&c);
        uint64_t subscriber = (uint64_t)cursor_be32(&c) << 32;
        subscriber |= cursor_be32(&c);
        map_put(&s->set, slot(scope, owner, subscriber), 1);
    }
    journal_rest(j);
}

void
suppress_fini(struct suppress *s)
{
    map_fini(&s->set);
    map_fini(&s->quiet);
}

bool
suppress_has(const struct suppress *s, enum suppress_scope scope,
             uint32_t owner, uint64_t subscriber)
{
    uint64_t v;
    return map_get(&s->set, slot(scope, owner, subscriber), &v);
}

bool
suppress_holds(const struct suppress *s, uint32_t account, uint32_t number,
               uint64_t subscriber)
{
    if (s->set.used == 0)
        return false;
    return suppress_has(s, SUPPRESS_ACCOUNT, account, subscriber) ||
           suppress_has(s, SUPPRESS_NUMBER, number, subscriber) ||
           suppress_has(s, SUPPRESS_ALL, 0, subscriber);
}

void
suppress_add(struct suppress *s, enum suppress_scope scope, uint32_t owner,
             uint64_t subscriber, uint64_t at_ms, struct slice reason)
{
    uint8_t key[SUPPRESS_KEY_BYTES], room[512];
    struct writer w = writer_of(room, sizeof room);
    if (reason.n > 200)
        reason.n = 200;
    doc_put_u64(&w, DOC_AT_MS, at_ms);
    doc_put_text(&w, DOC_REASON, reason);
    journal_put(s->journal, TABLE_SUPPRESSION,
                suppress_key(scope, owner, subscriber, key), writer_slice(&w));
    map_put(&s->set, slot(scope, owner, subscriber), 1);
}

void
suppress_remove(struct suppress *s, enum suppress_scope scope, uint32_t owner,
                uint64_t subscriber)
{
    uint8_t key[SUPPRESS_KEY_BYTES];
    journal_delete(s->journal, TABLE_SUPPRESSION,
                   suppress_key(scope, owner, subscriber, key));
    map_take(&s->set, slot(scope, owner, subscriber), NULL);
}
