/*
 * rows.h - recipients as they come in a file, checked one by one and packed.
 *
 * A row is a set of named texts: of CSV under the names of the header row,
 * of NDJSON {to, sender?, vars:{}}. The subscriber is normalised, the
 * sender looked up, fields that the template needs are asked for; a row that
 * fails is listed with its line and why, the others are kept.
 *
 * Promise: memory is one chunk being filled and at most ROWS_ERRORS_MAX
 * errors.
 *
 * Threads: one upload, one thread at a time.
 */
#ifndef ENGINE_DOOR_ROWS_H
#define ENGINE_DOOR_ROWS_H

#include "engine/door/csv.h"
#include "engine/door/emit.h"
#include "engine/door/problem.h"
#include "engine/flow/recipients.h"
#include "engine/flow/template.h"

struct dedupe;

enum { ROWS_ERRORS_MAX = 1000, ROWS_NAME_MAX = 64 };

/* What the rows ask of outside. Zeroed but for what is needed. */
struct rows_ops {
    /* The sender of the account by id, external id or name; 0: none. */
    uint32_t (*sender)(void *arg, struct slice ref);
    /* Its name, for {{sender.name}}; false when unknown. */
    bool (*sender_name)(void *arg, uint32_t sender, struct slice *name);
    void *arg;
};

/* Invariant: packer.rows rows of the chunk wait; rows counts all kept. */
struct rows {
    /* given */
    const struct rows_ops *ops;
    const struct template *template; /* NULL: nothing is asked for */
    uint32_t default_sender;         /* the campaign's; 0: none */
    struct dedupe *dedupe;           /* NULL: not looked for */

    /* state */
    unsigned columns;
    char names[RECIPIENTS_COLUMNS_MAX][ROWS_NAME_MAX];
    unsigned name_bytes[RECIPIENTS_COLUMNS_MAX];
    int to_field, sender_field;    /* of CSV: which field; -1: none */
    int column_of[CSV_FIELDS_MAX]; /* of CSV: field to column; -1: none */
    unsigned fields;               /* of the header row */
    bool has_header;
    int field_of[TEMPLATE_FIELDS_MAX]; /* template field to column, or ROWS_* */
    struct recipients_packer packer;
    uint8_t *full; /* a chunk to be taken; NULL: none */
    size_t full_used;
    unsigned full_rows;
    struct emit errors; /* elements of the answer's list */
    char last_ref[64];  /* the sender that was looked up last */
    uint32_t last_sender;

    /* counters */
    uint64_t accepted, rejected, errors_listed;
    bool out_of_room; /* memory or disk */
};

/* Template fields that are no column. */
enum { ROWS_ABSENT = -1, ROWS_TO = -2, ROWS_SENDER_NAME = -3 };

void rows_init(struct rows *w);
void rows_fini(struct rows *w);

/* The header row. False with the reason: nothing can be read then. */
MUST_CHECK bool
rows_header(struct rows *w, const struct csv_row *row, struct problem *p);
/* A row of CSV, or a line of NDJSON. False when a chunk is full and must be
 * taken (rows_take) before the next. */
bool rows_csv(struct rows *w, const struct csv_row *row);
bool rows_json(struct rows *w, uint64_t line, struct slice text, bool too_long);

/* Lists a line as bad. */
void
rows_reject(struct rows *w, uint64_t line, const char *field, const char *code,
            const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The chunk that is full, or at the end (`all`) what is left: malloc()ed
 * octets, now the caller's; NULL when there is none. */
uint8_t *rows_take(struct rows *w, bool all, size_t *octets, unsigned *rows);

#endif
