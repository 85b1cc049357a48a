/*
 * item.c - one message to send, from its JSON object.
 *
 * What is checked here needs no state: types, lengths, times. Whose number
 * it is, whether the phone may be written to and what it costs is decided by
 * the engine.
 */
#include "engine/door/item.h"

#include "engine/door/view.h"

enum {
    TO_MAX = 64,
    NAME_MAX = 64,
    EXTERNAL_ID_MAX = 64,
    URL_MAX = 2048,
    WINDOW_MAX_S = 366 * 86400,
    VALIDITY_MAX_S = 63 * 86400, /* SMPP 3.4, 7.1.1.2: 63 days 23 hours */
};

static enum message_class
read_class(struct form *f)
{
    int class = form_word(f, "class", class_names);
    return class < 0 ? CLASS_UNSET : (enum message_class)(class + 1);
}

/* {"entity_id": "1201…", "0x1401": "…"}: names of the carrier's settings. */
static void
read_tlvs(struct form *f, struct send_item *item)
{
    json_t *object = form_object(f, "tlvs"), *value;
    const char *name;
    json_object_foreach(object, name, value)
    {
        size_t n = json_string_length(value);
        if (!json_is_string(value) || n == 0 || n > SEND_TLV_VALUE_MAX ||
            strlen(name) > SEND_TLV_NAME_MAX || item->tlvs == SEND_TLVS_MAX) {
            problem_add(f->problem, "/tlvs", "bad_tlvs",
                        "`tlvs` has up to 8 names, each with a text of 1 to "
                        "255 octets.");
            return;
        }
        item->tlv[item->tlvs++] = (struct send_tlv){
            slice_str(name), slice_of(json_string_value(value), n)};
    }
}

static void
read_common(struct form *f, struct send_item *item)
{
    item->text = form_need_text(f, "text", FORM_TEXT_MAX);
    item->external_id = form_text(f, "external_id", EXTERNAL_ID_MAX);
    item->class = read_class(f);
    item->validity_s = form_span(f, "validity", VALIDITY_MAX_S);
    item->send_at_ms = form_time(f, "send_at");
    item->expires_at_ms = form_time(f, "expires_at");
    item->receipt_url = form_text(f, "receipt_url", URL_MAX);
    form_refuse(f, "expect", "Questions are not to be had in this version.");
    read_tlvs(f, item);
    if (item->send_at_ms && item->expires_at_ms &&
        item->expires_at_ms <= item->send_at_ms)
        problem_add(f->problem, "/expires_at", "bad_time",
                    "It would expire before it is sent.");
}

bool
item_read(json_t *object, struct send_item *item, struct problem *p)
{
    struct form f;
    *item = (struct send_item){0};
    form_begin(&f, object, "", p);
    item->to = form_need_text(&f, "to", TO_MAX);
    item->from = form_text(&f, "from", NAME_MAX);
    item->pool = form_text(&f, "pool", NAME_MAX);
    item->sender = form_text(&f, "sender", NAME_MAX);
    item->reply_window_s = form_span(&f, "reply_window", WINDOW_MAX_S);
    read_common(&f, item);
    if (item->from.n && item->pool.n)
        problem_add(p, "/pool", "contradiction",
                    "Either `from` or `pool`, not both.");
    return form_end(&f);
}

bool
item_read_answer(json_t *object, uint64_t thread, struct send_item *item,
                 struct problem *p)
{
    struct form f;
    *item = (struct send_item){0};
    form_begin(&f, object, "", p);
    item->thread = thread;
    read_common(&f, item);
    return form_end(&f);
}
