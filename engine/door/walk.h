/*
 * walk.h - all rows of a campaign, one after the other, with their words.
 *
 * Where the chunks lie comes from the engine once, words in one mail a
 * chunk, the rows from the log. Memory is one chunk and its words, and 32
 * octets a chunk.
 *
 * Threads: one request, one thread at a time. The walk must be the first
 * member of r->state.
 */
#ifndef ENGINE_DOOR_WALK_H
#define ENGINE_DOOR_WALK_H

#include "engine/door/request.h"

struct walk {
    uint64_t campaign;
    struct chunk_view *chunk; /* all of them */
    unsigned chunks;
    unsigned next; /* chunk to be opened next */
    bool known;    /* chunk and chunks are */
    bool asked;    /* a mail is out */
    bool open;     /* a chunk is being read */
    unsigned row;  /* of the open chunk, comes next */
    struct recipients_reader reader;
    uint64_t words[RECIPIENTS_ROWS_MAX];
    uint8_t octets[RECIPIENTS_CHUNK_MAX];
};

/* One row. Values borrow until the next call. */
struct walk_row {
    uint64_t message, word;
    uint64_t row; /* in the campaign, from 0 */
    bool first;   /* of its chunk: column names may differ now */
    struct recipient recipient;
};

/* TURN_MORE: out is filled. TURN_WAIT: a mail is out. TURN_DONE: the end, or
 * r->problem is set. */
enum turn walk_next(struct request *r, struct walk *w, struct walk_row *out);
void walk_fini(struct walk *w);

#endif
