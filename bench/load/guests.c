/*
 * guests.c - the guests of a run: options, their coming again, the report.
 *
 * A line "ready ..." on stdout tells that each has been connected once and
 * those that bind rightly are bound; SIGTERM ends the run and prints what
 * became of them.
 */
#include "bench/load/guests.h"

#include "bench/load/guest.h"
#include "bench/smsc/args.h"
#include "proto/pdu.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TURN_MS = 10,
    LOOK_US = 10 * 1000,
    UNDERWAY_MAX = 200, /* idle ones that are not bound yet: a server may
                           allow an address only so many */
};

static volatile sig_atomic_t told_to_end;

static void
on_signal(int number)
{
    (void)number;
    told_to_end = 1;
}

static const char *const role_names[] = {
#define X(role, help) #role,
    GUEST_ROLES(X)
#undef X
};

static bool
create_all(struct guests *all)
{
    for (int r = 0; r < GUEST_ROLE_N; r++)
        all->count += all->o.guests[r];
    all->guest = calloc(all->count ? all->count : 1, sizeof *all->guest);
    if (!all->guest)
        return false;
    struct guest *g = all->guest;
    for (int r = 0; r < GUEST_ROLE_N; r++)
        for (uint64_t i = 0; i < all->o.guests[r]; i++, g++)
            *g = (struct guest){.all = all,
                                .role = (enum guest_role)r,
                                .n = (uint32_t)(g - all->guest)};
    return true;
}

/* May this one connect now? */
static bool
may_dial(const struct guests *all, const struct guest *g, uint64_t now_us,
         uint64_t underway)
{
    uint64_t allowed = (now_us - all->began_us) * all->o.dial / 1000000;
    if (now_us < g->due_us || all->dialled >= allowed)
        return false;
    return g->role != GUEST_idle || underway < UNDERWAY_MAX;
}

/* False: connecting is not possible at all. */
static bool
look_at_all(struct guests *all, uint64_t now_us)
{
    uint64_t underway = 0;
    for (size_t i = 0; i < all->count; i++) {
        struct guest *g = &all->guest[i];
        if (g->wire) {
            if (g->open && now_us >= g->due_us)
                guest_act(g, now_us);
            underway += g->role == GUEST_idle && !g->bound;
        } else if (may_dial(all, g, now_us, underway)) {
            all->dialled++;
            underway++;
            if (!guest_dial(g))
                return false;
        }
    }
    return true;
}

static bool
all_came(const struct guests *all)
{
    uint64_t opened = 0;
    for (int r = 0; r < GUEST_ROLE_N; r++)
        opened += all->counts[r].opened + all->counts[r].unopened;
    return opened >= all->count &&
           all->counts[GUEST_idle].bound == all->o.guests[GUEST_idle];
}

static bool
run(struct guests *all)
{
    bool told = false;
    uint64_t looked_us = 0;
    all->began_us = hub_mono_us(all->hub);
    while (!told_to_end) {
        uint64_t now_us = hub_mono_us(all->hub);
        if (now_us - all->began_us > all->o.seconds * 1000000)
            break;
        if (now_us - looked_us >= LOOK_US) {
            looked_us = now_us;
            if (!look_at_all(all, now_us))
                return false;
            if (!told && all_came(all)) {
                told = true;
                printf("ready after %.3f s\n",
                       (double)(now_us - all->began_us) / 1e6);
                fflush(stdout);
            }
        }
        hub_turn(all->hub, TURN_MS);
    }
    return true;
}

static void
print_statuses(const struct tally *t, bool json)
{
    printf(json ? "\"statuses\":{" : "");
    for (unsigned i = 0; i < t->statuses_n; i++) {
        const char *name = smpp_status_name(t->statuses[i].status);
        printf(json ? "%s\"%s\":%llu" : "%s  %s=%llu", i && json ? "," : "",
               name ? name : "unknown",
               (unsigned long long)t->statuses[i].count);
    }
    printf(json ? "}," : "\n");
}

static void
print_role(const struct guests *all, int role, bool first)
{
    const struct guest_counts *c = &all->counts[role];
    bool json = all->o.json;
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {{"guests", all->o.guests[role]},
                {"here", c->here},
                {"bound", c->bound},
                {"most_here", c->most_here},
                {"opened", c->opened},
                {"unopened", c->unopened},
                {"ended", c->lived_us.count},
                {"binds", c->binds},
                {"answers", c->answers},
                {"nacks", c->nacks},
                {"octets_out", c->octets_out}};
    printf(json ? "%s\"%s\":{" : "%s%s\n", first || !json ? "" : ",",
           role_names[role]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf(json ? "\"%s\":%llu," : "  %-12s %12llu\n", rows[i].name,
               (unsigned long long)rows[i].n);
    print_statuses(&c->refused, json);
    printf(json ? "\"lived_us\":{" : "  lived        ");
    hist_print(&c->lived_us, json);
    printf(json ? "}}" : "\n");
}

static void
report(const struct guests *all)
{
    bool first = true;
    printf(all->o.json ? "{" : "");
    for (int r = 0; r < GUEST_ROLE_N; r++) {
        if (!all->o.guests[r])
            continue;
        print_role(all, r, first);
        first = false;
    }
    if (all->o.json)
        printf("%s\"cpu_s\":%.3f}\n", first ? "" : ",",
               (double)tally_cpu_us() / 1e6);
}

static enum args_result
read_options(struct guest_options *o, int argc, char **argv, int first)
{
#define NUMBER(n, v, field, lo, hi, text)                                      \
    {                                                                          \
        ARG_NUMBER, n, v, text, &o->field, lo, hi, NULL                        \
    }
#define TEXT(n, v, field, text)                                                \
    {                                                                          \
        ARG_TEXT, n, v, text, &o->field, 0, 0, NULL                            \
    }
    const struct arg rows[] = {
        TEXT("host", "ADDR", host, "server (127.0.0.1)"),
        NUMBER("port", "N", port, 1, 65535, "its port (2775)"),
        TEXT("source", "ADDR", source, "first IPv4 address to leave from"),
        NUMBER("sources", "N", sources, 1, 250, "how many addresses (1)"),
        TEXT("system-id", "ID", system_id,
             "(load); {n} is the number of the guest"),
        NUMBER("logins", "N", logins, 1, 100000,
               "{n} begins anew after so many"),
        TEXT("password", "SECRET", password, "(secret)"),
        TEXT("from", "NUMBER", from, "source address (12125550100)"),
        {ARG_HEADING, NULL, NULL, "Guests", NULL, 0, 0, NULL},
#define X(role, text) NUMBER(#role, "N", guests[GUEST_##role], 0, 100000, text),
        GUEST_ROLES(X)
#undef X
            {ARG_HEADING, NULL, NULL, "Run", NULL, 0, 0, NULL},
        NUMBER("dial", "N", dial, 1, 100000, "connect so many a second (2000)"),
        NUMBER("again", "MS", again_ms, 0, 86400000,
               "come again after the end (2000)"),
        NUMBER("seconds", "S", seconds, 1, 86400, "end after (600)"),
        {ARG_FLAG, "json", NULL, "the result as JSON", &o->json, 0, 0, NULL},
    };
#undef NUMBER
#undef TEXT
    const struct args a = {
        "volley-load guests",
        "volley-load guests: connections that are no load: apps that only "
        "stay\nbound, and those that mean no good. Says \"ready\" when all "
        "have come;\nSIGTERM ends it.\n",
        "Example: volley-load guests --port 2776 --idle 4900", rows,
        sizeof rows / sizeof *rows};
    return args_parse(&a, argc, argv, first);
}

int
guests_main(int argc, char **argv, int first)
{
    static struct guests all;
    all.o = (struct guest_options){
        .host = "127.0.0.1",
        .system_id = "load",
        .password = "secret",
        .from = "12125550100",
        .port = 2775,
        .sources = 1,
        .logins = 100000,
        .dial = 2000,
        .again_ms = 2000,
        .seconds = 600,
    };
    enum args_result parsed = read_options(&all.o, argc, argv, first);
    if (parsed != ARGS_RUN)
        return parsed == ARGS_DONE ? 0 : 2;
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    all.hub = hub_create();
    int status = 1;
    if (create_all(&all) && run(&all)) {
        report(&all);
        status = 0;
    } else {
        fprintf(stderr, "volley-load guests: %s:%llu: %s\n", all.o.host,
                (unsigned long long)all.o.port, all.why);
    }
    hub_destroy(all.hub);
    for (int r = 0; r < GUEST_ROLE_N; r++)
        tally_fini(&all.counts[r].refused);
    free(all.guest);
    return status;
}
