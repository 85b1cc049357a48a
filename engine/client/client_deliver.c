/*
 * client_deliver.c - receipts and replies on their way to a client.
 *
 * Promise: what client_deliver() took gets one word back, answered or lost,
 * with the caller's note.
 */
#include "engine/client/client_inside.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"

/* As the window has it. */
static unsigned
room_of(const struct client *c)
{
    if (c->state != CLIENT_BOUND || c->paused || !c->session ||
        !(session_get_mode(c->session) & SESSION_RECEIVER))
        return 0;
    return session_room(c->session);
}

unsigned
client_room(const struct client *c)
{
    unsigned room = room_of(c);
    return room && session_can_answer(c->session) ? room : 0;
}

bool
client_is_stuffed(const struct client *c)
{
    return room_of(c) && !session_can_answer(c->session);
}

bool
client_deliver(struct client *c, struct pdu *deliver, uint64_t note,
               enum pdu_fault *fault)
{
    if (fault)
        *fault = PDU_OK;
    if (client_room(c) == 0)
        return false;
    struct session_note n = {{note}};
    if (!session_request(c->session, deliver, &n, fault))
        return false;
    metric_add(METRIC_CLIENT_DELIVERIES, 1);
    client_rate_add(&c->counts.out, loop_wall(c->server->loop).ms / 1000);
    client_has_output(c);
    return true;
}

bool
client_tell(struct client *c, struct pdu *pdu)
{
    return c->session && session_tell(c->session, pdu);
}

void
client_answered(struct client *c, const struct session_note *note,
                const struct pdu *answer, bool late)
{
    struct clients *s = c->server;
    uint32_t status = answer->status;
    /* A nack without a status still refuses. */
    if (answer->id == SMPP_GENERIC_NACK && status == 0)
        status = ESME_RUNKNOWNERR;
    /* lost() has said so, and it may be on its way again; but whoever always
     * takes too long must not be told for ever. */
    if (late && status != 0)
        return;
    if (status == 0)
        c->counts.delivered++;
    else
        c->counts.delivered_bad++;
    s->ops->answered(s->flow, c, note->word[0], status);
}

void
client_lost(struct client *c, const struct session_note *note,
            enum session_loss loss)
{
    struct clients *s = c->server;
    c->counts.delivered_bad++;
    s->ops->lost(s->flow, c, note->word[0], loss);
}
