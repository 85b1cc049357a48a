/*
 * campaign_watch.h - follows a running campaign with a progress bar.
 */
#ifndef ENGINE_CLI_CAMPAIGN_WATCH_H
#define ENGINE_CLI_CAMPAIGN_WATCH_H

#include <jansson.h>
#include <stdio.h>

#include "engine/cli/outcome.h"

struct call;

/*
 * Until the campaign is done or cancelled and its receipts are there or have
 * stopped coming, or Ctrl-C. A daemon that is away
 * (a restart) is waited for. A campaign that ended otherwise than done is
 * OUTCOME_REFUSED.
 */
enum outcome campaign_watch(const struct call *call, const char *id);

/* A campaign as a block of lines, as watch and show draw it. */
void campaign_print(FILE *out, const json_t *campaign);

/* GET /v1/campaigns/{id}; the caller's. */
enum outcome
campaign_get(const struct call *call, const char *id, json_t **campaign);

#endif
