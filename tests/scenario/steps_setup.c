/*
 * steps_setup.c - settings, and who and what there is.
 *
 *   carrier NAME [way udh8|udh16|sar|payload] [binds N] [one-receipt]
 *   route PREFIX[,PREFIX] CARRIER... [strategy NAME] [weights N,N]
 *         [errors STATUS,STATUS times N] [from NUMBER] [account A] [class C]
 *         [network N]
 *   settings KEY DURATION|N
 *   account NAME [quota N]
 *   sender NAME of ACCOUNT [queue]
 *   number NUMBER [on CARRIER] of ACCOUNT|shared [rate N] [default SENDER]
 *          [per_day N] [retired] [by NUMBER]
 *   delete ACCOUNT
 *   pool NAME of ACCOUNT [exclusive] [conflict WORD] numbers NUMBER[=N]...
 *
 * carriers, routes and settings come before all others.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

static void
must_be_closed(const struct step *s)
{
    if (world.flow)
        world_fail("%s comes before what opens the world", s->word[0]);
}

static void
on_carrier(const struct step *s)
{
    static const char *const ways[] = {"udh8", "udh16", "sar", "payload"};
    must_be_closed(s);
    if (world.settings.carriers_n == WORLD_CARRIERS)
        world_fail("too many carriers");
    struct carrier_settings *c = &world.carrier[world.settings.carriers_n++];
    carrier_settings_default(c);
    c->name = world_keep(step_word(s, 1));
    c->host = "127.0.0.1";
    c->system_id = c->password = "x";
    c->binds = (unsigned)step_number(s, "binds", 1);
    c->receipts.one_for_all = step_has(s, "one-receipt");
    const char *way = step_value(s, "way");
    for (unsigned i = 0; way && i < 4; i++)
        if (strcmp(ways[i], way) == 0)
            c->segments.way = (enum carrier_segmentation)i;
}

static bool
is_key(const char *word)
{
    static const char *const keys[] = {"strategy", "weights", "errors",
                                       "times",    "from",    "account",
                                       "class",    "network"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(word, keys[i]) == 0)
            return true;
    return false;
}

/* "3,1" or "0x58,8"; how many. */
static unsigned
numbers_of(const char *list, unsigned out[8])
{
    unsigned n = 0;
    while (list && *list && n < 8) {
        char *end;
        out[n++] = (unsigned)strtoul(list, &end, 0);
        list = *end ? end + 1 : end;
    }
    return n;
}

static void
route_conditions(const struct step *s, struct flow_route *r)
{
    static const char *const strategies[] = {"failover", "round-robin",
                                             "weighted", "least-loaded"};
    static const char *const classes[] = {"any", "critical", "transactional",
                                          "conversational", "marketing"};
    const char *strategy = step_value(s, "strategy");
    const char *class = step_value(s, "class");
    for (unsigned i = 0; strategy && i < 4; i++)
        if (strcmp(strategy, strategies[i]) == 0)
            r->strategy = (enum route_strategy)i;
    for (unsigned i = 0; class && i < 5; i++)
        if (strcmp(class, classes[i]) == 0)
            r->class = (enum message_class)i;
    if (step_value(s, "from"))
        r->from = world_keep(step_value(s, "from"));
    if (step_value(s, "network"))
        r->network = world_keep(step_value(s, "network"));
    if (step_value(s, "account"))
        r->account = world_keep(step_value(s, "account"));
}

static void
on_route(const struct step *s)
{
    static struct room {
        const char *carriers[WORLD_CARRIERS];
        struct route_prefix to[8];
        unsigned weights[8];
        uint32_t statuses[8];
    } rooms[WORLD_ROUTES];
    must_be_closed(s);
    if (world.settings.routes_n == WORLD_ROUTES)
        world_fail("too many routes");
    unsigned at = world.settings.routes_n++;
    struct room *room = &rooms[at];
    struct flow_route *r = &world.route[at];
    *r = (struct flow_route){.to = room->to, .carriers = room->carriers};
    char text[256];
    snprintf(text, sizeof text, "%s", step_word(s, 1));
    for (char *p = strtok(text, ","); p && r->to_n < 8; p = strtok(NULL, ","))
        room->to[r->to_n++].digits = world_keep(strcmp(p, "*") ? p : "");
    for (unsigned i = 2; i < s->words && !is_key(s->word[i]); i++)
        room->carriers[r->count++] = world_keep(s->word[i]);
    if (numbers_of(step_value(s, "weights"), room->weights))
        r->weights = room->weights;
    r->statuses_n = numbers_of(step_value(s, "errors"), room->statuses);
    r->statuses = room->statuses;
    r->times = (unsigned)step_number(s, "times", 1);
    route_conditions(s, r);
}

static void
on_settings(const struct step *s)
{
    struct flow_settings *f = &world.settings;
    const char *key = step_word(s, 1), *v = step_word(s, 2);
    must_be_closed(s);
    if (strcmp(key, "unknown_after") == 0)
        f->unknown_after_s = (uint32_t)(step_duration(v) / 1000);
    else if (strcmp(key, "reply_window") == 0)
        f->reply_window_s = (uint32_t)(step_duration(v) / 1000);
    else if (strcmp(key, "pair_ttl") == 0)
        f->pair_ttl_s = (uint32_t)(step_duration(v) / 1000);
    else if (strcmp(key, "no_route") == 0)
        f->no_route_holds = strcmp(v, "hold") == 0;
    else if (strcmp(key, "lookup") == 0)
        f->lookup = (struct lookup_settings){
            .on = true,
            .batch = 100,
            .wait_ms = 20,
            .timeout_ms = (unsigned)step_duration(v),
            .cache_s = 86400,
            .cache_max = 1000,
            .otherwise = "",
        };
    else if (strcmp(key, "retry_attempts") == 0)
        f->retry_attempts = (uint32_t)atoi(v);
    else
        world_fail("there is no setting %s", key);
}

static void
on_account(const struct step *s)
{
    struct mail *m = mail_create(MAIL_ACCOUNT_CREATE, script_who("admin"));
    m->account.name = slice_str(step_word(s, 1));
    m->account.per_day = step_number(s, "quota", 0);
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
}

static void
on_delete(const struct step *s)
{
    struct mail *m = mail_create(MAIL_ACCOUNT_DELETE, script_who("admin"));
    m->account.ref = slice_str(step_word(s, 1));
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
    world_settle();
}

static void
on_sender(const struct step *s)
{
    struct mail *m =
        mail_create(MAIL_SENDER_CREATE, script_who(step_value(s, "of")));
    m->sender.name = slice_str(step_word(s, 1));
    m->sender.queue = step_has(s, "queue");
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
}

static struct slice
value_slice(const struct step *s, const char *key)
{
    const char *v = step_value(s, key);
    return v ? slice_str(v) : (struct slice){0};
}

static void
on_number(const struct step *s)
{
    struct mail *m = mail_create(MAIL_NUMBER_PUT, script_who("admin"));
    m->number.number = slice_str(step_word(s, 1));
    m->number.carrier = value_slice(s, "on");
    m->number.account = value_slice(s, "of");
    m->number.default_sender = value_slice(s, "default");
    m->number.shared = step_has(s, "shared");
    m->number.rate = (uint32_t)step_number(s, "rate", 0);
    m->number.per_day = (uint32_t)step_number(s, "per_day", 0);
    m->number.retired = step_has(s, "retired") ? 1 : -1;
    m->number.replaced_by = value_slice(s, "by");
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
}

static void
on_pool(const struct step *s)
{
    struct slice numbers[WORDS_MAX];
    uint32_t weights[WORDS_MAX];
    struct mail *m =
        mail_create(MAIL_POOL_PUT, script_who(step_value(s, "of")));
    m->pool.name = slice_str(step_word(s, 1));
    m->pool.exclusive = step_has(s, "exclusive");
    m->pool.on_conflict = value_slice(s, "conflict");
    m->pool.number = numbers;
    unsigned i = 0;
    while (i < s->words && strcmp(s->word[i], "numbers") != 0)
        i++;
    for (i++; i < s->words; i++) {
        const char *weight = strchr(s->word[i], '=');
        size_t n = strcspn(s->word[i], "=");
        weights[m->pool.numbers] =
            weight ? (uint32_t)strtoul(weight + 1, NULL, 10) : 1;
        numbers[m->pool.numbers++] = slice_of((uint8_t *)s->word[i], n);
        if (weight)
            m->pool.weight = weights;
    }
    world_mail(m);
    script_judge(s, m->result, m->code, m->detail);
    mail_free(m);
}

const struct step_row steps_setup[] = {
    {"carrier", on_carrier}, {"route", on_route},   {"settings", on_settings},
    {"account", on_account}, {"sender", on_sender}, {"number", on_number},
    {"pool", on_pool},       {"delete", on_delete}, {NULL, NULL},
};
