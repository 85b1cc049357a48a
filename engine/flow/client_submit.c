/*
 * client_submit.c - submit_sm, data_sm and submit_multi become ACCEPT facts.
 *
 * Promise (1): the answer with status 0 stands in the held lane behind the
 * fact. What cannot be taken is refused with the status of its cause, and the
 * cause in words stands in /v1/clients. Nothing is allocated and nothing is
 * written to the log for a message.
 */
#include <stdlib.h>

#include "engine/carrier/settings.h"
#include "engine/flow/accept.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/client_desk.h"
#include "engine/flow/login.h"
#include "engine/flow/raw.h"
#include "engine/flow/submit.h"
#include "engine/flow/talk.h"
#include "proto/addr.h"
#include "proto/coding.h"
#include "proto/smpp.h"
#include "proto/smpptime.h"

enum {
    NUMBERS_MADE_MAX = 10000, /* of one account, by its clients' sources */
    SECONDS_MAX = 400 * 86400,
    GSM7_PART_MAX = 160,
    PRIORITY_CRITICAL = 2, /* and above */
    PRIORITY_MAX = 4,
    MULTI_MAX = 254,
    FAILURE_BYTES = 2 + 21 + 4,
};

/* One request, understood step by step. */
struct submit {
    struct login *login;
    struct account *account;
    const struct pdu *pdu;
    uint32_t sender;
    struct raw raw;
    struct slice octets; /* user data, or UTF-8 with RAW_TEXT */
    unsigned parts;
    bool ucs2;
    uint64_t send_at_ms, expires_at_ms;
    const char *why;
    struct writer tlvs;
    uint8_t tlv_room[RAW_TLVS_MAX];
};

/* The engine thread's own: they are too large for a stack frame each. */
static char text_room[4 * RAW_OCTETS_MAX];
static uint8_t coded_room[OUTGOING_CODED_MAX];

static uint32_t
no(struct submit *s, uint32_t status, const char *why)
{
    s->why = why;
    return status;
}

/* ---- addresses ------------------------------------------------------------
 */

static const struct addr_rules *
rules_of(const struct flow *f)
{
    static struct addr_rules rules; /* of the settings, written once a call */
    uint32_t country = f->settings->country;
    if (!country || country > 999)
        return NULL;
    unsigned n = 0;
    for (unsigned scale = 100; scale; scale /= 10)
        if (country >= scale)
            rules.country[n++] = (char)('0' + country / scale % 10);
    rules.country[n] = 0;
    return &rules;
}

uint64_t
client_subscriber(const struct flow *f, uint8_t ton, uint8_t npi,
                  struct slice text)
{
    struct addr a;
    uint64_t subscriber;
    if (addr_from_wire(ton, npi, text, rules_of(f), &a) != ADDR_NUMBER ||
        !addr_to_u64(slice_str(a.text), &subscriber))
        return 0;
    return subscriber;
}

static void
find_only_number(const struct directory *d, struct account *a)
{
    unsigned found = 0;
    a->only_number = 0;
    for (uint32_t id = 1; id < d->numbers.rows && found < 2; id++) {
        const struct number *n = directory_number(d, id);
        if (n && n->account == a->id && !n->retired)
            a->only_number = found++ ? 0 : id;
    }
    a->several_numbers = found > 1;
    a->only_of = d->number_changes + 1;
}

/* The account's only number, when the client names no source. It is looked
 * for once after numbers have changed, not for each message. */
static struct number *
only_number(struct flow *f, uint32_t account, const char **why)
{
    struct directory *d = &f->directory;
    struct account *a = directory_account(d, account);
    if (a && a->only_of != d->number_changes + 1)
        find_only_number(d, a);
    *why = a && a->several_numbers
               ? "no source, and the account has several numbers"
               : "no source, and the account has no number";
    return a ? directory_number(d, a->only_number) : NULL;
}

/* A source that the login's patterns allow becomes a number on first use. */
static struct number *
make_number(struct flow *f, const struct login *l, const char *text,
            const char **why)
{
    struct account *a = directory_account(&f->directory, l->account);
    *why = "the account uses too many sources";
    if (!a || a->made_numbers >= NUMBERS_MADE_MAX)
        return NULL;
    struct number wish = {
        .shared = true, .of_clients = true, .maker = l->account};
    slice_to_str(slice_str(text), wish.text, sizeof wish.text);
    a->made_numbers++;
    struct number *n = directory_put_number(&f->directory, &wish);
    flow_use_gate(f, n);
    return n;
}

struct number *
client_source(struct flow *f, struct login *l, uint32_t sender,
              uint64_t subscriber, const struct pdu *p, bool make,
              const char **why)
{
    struct addr a;
    struct slice text = pdu_slice(p, FIELD_SOURCE_ADDR);
    if (text.n == 0)
        return only_number(f, l->account, why);
    enum addr_kind kind = addr_from_wire(
        (uint8_t)pdu_u32(p, FIELD_SOURCE_ADDR_TON),
        (uint8_t)pdu_u32(p, FIELD_SOURCE_ADDR_NPI), text, rules_of(f), &a);
    *why = "the source is no address";
    if (kind == ADDR_NONE || kind == ADDR_BAD || strlen(a.text) > 20)
        return NULL;
    struct number *n = directory_find_number(&f->directory, slice_str(a.text));
    if (n && directory_may_use(n, l->account))
        return n;
    struct pool *pool =
        directory_find_pool(&f->directory, l->account, slice_str(a.text));
    if (pool && make) {
        enum pool_conflict conflict = POOL_SHARE;
        *why = "no number of the pool is free";
        return talk_choose_number(f, pool, sender, subscriber, NULL, &conflict);
    }
    *why = "the source is not the login's";
    if (!login_allows_source(l, a.text) || (n && !n->of_clients) ||
        (n && n->retired))
        return NULL;
    return n || !make ? n : make_number(f, l, a.text, why);
}

/* Empty when digits say the same: see raw.h. */
static struct slice
kept_source(const struct pdu *p, const struct number *n)
{
    struct slice text = pdu_slice(p, FIELD_SOURCE_ADDR);
    bool plus = n->text[0] == '+';
    return slice_eq(text, slice_str(n->text + plus)) ? (struct slice){0} : text;
}

static struct slice
kept_dest(struct slice text, uint64_t subscriber)
{
    char e164[ADDR_E164_SIZE];
    size_t n = u64_to_e164(subscriber, e164);
    return slice_eq(text, slice_of(e164 + 1, n - 1)) ? (struct slice){0} : text;
}

/* ---- times ----------------------------------------------------------------
 */

static uint32_t
read_times(struct flow *f, struct submit *s)
{
    int64_t at, now = (int64_t)f->wall.ms;
    uint32_t live_s;
    switch (smpptime_read(pdu_slice(s->pdu, FIELD_SCHEDULE_DELIVERY_TIME), now,
                          &at)) {
    case SMPPTIME_EMPTY: break;
    case SMPPTIME_BAD:
        return no(s, ESME_RINVSCHED, "schedule_delivery_time is no time");
    default:
        if (at - now > (int64_t)SECONDS_MAX * 1000)
            return no(s, ESME_RINVSCHED, "schedule_delivery_time is too far");
        s->send_at_ms = at > now ? (uint64_t)at : 0;
    }
    switch (smpptime_read(pdu_slice(s->pdu, FIELD_VALIDITY_PERIOD), now, &at)) {
    case SMPPTIME_EMPTY: break;
    case SMPPTIME_BAD:
        return no(s, ESME_RINVEXPIRY, "validity_period is no time");
    default:
        if (at <= now || (uint64_t)at <= s->send_at_ms)
            return no(s, ESME_RINVEXPIRY, "validity_period has passed");
        s->expires_at_ms = (uint64_t)at;
    }
    if (pdu_tlv_u32(s->pdu, TLV_QOS_TIME_TO_LIVE, &live_s) && live_s)
        s->expires_at_ms = f->wall.ms + (uint64_t)live_s * 1000;
    return ESME_ROK;
}

/* ---- text -----------------------------------------------------------------
 */

/* How many parts a text will be, by the carrier that its number names. */
static uint32_t
count_parts(struct flow *f, struct submit *s, const struct number *n)
{
    struct carrier_settings defaults;
    const struct carrier_settings *settings = &defaults;
    const struct carrier_entry *c =
        directory_carrier(&f->directory, n->carrier);
    struct segment_options options;
    struct segment_plan plan;
    s->parts = 1;
    s->ucs2 = raw_is_ucs2(&s->raw);
    if (!(s->raw.flags & RAW_TEXT)) {
        bool whole = s->octets.n <= RAW_PART_MAX ||
                     !(s->raw.flags & RAW_PAYLOAD) || !n->carrier || !c ||
                     !c->carrier ||
                     carrier_get_settings(c->carrier)->segments.way ==
                         CARRIER_SEGMENT_PAYLOAD;
        return whole ? (uint32_t)ESME_ROK
                     : no(s, ESME_RINVMSGLEN,
                          "the carrier takes no binary payload of this size");
    }
    if (c && c->carrier)
        settings = carrier_get_settings(c->carrier);
    else
        carrier_settings_default(&defaults);
    submit_segment_options(settings, &options);
    if (segment_plan(s->octets, &options, coded_room, sizeof coded_room,
                     &plan) != SEGMENT_OK)
        return no(s, ESME_RINVMSGLEN, "the text has too many parts");
    s->parts = plan.parts;
    s->ucs2 = plan.alphabet == CODING_UCS2;
    return ESME_ROK;
}

/* A text that came as payload and fits no single part is read, to be cut as
 * any other text; all else stays as it is. */
static uint32_t
read_text(struct submit *s)
{
    struct slice sm = pdu_slice(s->pdu, FIELD_SHORT_MESSAGE);
    struct raw *r = &s->raw;
    s->octets = pdu_user_data(s->pdu);
    if (sm.n && pdu_tlv(s->pdu, TLV_MESSAGE_PAYLOAD))
        return no(s, ESME_RINVMSGLEN,
                  "short_message and message_payload exclude each other");
    if (sm.n > RAW_SM_MAX || s->octets.n > RAW_OCTETS_MAX)
        return no(s, ESME_RINVMSGLEN, "the user data is too long");
    if (!(r->flags & RAW_PAYLOAD) || (r->esm_class & ESM_UDHI))
        return ESME_ROK;
    enum coding_alphabet alphabet = coding_of(r->data_coding, CODING_GSM7);
    size_t fits = alphabet == CODING_GSM7 ? GSM7_PART_MAX : RAW_PART_MAX;
    struct coding_options options = {.charset_0 = CODING_GSM7};
    struct writer w = writer_of(text_room, sizeof text_room);
    if (s->octets.n <= fits || coding_to_utf8(r->data_coding, &options, NULL,
                                              s->octets, &w) != CODING_READ)
        return ESME_ROK;
    if (writer_used(&w) > OUTGOING_TEXT_MAX)
        return no(s, ESME_RINVMSGLEN, "the text is too long");
    r->flags |= RAW_TEXT;
    s->octets = writer_slice(&w);
    return ESME_ROK;
}

/* ---- the whole ------------------------------------------------------------
 */

static enum message_class
class_of(const struct submit *s)
{
    if (s->login->class)
        return s->login->class;
    return s->raw.priority >= PRIORITY_CRITICAL ? CLASS_CRITICAL
                                                : CLASS_TRANSACTIONAL;
}

/* What all destinations have in common. */
static uint32_t
understand(struct flow *f, struct client *c, const struct pdu *p,
           struct submit *s)
{
    s->login = directory_login(&f->directory, client_login(c));
    s->pdu = p;
    s->why = "";
    s->send_at_ms = s->expires_at_ms = 0;
    s->account =
        s->login ? directory_account(&f->directory, s->login->account) : NULL;
    if (!s->account || s->account->deleted || s->login->deleted ||
        s->login->disabled)
        return no(s, ESME_RSUBMITFAIL, "the login is disabled");
    if (f->draining)
        return no(s, ESME_RSYSERR, "the daemon is stopping");
    s->sender = login_sender(&f->directory, s->login);
    s->tlvs = writer_of(s->tlv_room, sizeof s->tlv_room);
    if (!raw_take(p, &s->tlvs, &s->raw))
        return no(s, ESME_RINVTLVLEN, "the TLVs are too many or too long");
    if (client_version(c) == SMPP_V33)
        s->raw.flags |= RAW_HEX;
    if (s->raw.priority > PRIORITY_MAX)
        return no(s, ESME_RINVPRTFLG, "priority_flag is above 4");
    if (s->raw.service_type.n > 5)
        return no(s, ESME_RINVSERTYP, "service_type is too long");
    uint32_t status = read_times(f, s);
    return status == ESME_ROK ? read_text(s) : status;
}

static uint32_t
write(struct flow *f, struct submit *s, struct number *n, uint64_t subscriber,
      uint64_t *message)
{
    uint8_t packed[RAW_BYTES_MAX];
    struct writer w = writer_of(packed, sizeof packed);
    raw_put(&w, &s->raw);
    struct fact_accept x = {
        .account = s->account->id,
        .sender = s->sender,
        .class = class_of(s),
        .number = n->id,
        .subscriber = subscriber,
        .parts = s->parts,
        .ucs2 = s->ucs2,
        .reply_window_s = f->settings->reply_window_s,
        .send_at_ms = s->send_at_ms,
        .expires_at_ms = s->expires_at_ms,
        .text = s->octets,
        .login = s->login->id,
        .registered = pdu_u32(s->pdu, FIELD_REGISTERED_DELIVERY) & 0x1F,
        .submit = writer_slice(&w),
    };
    if (w.failed || !accept_write(f, &x))
        return no(s, ESME_RMSGQFUL, "the store cannot take more right now");
    *message = x.message;
    return ESME_ROK;
}

/* One destination. */
static uint32_t
take(struct flow *f, struct submit *s, uint8_t ton, uint8_t npi,
     struct slice dest, uint64_t *message)
{
    struct login *l = s->login;
    if (l->throttle && l->per_s && rate_room(&l->arriving, f->now) == 0)
        return no(s, ESME_RTHROTTLED, "faster than the login's rate");
    uint64_t subscriber = client_subscriber(f, ton, npi, dest);
    if (!subscriber)
        return no(s, ESME_RINVDSTADR, "the destination is no phone number");
    struct number *n =
        client_source(f, l, s->sender, subscriber, s->pdu, true, &s->why);
    if (!n)
        return ESME_RINVSRCADR;
    if (suppress_holds(&f->suppress, s->account->id, n->id, subscriber))
        return no(s, ESME_RINVDSTADR, "the subscriber has opted out");
    uint32_t status = count_parts(f, s, n);
    if (status != ESME_ROK)
        return status;
    if (!directory_has_quota(s->account, f->wall.ms, s->parts))
        return no(s, ESME_RMSGQFUL, "the account's quota of today is used up");
    s->raw.source = kept_source(s->pdu, n);
    s->raw.dest = kept_dest(dest, subscriber);
    s->raw.dest_ton = ton;
    s->raw.dest_npi = npi;
    status = write(f, s, n, subscriber, message);
    if (status != ESME_ROK)
        return status;
    if (s->raw.replace == 1)
        client_replace_present(f, l, n, subscriber, s->raw.service_type,
                               *message);
    if (l->throttle && l->per_s) {
        uint32_t room = rate_room(&l->arriving, f->now);
        rate_take(&l->arriving, f->now, s->parts < room ? s->parts : room);
    }
    return status;
}

void
client_submit(struct flow *f, struct client *c, const struct pdu *p)
{
    static struct submit s; /* 2 KB, of the engine thread */
    char id[RAW_ID_BYTES] = "";
    uint64_t message = 0;
    uint32_t status = understand(f, c, p, &s);
    if (status == ESME_ROK)
        status = take(f, &s, s.raw.dest_ton, s.raw.dest_npi,
                      pdu_slice(p, FIELD_DESTINATION_ADDR), &message);
    if (status == ESME_ROK)
        raw_id(&s.raw, message, id);
    else
        client_desk_note(c, s.why);
    /* False: the client does not read and is being closed. */
    client_answer(c, p->id, p->sequence, status, slice_str(id));
}

/* ---- submit_multi ---------------------------------------------------------
 */

/* Takes each address; those refused go to `failures`. The status of the last
 * refusal. */
static uint32_t
take_all(struct flow *f, struct submit *s, struct writer *failures,
         unsigned *failed, uint64_t *first)
{
    struct pdu_entry e;
    uint32_t last = ESME_ROK;
    for (struct cursor c = cursor_of(pdu_slice(s->pdu, FIELD_DEST_ADDRESS));
         pdu_next_entry(&c, PDU_DESTS, &e);) {
        uint64_t message = 0;
        uint32_t status;
        if (e.flag != DEST_FLAG_ADDRESS)
            status = no(s, ESME_RINVDLNAME, "there are no distribution lists");
        else
            status = take(f, s, e.ton, e.npi, e.text, &message);
        if (status == ESME_ROK) {
            if (!*first)
                *first = s->raw.group = message;
            continue;
        }
        last = e.status = status;
        pdu_put_entry(failures, PDU_FAILURES, &e);
        ++*failed;
    }
    return last;
}

void
client_submit_multi(struct flow *f, struct client *c, const struct pdu *p)
{
    static struct submit s;
    static uint8_t failure_room[MULTI_MAX * FAILURE_BYTES];
    struct writer failures = writer_of(failure_room, sizeof failure_room);
    char id[RAW_ID_BYTES] = "";
    unsigned failed = 0;
    uint64_t first = 0;
    struct pdu answer;
    uint32_t dests = p->v[FIELD_DEST_ADDRESS].u;
    uint32_t status = understand(f, c, p, &s);
    if (status == ESME_ROK && (dests == 0 || dests > MULTI_MAX))
        status = no(&s, ESME_RINVNUMDESTS, "1 to 254 destinations");
    if (status == ESME_ROK)
        status = take_all(f, &s, &failures, &failed, &first);
    if (first) {
        status = ESME_ROK;
        raw_id(&s.raw, first, id);
    }
    if (s.why[0])
        client_desk_note(c, s.why);
    pdu_init(&answer, SMPP_SUBMIT_MULTI_RESP, status, p->sequence);
    pdu_set_slice(&answer, FIELD_MESSAGE_ID, slice_str(id));
    pdu_set_u32(&answer, FIELD_NO_UNSUCCESS, failed);
    pdu_set_slice(&answer, FIELD_UNSUCCESS_SME, writer_slice(&failures));
    answer.v[FIELD_UNSUCCESS_SME].u = failed;
    client_answer_pdu(c, &answer);
}
