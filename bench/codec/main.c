/*
 * main.c - volley-codec: proto/ and libsmpp34 on the same PDUs, in turns.
 *
 * Promise: before anything is timed both have packed the same octets and
 * read the same fields out of them; else exit 1. Each figure is the median
 * of an odd number of rounds, in which ours and theirs alternate, so that
 * whatever else the machine does is shared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/codec/peer.h"
#include "bench/codec/sample.h"
#include "bench/smsc/args.h"

enum { PDU_MAX = 1024, ROUNDS_MAX = 99 };

/* One PDU and the octets of it. */
struct sample {
    const char *name;
    struct pdu pdu, out;
    uint8_t bytes[PDU_MAX];
    struct slice whole;
    struct peer *peer;
};

/* Reads the clock so rarely that it costs nothing. */
enum { SPIN = 256 };

static uint64_t
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool
encode_ours(struct sample *s)
{
    uint8_t bytes[PDU_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    return pdu_encode(&s->pdu, 0x34, &w, NULL) == PDU_OK && bytes[3] != 0;
}

static bool
encode_theirs(struct sample *s)
{
    uint8_t bytes[PDU_MAX];
    return peer_pack(s->peer, bytes, sizeof bytes) != 0;
}

static bool
decode_ours(struct sample *s)
{
    struct pdu_error error;
    /* As an engine reads its carriers. */
    return pdu_decode(s->whole, PDU_LENIENT, &s->out, &error) == PDU_OK;
}

static bool
decode_theirs(struct sample *s)
{
    return peer_unpack(s->peer, s->whole);
}

/* Nanoseconds of one call over `ms` milliseconds. */
static double
time_of(bool (*work)(struct sample *), struct sample *s, uint64_t ms)
{
    uint64_t began = now_ns(), end = began + ms * 1000000, at = began, n = 0;
    for (; at < end; at = now_ns(), n += SPIN)
        for (unsigned i = 0; i < SPIN; i++)
            if (!work(s))
                abort(); /* it worked when it was checked */
    return (double)(at - began) / (double)n;
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool
same_field(const struct pdu *a, const struct pdu *b, enum smpp_field f)
{
    if (pdu_slice(a, f).p) /* a text; its u is nobody's */
        return slice_eq(pdu_slice(a, f), pdu_slice(b, f));
    return pdu_u32(a, f) == pdu_u32(b, f);
}

/* Both sides make the same octets and read the same out of them. */
static bool
check(struct sample *s)
{
    uint8_t theirs[PDU_MAX];
    struct writer w = writer_of(s->bytes, sizeof s->bytes);
    if (!s->peer || pdu_encode(&s->pdu, 0x34, &w, NULL) != PDU_OK)
        return false;
    s->whole = writer_slice(&w);
    size_t n = peer_pack(s->peer, theirs, sizeof theirs);
    if (!slice_eq(s->whole, slice_of(theirs, n)) || !decode_ours(s) ||
        !decode_theirs(s))
        return false;
    for (int f = 0; f < FIELD_N; f++)
        if (f != FIELD_SM_LENGTH && pdu_has(&s->pdu, (enum smpp_field)f) &&
            !same_field(&s->pdu, &s->out, (enum smpp_field)f))
            return false;
    return peer_agrees(s->peer, s->whole, &s->out);
}

static void
report(const char *name, const char *way, double ours, double theirs, bool json,
       bool first)
{
    if (json)
        printf("%s\"%s_%s_ns\":%.2f,\"%s_%s_peer_ns\":%.2f,"
               "\"%s_%s_ratio\":%.2f",
               first ? "{" : ",", name, way, ours, name, way, theirs, name, way,
               theirs / ours);
    else
        printf("%-11s %-7s %8.1f ns  libsmpp34 %9.1f ns  %6.1f times\n", name,
               way, ours, theirs, theirs / ours);
}

static void
measure(struct sample *s, bool encode, uint64_t rounds, uint64_t ms, bool json,
        bool first)
{
    double ours[ROUNDS_MAX], theirs[ROUNDS_MAX];
    for (unsigned i = 0; i < rounds; i++) {
        ours[i] = time_of(encode ? encode_ours : decode_ours, s, ms);
        theirs[i] = time_of(encode ? encode_theirs : decode_theirs, s, ms);
    }
    qsort(ours, rounds, sizeof *ours, by_size);
    qsort(theirs, rounds, sizeof *theirs, by_size);
    report(s->name, encode ? "encode" : "decode", ours[rounds / 2],
           theirs[rounds / 2], json, first);
}

int
main(int argc, char **argv)
{
    static struct sample samples[2] = {{.name = "submit_sm"},
                                       {.name = "deliver_sm"}};
    uint64_t rounds = 9, ms = 50;
    bool json = false;
    const struct arg rows[] = {
        {ARG_NUMBER, "rounds", "N", "of each side, median of them (9)", &rounds,
         1, ROUNDS_MAX, NULL},
        {ARG_NUMBER, "ms", "MS", "that a round takes (50)", &ms, 1, 10000,
         NULL},
        {ARG_FLAG, "json", NULL, "the result as JSON", &json, 0, 0, NULL},
    };
    const struct args a = {
        "volley-codec",
        "volley-codec: submit_sm and deliver_sm written and read by proto/\n"
        "and by libsmpp34, in turns.\n",
        "Example: volley-codec --rounds 21", rows, sizeof rows / sizeof *rows};
    enum args_result parsed = args_parse(&a, argc, argv, 1);
    if (parsed != ARGS_RUN)
        return parsed == ARGS_DONE ? 0 : 2;
    sample_submit(&samples[0].pdu);
    sample_deliver(&samples[1].pdu);
    for (unsigned i = 0; i < 2; i++) {
        samples[i].peer = peer_create(&samples[i].pdu);
        if (!check(&samples[i])) {
            fprintf(stderr, "volley-codec: %s: the two do not agree\n",
                    samples[i].name);
            return 1;
        }
    }
    for (unsigned i = 0; i < 4; i++)
        measure(&samples[i / 2], i % 2 == 0, rounds, ms, json, i == 0);
    printf(json ? "}\n" : "");
    peer_destroy(samples[0].peer);
    peer_destroy(samples[1].peer);
    return 0;
}
