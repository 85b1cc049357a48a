/*
 * fuzz_text.c - any octets are read as user data of any data_coding into
 * UTF-8; any UTF-8 goes out, and its parts joined are the text again.
 *
 * The first octet chooses the options, the second is the data_coding.
 */
#include <stdlib.h>

#include "proto/gsm7.h"
#include "proto/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n);

enum { TEXT_MAX = 8192 };

static uint8_t room[8 * TEXT_MAX];

static void
read_in(uint8_t choice, uint8_t data_coding, struct slice octets)
{
    const struct coding_options o = {
        .charset_0 = (enum coding_alphabet)(choice % 3),
        .packed = choice >> 2 & 1,
    };
    struct udh udh = {0};
    struct cursor c = cursor_of(octets);
    if (choice & 8 && udh_parse(octets, &udh))
        (void)cursor_take(&c, udh.length);
    struct slice data = cursor_rest(&c);
    /* what coding.h promises to suffice */
    struct writer w = writer_of(room, o.packed ? 4 * data.n : 3 * data.n);
    if (coding_to_utf8(data_coding, &o, &udh, data, &w) == CODING_NO_ROOM)
        abort();
    if (!ucs2_is_utf8(writer_slice(&w)))
        abort();
}

static struct segment_options
options_of(uint8_t choice, uint8_t more)
{
    return (struct segment_options){
        .way = (enum segment_way)(choice & 3),
        .packed = choice >> 2 & 1,
        .transliterate = choice >> 3 & 1,
        .greek = choice >> 4 & 1,
        .octets_as_septets = choice >> 5 & 1,
        .charset_0 = (enum coding_alphabet)((choice >> 6) % 3),
        .lock = more & 15,
        .shift = more >> 4,
        .reference = 0xBEEF,
        .max_parts = 255,
    };
}

/* The text of a part, appended. */
static void
join(const struct segment_plan *plan, const struct segment_options *o,
     unsigned number, struct writer *w)
{
    static struct segment_part part;
    static uint8_t septets[8 * TEXT_MAX];
    segment_part(plan, number, &part);
    struct cursor c = cursor_of(part.octets);
    (void)cursor_take(&c, part.udh_bytes);
    struct slice data = cursor_rest(&c);
    if (!part.in_payload && part.octets.n > 254)
        abort();
    if (plan->packed) {
        gsm7_unpack(data, gsm7_fill_bits(part.udh_bytes), part.units, septets);
        data = slice_of(septets, part.units);
    }
    const struct coding_options read = {.charset_0 = o->charset_0};
    const struct udh tables = {.lock = plan->lock, .shift = plan->shift};
    if (coding_to_utf8(plan->data_coding, &read, &tables, data, w) !=
        CODING_READ)
        abort();
}

static void
send_out(const struct segment_options *o, struct slice text)
{
    static uint8_t buf[4 * TEXT_MAX + UDH_BUILD_MAX];
    struct segment_plan plan;
    enum segment_result result =
        segment_plan(text, o, buf, 4 * text.n + UDH_BUILD_MAX, &plan);
    if ((result == SEGMENT_BAD_UTF8) == ucs2_is_utf8(text))
        abort();
    if (result == SEGMENT_NO_ROOM)
        abort();
    if (result != SEGMENT_OK)
        return;
    struct writer w = writer_of(room, sizeof room);
    for (unsigned i = 0; i < plan.parts; i++)
        join(&plan, o, i, &w);
    /* FE FF at the front of a part is read as a byte order mark. */
    bool marked = plan.alphabet == CODING_UCS2 && writer_used(&w) < text.n;
    if (!plan.transliterated && !marked && !slice_eq(writer_slice(&w), text))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    if (n < 2 || n > TEXT_MAX)
        return 0;
    struct slice rest = slice_of(octets + 2, n - 2);
    read_in(octets[0], octets[1], rest);
    const struct segment_options o = options_of(octets[0], octets[1]);
    send_out(&o, rest);
    return 0;
}
