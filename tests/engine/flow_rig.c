/*
 * flow_rig.c - a flow with a small world.
 */
#include "tests/engine/flow_rig.h"

#include "engine/flow/talk.h"
#include "tests/scenario/fake_carrier.h"

static void
post(struct mail *m)
{
    world_mail(m);
    ck_assert_int_eq(m->result, MAIL_OK);
    mail_free(m);
}

static void
put_number(const char *text)
{
    struct mail *m =
        mail_create(MAIL_NUMBER_PUT, (struct who){.kind = WHO_ADMIN});
    m->number.number = slice_str(text);
    m->number.carrier = slice_str("acme");
    m->number.account = slice_str("demo");
    post(m);
}

static void
put_sender(const char *name)
{
    struct mail *m = mail_create(
        MAIL_SENDER_CREATE, (struct who){.kind = WHO_ACCOUNT, .account = DEMO});
    m->sender.name = slice_str(name);
    post(m);
}

void
flow_rig_open(void)
{
    world_init();
    carrier_settings_default(&world.carrier[0]);
    world.carrier[0].name = "acme";
    world.settings.carriers_n = 1;
    fake_set_window("acme", 0);
    world_open();
    struct mail *m =
        mail_create(MAIL_ACCOUNT_CREATE, (struct who){.kind = WHO_ADMIN});
    m->account.name = slice_str("demo");
    post(m);
    put_sender("ana");
    put_sender("ben");
    put_number("+12125550101");
    put_number("+12125550102");
}

void
flow_rig_close(void)
{
    world_fini();
}

uint64_t
flow_rig_later(uint64_t ms)
{
    world_jump(ms);
    return world.flow->wall.ms;
}

#define FACT(number, NAME, name)                                               \
    uint64_t write_##name(struct fact_##name x)                                \
    {                                                                          \
        uint64_t pos = journal_##name(&world.flow->journal, &x);               \
        ck_assert_uint_ne(pos, 0);                                             \
        apply_##name(world.flow, pos, &x);                                     \
        return pos;                                                            \
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
flow_rig_sent(uint32_t sender, uint32_t number, uint64_t phone)
{
    struct flow *f = world.flow;
    uint64_t message = f->next_message;
    uint64_t accept =
        WRITE(accept, .message = message, .at_ms = f->wall.ms, .account = DEMO,
              .sender = sender, .class = CLASS_TRANSACTIONAL, .number = number,
              .subscriber = phone, .before = talk_newest(f, phone), .parts = 1,
              .reply_window_s = f->settings->reply_window_s,
              .text = slice_str("hello"));
    WRITE(sent, .message = message, .at_ms = f->wall.ms, .prev = accept,
          .parts = 1, .carrier = ACME, .account = DEMO, .sender = sender,
          .number = number, .subscriber = phone, .before = accept,
          .reply_window_s = f->settings->reply_window_s);
    return message;
}
