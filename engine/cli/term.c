/*
 * term.c - what standard output is: a terminal or a file, how wide, colours.
 */
#include "engine/cli/term.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static struct term term;
static volatile sig_atomic_t interrupted;

static bool
env_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0';
}

void
term_init(bool no_colour, bool plain)
{
    const char *kind = getenv("TERM");
    bool dumb = kind == NULL || strcmp(kind, "dumb") == 0;
    setlocale(LC_CTYPE, "");
    term.live = isatty(STDOUT_FILENO) && !dumb && !plain;
    term.colour = term.live && !no_colour && !env_set("NO_COLOR");
    term.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

const struct term *
term_get(void)
{
    return &term;
}

size_t
term_columns(void)
{
    struct winsize size;
    if (!term.live)
        return SIZE_MAX;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long n = columns != NULL ? strtol(columns, NULL, 10) : 0;
    return n > 0 && n < 10000 ? (size_t)n : 80;
}

const char *
term_paint(enum paint paint)
{
    static const char *const codes[] = {
        [PAINT_NONE] = "",         [PAINT_BOLD] = "\033[1m",
        [PAINT_DIM] = "\033[2m",   [PAINT_GOOD] = "\033[32m",
        [PAINT_WARN] = "\033[33m", [PAINT_BAD] = "\033[31m",
        [PAINT_LINK] = "\033[36m",
    };
    return term.colour ? codes[paint] : "";
}

const char *
term_plain(void)
{
    return term.colour ? "\033[0m" : "";
}

enum paint
term_state_paint(const char *state)
{
    static const struct {
        const char *state;
        enum paint paint;
    } paints[] = {
        {"up", PAINT_GOOD},        {"bound", PAINT_GOOD},
        {"delivered", PAINT_GOOD}, {"done", PAINT_GOOD},
        {"running", PAINT_GOOD},   {"open", PAINT_GOOD},
        {"degraded", PAINT_WARN},  {"paused", PAINT_WARN},
        {"held", PAINT_WARN},      {"uncertain", PAINT_WARN},
        {"unknown", PAINT_WARN},   {"connecting", PAINT_WARN},
        {"binding", PAINT_WARN},   {"unbinding", PAINT_WARN},
        {"down", PAINT_BAD},       {"failed", PAINT_BAD},
        {"expired", PAINT_BAD},    {"rejected", PAINT_BAD},
        {"cancelled", PAINT_DIM},  {"suppressed", PAINT_DIM},
        {"closed", PAINT_DIM},     {"draft", PAINT_DIM},
    };
    for (size_t i = 0; i < sizeof paints / sizeof *paints; i++)
        if (strcmp(paints[i].state, state) == 0)
            return paints[i].paint;
    return PAINT_NONE;
}

static void
on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

void
term_catch_interrupt(void)
{
    /* No SA_RESTART: waits end at once. RESETHAND: the second one kills. */
    struct sigaction action = {.sa_handler = on_interrupt,
                               .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

bool
term_interrupted(void)
{
    return interrupted != 0;
}

bool
term_wait_ms(long ms)
{
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
    while (!interrupted && nanosleep(&wait, &wait) != 0)
        ;
    return !interrupted;
}
