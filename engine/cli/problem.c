/*
 * problem.c - says what went wrong, where, and how to mend it.
 */
#include "engine/cli/problem.h"

#include <stdbool.h>
#include <string.h>

#include "engine/cli/field.h"
#include "engine/cli/width.h"

/* A hundred bad lines tell no more than twenty do. */
enum { ERRORS_SHOWN = 20 };

static const char *
status_title(long status)
{
    switch (status) {
    case 400: return "the request is malformed";
    case 401: return "no valid key";
    case 403: return "the key may not do this";
    case 404: return "not found";
    case 405: return "not possible here";
    case 409: return "it is in another state, or somebody was faster";
    case 413: return "too large";
    case 415: return "the daemon does not know this format";
    case 422: return "the request cannot be carried out";
    case 429: return "quota or rate met";
    case 503: return "the daemon cannot take more just now";
    default: return status >= 500 ? "the daemon failed" : "refused";
    }
}

#define ADMIN_KEY                                                              \
    "the admin's key (adm_…): http.admin_key of volley.yaml, or the file "   \
    "admin.key in data_dir (--key @data/admin.key)"
#define ACCOUNT_KEY "an account's key (acc_…, from `volley accounts add NAME`)"
#define SENDER_KEY  "a sender's (snd_…, from `volley senders add NAME`)"

/* First match wins; the last row matches all. */
static const struct {
    const char *path;
    const char *key;
} needs[] = {
    {"/v1/accounts", ADMIN_KEY},
    {"/v1/carriers", ADMIN_KEY},
    {"/v1/routes", ADMIN_KEY},
    {"/v1/messages", ACCOUNT_KEY " or " SENDER_KEY},
    {"/v1/threads", ACCOUNT_KEY " or " SENDER_KEY},
    {"/v1/events", ACCOUNT_KEY " or " SENDER_KEY},
    {"", ACCOUNT_KEY},
};

static const char *
key_needed(const char *path)
{
    size_t i = 0;
    while (strncmp(path, needs[i].path, strlen(needs[i].path)) != 0)
        i++;
    return needs[i].key;
}

static const char *
key_given(const char *key, bool known)
{
    if (key == NULL)
        return "none was given; use --key, or set VOLLEY_KEY";
    if (!known)
        return "the one given is not known here; is it of another daemon, or "
               "of an account that was removed?";
    if (strncmp(key, "adm_", 4) == 0)
        return "an admin's key was given";
    if (strncmp(key, "acc_", 4) == 0)
        return "an account's key was given";
    if (strncmp(key, "snd_", 4) == 0)
        return "a sender's key was given";
    return "the one given begins with none of adm_, acc_, snd_";
}

/* What to do, one line; NULL when the detail says it all. */
static const char *
status_remedy(long status)
{
    switch (status) {
    case 404:
        return "check the id; one of another account or sender is not found "
               "either";
    case 405: return "is the daemon older than this volley? `volley version`";
    case 413: return "send it in smaller pieces";
    case 503:
        return "try again shortly; if it stays, look at the daemon's log and "
               "at the free space of data_dir (`df`)";
    default:
        return status >= 500 ? "look at the daemon's log; nothing was changed "
                               "if it says so"
                             : NULL;
    }
}

/* One row of errors[]: a JSON Pointer or a line, and why if not said yet. */
static void
print_error(FILE *out, const json_t *error, const char *said)
{
    const char *where =
        field_first(error, (const char *const[]){"pointer", "field", NULL});
    const char *why = field_first(
        error, (const char *const[]){"detail", "title", "code", NULL});
    if (*where == '\0' && strcmp(why, said) == 0)
        return;
    fputs("  where: ", out);
    if (json_is_integer(field_at(error, "line")))
        fprintf(out, "line %lld%s", field_count(error, "line"),
                *where ? ", " : "");
    width_put(out, *where == '#' ? where + 1 : where, WIDTH_ALL);
    if (strcmp(why, said) != 0) {
        fputs(": ", out);
        width_put(out, why, WIDTH_ALL);
    }
    fputc('\n', out);
}

static void
print_remedy(FILE *out, const struct problem_scene *scene, long status,
             const json_t *body)
{
    const char *own = field_text(body, "mend");
    if (status == 401 || status == 403) {
        fprintf(out, "  mend:  this needs %s;\n         %s\n",
                key_needed(scene->path), key_given(scene->key, status != 401));
        return;
    }
    if (scene->retry_after_s > 0)
        fprintf(out, "  mend:  try again in %ld s\n", scene->retry_after_s);
    else if (*own != '\0')
        fprintf(out, "  mend:  %s\n", own);
    else if (status_remedy(status) != NULL)
        fprintf(out, "  mend:  %s\n", status_remedy(status));
}

void
problem_print(FILE *out, const struct problem_scene *scene, long status,
              const json_t *body)
{
    const char *title = field_text(body, "title");
    const char *detail = field_text(body, "detail");
    const char *code = field_text(body, "code");
    fputs("volley: ", out);
    width_put(out, *title ? title : status_title(status), WIDTH_ALL);
    if (*detail != '\0' && strcmp(detail, title) != 0) {
        fputs(": ", out);
        width_put(out, detail, WIDTH_ALL);
    }
    fprintf(out, " (%ld%s%s)\n", status, *code ? " " : "", code);
    fprintf(out, "  asked: %s %s\n", scene->method, scene->path);
    size_t i;
    const json_t *error;
    const json_t *errors = field_at(body, "errors");
    json_array_foreach(errors, i, error)
    {
        if (i == ERRORS_SHOWN) {
            fprintf(out, "  where: and %zu more\n",
                    json_array_size(errors) - i);
            break;
        }
        print_error(out, error, detail);
    }
    print_remedy(out, scene, status, body);
}

static const char *
reach_title(enum problem_reach reach)
{
    switch (reach) {
    case REACH_REFUSED: return "no daemon listens at";
    case REACH_NO_HOST: return "no such host:";
    case REACH_TLS: return "no trusted TLS connection to";
    case REACH_TIMEOUT: return "no answer in time from";
    case REACH_BROKEN: return "the connection broke to";
    case REACH_NOT_VOLLEY: return "this does not answer like volleyd:";
    case REACH_BAD_URL: return "not a URL:";
    }
    return "cannot reach";
}

static const char *
reach_remedy(enum problem_reach reach)
{
    switch (reach) {
    case REACH_REFUSED:
        return "start it with `volleyd -c volley.yaml`, or say where it is: "
               "--url or VOLLEY_URL";
    case REACH_NO_HOST:
    case REACH_BAD_URL:
        return "correct --url or VOLLEY_URL: http://host:port, without a path";
    case REACH_TLS:
        return "trust its certificate with --ca FILE; an http: daemon needs "
               "an http: URL";
    case REACH_TIMEOUT:
        return "is it overloaded or stopped? its log tells; /healthz should "
               "answer at once";
    case REACH_BROKEN:
        return "was it restarted? what it answered with 202 is safe; repeat "
               "with the same --idempotency-key to send nothing twice";
    case REACH_NOT_VOLLEY:
        return "something else may listen on this port: set --url or "
               "VOLLEY_URL";
    }
    return "";
}

void
problem_print_reach(FILE *out, const struct problem_scene *scene,
                    enum problem_reach reach, const char *detail)
{
    fprintf(out, "volley: %s %s", reach_title(reach), scene->url);
    /* "Connection refused" would only say it again. */
    if (detail != NULL && *detail != '\0' && reach != REACH_REFUSED)
        fprintf(out, " (%s)", detail);
    fprintf(out, "\n  asked: %s %s\n  mend:  %s\n", scene->method, scene->path,
            reach_remedy(reach));
}

void
problem_dump(FILE *out, long status, const json_t *body)
{
    if (json_is_object(body)) {
        json_dumpf(body, out, JSON_COMPACT);
    } else {
        json_t *own =
            json_pack("{s:s, s:s, s:I}", "type", "about:blank", "title",
                      status_title(status), "status", (json_int_t)status);
        json_dumpf(own, out, JSON_COMPACT);
        json_decref(own);
    }
    fputc('\n', out);
}

void
problem_dump_reach(FILE *out, const struct problem_scene *scene,
                   enum problem_reach reach, const char *detail)
{
    char title[512];
    snprintf(title, sizeof title, "%s %s", reach_title(reach), scene->url);
    json_t *own =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "about:blank", "title",
                  title, "detail", detail != NULL ? detail : "", "code",
                  "unreachable", "mend", reach_remedy(reach));
    json_dumpf(own, out, JSON_COMPACT);
    json_decref(own);
    fputc('\n', out);
}
