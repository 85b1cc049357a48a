/*
 * cmd_campaign.h - rows of volley campaign list, show, watch, start, pause,
 * resume, cancel and results.
 */
#ifndef ENGINE_CLI_CMD_CAMPAIGN_H
#define ENGINE_CLI_CMD_CAMPAIGN_H

#include "engine/cli/command.h"

extern const struct command cmd_campaign_list;
extern const struct command cmd_campaign_show;
extern const struct command cmd_campaign_watch;
extern const struct command cmd_campaign_start;
extern const struct command cmd_campaign_pause;
extern const struct command cmd_campaign_resume;
extern const struct command cmd_campaign_cancel;
extern const struct command cmd_campaign_results;

#endif
