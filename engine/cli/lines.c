/*
 * lines.c - the lines of standard input, one at a time.
 */
#include "engine/cli/lines.h"

#include <stdio.h>
#include <stdlib.h>

bool
lines_each(line_answer *answer, void *arg)
{
    char *line = NULL;
    size_t cap = 0;
    bool good = true;
    ssize_t n;
    while ((n = getline(&line, &cap, stdin)) >= 0) {
        if (n > 0 && line[n - 1] == '\n')
            n--;
        if (n > 0 && line[n - 1] == '\r')
            n--;
        good &= answer(arg, slice_of(line, (size_t)n));
        fflush(stdout);
    }
    free(line);
    return good;
}

json_t *
lines_json(struct slice line, char *why, size_t cap)
{
    json_error_t error;
    json_t *value = json_loadb((const char *)line.p, line.n,
                               JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (!value)
        snprintf(why, cap, "bad JSON at character %d: %s", error.column,
                 error.text);
    if (value && !json_is_object(value)) {
        snprintf(why, cap, "a JSON object is wanted, {\"text\": …}");
        json_decref(value);
        return NULL;
    }
    return value;
}

void
lines_print(json_t *answer)
{
    char *text = json_dumps(answer, JSON_COMPACT);
    puts(text ? text : "{\"error\":\"out of memory\"}");
    free(text);
    json_decref(answer);
}
