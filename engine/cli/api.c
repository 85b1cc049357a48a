/*
 * api.c - one daemon's HTTP API: a request, its JSON answer, its problem.
 *
 * libcurl's easy interface: a command line waits for its answer anyway.
 */
#include "engine/cli/api.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/command.h"
#include "engine/cli/problem.h"
#include "engine/cli/query.h"
#include "engine/cli/term.h"

/* An answer that is gathered, not streamed: a page of 1,000 messages is 2 MB
 * at most. Past 64 MiB somebody else answers. */
#define ANSWER_MAX_BYTES (64u << 20)

/* Rows asked for at once when more than that are wanted. */
enum { PAGE_ROWS = 500 };

struct api {
    CURL *curl;
    char *url; /* without a slash at its end */
    char *key; /* NULL: none */
    bool json;
    char error[CURL_ERROR_SIZE];
    long status;
    const struct api_request *request; /* while it runs */
    char *answer;                      /* gathered body */
    size_t answer_n;
    size_t answer_cap;
    bool answer_too_long;
    bool ended_by_writer;
};

static void *
or_die(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "volley: out of memory\n");
        exit(EXIT_FAILURE);
    }
    return p;
}

/* The key itself, or the first line of the file that "@FILE" names. */
static char *
read_key(const char *given)
{
    char line[512];
    if (given == NULL || *given == '\0')
        return NULL;
    if (given[0] != '@')
        return or_die(strdup(given));
    FILE *file = fopen(given + 1, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        fprintf(stderr, "volley: no key can be read from %s\n", given + 1);
        exit(OUTCOME_USAGE);
    }
    fclose(file);
    line[strcspn(line, "\r\n \t")] = '\0';
    return or_die(strdup(line));
}

struct api *
api_open(const struct settings *settings)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct api *api = or_die(calloc(1, sizeof *api));
    api->curl = or_die(curl_easy_init());
    api->url = or_die(strdup(settings->url));
    for (size_t n = strlen(api->url); n > 0 && api->url[n - 1] == '/';)
        api->url[--n] = '\0';
    api->key = read_key(settings->key);
    api->json = settings->json;
    curl_easy_setopt(api->curl, CURLOPT_ERRORBUFFER, api->error);
    curl_easy_setopt(api->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(api->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    /* 10 s: a daemon on another continent, once over. */
    curl_easy_setopt(api->curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(api->curl, CURLOPT_USERAGENT, "volley/" VOLLEY_VERSION);
    if (settings->ca != NULL)
        curl_easy_setopt(api->curl, CURLOPT_CAINFO, settings->ca);
    if (settings->cert != NULL) {
        curl_easy_setopt(api->curl, CURLOPT_SSLCERT, settings->cert);
        curl_easy_setopt(api->curl, CURLOPT_SSLKEY, settings->cert);
    }
    return api;
}

void
api_close(struct api *api)
{
    if (api == NULL)
        return;
    curl_easy_cleanup(api->curl);
    free(api->url);
    free(api->key);
    free(api->answer);
    free(api);
    curl_global_cleanup();
}

static bool
gather(struct api *api, const char *octets, size_t n)
{
    if (api->answer_n + n + 1 > ANSWER_MAX_BYTES) {
        api->answer_too_long = true;
        return false;
    }
    if (api->answer_n + n + 1 > api->answer_cap) {
        api->answer_cap = (api->answer_n + n + 1) * 2;
        api->answer = or_die(realloc(api->answer, api->answer_cap));
    }
    memcpy(api->answer + api->answer_n, octets, n);
    api->answer_n += n;
    return true;
}

/* libcurl's write callback; a refusal is gathered even when streaming. */
static size_t
on_answer(char *octets, size_t size, size_t n, void *arg)
{
    struct api *api = arg;
    long status = 0;
    curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, &status);
    if (api->request->write == NULL || status >= 300)
        return gather(api, octets, size * n) ? size * n : 0;
    if (api->request->write(api->request->arg, octets, size * n))
        return size * n;
    api->ended_by_writer = true;
    return 0;
}

/* libcurl's read callback. */
static size_t
on_body(char *dst, size_t size, size_t n, void *arg)
{
    struct api *api = arg;
    size_t got = api->request->read(api->request->arg, dst, size * n);
    return got == SIZE_MAX ? CURL_READFUNC_ABORT : got;
}

/* Called at least once a second: Ctrl-C ends an event stream here. */
static int
on_progress(void *arg, curl_off_t down, curl_off_t down_all, curl_off_t up,
            curl_off_t up_all)
{
    (void)arg, (void)down, (void)down_all, (void)up, (void)up_all;
    return term_interrupted();
}

static struct curl_slist *
add_header(struct curl_slist *list, const char *name, const char *value)
{
    char *line;
    if (value == NULL)
        return list;
    if (asprintf(&line, "%s: %s", name, value) < 0)
        line = or_die(NULL);
    list = or_die(curl_slist_append(list, line));
    free(line);
    return list;
}

static struct curl_slist *
headers_of(const struct api *api, const struct api_request *request)
{
    struct curl_slist *list = NULL;
    char *bearer = NULL;
    if (api->key != NULL && asprintf(&bearer, "Bearer %s", api->key) < 0)
        bearer = or_die(NULL);
    list = add_header(list, "Authorization", bearer);
    free(bearer);
    list = add_header(list, "Accept",
                      request->accept ? request->accept : "application/json");
    list = add_header(list, "Idempotency-Key", request->idempotency_key);
    list = add_header(list, "Last-Event-ID", request->last_event_id);
    if (request->read != NULL) {
        list = add_header(list, "Content-Type", request->content_type);
        list = add_header(list, "Transfer-Encoding", "chunked");
    } else if (request->body != NULL) {
        list = add_header(list, "Content-Type", "application/json");
    }
    return list;
}

/* Gives libcurl the request; *body must be freed after it has run. */
static void
prepare(struct api *api, const struct api_request *request, char **body)
{
    CURL *curl = api->curl;
    const char *method = request->method != NULL ? request->method : "GET";
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 0L);
    if (request->read != NULL) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_body);
        curl_easy_setopt(curl, CURLOPT_READDATA, api);
        /* 512 KiB: fewer chunks, fewer system calls. */
        curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
    } else if (strcmp(method, "GET") != 0) {
        *body = request->body != NULL
                    ? or_die(json_dumps(request->body, JSON_COMPACT))
                    : or_die(strdup(""));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, -1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, *body);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, api);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    /* A plain request is answered in 60 s; a stream must not fall silent. */
    bool streams = request->read != NULL || request->write != NULL;
    curl_easy_setopt(curl, CURLOPT_TIMEOUT,
                     streams || request->endless ? 0L : 60L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     streams && !request->endless ? 120L : 0L);
    /* A lost peer sends nothing: ask its TCP each 30 s. */
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 30L);
}

static enum problem_reach
reach_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return REACH_NO_HOST;
    case CURLE_COULDNT_CONNECT: return REACH_REFUSED;
    case CURLE_OPERATION_TIMEDOUT: return REACH_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return REACH_BAD_URL;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: return REACH_TLS;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_WRITE_ERROR: return REACH_NOT_VOLLEY;
    default: return REACH_BROKEN;
    }
}

static struct problem_scene
scene_of(const struct api *api, const struct api_request *request)
{
    return (struct problem_scene){
        .url = api->url,
        .method = request->method != NULL ? request->method : "GET",
        .path = request->path,
        .key = api->key,
        .retry_after_s = api_retry_after_s(api),
    };
}

static enum outcome
unreached(struct api *api, const struct api_request *request,
          enum problem_reach reach, const char *detail)
{
    struct problem_scene scene = scene_of(api, request);
    if (request->quiet)
        return OUTCOME_UNREACHED;
    fflush(stdout);
    if (api->json)
        problem_dump_reach(stderr, &scene, reach, detail);
    else
        problem_print_reach(stderr, &scene, reach, detail);
    return OUTCOME_UNREACHED;
}

static enum outcome
refused(struct api *api, const struct api_request *request, json_t *body)
{
    struct problem_scene scene = scene_of(api, request);
    if (request->quiet)
        return OUTCOME_REFUSED;
    fflush(stdout);
    if (api->json)
        problem_dump(stderr, api->status, body);
    else
        problem_print(stderr, &scene, api->status, body);
    return OUTCOME_REFUSED;
}

/* Judges an exchange that came to its end. */
static enum outcome
conclude(struct api *api, const struct api_request *request, json_t **answer)
{
    json_error_t where;
    json_t *body = NULL;
    if (api->answer_n > 0)
        body = json_loadb(api->answer, api->answer_n,
                          JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);
    enum outcome outcome = OUTCOME_OK;
    if (api->status >= 300)
        outcome = refused(api, request, body);
    else if (api->answer_n > 0 && body == NULL)
        outcome = unreached(api, request, REACH_NOT_VOLLEY, where.text);
    if (outcome == OUTCOME_OK && answer != NULL)
        *answer = body;
    else
        json_decref(body);
    return outcome;
}

/* One request and its answer over the wire. */
static CURLcode
exchange(struct api *api, const struct api_request *request)
{
    char *body = NULL, *url;
    if (asprintf(&url, "%s%s", api->url, request->path) < 0)
        url = or_die(NULL);
    api->request = request;
    api->status = 0;
    api->answer_n = 0;
    api->answer_too_long = api->ended_by_writer = false;
    api->error[0] = '\0';
    struct curl_slist *headers = headers_of(api, request);
    prepare(api, request, &body);
    curl_easy_setopt(api->curl, CURLOPT_URL, url);
    curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(api->curl);
    curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, &api->status);
    curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    free(body);
    free(url);
    return code;
}

enum outcome
api_call(struct api *api, const struct api_request *request, json_t **answer)
{
    if (answer != NULL)
        *answer = NULL;
    CURLcode code = exchange(api, request);
    /* The answer was lost: under its key it can be asked for again. */
    if (code != CURLE_OK && reach_of(code) == REACH_BROKEN &&
        request->idempotency_key != NULL && request->read == NULL &&
        !term_interrupted())
        code = exchange(api, request);
    if (code == CURLE_OK || (api->status >= 300 && api->answer_n > 0))
        return conclude(api, request, answer);
    if (api->ended_by_writer || code == CURLE_ABORTED_BY_CALLBACK)
        return OUTCOME_OK;
    return unreached(api, request, reach_of(code),
                     *api->error ? api->error : curl_easy_strerror(code));
}

enum outcome
api_get(struct api *api, const char *path, json_t **answer)
{
    struct api_request request = {.path = path};
    return api_call(api, &request, answer);
}

enum outcome
api_post(struct api *api, const char *path, json_t *body, json_t **answer)
{
    struct api_request request = {.method = "POST", .path = path, .body = body};
    return api_call(api, &request, answer);
}

/* The path with limit= and cursor=, whether or not it has a query. */
static char *
page_path(const char *path, long rows, const char *cursor)
{
    struct query query;
    query_begin(&query, path);
    query.any = strchr(path, '?') != NULL;
    query_add_count(&query, "limit", rows);
    query_add(&query, "cursor", cursor);
    return query.text;
}

/* Gives the page's rows on; false when the walk is over. */
static bool
give_rows(const json_t *page, long *left, api_row *row, void *arg)
{
    size_t i;
    json_t *object;
    json_array_foreach(json_object_get(page, "data"), i, object)
    {
        if (!row(arg, object) || --*left == 0)
            return false;
    }
    return true;
}

/*
 * The caller's; NULL at the end. A filtered page may be empty and not the
 * last; one that leads to itself would never end.
 */
static char *
next_cursor(const json_t *page, const char *last)
{
    const char *next = json_string_value(json_object_get(page, "next_cursor"));
    if (next == NULL || *next == '\0' ||
        (last != NULL && strcmp(next, last) == 0))
        return NULL;
    return or_die(strdup(next));
}

enum outcome
api_each(struct api *api, const char *path, long limit, api_row *row, void *arg)
{
    long left = limit > 0 ? limit : LONG_MAX;
    char *cursor = NULL;
    enum outcome outcome;
    bool more;
    do {
        json_t *page = NULL;
        char *paged =
            page_path(path, left < PAGE_ROWS ? left : PAGE_ROWS, cursor);
        outcome = api_get(api, paged, &page);
        free(paged);
        more = outcome == OUTCOME_OK && give_rows(page, &left, row, arg);
        char *last = cursor;
        cursor = more ? next_cursor(page, last) : NULL;
        free(last);
        json_decref(page);
    } while (cursor != NULL);
    return outcome;
}

long
api_status(const struct api *api)
{
    return api->status;
}

long
api_retry_after_s(const struct api *api)
{
    curl_off_t seconds = 0;
    curl_easy_getinfo(api->curl, CURLINFO_RETRY_AFTER, &seconds);
    return (long)seconds;
}
