/*
 * asker.c - one thread, libcurl's multi interface, a mail for each question.
 *
 * Promise: as in asker.h. A mail of kind MAIL_LOOKED_UP goes to the engine
 * when its slot is free, and comes back with the next phones to ask for.
 */
#include "engine/door/asker.h"

#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/log.h"
#include "proto/addr.h"

enum {
    SLOTS = 8,               /* questions at a time */
    ANSWER_MAX = 512 * 1024, /* octets; 1,000 phones need 60 thousand */
    IDLE_MS = 1000,
    HOME_MS = 2000,     /* mails come home in that time, or never */
    SAY_EACH_S = 60,    /* a line about failures */
    AGAIN_MS = 10,      /* the engine's inbox is full */
    PATIENCE_MS = 1000, /* beyond the time limit: late is better kept */
};

struct slot {
    struct asker *asker;
    CURL *curl;
    struct mail *mail; /* NULL: gone, the engine stops */
    struct lookup_batch batch;
    char *question;
    char *answer;
    size_t octets;
    enum { SLOT_HOME, SLOT_AWAY, SLOT_ASKING } place; /* of its mail */
};

struct asker {
    struct flow *flow;
    struct mail_box *box;
    char *url;
    struct curl_slist *headers;
    CURLM *multi;
    pthread_t thread;
    _Atomic bool stopping;
    time_t said;
    unsigned unsaid;
    struct slot slot[SLOTS];
};

/* ---- what is said ---------------------------------------------------------
 */

char *
asker_question(const struct lookup_batch *b)
{
    json_t *numbers = json_array();
    char e164[ADDR_E164_SIZE];
    for (unsigned i = 0; i < b->count; i++) {
        u64_to_e164(b->phone[i].subscriber, e164);
        json_array_append_new(numbers, json_string(e164));
    }
    json_t *body = json_pack("{s:o}", "numbers", numbers);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!text)
        abort();
    return text;
}

/* Text of the first of these that is there. */
static void
network_of(const json_t *row, char out[LOOKUP_NETWORK_SIZE])
{
    static const char *const keys[] = {"network", "carrier", "price"};
    out[0] = 0;
    for (unsigned i = 0; i < 3; i++) {
        const json_t *v = json_object_get(row, keys[i]);
        const char *text = json_string_value(v);
        if (json_is_integer(v))
            snprintf(out, LOOKUP_NETWORK_SIZE, "%" JSON_INTEGER_FORMAT,
                     json_integer_value(v));
        else if (json_is_real(v))
            snprintf(out, LOOKUP_NETWORK_SIZE, "%g", json_real_value(v));
        else if (text && text[0] && strlen(text) < LOOKUP_NETWORK_SIZE)
            snprintf(out, LOOKUP_NETWORK_SIZE, "%s", text);
        if (out[0])
            return;
    }
}

bool
asker_answer(struct lookup_batch *b, const char *text, size_t octets)
{
    char e164[ADDR_E164_SIZE];
    json_t *body = json_loadb(text, octets, 0, NULL);
    bool good = json_is_object(body);
    for (unsigned i = 0; good && i < b->count; i++) {
        u64_to_e164(b->phone[i].subscriber, e164);
        network_of(json_object_get(body, e164), b->phone[i].network);
    }
    json_decref(body);
    return good;
}

/* ---- one question ---------------------------------------------------------
 */

static size_t
on_octets(char *octets, size_t one, size_t n, void *arg)
{
    struct slot *s = arg;
    n *= one;
    if (s->octets + n > ANSWER_MAX)
        return 0; /* ends the transfer */
    memcpy(s->answer + s->octets, octets, n);
    s->octets += n;
    return n;
}

static void
begin(struct slot *s)
{
    s->octets = 0;
    s->question = asker_question(&s->batch);
    curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, s->question);
    curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(s->question));
    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS,
                     (long)s->batch.timeout_ms + PATIENCE_MS);
    curl_multi_add_handle(s->asker->multi, s->curl);
    s->place = SLOT_ASKING;
}

/* The mail goes to the engine; false: its inbox is full. */
static bool
post(struct slot *s)
{
    s->mail->box = s->asker->box;
    s->mail->door = s;
    s->mail->lookup.batch = &s->batch;
    s->place = SLOT_AWAY;
    if (mail_post(s->asker->flow, s->mail))
        return true;
    s->place = SLOT_HOME;
    return false;
}

/* A line a minute at most: the counters tell the rest. */
static void
say_failed(struct asker *a, const char *why, long status)
{
    time_t now = time(NULL);
    a->unsaid++;
    if (now - a->said < SAY_EACH_S)
        return;
    log_warn(ROOM_DOOR, "lookup_failed",
             "questions=%u status=%ld reason=\"%s\"", a->unsaid, status, why);
    a->said = now;
    a->unsaid = 0;
}

static void
finish(struct slot *s, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(s->asker->multi, s->curl);
    bool good = code == CURLE_OK && status == 200;
    bool read = good && asker_answer(&s->batch, s->answer, s->octets);
    if (!read)
        say_failed(s->asker,
                   code != CURLE_OK ? curl_easy_strerror(code)
                   : good           ? "not the JSON that was asked for"
                                    : "not answered with 200",
                   status);
    free(s->question);
    s->question = NULL;
    s->mail->lookup.failed = !read;
    s->place = SLOT_HOME;
}

/* ---- the thread -----------------------------------------------------------
 */

static void
take_mails(struct asker *a)
{
    struct mail *m = mail_box_take(a->box);
    while (m) {
        struct mpsc_link *link = m->node.next;
        struct slot *s = m->door;
        s->place = SLOT_HOME;
        if (m->result != MAIL_OK) {
            mail_free(m); /* the engine stops: nobody asks any more */
            s->mail = NULL;
        } else if (!atomic_load(&a->stopping)) {
            begin(s);
        }
        m = link ? MPSC_OF(link, struct mail, node) : NULL;
    }
}

static void
take_answers(struct asker *a)
{
    CURLMsg *said;
    int left;
    while ((said = curl_multi_info_read(a->multi, &left))) {
        struct slot *s = NULL;
        curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, (char **)&s);
        if (said->msg == CURLMSG_DONE)
            finish(s, said->data.result);
    }
}

/* Those at home go out again. True: one could not. */
static bool
post_all(struct asker *a)
{
    bool full = false;
    for (unsigned i = 0; i < SLOTS; i++)
        if (a->slot[i].mail && a->slot[i].place == SLOT_HOME)
            full = !post(&a->slot[i]) || full;
    mail_box_tell(a->box);
    return full;
}

static void
turn(struct asker *a)
{
    struct curl_waitfd box = {.fd = mail_box_fd(a->box),
                              .events = CURL_WAIT_POLLIN};
    int running;
    uint64_t n;
    bool full = post_all(a);
    curl_multi_poll(a->multi, &box, 1, full ? AGAIN_MS : IDLE_MS, NULL);
    ssize_t got = read(box.fd, &n, sizeof n);
    (void)got;
    take_mails(a);
    curl_multi_perform(a->multi, &running);
    take_answers(a);
}

static void *
asker_run(void *arg)
{
    struct asker *a = arg;
    while (!atomic_load(&a->stopping))
        turn(a);
    return NULL;
}

/* ---- life -----------------------------------------------------------------
 */

static bool
slot_open(struct asker *a, struct slot *s)
{
    s->asker = a;
    s->curl = curl_easy_init();
    s->answer = malloc(ANSWER_MAX);
    s->mail = mail_create(MAIL_LOOKED_UP, (struct who){.kind = WHO_ADMIN});
    if (!s->curl || !s->answer)
        return false;
    curl_easy_setopt(s->curl, CURLOPT_URL, a->url);
    curl_easy_setopt(s->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, a->headers);
    curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, on_octets);
    curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->curl, CURLOPT_PRIVATE, s);
    return true;
}

static void
asker_free(struct asker *a)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *s = &a->slot[i];
        if (s->place == SLOT_ASKING)
            curl_multi_remove_handle(a->multi, s->curl);
        if (s->curl)
            curl_easy_cleanup(s->curl);
        mail_free(s->mail);
        free(s->question);
        free(s->answer);
    }
    curl_slist_free_all(a->headers);
    if (a->multi)
        curl_multi_cleanup(a->multi);
    free(a->url);
    free(a);
    curl_global_cleanup();
}

/* Content type, and the token if there is one. */
static bool
make_headers(struct asker *a, const char *token)
{
    char line[1200];
    a->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!a->headers || !token || !token[0])
        return a->headers != NULL;
    snprintf(line, sizeof line, "Authorization: Bearer %s", token);
    return curl_slist_append(a->headers, line) != NULL;
}

struct asker *
asker_start(struct flow *f, const char *url, const char *token)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NULL;
    struct asker *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    a->flow = f;
    a->box = mail_box_open(f);
    a->url = strdup(url);
    a->multi = curl_multi_init();
    bool good = a->box && a->url && a->multi && make_headers(a, token);
    for (unsigned i = 0; good && i < SLOTS; i++)
        good = slot_open(a, &a->slot[i]);
    if (good && pthread_create(&a->thread, NULL, asker_run, a) == 0)
        return a;
    asker_free(a);
    return NULL;
}

static bool
is_home(const struct asker *a)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (a->slot[i].place == SLOT_AWAY)
            return false;
    return true;
}

void
asker_stop(struct asker *a)
{
    if (!a)
        return;
    atomic_store(&a->stopping, true);
    mail_box_wake(a->box);
    pthread_join(a->thread, NULL);
    /* The engine gives them back when it drains or has stopped. */
    for (unsigned ms = 0; !is_home(a) && ms < HOME_MS; ms += 5) {
        take_mails(a);
        usleep(5000);
    }
    if (is_home(a))
        asker_free(a); /* else the engine may still write into a batch */
}
