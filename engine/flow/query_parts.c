/*
 * query_parts.c - into how many parts a text would go, by the settings of
 * the carrier that its number leaves by.
 */
#include <stdlib.h>

#include "engine/carrier/settings.h"
#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"
#include "engine/flow/query_inside.h"
#include "engine/flow/submit.h"

/* The number itself, or the pool's first: its carriers are taken as alike. */
static uint32_t
choose_number(struct query *q, uint32_t account, struct slice from,
              uint32_t pool)
{
    uint8_t key[4];
    struct slice doc, value;
    if (from.n)
        return query_find_number(q, from);
    if (pool == 0 ||
        store_get(q->reader, TABLE_POOL, directory_key32(pool, key), &doc) !=
            STORE_OK ||
        doc_u64(doc, DOC_ACCOUNT, 0) != account ||
        !doc_get(doc, DOC_NUMBER, &value))
        return 0;
    return (uint32_t)doc_number(value, 0);
}

/* NULL: by route, or gone from the settings. */
static const struct carrier_settings *
settings_of(struct query *q, uint32_t carrier)
{
    const struct flow_settings *s = q->flow->settings;
    const char *name = query_carrier_name(q, carrier);
    for (unsigned i = 0; i < s->carriers_n; i++)
        if (strcmp(s->carriers[i].name, name) == 0)
            return &s->carriers[i];
    return NULL;
}

static bool
options_for(struct query *q, uint32_t account, struct slice from, uint32_t pool,
            struct segment_options *out)
{
    struct carrier_settings defaults;
    const struct query_name *n =
        query_number_row(q, choose_number(q, account, from, pool));
    if (!n || n->deleted || (n->account != account && !n->shared))
        return false;
    const struct carrier_settings *s = settings_of(q, n->carrier);
    if (!s) {
        carrier_settings_default(&defaults);
        s = &defaults;
    }
    submit_segment_options(s, out);
    return true;
}

bool
query_parts(struct query *q, uint32_t account, struct slice from, uint32_t pool,
            struct slice text, unsigned *parts, bool *ucs2)
{
    struct segment_options options;
    struct segment_plan plan = {0};
    if (!q->coded && !(q->coded = malloc(OUTGOING_CODED_MAX)))
        abort();
    *parts = 0;
    *ucs2 = false;
    query_begin(q);
    bool sendable = options_for(q, account, from, pool, &options) &&
                    segment_plan(text, &options, q->coded, OUTGOING_CODED_MAX,
                                 &plan) == SEGMENT_OK;
    query_end(q);
    *parts = plan.parts;
    *ucs2 = plan.alphabet == CODING_UCS2;
    return sendable;
}
