/*
 * csv.h - cuts a stream of CSV into rows of fields, whatever pieces it comes
 * in.
 *
 * RFC 4180 and what spreadsheets write: LF, CR LF or CR, a BOM, quotes with
 * commas, doubled quotes and line ends inside, blank lines, and `;` or TAB
 * for the comma (whichever the first line holds). Spaces around a field are
 * dropped unless they are quoted. Rows carry the number of the physical line
 * they begin on, which libcsv does not know, and a field cannot grow without
 * bound, which libcsv lets it.
 *
 * Promise: memory is at most CSV_ROW_MAX octets and CSV_FIELDS_MAX fields; a
 * row beyond is handed over as such, without fields, and the stream goes on
 * behind it. A quote that never closes is told at its line.
 *
 * Threads: plain values. Allocates nothing.
 */
#ifndef ENGINE_DOOR_CSV_H
#define ENGINE_DOOR_CSV_H

#include "proto/bytes.h"

enum { CSV_ROW_MAX = 16384, CSV_FIELDS_MAX = 128 };

enum csv_fault {
    CSV_FINE,
    CSV_TOO_LONG, /* more octets or fields than the limits */
    CSV_QUOTE,    /* text after a closing quote, as in "a"b */
    CSV_UNCLOSED, /* the file ends inside quotes */
};

/* A row; its fields borrow until the next call. */
struct csv_row {
    uint64_t line;
    enum csv_fault fault;
    unsigned fields; /* 0 when fault is set */
    struct slice field[CSV_FIELDS_MAX];
};

/* Zeroed but for the callback. each() says whether to go on. */
struct csv {
    bool (*each)(void *arg, const struct csv_row *row);
    void *arg;
    enum csv_state {
        CSV_FIELD_BEGIN,
        CSV_PLAIN,
        CSV_QUOTED,
        CSV_QUOTE_SEEN, /* a quote inside quotes: its end, or doubled */
    } state;
    bool started; /* the BOM, if any, is behind us */
    bool after_cr;
    bool row_begun;
    bool stopped;  /* each() said no */
    char comma;    /* 0: not known yet */
    uint64_t line; /* of the octet that comes next, from 0 */
    unsigned bom;  /* octets of it seen */
    size_t used;   /* octets of text */
    size_t begin;  /* of the field, in text */
    size_t solid;  /* end of the field without spaces that trail it */
    struct csv_row row;
    uint8_t text[CSV_ROW_MAX];
};

/* Returns how many octets were used up; all, unless each() said no. */
size_t csv_feed(struct csv *c, const char *p, size_t n);
/* The last row, when it had no end. */
void csv_end(struct csv *c);

#endif
