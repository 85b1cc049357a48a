/*
 * steps_client.c - apps bind, submit, and hear what became of it.
 *
 *   login NAME of ACCOUNT [sources S] [rate N]    (its password is "secret")
 *   delete-login NAME
 *   password NAME P                               (from now on)
 *   bind NAME [as rx|tx|trx] [version 33|34|50] [password P] [room N]
 *        [change P] [refused STATUS]    (change: password, while it asks)
 *   unbind NAME
 *   output NAME full|free         (what it does not read)
 *   submit M by NAME to PHONE [from NUMBER] [text "..."] [registered N]
 *        [at TIME] [valid TIME] [priority N] [replace] [refused STATUS]
 *   query M by NAME is STATE      (message_state as a number)
 *   cancel-sm M by NAME [refused STATUS]
 *   replace-sm M by NAME text "..." [refused STATUS]
 *   ack NAME [N] [status S]       (its oldest N deliveries, or all)
 *   expect told NAME M STAT [times N]      (a receipt, by its text)
 *   expect heard NAME "text" [times N]     (a reply)
 *   expect owed NAME N
 */
#include "tests/scenario/steps_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/flow/keeper.h"
#include "engine/flow/login.h"
#include "engine/flow/outbox.h"
#include "engine/flow/raw.h"
#include "proto/smpp.h"
#include "tests/scenario/fake_client.h"
#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

enum { APPS_MAX = 16, HASH_TRIES = 20000 };

/* An app by its login; what it has bound is gone after a kill. */
static struct {
    char name[16];
    struct client *client;
    unsigned kills; /* of the world, when it was bound */
} app[APPS_MAX];

static unsigned
place_of(const char *name)
{
    for (unsigned i = 0; i < APPS_MAX; i++) {
        if (app[i].name[0] && strcmp(app[i].name, name) == 0)
            return i;
        if (!app[i].name[0]) {
            snprintf(app[i].name, sizeof app[i].name, "%s", name);
            return i;
        }
    }
    world_fail("too many apps");
}

void
steps_client_reset(void)
{
    memset(app, 0, sizeof app);
    fake_client_reset();
}

static struct client *
bound(const char *name)
{
    unsigned i = place_of(name);
    if (!app[i].client || app[i].kills != world.kills)
        world_fail("%s is not bound", name);
    return app[i].client;
}

static struct login *
login_of(const char *name)
{
    struct login *l =
        directory_find_login(&world.flow->directory, slice_str(name));
    if (!l)
        world_fail("there is no login %s", name);
    return l;
}

static void
on_login(const struct step *s)
{
    static char hash[KEEPER_HASH_BYTES]; /* once: it takes its time */
    struct slice source =
        slice_str(step_value(s, "sources") ? step_value(s, "sources") : "*");
    if (!hash[0] && !keeper_hash(slice_str("secret"), hash))
        world_fail("no hash");
    struct mail *m = mail_create(MAIL_LOGIN_PUT, script_who("admin"));
    m->login.account = slice_str(step_value(s, "of"));
    m->login.wish = (struct login_wish){
        .says = LOGIN_SOURCES | LOGIN_RATE,
        .rate = (uint32_t)step_number(s, "rate", 0),
        .system_id = slice_str(step_word(s, 1)),
        .hash = slice_str(hash),
        .sources = 1,
        .source = &source,
    };
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
    world_settle();
}

static void
set_password(const char *name, const char *password)
{
    char hash[KEEPER_HASH_BYTES];
    if (!keeper_hash(slice_str(password), hash))
        world_fail("no hash");
    struct mail *m = mail_create(MAIL_LOGIN_PUT, script_who("admin"));
    m->login.ref = slice_str(name);
    m->login.wish = (struct login_wish){.hash = slice_str(hash)};
    world_mail(m);
    if (m->result != MAIL_OK)
        world_fail("the password is not taken");
    mail_free(m);
}

static void
on_delete_login(const struct step *s)
{
    struct mail *m = mail_create(MAIL_LOGIN_DELETE, script_who("admin"));
    m->login.ref = slice_str(step_word(s, 1));
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
    world_settle();
}

static void
on_password(const struct step *s)
{
    set_password(step_word(s, 1), step_word(s, 2));
    world_settle();
}

static void
on_bind(const struct step *s)
{
    const char *as = step_value(s, "as"), *word = step_value(s, "password");
    enum session_mode mode = !as || strcmp(as, "trx") == 0 ? SESSION_TRANSCEIVER
                             : strcmp(as, "rx") == 0       ? SESSION_RECEIVER
                                                     : SESSION_TRANSMITTER;
    uint32_t refused = (uint32_t)step_number(s, "refused", 0);
    unsigned i = place_of(step_word(s, 1));
    struct client *c = fake_bind(step_word(s, 1), word ? word : "secret", mode,
                                 (uint8_t)strtoul(step_value(s, "version")
                                                      ? step_value(s, "version")
                                                      : "34",
                                                  NULL, 16));
    fake_set_room(c, (unsigned)step_number(s, "room", 100));
    if (step_value(s, "change"))
        set_password(step_word(s, 1), step_value(s, "change"));
    /* The keeper's thread has a real clock. */
    for (unsigned t = 0;
         t < HASH_TRIES && !client_is_bound(c) && !fake_refusal(c); t++) {
        usleep(1000);
        world_turn();
    }
    if (fake_refusal(c) != refused)
        world_fail("the bind was answered 0x%x", (unsigned)fake_refusal(c));
    if (refused)
        fake_leave(c);
    else
        app[i].client = c;
    app[i].kills = world.kills;
    world_settle();
}

static void
on_unbind(const struct step *s)
{
    fake_leave(bound(step_word(s, 1)));
    app[place_of(step_word(s, 1))].client = NULL;
    world_settle();
}

static void
on_output(const struct step *s)
{
    fake_set_stuffed(bound(step_word(s, 1)),
                     strcmp(step_word(s, 2), "full") == 0);
}

/* Sends it and waits until the answer has left. */
static const struct fake_reply *
ask(const struct step *s, struct client *c, struct pdu *p)
{
    if (!fake_request(c, p))
        world_fail("the request is not taken");
    world_settle();
    const struct fake_reply *r = fake_answered(c);
    uint32_t wanted = (uint32_t)step_number(s, "refused", 0);
    if (!r->left)
        world_fail("the answer did not leave");
    if (r->status != wanted)
        world_fail("it was answered 0x%x", (unsigned)r->status);
    return r;
}

static void
set_address(struct pdu *p, const char *text, bool dest)
{
    bool number = text[0] == '+';
    pdu_set_u32(p, dest ? FIELD_DEST_ADDR_TON : FIELD_SOURCE_ADDR_TON,
                number ? 1 : 5);
    pdu_set_u32(p, dest ? FIELD_DEST_ADDR_NPI : FIELD_SOURCE_ADDR_NPI, number);
    pdu_set_slice(p, dest ? FIELD_DESTINATION_ADDR : FIELD_SOURCE_ADDR,
                  slice_str(text + number));
}

static void
on_submit(const struct step *s)
{
    struct pdu p;
    const char *text = step_value(s, "text"), *at = step_value(s, "at");
    const char *valid = step_value(s, "valid");
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 1);
    if (step_value(s, "from"))
        set_address(&p, step_value(s, "from"), false);
    set_address(&p, step_value(s, "to"), true);
    pdu_set_u32(&p, FIELD_REGISTERED_DELIVERY,
                (uint32_t)step_number(s, "registered", 1));
    pdu_set_u32(&p, FIELD_PRIORITY_FLAG,
                (uint32_t)step_number(s, "priority", 0));
    pdu_set_u32(&p, FIELD_REPLACE_IF_PRESENT_FLAG, step_has(s, "replace"));
    if (at)
        pdu_set_slice(&p, FIELD_SCHEDULE_DELIVERY_TIME, slice_str(at));
    if (valid)
        pdu_set_slice(&p, FIELD_VALIDITY_PERIOD, slice_str(valid));
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_str(text ? text : "hello"));
    struct client *c = bound(step_value(s, "by"));
    const struct fake_reply *r = ask(s, c, &p);
    if (r->status == ESME_ROK)
        script_name(step_word(s, 1),
                    raw_id_read(slice_str(r->id), client_version(c) == 0x33));
}

static struct client *
begin_asking(const struct step *s, struct pdu *p, uint32_t command,
             char id[RAW_ID_BYTES])
{
    struct raw r = {0};
    struct client *c = bound(step_value(s, "by"));
    if (client_version(c) == 0x33)
        r.flags = RAW_HEX;
    raw_id(&r, script_message(step_word(s, 1), NULL), id);
    pdu_init(p, command, 0, 1);
    pdu_set_slice(p, FIELD_MESSAGE_ID, slice_str(id));
    return c;
}

static void
on_query(const struct step *s)
{
    struct pdu p;
    char id[RAW_ID_BYTES];
    struct client *c = begin_asking(s, &p, SMPP_QUERY_SM, id);
    const struct fake_reply *r = ask(s, c, &p);
    if (r->message_state != step_number(s, "is", 99))
        world_fail("its state is %u", r->message_state);
}

static void
on_cancel_sm(const struct step *s)
{
    struct pdu p;
    char id[RAW_ID_BYTES];
    ask(s, begin_asking(s, &p, SMPP_CANCEL_SM, id), &p);
}

static void
on_replace_sm(const struct step *s)
{
    struct pdu p;
    char id[RAW_ID_BYTES];
    struct client *c = begin_asking(s, &p, SMPP_REPLACE_SM, id);
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_str(step_value(s, "text")));
    pdu_set_u32(&p, FIELD_REGISTERED_DELIVERY, 1);
    ask(s, c, &p);
}

/* What this app has not answered yet, oldest first. */
static void
on_ack(const struct step *s)
{
    struct client *c = bound(step_word(s, 1));
    unsigned most = s->words > 2 && s->word[2][0] <= '9'
                        ? (unsigned)strtoul(s->word[2], NULL, 10)
                        : UINT16_MAX;
    uint32_t status = (uint32_t)step_number(s, "status", 0);
    for (unsigned i = 0; i < fake_deliveries() && most; i++) {
        struct fake_delivery *d = fake_delivery(i);
        if (d->client != c || d->answered || !d->left)
            continue;
        fake_acknowledge(d, status);
        most--;
    }
    world_settle();
}

/* ---- expecting ------------------------------------------------------------
 */

void
expect_told(const struct step *s)
{
    char wanted[96];
    unsigned times = 0;
    snprintf(wanted, sizeof wanted, "stat:%s ", step_word(s, 4));
    uint64_t message = script_message(step_word(s, 3), NULL);
    for (unsigned i = 0; i < fake_deliveries(); i++) {
        const struct fake_delivery *d = fake_delivery(i);
        bool hex = d->state < 0; /* 3.3: no TLVs */
        char id[24] = "";
        if (!d->left || sscanf(d->text, "id:%23s ", id) != 1 ||
            raw_id_read(slice_str(id), hex) != message)
            continue;
        times += strstr(d->text, wanted) != NULL;
    }
    if (times != step_number(s, "times", 1))
        world_fail("told %u times", times);
}

void
expect_heard(const struct step *s)
{
    unsigned times = 0;
    for (unsigned i = 0; i < fake_deliveries(); i++) {
        const struct fake_delivery *d = fake_delivery(i);
        times += d->left && strcmp(d->text, step_word(s, 3)) == 0;
    }
    if (times != step_number(s, "times", 1))
        world_fail("heard %u times", times);
}

void
expect_owed(const struct step *s)
{
    struct outbox_view v;
    outbox_look(world.flow, login_of(step_word(s, 2))->id, &v);
    if (v.waiting != strtoull(step_word(s, 3), NULL, 10))
        world_fail("%llu are owed", (unsigned long long)v.waiting);
}

const struct step_row steps_client[] = {
    {"login", on_login},
    {"delete-login", on_delete_login},
    {"password", on_password},
    {"bind", on_bind},
    {"unbind", on_unbind},
    {"output", on_output},
    {"submit", on_submit},
    {"query", on_query},
    {"cancel-sm", on_cancel_sm},
    {"replace-sm", on_replace_sm},
    {"ack", on_ack},
    {NULL, NULL},
};
