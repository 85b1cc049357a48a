/*
 * view.c - how things of the engine look in JSON: the one place.
 *
 * Promise: keys of product.md section 4 are always there; what is not known
 * is null, what does not apply is left out where the contract marks it so.
 */
#include "engine/door/view.h"

#include <stdio.h>
#include <string.h>

const char *const class_names[] = {"critical", "transactional",
                                   "conversational", "marketing", NULL};

const char *class_name(enum message_class class)
{
    return class > CLASS_UNSET && class < CLASS_N ? class_names[class - 1]
                                                  : NULL;
}

static void
part_emit(struct emit *e, const struct part_view *p)
{
    char status[16];
    emit_open(e, '{');
    emit_member_word(e, "carrier", p->carrier);
    emit_member_number(e, "bind", p->bind);
    emit_member_word(e, "smsc_id", p->smsc_id[0] ? p->smsc_id : NULL);
    emit_member_word(e, "state", p->state);
    emit_key(e, "error");
    if (p->error || p->error_text[0]) {
        snprintf(status, sizeof status, "0x%08x", p->error);
        emit_open(e, '{');
        emit_member_word(e, "code", status);
        emit_member_word(e, "text", p->error_text);
        emit_close(e, '}');
    } else {
        emit_null(e);
    }
    emit_member_time(e, "submitted_at", p->submitted_ms);
    emit_member_time(e, "answered_at", p->answered_ms);
    emit_member_time(e, "receipt_at", p->receipt_ms);
    emit_close(e, '}');
}

/* What became of it: parts, error, hold. */
static void
outcome_emit(struct emit *e, const struct message_view *m)
{
    emit_member_number(e, "parts", m->parts);
    emit_key(e, "part_states");
    emit_open(e, '[');
    for (unsigned i = 0; i < m->part_views; i++)
        part_emit(e, &m->part[i]);
    emit_close(e, ']');
    if (m->error_code) {
        emit_key(e, "error");
        emit_open(e, '{');
        emit_member_word(e, "code", m->error_code);
        emit_member_word(e, "text", m->error_text ? m->error_text : "");
        emit_close(e, '}');
    }
    if (m->state == MSG_HELD && !m->inbound) {
        /* Held by a fact; or none says so: it waits for a way. */
        const struct history_view *last =
            m->histories ? &m->history[m->histories - 1] : NULL;
        const char *rule = last && strcmp(last->state, "held") == 0
                               ? last->reason
                               : "no_route";
        emit_key(e, "held");
        emit_open(e, '{');
        emit_member_word(e, "rule", rule);
        emit_member_word(e, "pack", NULL);
        emit_member_word(e, "until", NULL);
        emit_close(e, '}');
    }
}

static void
correlation_emit(struct emit *e, const struct message_view *m)
{
    emit_key(e, "correlation");
    emit_open(e, '{');
    emit_member_number(e, "rule", m->rule);
    emit_member_id(e, "in_reply_to", ID_MESSAGE, m->in_reply_to);
    emit_key(e, "flags");
    emit_open(e, '[');
    for (unsigned i = 0; i < 6 && m->flags[i]; i++)
        emit_word(e, m->flags[i]);
    emit_close(e, ']');
    emit_close(e, '}');
}

static void
history_emit(struct emit *e, const struct message_view *m)
{
    emit_key(e, "history");
    emit_open(e, '[');
    for (unsigned i = 0; i < m->histories; i++) {
        emit_open(e, '{');
        emit_member_time(e, "at", m->history[i].at_ms);
        emit_member_word(e, "state", m->history[i].state);
        emit_member_word(e, "reason", m->history[i].reason);
        emit_close(e, '}');
    }
    emit_close(e, ']');
}

void
view_message(struct emit *e, const struct message_view *m)
{
    emit_open(e, '{');
    emit_member_id(e, "id", ID_MESSAGE, m->message);
    emit_member_word(e, "direction", m->inbound ? "in" : "out");
    emit_member_word(e, "state", state_name(m->state));
    emit_member_word(e, "from", m->from);
    emit_member_word(e, "to", m->to);
    emit_member_string(e, "text", m->text);
    emit_member_id(e, "sender", ID_SENDER, m->sender);
    emit_member_id(e, "thread", ID_THREAD, m->thread);
    if (m->campaign) {
        emit_member_id(e, "campaign", ID_CAMPAIGN, m->campaign);
        emit_member_number(e, "row", m->row);
    }
    emit_member_word(e, "class", m->class);
    emit_member_word(e, "encoding", m->encoding);
    outcome_emit(e, m);
    if (m->inbound)
        correlation_emit(e, m);
    if (m->external_id.n)
        emit_member_string(e, "external_id", m->external_id);
    emit_member_time(e, "created_at", m->created_ms);
    emit_member_time(e, "submitted_at", m->submitted_ms);
    emit_member_time(e, "final_at", m->final_ms);
    history_emit(e, m);
    emit_close(e, '}');
}

static void
event_data(struct emit *e, const struct event_view *v)
{
    if (v->has_message) {
        view_message(e, &v->message);
        return;
    }
    emit_open(e, '{');
    if (v->campaign) {
        emit_member_id(e, "id", ID_CAMPAIGN, v->campaign);
        emit_member_word(e, "state", v->campaign_state);
    }
    if (v->carrier[0])
        emit_member_word(e, "name", v->carrier);
    if (v->subscriber[0])
        emit_member_word(e, "subscriber", v->subscriber);
    if (v->number[0])
        emit_member_word(e, "number", v->number);
    if (v->thread)
        emit_member_id(e, "thread", ID_THREAD, v->thread);
    if (v->sender)
        emit_member_id(e, "sender", ID_SENDER, v->sender);
    emit_close(e, '}');
}

void
view_event(struct emit *e, const struct event_view *v)
{
    emit_open(e, '{');
    emit_member_id(e, "id", ID_EVENT, v->pos);
    emit_member_word(e, "type", v->type);
    emit_member_time(e, "timestamp", v->at_ms);
    emit_key(e, "data");
    event_data(e, v);
    emit_close(e, '}');
}

void
view_thread(struct emit *e, const struct thread_view *t)
{
    emit_open(e, '{');
    emit_member_id(e, "id", ID_THREAD, t->thread);
    emit_member_id(e, "sender", ID_SENDER, t->sender);
    emit_member_id(e, "assignee", ID_SENDER, t->assignee);
    emit_member_word(e, "subscriber", t->subscriber);
    emit_member_word(e, "number", t->number);
    emit_member_word(e, "state", t->closed ? "closed" : "open");
    emit_member_number(e, "unread", t->unread);
    emit_member_time(e, "waiting_since", t->waiting_since_ms);
    emit_member_time(e, "last_message_at", t->last_message_at_ms);
    emit_close(e, '}');
}

void
view_taken(struct emit *e, const struct send_item *item)
{
    emit_member_id(e, "id", ID_MESSAGE, item->message);
    emit_member_word(e, "state", state_name(item->state));
    emit_member_number(e, "parts", item->parts);
    emit_member_word(e, "encoding", item->ucs2 ? "ucs2" : "gsm7");
}
