/*
 * emit.h - the text of an answer: a growing buffer and JSON written into it.
 *
 * Commas come by themselves: a value after a value is preceded by one. Text
 * from outside is escaped and, where it is not UTF-8, marked with U+FFFD, so
 * what is written is always valid JSON.
 *
 * Promise: out of memory makes it `failed`, checked once at the end.
 *
 * Threads: plain values.
 */
#ifndef ENGINE_DOOR_EMIT_H
#define ENGINE_DOOR_EMIT_H

#include "engine/flow/id.h"
#include "proto/bytes.h"

/* Zeroed is an empty one. Invariant: n <= cap. */
struct emit {
    char *p; /* owned; not NUL-terminated */
    size_t n, cap;
    bool comma;  /* a value stands before */
    bool failed; /* out of memory */
};

void emit_fini(struct emit *e);
/* Empties it, keeps the memory. */
void emit_reset(struct emit *e);
/* Room for n more octets; NULL when out of memory. */
char *emit_room(struct emit *e, size_t n);

/* Octets as they are. */
void emit_raw(struct emit *e, const void *p, size_t n);
void emit_text(struct emit *e, const char *text);
void emit_format(struct emit *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* '{' or '[', and '}' or ']'. */
void emit_open(struct emit *e, char bracket);
void emit_close(struct emit *e, char bracket);
void emit_key(struct emit *e, const char *key);

/* Values. */
void emit_string(struct emit *e, struct slice utf8);
void emit_word(struct emit *e, const char *text); /* NULL: null */
void emit_number(struct emit *e, uint64_t v);
void emit_bool(struct emit *e, bool v);
void emit_null(struct emit *e);
void emit_time(struct emit *e, uint64_t wall_ms);             /* 0: null */
void emit_id(struct emit *e, enum id_kind kind, uint64_t id); /* 0: null */
/* JSON text, as a value. */
void emit_json(struct emit *e, struct slice json);

/* Members: a key and its value. */
void emit_member_word(struct emit *e, const char *key, const char *text);
void emit_member_string(struct emit *e, const char *key, struct slice utf8);
void emit_member_number(struct emit *e, const char *key, uint64_t v);
void emit_member_bool(struct emit *e, const char *key, bool v);
void emit_member_time(struct emit *e, const char *key, uint64_t wall_ms);
void
emit_member_id(struct emit *e, const char *key, enum id_kind kind, uint64_t id);

/* One CSV field, quoted when it must be (RFC 4180, 2). */
void emit_csv(struct emit *e, struct slice field);

#endif
