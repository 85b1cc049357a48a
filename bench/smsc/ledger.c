/*
 * ledger.c - lines gathered in one buffer, written in large pieces by a
 * thread of its own: a slow disk shall not hold up the clock that says when
 * things came.
 *
 * Hand-made formatting: four lines an exchange at a million exchanges a
 * second leave 50 ns for each.
 */
#include "bench/smsc/ledger.h"

#include "bench/smsc/msgid.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 20,
    WRITE_AT = 512 * 1024,
    FLUSH_US = 50 * 1000, /* half of the promise: a turn may come late */
    FIELD_MAX = 64,       /* octets of a source or destination kept */
    LINE_MAX_BYTES = 512, /* without text */
    TEXT_MAX = 2048,
};

/* Invariant: `filled` belongs to the owner, `out` to the thread while
 * out_used is not 0. */
struct ledger {
    int fd;
    bool with_text;
    size_t used;
    size_t try_at; /* so much is handed over, if the thread is free */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t out_used; /* under lock: octets to be written */
    bool end;        /* under lock */
    uint64_t flushed_us;
    uint64_t stamp_us; /* the time that stamp spells */
    size_t stamp_n;
    char stamp[24];
    char *filled, *out;
    char buffers[2][BUFFER_BYTES];
};

static const struct {
    const char *name;
    const char *help;
} kinds[LEDGER_KIND_N] = {
#define LEDGER_KIND(symbol, help) {#symbol, help},
#include "bench/smsc/ledger.def"
};

const char *
ledger_kind_name(enum ledger_kind k)
{
    return kinds[k].name;
}

const char *
ledger_kind_help(enum ledger_kind k)
{
    return kinds[k].help;
}

static void
write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            fprintf(stderr, "volley-smsc: ledger: %s\n", strerror(errno));
            _exit(1);
        }
        p += done;
        n -= (size_t)done;
    }
}

static void *
write_on(void *ledger)
{
    struct ledger *l = ledger;
    pthread_mutex_lock(&l->lock);
    while (!l->end || l->out_used > 0) {
        if (l->out_used == 0) {
            pthread_cond_wait(&l->changed, &l->lock);
            continue;
        }
        pthread_mutex_unlock(&l->lock);
        write_all(l->fd, l->out, l->out_used);
        pthread_mutex_lock(&l->lock);
        l->out_used = 0;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* To the thread, which may be busy: then it waits, if it must. */
static void
hand_over(struct ledger *l, bool must)
{
    pthread_mutex_lock(&l->lock);
    while (must && l->out_used > 0)
        pthread_cond_wait(&l->changed, &l->lock);
    if (l->out_used == 0) {
        char *free_one = l->out;
        l->out = l->filled;
        l->filled = free_one;
        l->out_used = l->used;
        l->used = 0;
        pthread_cond_broadcast(&l->changed);
    }
    l->try_at = l->used + WRITE_AT / 2;
    pthread_mutex_unlock(&l->lock);
}

static bool
start(struct ledger *l)
{
    l->filled = l->buffers[0];
    l->out = l->buffers[1];
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    errno = pthread_create(&l->thread, NULL, write_on, l);
    return errno == 0;
}

struct ledger *
ledger_open(const char *path, bool with_text, char why[160])
{
    struct ledger *l = calloc(1, sizeof *l);
    if (!l) {
        snprintf(why, 160, "out of memory");
        return NULL;
    }
    l->with_text = with_text;
    l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (l->fd < 0 || !start(l)) {
        snprintf(why, 160, "%.100s: %s", path, strerror(errno));
        if (l->fd >= 0)
            close(l->fd);
        free(l);
        return NULL;
    }
    if (lseek(l->fd, 0, SEEK_END) == 0) {
        static const char head[] = "# time_us\tkind\tbind\tid\tsource\tdest\t"
                                   "ref\ttotal\tpart\thash\tstatus\ttext\n";
        memcpy(l->filled, head, sizeof head - 1);
        l->used = sizeof head - 1;
    }
    return l;
}

void
ledger_close(struct ledger *l)
{
    if (!l)
        return;
    hand_over(l, true);
    pthread_mutex_lock(&l->lock);
    l->end = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    close(l->fd);
    free(l);
}

bool
ledger_wants_text(const struct ledger *l)
{
    return l && l->with_text;
}

void
ledger_tick(struct ledger *l, uint64_t mono_us)
{
    if (!l || mono_us - l->flushed_us < FLUSH_US)
        return;
    l->flushed_us = mono_us;
    if (l->used)
        hand_over(l, false);
}

/* What other people sent must not break a line. */
static char *
put_field(char *at, struct slice s)
{
    if (s.n == 0) {
        *at++ = '-';
    } else {
        size_t n = s.n < FIELD_MAX ? s.n : FIELD_MAX;
        for (size_t i = 0; i < n; i++)
            *at++ = s.p[i] > ' ' && s.p[i] < 0x7F ? (char)s.p[i] : '?';
    }
    *at++ = '\t';
    return at;
}

/* One digit is the common case: bind, total, part. */
static char *
put_number(char *at, uint64_t v)
{
    if (v < 10)
        *at++ = (char)('0' + v);
    else
        at += msgid_put_decimal(v, at);
    *at++ = '\t';
    return at;
}

static char *
put_hex8(char *at, uint32_t v)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 8; i++)
        at[i] = digits[v >> (28 - 4 * i) & 15];
    return at + 8;
}

static char *
put_part(char *at, const struct ledger_line *line)
{
    if (line->total == 0) {
        memcpy(at, "-\t-\t-\t-\t", 8);
        return at + 8;
    }
    at = put_number(at, line->ref);
    at = put_number(at, line->total);
    at = put_number(at, line->part);
    at = put_hex8(at, line->hash);
    *at++ = '\t';
    return at;
}

static char *
put_text(char *at, struct slice text)
{
    *at++ = '\t';
    size_t n = text.n < TEXT_MAX ? text.n : TEXT_MAX;
    for (size_t i = 0; i < n; i++) {
        char c = (char)text.p[i];
        const char *escaped = c == '\t'   ? "\\t"
                              : c == '\n' ? "\\n"
                              : c == '\r' ? "\\r"
                              : c == '\\' ? "\\\\"
                                          : NULL;
        if (escaped) {
            *at++ = escaped[0];
            *at++ = escaped[1];
        } else {
            *at++ = c;
        }
    }
    return at;
}

static char *
put_time(struct ledger *l, char *at, uint64_t time_us)
{
    /* All of one read, and all of one turn, share their time. */
    if (time_us != l->stamp_us) {
        l->stamp_us = time_us;
        l->stamp_n = msgid_put_decimal(time_us, l->stamp);
        l->stamp[l->stamp_n++] = '\t';
    }
    memcpy(at, l->stamp, sizeof l->stamp);
    return at + l->stamp_n;
}

void
ledger_write(struct ledger *l, const struct ledger_line *line)
{
    if (!l)
        return;
    bool full = l->used + LINE_MAX_BYTES + 2 * TEXT_MAX > BUFFER_BYTES;
    if (full || l->used > l->try_at)
        hand_over(l, full);
    char *at = put_time(l, l->filled + l->used, line->time_us);
    size_t n = strlen(kinds[line->kind].name);
    memcpy(at, kinds[line->kind].name, n);
    at += n;
    *at++ = '\t';
    at = put_number(at, line->bind);
    at = put_field(at, line->id);
    at = put_field(at, line->source);
    at = put_field(at, line->dest);
    at = put_part(at, line);
    if (line->word) {
        n = strnlen(line->word, FIELD_MAX);
        memcpy(at, line->word, n);
        at += n;
    } else {
        memcpy(at, "0x", 2);
        at = put_hex8(at + 2, line->status);
    }
    if (l->with_text && line->text.n)
        at = put_text(at, line->text);
    *at++ = '\n';
    l->used = (size_t)(at - l->filled);
}
