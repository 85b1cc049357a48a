/*
 * tally.c - what became of a campaign's recipients, as lines for people.
 */
#include "engine/cli/tally.h"

#include <string.h>

#include "engine/cli/field.h"
#include "engine/cli/figure.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"
#include "engine/cli/width.h"

/* Counts in the order of a message's life. */
static const struct {
    const char *name;
    bool always;
    enum paint paint;
} shown[] = {
    {"queued", false, PAINT_NONE},    {"held", false, PAINT_WARN},
    {"submitted", false, PAINT_NONE}, {"delivered", true, PAINT_GOOD},
    {"failed", true, PAINT_BAD},      {"expired", false, PAINT_BAD},
    {"unknown", false, PAINT_WARN},   {"suppressed", false, PAINT_DIM},
    {"cancelled", false, PAINT_DIM},  {"rejected", false, PAINT_BAD},
    {"uncertain", true, PAINT_WARN},  {"replies", true, PAINT_LINK},
};

struct tally
tally_of(const json_t *campaign)
{
    const json_t *counts = field_at(campaign, "counts");
    struct tally tally = {
        .waiting = field_count(counts, "queued") + field_count(counts, "held"),
        .submitted = field_count(counts, "submitted"),
    };
    const char *name;
    const json_t *count;
    json_object_foreach((json_t *)counts, name, count)
    {
        /* Sums over the others, or not about a recipient's own fate. */
        if (strcmp(name, "recipients") != 0 && strcmp(name, "replies") != 0 &&
            strcmp(name, "rejected") != 0 && strcmp(name, "queued") != 0 &&
            strcmp(name, "held") != 0 && strcmp(name, "submitted") != 0)
            tally.settled += json_integer_value(count);
    }
    tally.all = tally.waiting + tally.submitted + tally.settled;
    if (tally.all == 0)
        tally.all = field_count(counts, "recipients");
    return tally;
}

/* The daemon's estimate (a time, or seconds), else from the rate. */
static double
left_s(const json_t *campaign, const struct tally *tally, double per_s)
{
    const json_t *eta = field_at(campaign, "eta");
    int64_t ms;
    if (json_is_number(eta))
        return json_number_value(eta);
    if (json_is_string(eta) && when_parse(json_string_value(eta), &ms)) {
        double left = (double)(ms - when_now_ms()) / 1000;
        return left > 0 ? left : 0;
    }
    return progress_left_s(tally->waiting, per_s);
}

struct progress
tally_progress(const json_t *campaign)
{
    struct tally tally = tally_of(campaign);
    double per_s = field_real(campaign, "rate_now", 0);
    return (struct progress){
        .settled = tally.settled,
        .begun = tally.settled + tally.submitted,
        .all = tally.all,
        .per_s = per_s,
        .left_s = left_s(campaign, &tally, per_s),
    };
}

void
tally_print(const json_t *campaign, FILE *out, const char *between,
            size_t columns)
{
    const json_t *counts = field_at(campaign, "counts");
    size_t used = 0;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        long long n = field_count(counts, shown[i].name);
        char figure[FIGURE_CAP], text[64];
        if (n == 0 && !shown[i].always)
            continue;
        snprintf(text, sizeof text, "%s %s", shown[i].name,
                 figure_count(figure, n));
        size_t wide = width_of(between) + width_of(text);
        bool fits = used + wide <= columns;
        if (used > 0)
            fputs(fits ? between : "\n", out);
        fprintf(out, "%s%s%s", n > 0 ? term_paint(shown[i].paint) : "", text,
                n > 0 ? term_plain() : "");
        used = fits ? used + wide : wide;
    }
}
