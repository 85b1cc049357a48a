/*
 * crowd.c - numbers in a row and texts with numbers; see crowd.h.
 */
#include "bench/load/crowd.h"

#include "bench/smsc/msgid.h"

enum { NUMBER_MAX = 20 };

size_t
crowd_number(const char *prefix, uint64_t n, char dst[CROWD_NUMBER_BYTES])
{
    char digits[24];
    size_t digits_n = msgid_put_decimal(n, digits);
    size_t used = strnlen(prefix, NUMBER_MAX - 10);
    memcpy(dst, prefix, used);
    while (used + digits_n < CROWD_DIGITS)
        dst[used++] = '0';
    size_t room = NUMBER_MAX - used;
    size_t kept = digits_n < room ? digits_n : room;
    memcpy(dst + used, digits + digits_n - kept, kept);
    return used + kept;
}

struct crowd_text
crowd_text_cut(struct slice text)
{
    struct crowd_text t = {text, {0}, false};
    const uint8_t *at = text.n ? memmem(text.p, text.n, "{n}", 3) : NULL;
    if (at) {
        struct cursor c = cursor_of(text);
        t.before = cursor_take(&c, (size_t)(at - text.p));
        (void)cursor_take(&c, 3);
        t.after = cursor_rest(&c);
        t.has_n = true;
    }
    return t;
}

void
crowd_text_put(const struct crowd_text *t, uint64_t n, struct writer *w)
{
    writer_put(w, t->before);
    if (!t->has_n)
        return;
    char digits[24];
    writer_put(w, slice_of(digits, msgid_put_decimal(n, digits)));
    writer_put(w, t->after);
}

const char *
crowd_name(const char *name, uint64_t n, char dst[CROWD_NAME_BYTES])
{
    struct crowd_text t = crowd_text_cut(slice_str(name));
    struct writer w = writer_of((uint8_t *)dst, CROWD_NAME_BYTES - 1);
    crowd_text_put(&t, n, &w);
    dst[writer_used(&w)] = '\0';
    return dst;
}
