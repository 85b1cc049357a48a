/*
 * fact.h - facts as structs: drawn in fact.def, encoded and read here.
 *
 * Promise: get refuses what is too short, of another kind, or of a newer
 * version, and never reads past the fact. Slices borrow from its octets.
 *
 * Threads: pure. Allocates nothing.
 */
#ifndef STORE_FACT_H
#define STORE_FACT_H

#include "proto/bytes.h"

enum { FACT_HEADER_BYTES = 4, FACT_VERSION = 1 };

enum fact_kind {
#define FACT(number, NAME, name) FACT_##NAME = number,
#define U(field)
#define B(field)
#define END(name)
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END
};

#define FACT(number, NAME, name) struct fact_##name {
#define U(field)                 uint64_t field;
#define B(field)                 struct slice field;
#define END(name)                                                              \
    }                                                                          \
    ;
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END

/* Kind of a whole fact; 0 when it is too short to have one. */
static inline unsigned
fact_kind(struct slice fact)
{
    return fact.n >= FACT_HEADER_BYTES ? fact.p[2] : 0;
}

const char *fact_name(unsigned kind);

/* fact_NAME_put: writes the whole fact to w; false (and nothing to be used)
 * without room or beyond 65,535 octets.
 * fact_NAME_get: reads a whole fact; false when it is not one of this kind. */
#define FACT(number, NAME, name)                                               \
    MUST_CHECK bool fact_##name##_put(struct writer *w,                        \
                                      const struct fact_##name *f);            \
    MUST_CHECK bool fact_##name##_get(struct slice fact, struct fact_##name *f);
#define U(field)
#define B(field)
#define END(name)
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END

/* One line for a person: "sent message=5 part=0 ...". Octets as a length
 * only, so that no text gets into a log. */
void fact_print(struct slice fact, char *dst, size_t cap);

#endif
