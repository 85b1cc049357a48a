/*
 * main.c - volleyd's command line.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "engine/daemon.h"

#define VERSION "0.1.0"

static void
help(FILE *out)
{
    fputs("volleyd - sends texts over SMPP, and brings each reply back to its "
          "sender\n"
          "\n"
          "  volleyd -c FILE            runs with these settings\n"
          "  volleyd -c FILE --check    checks the settings and exits\n"
          "  volleyd -c FILE --audit    cross-checks a stopped store; exit 0 "
          "when clean\n"
          "  volleyd --settings         every setting: kind, range, default, "
          "meaning\n"
          "  volleyd --version, --help\n"
          "\n"
          "SIGHUP reads the settings again (a bad file changes nothing).\n"
          "SIGTERM lets carriers answer, stops, and loses nothing; so does "
          "kill -9,\nbut for parts that are then listed as uncertain.\n"
          "\n"
          "Exit: 0 done, 1 the audit found faults, 2 bad settings or usage,\n"
          "3 something could not be opened, 4 the store failed (start again).\n"
          "\n"
          "A first file to start from: engine/volley.yaml. The command line "
          "for people\nis `volley`; the API is described in README.md.\n",
          out);
}

enum action { RUN, CHECK, AUDIT };

static int
usage(const char *what)
{
    fprintf(stderr, "volleyd: %s\nTry 'volleyd --help'.\n", what);
    return EXIT_SETTINGS;
}

static int
act(enum action action, const char *path)
{
    struct config *config;
    if (!config_load(path, &config, stderr))
        return EXIT_SETTINGS;
    if (action == RUN)
        return daemon_run(path, config);
    int code = EXIT_CLEAN;
    if (action == CHECK)
        printf("%s: good\n", path);
    else
        code = daemon_audit(config, stdout);
    config_free(config);
    return code;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'k'},
        {"audit", no_argument, NULL, 'a'},
        {"settings", optional_argument, NULL, 's'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    const char *path = NULL;
    enum action action = RUN;
    for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (c) {
        case 'c': path = optarg; break;
        case 'k': action = CHECK; break;
        case 'a': action = AUDIT; break;
        case 's':
            config_manual(stdout, optarg && strcmp(optarg, "markdown") == 0);
            return EXIT_CLEAN;
        case 'v': puts("volleyd " VERSION); return EXIT_CLEAN;
        case 'h': help(stdout); return EXIT_CLEAN;
        default: return usage("unknown option");
        }
    }
    if (optind < argc)
        return usage("no arguments are taken but options");
    if (!path)
        return usage("no settings file given: volleyd -c FILE");
    return act(action, path);
}
