/*
 * daemon.h - the rooms wired into one process.
 *
 * Threads: start and run on the main thread, which becomes the engine's.
 */
#ifndef ENGINE_DAEMON_H
#define ENGINE_DAEMON_H

#include <stdio.h>

#include "engine/config.h"

/* Exit codes of volleyd. */
enum {
    EXIT_CLEAN = 0,
    EXIT_FAULTS = 1,   /* --audit found some */
    EXIT_SETTINGS = 2, /* nothing was started */
    EXIT_START = 3,    /* store, port or carriers could not be opened */
    EXIT_STORE = 4,    /* the store failed while running: start again, and
                          what was acknowledged is there */
};

/* Runs until SIGTERM. Takes the config. */
int daemon_run(const char *path, struct config *config);

/* Cross-checks a stopped store; faults and a summary go to out. */
int daemon_audit(const struct config *config, FILE *out);

#endif
