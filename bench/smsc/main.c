/*
 * main.c - volley-smsc: options in, carrier up, until a signal.
 */
#include "bench/smsc/check.h"
#include "bench/smsc/smsc.h"
#include "bench/smsc/stats.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static volatile sig_atomic_t stopped;

static void
on_stop(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

static int
check_ledger(const struct settings *settings)
{
    struct check_result result;
    char why[160];
    if (!check_read(&result, settings->check_ledger, why)) {
        fprintf(stderr, "volley-smsc: %s\n", why);
        check_fini(&result);
        return EXIT_FAILED;
    }
    check_print(&result, settings->json);
    check_fini(&result);
    return EXIT_OK;
}

static int
serve(const struct settings *settings)
{
    char why[SCRIPT_WHY_BYTES];
    uint16_t port = 0;
    struct smsc *s = smsc_create(settings, why, &port);
    if (!s) {
        fprintf(stderr, "volley-smsc: %s\n", why);
        return settings->script ? EXIT_USAGE : EXIT_FAILED;
    }
    printf("volley-smsc listening on %s:%u\n", settings->host, port);
    fflush(stdout);
    struct stats stats = {0};
    while (!stopped) {
        smsc_turn(s);
        if (settings->stats)
            stats_tick(&stats, s);
    }
    if (settings->stats)
        stats_end(s);
    smsc_destroy(s);
    return EXIT_OK;
}

int
main(int argc, char **argv)
{
    static struct settings settings;
    enum args_result parsed = settings_parse(&settings, argc, argv);
    if (parsed != ARGS_RUN)
        return parsed == ARGS_DONE ? EXIT_OK : EXIT_USAGE;
    if (settings.check_ledger)
        return check_ledger(&settings);
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max; /* any number of binds */
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    return serve(&settings);
}
