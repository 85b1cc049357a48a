/*
 * outcome.h - how a command ends, which is also the exit status.
 *
 * Scripts rely on these numbers; the help text and README.md list them.
 */
#ifndef ENGINE_CLI_OUTCOME_H
#define ENGINE_CLI_OUTCOME_H

enum outcome {
    OUTCOME_OK = 0,
    OUTCOME_REFUSED = 1,   /* the daemon answered, and said no */
    OUTCOME_USAGE = 2,     /* the command line or a local file is wrong */
    OUTCOME_UNREACHED = 3, /* no daemon answered */
};

#endif
