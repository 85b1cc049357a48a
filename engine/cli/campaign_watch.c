/*
 * campaign_watch.c - follows a running campaign with a progress bar.
 *
 * Polls the campaign: its object has all that is shown, and a poll survives
 * a restart of the daemon.
 */
#include "engine/cli/campaign_watch.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/command.h"
#include "engine/cli/field.h"
#include "engine/cli/figure.h"
#include "engine/cli/list.h"
#include "engine/cli/progress.h"
#include "engine/cli/query.h"
#include "engine/cli/screen.h"
#include "engine/cli/tally.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"
#include "engine/cli/width.h"

enum {
    POLL_MS = 400,         /* looks alive, costs the daemon nothing */
    PLAIN_EVERY_MS = 3000, /* a line in a log file */
    AWAY_MAX_MS = 60000,   /* a restart takes seconds */
    SETTLE_MS = 10000,     /* all sent: wait so long for one more receipt */
};

enum outcome
campaign_get(const struct call *call, const char *id, json_t **campaign)
{
    struct query path;
    query_begin(&path, "/v1/campaigns");
    query_path(&path, id);
    enum outcome outcome = api_get(call->api, query_text(&path), campaign);
    query_end(&path);
    return outcome;
}

static const char *
dot(void)
{
    return term_get()->utf8 ? " · " : ", ";
}

/* Its name, id and state. */
static void
print_title(FILE *out, const json_t *campaign)
{
    const char *state = field_text(campaign, "state");
    fputs(term_paint(PAINT_BOLD), out);
    width_put(out, field_text(campaign, "name"), 40);
    fprintf(out, "%s  %s  %s%s%s\n", term_plain(), field_text(campaign, "id"),
            term_paint(term_state_paint(state)), state, term_plain());
}

void
campaign_print(FILE *out, const json_t *campaign)
{
    struct progress progress = tally_progress(campaign);
    print_title(out, campaign);
    progress_print(&progress, out, term_columns(), term_get()->utf8);
    fputc('\n', out);
    tally_print(campaign, out, dot(), term_columns());
    fputc('\n', out);
}

/* One line for a log file. */
static void
print_plain(const json_t *campaign)
{
    char clock[WHEN_CAP], done[FIGURE_CAP], all[FIGURE_CAP];
    char rate[FIGURE_CAP], left[FIGURE_CAP];
    struct progress p = tally_progress(campaign);
    int64_t now_ms = when_now_ms();
    printf("%s %s %u%% %s/%s %s eta %s: ", when_local(clock, now_ms, now_ms),
           field_text(campaign, "state"), figure_percent(p.begun, p.all),
           figure_count(done, p.begun), figure_count(all, p.all),
           figure_rate(rate, p.per_s), figure_span(left, p.left_s));
    tally_print(campaign, stdout, ", ", WIDTH_ALL);
    putchar('\n');
    fflush(stdout);
}

struct watch {
    const struct call *call;
    const char *id;
    struct screen screen;
    int64_t drawn_ms;
    int64_t away_since_ms; /* 0: the daemon answers */
    long long settled;     /* outcomes known when that last changed, … */
    int64_t settled_ms;    /* … and when that was */
    bool ended;
    bool well;
};

static bool
state_is(const json_t *campaign, const char *state)
{
    return strcmp(field_text(campaign, "state"), state) == 0;
}

/*
 * Done means that all have left. Their receipts come later, and some never:
 * the watch goes on while they keep coming.
 */
static bool
is_settled(struct watch *watch, const json_t *campaign)
{
    struct tally tally = tally_of(campaign);
    int64_t now_ms = when_now_ms();
    if (tally.settled != watch->settled || watch->settled_ms == 0)
        watch->settled_ms = now_ms;
    watch->settled = tally.settled;
    return tally.submitted == 0 || now_ms - watch->settled_ms > SETTLE_MS;
}

static void
draw(struct watch *watch, const json_t *campaign)
{
    int64_t now_ms = when_now_ms();
    bool due = now_ms - watch->drawn_ms >= PLAIN_EVERY_MS;
    if (watch->call->settings.json) {
        list_json(campaign);
    } else if (term_get()->live) {
        campaign_print(screen_frame(&watch->screen), campaign);
        screen_show(&watch->screen);
    } else if (due || watch->ended) {
        print_plain(campaign);
        watch->drawn_ms = now_ms;
    }
}

/* The daemon did not answer: wait, and say so once. */
static enum outcome
stay_away(struct watch *watch, enum outcome outcome)
{
    int64_t now_ms = when_now_ms();
    if (outcome != OUTCOME_UNREACHED)
        return outcome;
    if (watch->away_since_ms == 0) {
        watch->away_since_ms = now_ms;
        screen_leave(&watch->screen);
        fprintf(stderr, "volley: waiting for the daemon to come back\n");
    }
    return now_ms - watch->away_since_ms < AWAY_MAX_MS ? OUTCOME_OK : outcome;
}

/* Asks once and draws; sets ended. */
static enum outcome
look(struct watch *watch, bool first)
{
    struct query path;
    json_t *campaign;
    query_begin(&path, "/v1/campaigns");
    query_path(&path, watch->id);
    struct api_request request = {.path = query_text(&path)};
    /* Once it has answered, being away is told by stay_away(). */
    request.quiet = !first;
    enum outcome outcome = api_call(watch->call->api, &request, &campaign);
    if (outcome == OUTCOME_REFUSED && !first) {
        request.quiet = false;
        outcome = api_call(watch->call->api, &request, &campaign);
    }
    query_end(&path);
    if (outcome != OUTCOME_OK)
        return first ? outcome : stay_away(watch, outcome);
    watch->away_since_ms = 0;
    if (campaign == NULL) /* Ctrl-C */
        return OUTCOME_OK;
    bool settled = is_settled(watch, campaign);
    watch->well = state_is(campaign, "done");
    watch->ended = (watch->well || state_is(campaign, "cancelled")) && settled;
    draw(watch, campaign);
    json_decref(campaign);
    return OUTCOME_OK;
}

enum outcome
campaign_watch(const struct call *call, const char *id)
{
    struct watch watch = {.call = call, .id = id};
    term_catch_interrupt();
    enum outcome outcome = look(&watch, true);
    while (outcome == OUTCOME_OK && !watch.ended && term_wait_ms(POLL_MS))
        outcome = look(&watch, false);
    if (outcome != OUTCOME_OK)
        return outcome;
    if (!watch.ended) {
        fprintf(stderr,
                "\nThe campaign goes on. volley campaign watch %s looks "
                "again; pause or cancel stop it.\n",
                id);
        return OUTCOME_OK;
    }
    return watch.well ? OUTCOME_OK : OUTCOME_REFUSED;
}
