/*
 * cmd_pdu.c - `volley pdu decode` and `volley pdu encode`.
 *
 * Promise: each input is judged by itself; a bad one is reported with its
 * place and the next is read. Memory does not grow with the input's lines.
 */
#include "engine/cli/cmd_pdu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/pdu_json.h"
#include "proto/dump.h"
#include "proto/frame.h"

enum {
    EXIT_GOOD = 0,
    EXIT_BAD_INPUT = 1,
    EXIT_USAGE = 2,
    /* JSON on one line of a PDU of 64 KB needs no more. */
    SCRATCH_BYTES = 4 << 20,
};

struct tool {
    bool decode;
    bool json;
    bool lenient;
    uint8_t version; /* 0: the lowest that knows the PDU, from 3.4 on */
    uint8_t *scratch;
    int status;
};

static void
usage(FILE *to)
{
    fputs("usage: volley pdu decode [--json] [--lenient] [HEX...]\n"
          "       volley pdu encode [--version 3.3|3.4|5.0] [JSON...]\n"
          "\n"
          "Without arguments, lines of standard input are read: hexadecimal\n"
          "to decode, JSON to encode. What decode --json prints, encode "
          "reads.\n"
          "\n"
          "  volley pdu decode 00000010000000150000000000000001\n"
          "  volley pdu encode '{\"command_name\":\"enquire_link\","
          "\"sequence_number\":1}'\n",
          to);
}

/* Hexadecimal as tools print it: spaces, colons and 0x are skipped. Returns
 * an offset into text of what is wrong, or -1. */
static long
read_hex(const char *text, uint8_t *dst, size_t *n)
{
    size_t cap = *n, used = 0, start = strncmp(text, "0x", 2) == 0 ? 2 : 0;
    uint8_t pair[2];
    unsigned have = 0;
    size_t i;
    for (i = start; text[i]; i++) {
        if (strchr(" \t\r\n:", text[i]))
            continue;
        pair[have++] = (uint8_t)text[i];
        if (!strchr("0123456789abcdefABCDEF", text[i]) || used == cap)
            return (long)i;
        if (have < 2)
            continue;
        size_t one = 1;
        if (!bytes_from_hex(slice_of(pair, 2), dst + used, &one))
            return (long)i;
        used++;
        have = 0;
    }
    *n = used;
    return have ? (long)i : -1;
}

static void
print_json(json_t *j)
{
    char *text = json_dumps(j, JSON_COMPACT);
    puts(text ? text : "{\"error\":\"no_memory\"}");
    free(text);
    json_decref(j);
}

static void
decode_bad_hex(struct tool *t, long at)
{
    if (t->json) {
        print_json(json_pack("{s:s,s:I,s:s}", "error", "bad_hex", "offset",
                             (json_int_t)at, "detail",
                             "not an even number of hexadecimal digits"));
        return;
    }
    printf("bad hexadecimal at character %ld: an even number of digits is "
           "needed\n",
           at);
    t->status = EXIT_BAD_INPUT;
}

static void
list_one(struct tool *t, struct slice whole)
{
    static struct pdu p;
    struct pdu_error e;
    enum pdu_fault fault =
        pdu_decode(whole, t->lenient ? PDU_LENIENT : PDU_STRICT, &p, &e);
    size_t cap = 16384 + 16 * whole.n;
    char *text = malloc(cap);
    if (!text)
        return;
    dump_line(&p, DUMP_NUMBERS, text, cap);
    printf("%s\n", text);
    dump_hex(whole, &p, fault ? &e : NULL, DUMP_ALL, text, cap);
    fputs(text, stdout);
    if (fault) {
        if (e.status)
            printf("       a strict server answers 0x%08x %s\n", e.status,
                   smpp_status_name(e.status));
        t->status = EXIT_BAD_INPUT;
    }
    free(text);
}

static void
list_all(struct tool *t, struct slice in)
{
    struct cursor c = cursor_of(in);
    struct slice whole;
    char why[64];
    do {
        struct slice rest = slice_of(c.at, cursor_left(&c));
        enum frame_result r = frame_next(rest, PDU_DEFAULT_MAX_BYTES, &whole);
        if (r != FRAME_WHOLE) {
            frame_detail(rest, PDU_DEFAULT_MAX_BYTES, why, sizeof why);
            printf("%s: %s\n",
                   r == FRAME_NEED_MORE ? "need_more" : "bad_command_length",
                   why);
            t->status = EXIT_BAD_INPUT;
            return;
        }
        cursor_take(&c, whole.n);
        list_one(t, whole);
    } while (cursor_left(&c));
}

static void
decode_line(struct tool *t, const char *line)
{
    size_t n = strlen(line) / 2 + 1;
    uint8_t *octets = malloc(n);
    if (!octets)
        return;
    long bad = read_hex(line, octets, &n);
    if (bad >= 0)
        decode_bad_hex(t, bad);
    else if (t->json)
        print_json(pdu_stream_to_json(slice_of(octets, n),
                                      t->lenient ? PDU_LENIENT : PDU_STRICT,
                                      PDU_DEFAULT_MAX_BYTES));
    else
        list_all(t, slice_of(octets, n));
    free(octets);
}

static void
encode_refused(struct tool *t, const char *kind, const char *why)
{
    if (t->json)
        print_json(json_pack("{s:s,s:s}", "error", kind, "detail", why));
    else
        fprintf(stderr, "volley pdu encode: %s: %s\n", kind, why);
    t->status = EXIT_BAD_INPUT;
}

/* 3.4 is what carriers speak; what it lacks is tried as 5.0, then as 3.3.
 * The error kept is that of the version nearest to the command. */
static enum pdu_fault
encode_any(const struct tool *t, const struct pdu *p, struct writer *w,
           struct pdu_error *e)
{
    static const uint8_t versions[] = {SMPP_V34, SMPP_V50, SMPP_V33};
    struct writer start = *w;
    enum pdu_fault fault = PDU_NOT_IN_VERSION;
    if (t->version)
        return pdu_encode(p, t->version, w, e);
    for (size_t i = 0; i < sizeof versions; i++) {
        if (!smpp_command_in(p->id, versions[i]))
            continue;
        *w = start;
        fault = pdu_encode(p, versions[i], w, e);
        if (!fault || (versions[i] == SMPP_V50))
            break;
    }
    return fault;
}

static void
encode_one(struct tool *t, const json_t *j)
{
    static struct pdu p;
    struct pdu_error e = {.detail = "no version of SMPP knows it"};
    char why[PDU_JSON_ERROR_SIZE];
    struct writer scratch = writer_of(t->scratch, SCRATCH_BYTES / 2);
    struct writer w =
        writer_of(t->scratch + SCRATCH_BYTES / 2, SCRATCH_BYTES / 2);
    if (!pdu_from_json(j, &scratch, &p, why)) {
        encode_refused(t, "bad_json", why);
        return;
    }
    enum pdu_fault fault = encode_any(t, &p, &w, &e);
    if (fault) {
        encode_refused(t, pdu_fault_name(fault), e.detail);
        return;
    }
    char *text = malloc(2 * writer_used(&w) + 1);
    if (!text)
        return;
    bytes_to_hex(writer_slice(&w), text);
    printf(t->json ? "{\"hex\":\"%s\"}\n" : "%s\n", text);
    free(text);
}

static void
encode_line(struct tool *t, const char *line)
{
    json_error_t at;
    size_t i;
    json_t *item, *j = json_loads(line, JSON_REJECT_DUPLICATES, &at);
    if (!j) {
        char why[PDU_JSON_ERROR_SIZE];
        snprintf(why, sizeof why, "%s at character %d", at.text, at.column);
        encode_refused(t, "bad_json", why);
        return;
    }
    if (json_is_array(j))
        json_array_foreach(j, i, item) encode_one(t, item);
    else
        encode_one(t, j);
    json_decref(j);
}

static void
run_line(struct tool *t, const char *line)
{
    if (t->decode)
        decode_line(t, line);
    else
        encode_line(t, line);
}

static void
run_stdin(struct tool *t)
{
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, stdin) > 0)
        if (line[strspn(line, " \t\r\n")]) {
            run_line(t, line);
            fflush(stdout);
        }
    free(line);
}

static bool
read_version(const char *text, uint8_t *out)
{
    static const uint8_t known[] = {SMPP_V33, SMPP_V34, SMPP_V50};
    for (size_t i = 0; text && i < sizeof known; i++)
        if (strcmp(text, smpp_version_name(known[i])) == 0) {
            *out = known[i];
            return true;
        }
    fprintf(stderr, "volley pdu: --version needs 3.3, 3.4 or 5.0\n");
    return false;
}

/* Options may stand before and between inputs; the inputs move to the front
 * of argv. Returns how many there are, or -1. */
static int
read_options(struct tool *t, int argc, char **argv)
{
    int inputs = 0;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            t->json = true;
        } else if (strcmp(argv[i], "--lenient") == 0) {
            t->lenient = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            if (!read_version(i + 1 < argc ? argv[++i] : NULL, &t->version))
                return -1;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "volley pdu: unknown option %s\n", argv[i]);
            return -1;
        } else {
            argv[inputs++] = argv[i];
        }
    }
    return inputs;
}

int
cmd_pdu(int argc, char **argv)
{
    struct tool t = {.status = EXIT_GOOD};
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
        usage(stdout);
        return EXIT_GOOD;
    }
    t.decode = strcmp(verb, "decode") == 0;
    if (!t.decode && strcmp(verb, "encode") != 0) {
        usage(stderr);
        return EXIT_USAGE;
    }
    int inputs = read_options(&t, argc - 2, argv + 2);
    if (inputs < 0) {
        usage(stderr);
        return EXIT_USAGE;
    }
    t.scratch = malloc(SCRATCH_BYTES);
    if (!t.scratch) {
        fprintf(stderr, "volley pdu: no memory\n");
        return EXIT_BAD_INPUT;
    }
    if (inputs == 0)
        run_stdin(&t);
    for (int i = 0; i < inputs; i++)
        run_line(&t, argv[2 + i]);
    free(t.scratch);
    return t.status;
}
