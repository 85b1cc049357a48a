/*
 * query_rig.c - a store with a small world in it.
 */
#include "tests/engine/query_rig.h"

#include <openssl/sha.h>
#include <stdio.h>

#include "engine/carrier/settings.h"
#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"
#include "engine/flow/recipients.h"
#include "proto/smpp.h"

struct rig rig;
struct flow flow;
struct flow_settings flow_settings;
struct query *query;
static struct carrier_settings carriers[2];

const struct who as_admin = {.kind = WHO_ADMIN};
const struct who as_demo = {.kind = WHO_ACCOUNT, .account = DEMO};
const struct who as_other = {.kind = WHO_ACCOUNT, .account = OTHER};
const struct who as_ana = {.kind = WHO_SENDER, .account = DEMO, .sender = ANA};
const struct who as_ben = {.kind = WHO_SENDER, .account = DEMO, .sender = BEN};
const struct who as_eve = {.kind = WHO_SENDER, .account = OTHER, .sender = EVE};

void
world_put(enum store_table table, struct slice key, struct slice doc)
{
    store_batch_put(rig_batch(&rig), table, key, doc);
}

static void
put_row(enum store_table table, uint32_t id, const struct writer *w)
{
    uint8_t key[4];
    ck_assert(!w->failed);
    world_put(table, directory_key32(id, key), writer_slice(w));
}

static void
put_account(uint32_t id, const char *name)
{
    uint8_t room[128];
    struct writer w = writer_of(room, sizeof room);
    doc_put_text(&w, DOC_NAME, slice_str(name));
    put_row(TABLE_ACCOUNT, id, &w);
}

void
world_put_sender(uint32_t id, uint32_t account, const char *name,
                 const char *external_id, bool queue, bool deleted)
{
    uint8_t room[256];
    struct writer w = writer_of(room, sizeof room);
    doc_put_u64(&w, DOC_ACCOUNT, account);
    doc_put_text(&w, DOC_NAME, slice_str(name));
    doc_put_text(&w, DOC_EXTERNAL_ID, slice_str(external_id));
    doc_put_u64(&w, DOC_QUEUE, queue);
    doc_put_u64(&w, DOC_DELETED, deleted);
    put_row(TABLE_SENDER, id, &w);
}

static void
put_our_number(uint32_t id, const char *text, uint32_t account,
               uint32_t carrier, bool shared)
{
    uint8_t room[128];
    struct writer w = writer_of(room, sizeof room);
    doc_put_text(&w, DOC_TEXT, slice_str(text));
    doc_put_u64(&w, DOC_ACCOUNT, account);
    doc_put_u64(&w, DOC_CARRIER, carrier);
    doc_put_u64(&w, DOC_SHARED, shared);
    put_row(TABLE_NUMBER, id, &w);
}

static void
put_carrier_name(uint32_t id, const char *name)
{
    uint8_t key[5] = {'c'};
    directory_key32(id, key + 1);
    world_put(TABLE_META, slice_of(key, 5), slice_str(name));
}

static void
put_key(const char *key, enum who_kind kind, uint32_t account, uint32_t sender)
{
    uint8_t digest[32], room[64];
    struct writer w = writer_of(room, sizeof room);
    SHA256((const uint8_t *)key, strlen(key), digest);
    doc_put_u64(&w, DOC_WHO, kind);
    doc_put_u64(&w, DOC_ACCOUNT, account);
    doc_put_u64(&w, DOC_SENDER, sender);
    world_put(TABLE_KEY, slice_of(digest, 32), writer_slice(&w));
}

static void
put_campaign_doc(void)
{
    static const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, CAMPAIGN};
    uint8_t room[512];
    struct writer w = writer_of(room, sizeof room);
    doc_put_u64(&w, DOC_ACCOUNT, DEMO);
    doc_put_u64(&w, DOC_SENDER, ANA);
    doc_put_u64(&w, DOC_FROM, 1);
    doc_put_u64(&w, DOC_CLASS, CLASS_MARKETING);
    doc_put_u64(&w, DOC_PER_S, 20);
    doc_put_u64(&w, DOC_CREATED_MS, 900);
    doc_put_text(&w, DOC_NAME, slice_str("spring"));
    doc_put_text(&w, DOC_TEXT,
                 slice_str("Hi {{name|there}}, {{sender.name}} to {{to}}"));
    world_put(TABLE_CAMPAIGN, slice_of(key, 8), writer_slice(&w));
}

static void
put_world(void)
{
    put_account(DEMO, "demo");
    put_account(OTHER, "other");
    world_put_sender(ANA, DEMO, "ana", "crm-1", false, false);
    world_put_sender(BEN, DEMO, "ben", "crm-2", false, false);
    world_put_sender(DESK, DEMO, "desk", "", true, false);
    world_put_sender(EVE, OTHER, "eve", "crm-1", false, false);
    put_our_number(1, "+12125550101", DEMO, 1, false);
    put_our_number(2, "+12125550199", 0, 1, true);
    put_our_number(3, "+12125550102", DEMO, 2, false);
    put_carrier_name(1, "acme");
    put_carrier_name(2, "packer");
    put_key("acc_demo", WHO_ACCOUNT, DEMO, 0);
    put_key("snd_ana", WHO_SENDER, DEMO, ANA);
    put_campaign_doc();
}

void
world_open(void)
{
    rig_init(&rig);
    rig.settings.segment_s = 1; /* each commit may begin a segment */
    rig_open(&rig);
    for (int i = 0; i < 2; i++)
        carrier_settings_default(&carriers[i]);
    carriers[0].name = "acme";
    carriers[1].name = "packer";
    carriers[1].segments.way = CARRIER_SEGMENT_PAYLOAD;
    flow_settings =
        (struct flow_settings){.carriers = carriers, .carriers_n = 2};
    flow = (struct flow){.store = rig.s, .settings = &flow_settings};
    query = query_create(&flow);
    ck_assert_ptr_nonnull(query);
    put_world();
    world_commit(1000);
}

void
world_close(void)
{
    query_destroy(query);
    rig_fini(&rig);
}

void
world_commit(uint64_t wall_ms)
{
    rig_batch(&rig)->wall_ms = wall_ms;
    rig_commit(&rig);
}

/* ---- facts ----------------------------------------------------------------
 */

static uint64_t
append(struct slice fact)
{
    uint64_t pos = 0;
    uint8_t *p = store_batch_fact(rig.s, rig_batch(&rig), fact.n, &pos);
    ck_assert_ptr_nonnull(p);
    memcpy(p, fact.p, fact.n);
    return pos;
}

#define FACT(number, NAME, name)                                               \
    uint64_t put_##name(struct fact_##name f)                                  \
    {                                                                          \
        static uint8_t room[STORE_FACT_MAX];                                   \
        struct writer w = writer_of(room, sizeof room);                        \
        ck_assert(fact_##name##_put(&w, &f));                                  \
        return append(writer_slice(&w));                                       \
    }
#define U(field)
#define B(field)
#define END(name)
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END

uint64_t
put_single(uint64_t message, uint32_t account, uint32_t sender,
           const char *text)
{
    return PUT(accept, .message = message, .at_ms = 2000, .account = account,
               .sender = sender, .class = CLASS_TRANSACTIONAL, .number = 1,
               .subscriber = PHONE, .parts = 1, .text = slice_str(text));
}

uint64_t
put_hand_over(uint64_t message, uint64_t prev, unsigned part, unsigned parts)
{
    return PUT(sent, .message = message, .at_ms = 3000 + part, .prev = prev,
               .part = part, .parts = parts, .carrier = 1, .bind = 2,
               .account = DEMO, .sender = ANA, .number = 1,
               .subscriber = PHONE);
}

uint64_t
put_taken(uint64_t message, uint64_t prev, unsigned part, const char *id)
{
    return PUT(answer, .message = message, .at_ms = 4000 + part, .prev = prev,
               .part = part, .carrier = 1, .account = DEMO,
               .verdict = VERDICT_OK, .state = MSG_SUBMITTED,
               .smsc_id = slice_str(id));
}

uint64_t
put_receipt_of(uint64_t message, uint64_t prev, unsigned part, unsigned kind,
               enum message_state_kind state)
{
    return PUT(receipt, .message = message, .at_ms = 5000 + part, .prev = prev,
               .part = part, .carrier = 1, .kind = kind, .final = 1,
               .state = state,
               .error = slice_str(kind == STATE_DELIVERED ? "000" : "077"));
}

uint64_t
put_two_recipients(uint64_t first)
{
    static uint8_t octets[RECIPIENTS_CHUNK_MAX];
    const struct slice names[] = {slice_str("name")};
    const struct slice kim[] = {slice_str("Kim")}, nobody[] = {{NULL, 0}};
    struct recipients_packer p;
    ck_assert(recipients_begin(&p, octets, names, 1));
    ck_assert_int_eq(recipients_add(&p, PHONE, 0, kim), RECIPIENTS_OK);
    ck_assert_int_eq(recipients_add(&p, PHONE + 1, BEN, nobody), RECIPIENTS_OK);
    return PUT(recipients, .campaign = CAMPAIGN, .at_ms = 1500,
               .message = first, .rows = 2, .chunk = slice_of(octets, p.used));
}
