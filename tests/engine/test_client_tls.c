/*
 * test_client_tls.c - tests engine/client/client.h: binds over TLS, with
 * certificates that openssl makes when the test starts.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/core/conn.h"
#include "engine/core/tls.h"
#include "tests/engine/client_rig.h"

enum { ENDS = 8 };

/* The client's end. */
struct end {
    struct conn *conn;
    bool opened, closed;
    size_t got;
    char hex[256];
};

static char dir[64];
static struct end ends[ENDS];
static const char *const where[] = {"127.0.0.1:0"};

static void
on_opened(void *owner)
{
    struct end *e = owner;
    uint8_t bytes[64];
    size_t n = sizeof bytes;
    e->opened = true;
    ck_assert(bytes_from_hex(slice_str(RIG_BIND_TRX), bytes, &n));
    ck_assert(conn_urgent(e->conn, slice_of(bytes, n)));
}

static size_t
on_readable(void *owner, struct slice in)
{
    struct end *e = owner;
    if (in.n < sizeof e->hex / 2)
        bytes_to_hex(in, e->hex);
    e->got += in.n;
    return in.n;
}

static void
on_closed(void *owner, enum close_reason why, const char *detail)
{
    (void)why, (void)detail;
    struct end *e = owner;
    e->closed = true;
    e->conn = NULL;
}

static const struct conn_ops ops = {on_opened, on_readable, on_closed};

static const char *
file(const char *name)
{
    static char path[8][160];
    static unsigned next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static struct tls_context *
context(bool at_server, const char *cert, const char *key, bool verify)
{
    char error[TLS_ERROR_BYTES];
    struct tls_settings s = {.server = at_server,
                             .verify = verify,
                             .ca = verify ? file("trusted.pem") : NULL,
                             .cert = cert ? file(cert) : NULL,
                             .key = key ? file(key) : NULL};
    struct tls_context *ctx = tls_context_create(&s, error);
    ck_assert_msg(ctx != NULL, "%s", error);
    return ctx;
}

static void
set_up(void)
{
    char command[256];
    snprintf(dir, sizeof dir, "/tmp/volley-client-tls-%d", (int)getpid());
    ck_assert_int_eq(mkdir(dir, 0700), 0);
    snprintf(command, sizeof command, "sh %s/tls_files.sh %s", TEST_DATA, dir);
    ck_assert_int_eq(system(command), 0);
    rig_set_up();
    rig_settings.listen_n = 0;
    rig_settings.listen_tls = where;
    rig_settings.listen_tls_n = 1;
    for (int i = 0; i < ENDS; i++)
        ends[i] = (struct end){0};
}

static void
tear_down(void)
{
    char command[128];
    for (int i = 0; i < ENDS; i++)
        if (ends[i].conn)
            conn_close(ends[i].conn, CLOSE_ASKED, NULL, false);
    rig_turns(8);
    rig_tear_down();
    tls_context_release(rig_settings.tls);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static void
dial(struct end *e, struct tls_context *ctx)
{
    struct conn_settings c = {.host = "127.0.0.1",
                              .port = clients_port(server, true, 0),
                              .tls = ctx,
                              .unheld = true};
    e->conn = conn_dial(loop, &c, &ops, e);
    ck_assert_ptr_nonnull(e->conn);
}

START_TEST(a_bind_over_tls_knows_the_certificate)
{
    rig_settings.tls = context(true, "good.pem", "good.key", true);
    rig_serve();
    struct tls_context *ctx = context(false, "client.pem", "client.key", true);
    dial(&ends[0], ctx);
    tls_context_release(ctx);
    for (int i = 0; i < 500 && !ends[0].got; i++)
        rig_turns(1);
    ck_assert_str_eq(ends[0].hex,
                     "0000001c800000090000000000000001766f6c6c6579000210"
                     "000150");
    ck_assert_str_eq(flow.tls, "TLSv1.3");
    ck_assert_str_eq(flow.certificate, "CN=client");
    struct client_view v;
    client_look(flow.client, &v);
    ck_assert_str_eq(v.tls, "TLSv1.3");
}
END_TEST

START_TEST(without_a_certificate_nobody_is_asked_about)
{
    rig_settings.tls = context(true, "good.pem", "good.key", true);
    rig_serve();
    struct tls_context *ctx = context(false, NULL, NULL, true);
    dial(&ends[0], ctx);
    tls_context_release(ctx);
    for (int i = 0; i < 500 && !ends[0].closed; i++)
        rig_turns(1);
    ck_assert(ends[0].closed);
    ck_assert_uint_eq(flow.asked, 0);
    rig_turns(4);
    ck_assert_uint_eq(clients_count(server), 0);
}
END_TEST

START_TEST(many_handshakes_are_all_done)
{
    rig_settings.tls = context(true, "good.pem", "good.key", false);
    rig_serve();
    struct tls_context *ctx = context(false, NULL, NULL, true);
    for (int i = 0; i < ENDS; i++)
        dial(&ends[i], ctx);
    tls_context_release(ctx);
    /* one leaves in between */
    rig_turns(2);
    conn_close(ends[3].conn, CLOSE_ASKED, NULL, false);
    for (int i = 0; i < 1000 && flow.bound < ENDS - 1; i++)
        rig_turns(1);
    ck_assert_uint_eq(flow.bound, ENDS - 1);
    ck_assert_str_eq(flow.certificate, "");
}
END_TEST

START_TEST(tls_without_a_certificate_of_ours_is_no_server)
{
    char error[128];
    rig_settings.tls = NULL;
    ck_assert_ptr_null(
        clients_create(loop, &rig_settings, NULL, NULL, error, sizeof error));
    ck_assert_str_eq(error, "listen_tls needs a certificate");
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("tls");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_bind_over_tls_knows_the_certificate);
    tcase_add_test(t, without_a_certificate_nobody_is_asked_about);
    tcase_add_test(t, many_handshakes_are_all_done);
    tcase_add_test(t, tls_without_a_certificate_of_ours_is_no_server);
    return run_suite("client_tls", t);
}
