/*
 * reply.h - the answer of a request.
 *
 * Each sets the answer once; a second one is dropped. Every answer forbids
 * caching and sniffing.
 *
 * Threads: the connection's intake.
 */
#ifndef ENGINE_DOOR_REPLY_H
#define ENGINE_DOOR_REPLY_H

#include "engine/door/request.h"

#define TYPE_JSON    "application/json"
#define TYPE_PROBLEM "application/problem+json"
#define TYPE_LINES   "application/x-ndjson"
#define TYPE_CSV     "text/csv; charset=utf-8"
#define TYPE_EVENTS  "text/event-stream"

/* Takes what e holds and leaves it empty. */
void reply_emit(struct request *r, unsigned status, const char *type,
                struct emit *e);
void reply_json(struct request *r, unsigned status, struct emit *e);
void reply_empty(struct request *r, unsigned status);
void reply_problem(struct request *r, const struct problem *p);
/* Takes fd. */
void reply_file(struct request *r, unsigned status, const char *type, int fd,
                uint64_t octets);
/* fill() appends to r->out; it goes to the client as it takes it. */
void reply_stream(struct request *r, unsigned status, const char *type,
                  enum turn (*fill)(struct request *r));
void reply_header(struct request *r, const char *name, const char *value);

/* {"data":[ … ],"next_cursor":…}: begin, rows, end. */
void reply_list_begin(struct emit *e);
void reply_list_end(struct emit *e, const char *list, bool more, uint64_t a,
                    uint64_t b);
/* A whole list that a mail brought, as the page that was asked for; row
 * writes its i-th. The engine's refusal becomes the answer, if it refused. */
void reply_rows(struct request *r, const struct mail *m, const char *list,
                unsigned count,
                void (*row)(struct request *r, struct emit *e,
                            const struct mail *m, unsigned i));

#endif
