/*
 * status.c - carriers and the whole engine, as people look at them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/desk.h"

/* 20: receipts that say something about their share. */
enum { RECEIPTS_LEAST = 20 };

static void
show_health(const struct flow *f, const struct carrier_entry *e,
            struct carrier_row *row)
{
    static const char *const states[HEALTH_N] = {
        [HEALTH_GOOD] = "usable",     [HEALTH_STRAINED] = "usable",
        [HEALTH_PROBING] = "probing", [HEALTH_SKIPPED] = "skipped",
        [HEALTH_OUT] = "skipped",
    };
    const struct health *h = &e->health;
    struct second good = h->good, faults = h->faults; /* counting rolls them */
    unsigned well = second_count(&good, f->now);
    unsigned all = well + second_count(&faults, f->now);
    row->health = states[h->state];
    row->why = h->why ? h->why : "";
    if (h->state == HEALTH_GOOD)
        row->why = "";
    else if (h->state == HEALTH_STRAINED)
        row->why = "throttled by the carrier";
    else if (h->state == HEALTH_OUT)
        row->why = row->look.drained                   ? "drained by a person"
                   : row->look.state == CARRIER_PAUSED ? "paused by a person"
                                                       : "no bind that sends";
    row->success = all ? (int)(well * 100 / all) : -1;
    row->receipts = h->receipts >= RECEIPTS_LEAST
                        ? (int)(h->delivered * 100 / h->receipts)
                        : -1;
    row->latency_ms = (unsigned)h->latency_ms;
    row->usual_ms = (unsigned)h->usual_ms;
}

void
status_on_carriers(struct flow *f, struct mail *m)
{
    struct mail_carrier *q = &m->carrier;
    unsigned binds = 0, count = 0;
    struct carrier_view look;
    for (uint32_t i = 1; i < f->directory.carriers.rows; i++) {
        const struct carrier_entry *e = directory_carrier(&f->directory, i);
        if (!e || !e->carrier)
            continue;
        carrier_look(e->carrier, &look);
        binds += look.binds;
        count++;
    }
    size_t rows = (count + 1) * sizeof *q->rows;
    char *memory = m->answer =
        calloc(1, rows + (binds + 1) * sizeof(struct bind_view));
    if (!memory)
        abort();
    q->rows = (struct carrier_row *)(void *)memory;
    struct bind_view *bind = (struct bind_view *)(void *)(memory + rows);
    for (uint32_t i = 1; i < f->directory.carriers.rows; i++) {
        const struct carrier_entry *e = directory_carrier(&f->directory, i);
        if (!e || !e->carrier || q->count == count)
            continue;
        struct carrier_row *row = &q->rows[q->count++];
        snprintf(row->name, sizeof row->name, "%s", e->name);
        carrier_look(e->carrier, &row->look);
        show_health(f, e, row);
        row->bind = bind;
        for (unsigned k = 0; k < row->look.binds; k++)
            carrier_look_bind(e->carrier, k, bind++);
    }
    m->result = MAIL_OK;
}

void
status_on_carrier(struct flow *f, struct mail *m)
{
    struct carrier_entry *e =
        directory_find_carrier(&f->directory, m->carrier.name);
    if (!e || !e->carrier) {
        m->result = MAIL_NOT_FOUND;
        return;
    }
    switch (m->carrier.act) {
    case CARRIER_PAUSE: carrier_pause(e->carrier, true); break;
    case CARRIER_RESUME: carrier_pause(e->carrier, false); break;
    case CARRIER_REBIND: carrier_rebind(e->carrier); break;
    case CARRIER_DRAIN: carrier_drain(e->carrier); break;
    case CARRIER_KICK:
        if (!carrier_kick(e->carrier, m->carrier.bind)) {
            mail_refuse(m, MAIL_INVALID, "unknown_bind", "/bind",
                        "the carrier has no bind of this index");
            return;
        }
        break;
    }
    m->result = MAIL_OK;
}

void
status_on_status(struct flow *f, struct mail *m)
{
    struct mail_status *q = &m->status;
    char why[STORE_WHY_BYTES] = "";
    enum store_result s = store_state(f->store, why, sizeof why);
    q->ready = s == STORE_OK && !f->draining;
    if (f->draining)
        snprintf(q->why, sizeof q->why, "the daemon is stopping");
    else
        snprintf(q->why, sizeof q->why, "%.150s", why);
    q->in_flight = f->flights.used;
    q->uncertain = f->doubts;
    q->messages = f->next_message - 1;
    for (size_t i = 0; i < f->sources.rows; i++)
        if (f->sources.row[i])
            q->waiting += f->sources.row[i]->waiting;
    for (size_t i = 0; i < f->campaigns.rows; i++) {
        const struct campaign *c = f->campaigns.row[i];
        if (c->state == CAMPAIGN_RUNNING || c->state == CAMPAIGN_PAUSED)
            q->waiting += c->count[MSG_NONE];
    }
    m->result = MAIL_OK;
}
