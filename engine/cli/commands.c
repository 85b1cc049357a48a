/*
 * commands.c - all commands of `volley`, in the order of the overview.
 */
#include "engine/cli/command.h"

#include <stdio.h>
#include <string.h>

#include "engine/cli/cmd_campaign.h"
#include "engine/cli/cmd_campaign_send.h"
#include "engine/cli/cmd_client.h"
#include "engine/cli/cmd_directory.h"
#include "engine/cli/cmd_events.h"
#include "engine/cli/cmd_message.h"
#include "engine/cli/cmd_route.h"
#include "engine/cli/cmd_send.h"
#include "engine/cli/cmd_status.h"
#include "engine/cli/cmd_thread.h"
#include "engine/cli/cmd_tools.h"
#include "engine/cli/cmd_trace.h"
#include "engine/cli/help.h"

const struct command *const commands[] = {
    &cmd_status,
    &cmd_send,
    &cmd_campaign_send,
    &cmd_campaign_list,
    &cmd_campaign_show,
    &cmd_campaign_watch,
    &cmd_campaign_start,
    &cmd_campaign_pause,
    &cmd_campaign_resume,
    &cmd_campaign_cancel,
    &cmd_campaign_results,
    &cmd_inbox,
    &cmd_thread,
    &cmd_events,
    &cmd_messages,
    &cmd_message,
    &cmd_message_cancel,
    &cmd_unmatched,
    &cmd_unmatched_assign,
    &cmd_accounts,
    &cmd_accounts_add,
    &cmd_accounts_remove,
    &cmd_senders,
    &cmd_senders_add,
    &cmd_numbers,
    &cmd_numbers_add,
    &cmd_pools,
    &cmd_pools_add,
    &cmd_logins,
    &cmd_logins_add,
    &cmd_logins_change,
    &cmd_logins_remove,
    &cmd_suppressions,
    &cmd_suppressions_add,
    &cmd_suppressions_remove,
    &cmd_carrier_pause,
    &cmd_carrier_resume,
    &cmd_carrier_rebind,
    &cmd_carrier_drain,
    &cmd_carrier_kick,
    &cmd_route_explain,
    &cmd_clients,
    &cmd_client_kick,
    &cmd_client_pause,
    &cmd_client_resume,
    &cmd_client_drain,
    &cmd_trace,
    &cmd_tool_pdu,
    &cmd_tool_text,
    &cmd_tool_receipt,
    &cmd_version,
    &cmd_help,
    NULL,
};

static const struct command *
row_named(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

const struct command *
command_find(const char *const *words, size_t words_n, size_t *used)
{
    char name[64];
    const struct command *command = NULL;
    if (words_n >= 2) {
        snprintf(name, sizeof name, "%s %s", words[0], words[1]);
        command = row_named(name);
        *used = 2;
    }
    if (command != NULL || words_n == 0)
        return command;
    command = row_named(words[0]);
    /* "senders list" is "senders". */
    bool list = words_n >= 2 && strcmp(words[1], "list") == 0;
    *used = command != NULL && command->words_max == 0 && list ? 2 : 1;
    return command;
}
