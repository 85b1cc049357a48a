/*
 * recode.c - GSM septets to what a carrier calls its default alphabet.
 *
 * Promise: as in recode.h.
 */
#include "engine/flow/recode.h"

#include "engine/carrier/settings.h"
#include "proto/coding.h"
#include "proto/gsm7.h"
#include "proto/smpp.h"

enum {
    CHARACTERS_MAX = 160, /* of a part */
    UCS2_CODING = 8,
};

/* Behind the header that stands in w: seven octets for eight septets. */
static bool
write_packed(const struct udh *udh, struct slice septets, struct writer *w)
{
    uint8_t room[CHARACTERS_MAX];
    unsigned fill = udh->length ? gsm7_fill_bits(udh->length) : 0;
    size_t bytes = gsm7_packed_bytes(septets.n, fill);
    if (udh->length + bytes > RAW_PART_MAX)
        return false;
    writer_put(w, slice_of(room, gsm7_pack(septets, fill, room)));
    return true;
}

/* What the alphabet lacks is a question mark. */
static void
write_marked(struct slice utf8, uint32_t last, struct writer *w)
{
    for (struct cursor c = cursor_of(utf8); cursor_left(&c) && !c.failed;) {
        uint32_t point = ucs2_next_utf8(&c);
        writer_u8(w, point <= last ? (uint8_t)point : '?');
    }
}

static bool
write_charset(enum coding_alphabet charset, size_t header, struct slice septets,
              struct writer *w, uint8_t *coding)
{
    static const struct coding_options gsm7 = {.charset_0 = CODING_GSM7};
    const struct coding_wish wish = {.charset_0 = charset};
    uint8_t utf8_room[CHARACTERS_MAX * 3], room[RECODE_BYTES * 2];
    struct writer utf8 = writer_of(utf8_room, sizeof utf8_room);
    struct writer text = writer_of(room, sizeof room);
    struct coding_choice choice;
    enum coding_result read = coding_to_utf8(0, &gsm7, NULL, septets, &utf8);
    if ((read != CODING_READ && read != CODING_GUESSED) ||
        coding_from_utf8(writer_slice(&utf8), &wish, &text, &choice) != TEXT_OK)
        return false;
    if (choice.alphabet == charset) {
        writer_put(w, writer_slice(&text));
    } else if (choice.alphabet == CODING_UCS2 &&
               header + writer_used(&text) <= RAW_PART_MAX) {
        writer_put(w, writer_slice(&text));
        *coding = UCS2_CODING;
    } else {
        write_marked(writer_slice(&utf8),
                     charset == CODING_LATIN1 ? 0xFF : 0x7F, w);
    }
    return true;
}

struct slice
recode_part(const struct carrier_settings *s, const struct raw *r,
            struct slice octets, uint8_t room[RECODE_BYTES], uint8_t *coding)
{
    struct udh udh = {0};
    const struct carrier_encoding *e = &s->encoding;
    *coding = r->data_coding;
    if (r->data_coding != 0)
        return octets;
    *coding = e->data_coding_gsm7;
    if (e->charset_0 == CARRIER_CHARSET_GSM7 && !e->packed)
        return octets;
    if (r->esm_class & ESM_UDHI)
        udh_parse(octets, &udh);
    if (udh.lock || udh.shift || octets.n - udh.length > CHARACTERS_MAX)
        return octets;
    struct slice text = slice_of(octets.p + udh.length, octets.n - udh.length);
    struct writer w = writer_of(room, RECODE_BYTES);
    writer_put(&w, slice_of(octets.p, udh.length));
    bool done = e->charset_0 == CARRIER_CHARSET_GSM7
                    ? write_packed(&udh, text, &w)
                    : write_charset(e->charset_0 == CARRIER_CHARSET_LATIN1
                                        ? CODING_LATIN1
                                        : CODING_ASCII,
                                    udh.length, text, &w, coding);
    return done && !w.failed ? writer_slice(&w) : octets;
}
