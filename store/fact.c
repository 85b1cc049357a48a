/*
 * fact.c - facts to octets and back, generated from fact.def.
 *
 * Promise: as in fact.h. The walkers are made by the preprocessor so that a
 * field stands in one place only.
 */
#include "store/fact.h"

#include <stdio.h>

static bool
begin(struct writer *w, unsigned kind)
{
    uint8_t *p = writer_room(w, FACT_HEADER_BYTES);
    if (!p)
        return false;
    p[2] = (uint8_t)kind;
    p[3] = FACT_VERSION;
    return true;
}

static bool
finish(struct writer *w, uint8_t *start)
{
    size_t n = (size_t)(w->at - start);
    if (w->failed || n > UINT16_MAX)
        return false;
    start[0] = (uint8_t)n;
    start[1] = (uint8_t)(n >> 8);
    return true;
}

static inline void
put_u(struct writer *w, uint64_t v)
{
    /* Most fields are one octet. */
    if (v < 0x80 && w->at < w->end && !w->failed)
        *w->at++ = (uint8_t)v;
    else
        writer_varint(w, v);
}

#define FACT(number, NAME, name)                                               \
    bool fact_##name##_put(struct writer *w, const struct fact_##name *f)      \
    {                                                                          \
        uint8_t *start = w->at;                                                \
        if (!begin(w, number))                                                 \
            return false;
#define U(field) put_u(w, f->field);
#define B(field) writer_bytes(w, f->field);
#define END(name)                                                              \
    return finish(w, start);                                                   \
    }
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END

static bool
open_fact(struct slice fact, unsigned kind, struct cursor *c)
{
    *c = cursor_of(fact);
    struct slice h = cursor_take(c, FACT_HEADER_BYTES);
    return h.n && h.p[2] == kind && h.p[3] <= FACT_VERSION &&
           (size_t)(h.p[0] | h.p[1] << 8) == fact.n;
}

static inline uint64_t
get_u(struct cursor *c)
{
    if (c->at < c->end && *c->at < 0x80)
        return *c->at++;
    /* A field added later than the fact was written reads as 0. */
    return cursor_left(c) == 0 ? 0 : cursor_varint(c);
}

static inline struct slice
get_b(struct cursor *c)
{
    return cursor_left(c) == 0 ? (struct slice){0} : cursor_bytes(c);
}

#define FACT(number, NAME, name)                                               \
    bool fact_##name##_get(struct slice fact, struct fact_##name *f)           \
    {                                                                          \
        struct cursor c;                                                       \
        if (!open_fact(fact, number, &c))                                      \
            return false;
#define U(field) f->field = get_u(&c);
#define B(field) f->field = get_b(&c);
#define END(name)                                                              \
    return !c.failed;                                                          \
    }
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END

const char *
fact_name(unsigned kind)
{
    switch (kind) {
#define FACT(number, NAME, name)                                               \
    case number:                                                               \
        return #name;
#define U(field)
#define B(field)
#define END(name)
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END
    default: return "unknown";
    }
}

static void
add(char **at, char *end, const char *name, uint64_t v, bool octets)
{
    if (*at >= end)
        return;
    int n = snprintf(*at, (size_t)(end - *at),
                     octets ? " %s=<%llu octets>" : " %s=%llu", name,
                     (unsigned long long)v);
    if (n > 0)
        *at += n < end - *at ? n : end - *at;
}

void
fact_print(struct slice fact, char *dst, size_t cap)
{
    if (cap == 0)
        return;
    char *at = dst, *end = dst + cap - 1;
    int n = snprintf(dst, cap, "%s", fact_name(fact_kind(fact)));
    at += n < end - at ? n : end - at;
    switch (fact_kind(fact)) {
#define FACT(number, NAME, name)                                               \
    case number: {                                                             \
        struct fact_##name f;                                                  \
        if (!fact_##name##_get(fact, &f))                                      \
            break;
#define U(field) add(&at, end, #field, f.field, false);
#define B(field) add(&at, end, #field, f.field.n, true);
#define END(name)                                                              \
    break;                                                                     \
    }
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END
    default: break;
    }
    *at = 0;
}
