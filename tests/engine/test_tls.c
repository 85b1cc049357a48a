/*
 * test_tls.c - tests engine/core/tls.h through conns over loopback, with
 * certificates that openssl makes when the test starts.
 */
#include "engine/core/tls.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/conn.h"
#include "engine/core/listen.h"
#include "engine/core/loop.h"
#include "tests/engine/run_suite.h"

struct end {
    struct conn *conn;
    bool opened, closed;
    enum close_reason why;
    char detail[256];
    size_t got;
    uint32_t sum;
};

static char dir[64];
static struct loop *loop;
static struct listener *listener;
static struct end server, client;
static struct conn_settings server_settings;

static void
on_opened(void *owner)
{
    ((struct end *)owner)->opened = true;
}

static size_t
on_readable(void *owner, struct slice in)
{
    struct end *e = owner;
    for (size_t i = 0; i < in.n; i++)
        e->sum = e->sum * 31 + in.p[i];
    e->got += in.n;
    return in.n;
}

static void
on_closed(void *owner, enum close_reason why, const char *detail)
{
    struct end *e = owner;
    e->closed = true;
    e->why = why;
    snprintf(e->detail, sizeof e->detail, "%s", detail);
    e->conn = NULL;
}

static const struct conn_ops ops = {on_opened, on_readable, on_closed};

static void
on_accepted(void *arg, int fd)
{
    (void)arg;
    server.conn = conn_accept(loop, fd, &server_settings, &ops, &server);
}

static const char *
file(const char *name)
{
    static char path[16][160];
    static unsigned next;
    char *p = path[next++ % 16];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static struct tls_context *
server_context(const char *leaf, const char *client_ca)
{
    char cert[40], key[40], error[TLS_ERROR_BYTES];
    snprintf(cert, sizeof cert, "%s.pem", leaf);
    snprintf(key, sizeof key, "%s.key", leaf);
    struct tls_settings s = {.server = true,
                             .verify = client_ca != NULL,
                             .ca = client_ca ? file(client_ca) : NULL,
                             .cert = file(cert),
                             .key = file(key)};
    struct tls_context *ctx = tls_context_create(&s, error);
    ck_assert_msg(ctx != NULL, "%s", error);
    return ctx;
}

static bool
until(const bool *a, const bool *b)
{
    for (int i = 0; i < 2000 && !*a && !(b && *b); i++)
        loop_turn(loop, 2);
    return *a;
}

/* Server with this leaf, client with these settings; runs the handshake. */
static void
meet(struct tls_context *at_server, struct tls_settings s, const char *name)
{
    char error[TLS_ERROR_BYTES], where[128];
    server = client = (struct end){0};
    server_settings = (struct conn_settings){.tls = at_server, .unheld = true};
    loop = loop_create();
    listener = listener_open(loop, "127.0.0.1:0", on_accepted, NULL, where,
                             sizeof where);
    ck_assert_ptr_nonnull(listener);
    struct tls_context *ctx = tls_context_create(&s, error);
    ck_assert_msg(ctx != NULL, "%s", error);
    struct conn_settings c = {.host = "127.0.0.1",
                              .port = listener_port(listener),
                              .tls = ctx,
                              .server_name = name,
                              .unheld = true,
                              .output_max = 64 << 20};
    client.conn = conn_dial(loop, &c, &ops, &client);
    tls_context_release(ctx); /* the conn holds it */
    until(&client.opened, &client.closed);
    until(&server.opened, &server.closed);
}

static void
part(void)
{
    if (client.conn)
        conn_close(client.conn, CLOSE_ASKED, NULL, true);
    if (server.conn && client.closed)
        conn_close(server.conn, CLOSE_ASKED, NULL, false);
    until(&client.closed, NULL);
    if (!server.closed && server.conn)
        until(&server.closed, NULL);
    listener_close(listener);
    loop_turn(loop, 1);
    loop_destroy(loop);
    tls_context_release(server_settings.tls);
}

static void
make_files(void)
{
    char command[256];
    snprintf(dir, sizeof dir, "/tmp/volley-tls-%d", (int)getpid());
    ck_assert_int_eq(mkdir(dir, 0700), 0);
    snprintf(command, sizeof command, "sh %s/tls_files.sh %s", TEST_DATA, dir);
    ck_assert_int_eq(system(command), 0);
}

static void
remove_files(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(a_good_certificate_opens_both_ends)
{
    meet(server_context("good", NULL),
         (struct tls_settings){.verify = true, .ca = file("trusted.pem")},
         "smsc.test");
    ck_assert_msg(client.opened, "%s", client.detail);
    ck_assert(server.opened);
    ck_assert_str_eq(conn_tls(client.conn), "TLSv1.3");
    part();
}
END_TEST

START_TEST(an_address_is_verified_too)
{
    meet(server_context("good", NULL),
         (struct tls_settings){.verify = true, .ca = file("trusted.pem")},
         NULL);
    ck_assert_msg(client.opened, "%s", client.detail);
    part();
}
END_TEST

/* Each must fail closed, with words that say why. */
static const struct refusal {
    const char *leaf, *ca, *name, *words;
} refusals[] = {
    {"other", "trusted.pem", "smsc.test", "not for smsc.test"},
    {"other", "trusted.pem", NULL, "not for 127.0.0.1"},
    {"expired", "trusted.pem", "smsc.test", "expired"},
    {"unknown", "trusted.pem", "smsc.test", "issuer is not trusted"},
    {"good", NULL, "smsc.test", "issuer is not trusted"},
};

START_TEST(a_bad_certificate_is_refused_in_words)
{
    const struct refusal *r = &refusals[_i];
    meet(
        server_context(r->leaf, NULL),
        (struct tls_settings){.verify = true, .ca = r->ca ? file(r->ca) : NULL},
        r->name);
    ck_assert(!client.opened);
    ck_assert(client.closed);
    ck_assert_int_eq(client.why, CLOSE_TLS);
    ck_assert_msg(strstr(client.detail, r->words) != NULL, "%s", client.detail);
    part();
}
END_TEST

START_TEST(a_pinned_certificate_needs_no_authority)
{
    meet(server_context("unknown", NULL),
         (struct tls_settings){.verify = true, .ca = file("unknown.pem")},
         "smsc.test");
    ck_assert_msg(client.opened, "%s", client.detail);
    part();
}
END_TEST

START_TEST(verification_may_be_switched_off)
{
    meet(server_context("expired", NULL), (struct tls_settings){0},
         "smsc.test");
    ck_assert_msg(client.opened, "%s", client.detail);
    part();
}
END_TEST

START_TEST(a_client_without_a_certificate_is_refused)
{
    meet(server_context("good", "trusted.pem"),
         (struct tls_settings){.verify = true, .ca = file("trusted.pem")},
         "smsc.test");
    until(&server.closed, NULL);
    ck_assert(!server.opened);
    ck_assert_int_eq(server.why, CLOSE_TLS);
    ck_assert_msg(strstr(server.detail, "no client certificate") != NULL, "%s",
                  server.detail);
    part();
}
END_TEST

START_TEST(a_client_with_its_certificate_is_let_in)
{
    meet(server_context("good", "trusted.pem"),
         (struct tls_settings){.verify = true,
                               .ca = file("trusted.pem"),
                               .cert = file("client.pem"),
                               .key = file("client.key")},
         "smsc.test");
    ck_assert_msg(server.opened, "%s", server.detail);
    part();
}
END_TEST

START_TEST(a_plain_server_is_told_from_a_tls_one)
{
    meet(NULL, (struct tls_settings){.verify = true}, "smsc.test");
    ck_assert(server.opened); /* plain, and it got a TLS hello */
    const char junk[] = "\0\0\0\x10\x80\0\0\0\0\0\0\0\0\0\0";
    ck_assert(conn_urgent(server.conn, slice_of(junk, 16)));
    until(&client.closed, NULL);
    ck_assert_int_eq(client.why, CLOSE_TLS);
    ck_assert_msg(strstr(client.detail, "does not speak TLS") != NULL, "%s",
                  client.detail);
    part();
}
END_TEST

START_TEST(much_goes_through_in_order_and_whole)
{
    meet(server_context("good", NULL),
         (struct tls_settings){.verify = true, .ca = file("trusted.pem")},
         "smsc.test");
    uint32_t sum = 0, seed = 1;
    size_t sent = 0;
    conn_pause(server.conn, true);
    for (int i = 0; i < 40000; i++) { /* 8 MB: the kernel fills up */
        uint8_t *room = conn_room(client.conn, 200);
        ck_assert_ptr_nonnull(room);
        for (int k = 0; k < 200; k++) {
            seed = seed * 1103515245 + 12345;
            room[k] = (uint8_t)(seed >> 16);
        }
        struct writer w = writer_of(room, 4);
        writer_be32(&w, 200);
        for (int k = 0; k < 200; k++)
            sum = sum * 31 + room[k];
        conn_used(client.conn, 200);
        sent += 200;
    }
    for (int i = 0; i < 20; i++)
        loop_turn(loop, 1);
    conn_pause(server.conn, false);
    for (int i = 0; i < 5000 && server.got < sent; i++)
        loop_turn(loop, 2);
    ck_assert_uint_eq(server.got, sent);
    ck_assert_uint_eq(server.sum, sum);
    part();
}
END_TEST

START_TEST(an_end_without_goodbye_is_a_plain_close)
{
    meet(server_context("good", NULL),
         (struct tls_settings){.verify = true, .ca = file("trusted.pem")},
         "smsc.test");
    conn_close(server.conn, CLOSE_ASKED, NULL, false); /* no close_notify */
    until(&client.closed, NULL);
    ck_assert_msg(client.why == CLOSE_PEER, "%s", client.detail);
    part();
}
END_TEST

START_TEST(files_that_cannot_be_used_are_named)
{
    char error[TLS_ERROR_BYTES];
    struct tls_settings s = {.verify = true, .ca = "/nonexistent/ca.pem"};
    ck_assert_ptr_null(tls_context_create(&s, error));
    ck_assert_ptr_nonnull(strstr(error, "/nonexistent/ca.pem"));
    s = (struct tls_settings){
        .server = true, .cert = file("good.pem"), .key = file("client.key")};
    ck_assert_ptr_null(tls_context_create(&s, error));
    ck_assert_ptr_nonnull(strstr(error, "client.key"));
    s = (struct tls_settings){.server = true};
    ck_assert_ptr_null(tls_context_create(&s, error));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("tls");
    tcase_add_unchecked_fixture(t, make_files, remove_files);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_good_certificate_opens_both_ends);
    tcase_add_test(t, an_address_is_verified_too);
    tcase_add_loop_test(t, a_bad_certificate_is_refused_in_words, 0,
                        sizeof refusals / sizeof refusals[0]);
    tcase_add_test(t, a_pinned_certificate_needs_no_authority);
    tcase_add_test(t, verification_may_be_switched_off);
    tcase_add_test(t, a_client_without_a_certificate_is_refused);
    tcase_add_test(t, a_client_with_its_certificate_is_let_in);
    tcase_add_test(t, a_plain_server_is_told_from_a_tls_one);
    tcase_add_test(t, much_goes_through_in_order_and_whole);
    tcase_add_test(t, an_end_without_goodbye_is_a_plain_close);
    tcase_add_test(t, files_that_cannot_be_used_are_named);
    return run_suite("tls", t);
}
