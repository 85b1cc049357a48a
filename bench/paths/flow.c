/*
 * flow.c - the whole life of a message in the engine thread, and of a reply.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/paths/paths.h"
#include "bench/paths/stage.h"
#include "bench/paths/still_carrier.h"
#include "engine/flow/recipients.h"

enum {
    COLUMNS = 3,
    MANY = 64,    /* campaigns that run at once, each on a number of its own */
    ASKED = 4096, /* phones that were written to and may answer */
    REPLIES_A_TURN = 256,
    MAIL_ITEMS = 256,
    TURNS_MAX = 100000,
};
#define PHONE0 UINT64_C(447700900000)

static uint64_t
make_campaign(const char *number)
{
    struct mail *m = stage_ask(MAIL_CAMPAIGN_CREATE);
    m->campaign.name = slice_str("spring");
    m->campaign.text =
        slice_str("Hi {{first_name|there}}, your car {{plate}} is ready at our "
                  "garage in {{city}}. We are open from 8 to 18.");
    m->campaign.from = slice_str(number);
    m->campaign.sender = slice_str("ana");
    stage_post(m);
    uint64_t campaign = m->campaign.campaign;
    mail_free(m);
    return campaign;
}

static uint64_t
upload(enum mail_kind kind, uint64_t campaign, uint64_t upload_id,
       struct slice octets, unsigned rows)
{
    struct mail *m = stage_ask(kind);
    m->upload.campaign = campaign;
    m->upload.upload = upload_id;
    m->upload.octets = octets;
    m->upload.rows = rows;
    stage_post(m);
    upload_id = m->upload.upload;
    mail_free(m);
    return upload_id;
}

/* Rows in chunks, packed as the door packs them. */
static void
fill_campaign(uint64_t campaign, uint64_t phone, unsigned count)
{
    static uint8_t octets[RECIPIENTS_CHUNK_MAX];
    static const struct slice none;
    struct recipients_packer p;
    const struct slice names[COLUMNS] = {slice_str("first_name"),
                                         slice_str("plate"), slice_str("city")};
    const struct slice values[COLUMNS] = {slice_str("Francesca"),
                                          slice_str("AB12 CDE"),
                                          slice_str("Southampton")};
    uint64_t id = upload(MAIL_UPLOAD_BEGIN, campaign, 0, none, 0);
    for (unsigned i = 0; i < count;) {
        paths_need(recipients_begin(&p, octets, names, COLUMNS));
        while (i < count && p.rows < RECIPIENTS_ROWS_MAX &&
               recipients_add(&p, phone + i, 0, values) == RECIPIENTS_OK)
            i++;
        upload(MAIL_UPLOAD_CHUNK, campaign, id, slice_of(octets, p.used),
               p.rows);
    }
    upload(MAIL_UPLOAD_END, campaign, id, none, 0);
}

static void
start_campaign(uint64_t campaign)
{
    struct mail *m = stage_ask(MAIL_CAMPAIGN_ACT);
    m->campaign.campaign = campaign;
    m->campaign.act = ACT_START;
    stage_post(m);
    mail_free(m);
}

static void
campaign_life(unsigned count)
{
    stage_open();
    uint64_t campaign = make_campaign("+" STAGE_NUMBER);
    fill_campaign(campaign, PHONE0, count);
    start_campaign(campaign);
    stage_until_receipts(count);
    stage_close();
}

/* count parts by MANY campaigns, whose numbers have 1,000 a second each. */
static void
campaigns_many(unsigned count)
{
    uint64_t campaign[MANY];
    stage_open();
    unsigned each = count / MANY;
    for (unsigned i = 0; i < MANY; i++) {
        char number[24];
        snprintf(number, sizeof number, "+121255502%02u", i);
        stage_add_number(slice_str(number), 1000);
        campaign[i] = make_campaign(number);
        fill_campaign(campaign[i], PHONE0 + (uint64_t)i * each, each);
    }
    for (unsigned i = 0; i < MANY; i++)
        start_campaign(campaign[i]);
    stage_until_receipts((uint64_t)each * MANY);
    stage_close();
}

/* ---- single messages ------------------------------------------------------
 */

static void
send_some(unsigned from, unsigned count)
{
    static struct send_item items[MAIL_ITEMS];
    static uint8_t to[MAIL_ITEMS][16];
    for (unsigned i = 0; i < count; i++) {
        to[i][0] = '+';
        paths_digits(to[i] + 1, 12, PHONE0 + from + i);
        items[i] = (struct send_item){
            .to = slice_of(to[i], 13),
            .from = slice_str("+" STAGE_NUMBER),
            .sender = slice_str("ana"),
            .text = slice_str("Hi Francesca, your car AB12 CDE is ready at "
                              "our garage in Southampton."),
        };
    }
    struct mail *m = stage_ask(MAIL_SEND);
    m->send.items = items;
    m->send.count = count;
    stage_post(m);
    paths_need(items[count - 1].result == MAIL_OK);
    mail_free(m);
}

static void
single_life(unsigned count)
{
    stage_open();
    for (unsigned i = 0; i < count; i += MAIL_ITEMS) {
        unsigned left = count - i;
        send_some(i, left < MAIL_ITEMS ? left : MAIL_ITEMS);
    }
    stage_until_receipts(count);
    stage_close();
}

/* ---- replies --------------------------------------------------------------
 */

static void
replies(unsigned count)
{
    paths_need(count <= ASKED);
    stage_open();
    uint64_t campaign = make_campaign("+" STAGE_NUMBER);
    fill_campaign(campaign, PHONE0, ASKED);
    start_campaign(campaign);
    stage_until_receipts(ASKED);
    stage_jump(60000);
    for (unsigned i = 0; i < count;) {
        for (unsigned k = 0; k < REPLIES_A_TURN && i < count; k++, i++) {
            uint8_t phone[12];
            uint8_t text[] = "Great, I will pick it up at five. 000000";
            paths_digits(phone, sizeof phone, PHONE0 + i);
            paths_digits(text + sizeof text - 7, 6, i);
            still_hear(slice_of(phone, sizeof phone), slice_str(STAGE_NUMBER),
                       slice_of(text, sizeof text - 1));
        }
        stage_turn();
    }
    for (unsigned i = 0; stage_threads() < count; i++) {
        paths_need(i < TURNS_MAX);
        stage_jump(1000);
    }
    stage_close();
}

const struct path paths_flow[] = {
    {"campaign-life", 4096, campaign_life,
     "row of a campaign uploaded, prepared, sent, answered, receipted", true},
    {"campaigns-64", 4096, campaigns_many,
     "the same, of 64 campaigns at once by numbers with rates"},
    {"single-life", 4096, single_life,
     "message of its own accepted, sent, answered, receipted"},
    {"reply", 2048, replies, "reply heard, its sender found, filed"},
    {0},
};
