/*
 * test_conn.c - tests engine/core/conn.h over loopback sockets.
 */
#include "engine/core/conn.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/core/listen.h"
#include "engine/core/loop.h"
#include "tests/engine/run_suite.h"

/* One end of a connection, and what its owner heard. */
struct end {
    struct conn *conn;
    bool opened, closed;
    enum close_reason why;
    char detail[256];
    uint8_t *got;
    size_t got_n, got_cap;
    size_t offered; /* of the last readable() */
    size_t take;    /* of each readable(): all when SIZE_MAX */
    unsigned unsent;
    uint32_t unsent_ids[64];
};

static struct loop *loop;
static struct listener *listener;
static struct end server, client;

static void
on_opened(void *owner)
{
    ((struct end *)owner)->opened = true;
}

static size_t
on_readable(void *owner, struct slice in)
{
    struct end *e = owner;
    e->offered = in.n;
    size_t n = in.n < e->take ? in.n : e->take;
    if (e->got_n + n > e->got_cap) {
        e->got_cap = (e->got_n + n) * 2;
        e->got = realloc(e->got, e->got_cap);
    }
    if (n)
        memcpy(e->got + e->got_n, in.p, n);
    e->got_n += n;
    return n;
}

static void
note_unsent(void *arg, struct slice pdu)
{
    struct end *e = arg;
    struct cursor c = cursor_of(pdu);
    ck_assert_uint_eq(cursor_be32(&c), pdu.n);
    if (e->unsent < 64)
        e->unsent_ids[e->unsent] = cursor_be32(&c);
    e->unsent++;
}

static void
on_closed(void *owner, enum close_reason why, const char *detail)
{
    struct end *e = owner;
    ck_assert(!e->closed);
    e->closed = true;
    e->why = why;
    snprintf(e->detail, sizeof e->detail, "%s", detail);
    conn_unsent(e->conn, note_unsent, e);
    e->conn = NULL;
}

static const struct conn_ops ops = {on_opened, on_readable, on_closed};

static struct conn_settings server_settings;

static void
on_accepted(void *arg, int fd)
{
    (void)arg;
    server.conn = conn_accept(loop, fd, &server_settings, &ops, &server);
}

static void
turns(int n)
{
    for (int i = 0; i < n; i++)
        loop_turn(loop, 2);
}

/* Turns until the flag is set, for at most two seconds. */
static bool
until(const bool *flag)
{
    for (int i = 0; i < 1000 && !*flag; i++)
        loop_turn(loop, 2);
    return *flag;
}

static bool
until_got(const struct end *e, size_t n)
{
    for (int i = 0; i < 3000 && e->got_n < n; i++)
        loop_turn(loop, 2);
    return e->got_n >= n;
}

static void
set_up(void)
{
    char error[128];
    loop = loop_create();
    listener = listener_open(loop, "127.0.0.1:0", on_accepted, NULL, error,
                             sizeof error);
    ck_assert_ptr_nonnull(listener);
    server = client = (struct end){.take = SIZE_MAX};
    server_settings = (struct conn_settings){.unheld = true};
}

static void
tear_down(void)
{
    if (client.conn)
        conn_close(client.conn, CLOSE_ASKED, NULL, false);
    if (server.conn)
        conn_close(server.conn, CLOSE_ASKED, NULL, false);
    listener_close(listener);
    turns(3);
    loop_destroy(loop);
    free(server.got);
    free(client.got);
}

static void
dial(struct conn_settings s)
{
    s.host = s.host ? s.host : "127.0.0.1";
    s.port = s.port ? s.port : listener_port(listener);
    client.conn = conn_dial(loop, &s, &ops, &client);
    ck_assert_ptr_nonnull(client.conn);
    ck_assert(!client.opened); /* never from inside */
}

static void
connect_both(struct conn_settings s)
{
    dial(s);
    ck_assert(until(&client.opened));
    ck_assert(until(&server.opened));
}

/* A PDU of n octets whose second word is id, into the held lane. */
static bool
put(struct conn *c, uint32_t id, size_t n)
{
    uint8_t *room = conn_room(c, n);
    if (!room)
        return false;
    memset(room, 0, n);
    struct writer w = writer_of(room, n);
    writer_be32(&w, (uint32_t)n);
    writer_be32(&w, id);
    conn_used(c, n);
    return true;
}

static bool
put_urgent(struct conn *c, uint32_t id)
{
    uint8_t pdu[16] = {0};
    struct writer w = writer_of(pdu, sizeof pdu);
    writer_be32(&w, 16);
    writer_be32(&w, id);
    return conn_urgent(c, slice_of(pdu, 16));
}

/* The ids of whole PDUs in what was got. */
static unsigned
ids_in(const struct end *e, uint32_t *ids, unsigned cap)
{
    struct cursor c = cursor_of(slice_of(e->got, e->got_n));
    unsigned n = 0;
    while (cursor_left(&c) >= 16) {
        uint32_t length = cursor_be32(&c);
        uint32_t id = cursor_be32(&c);
        cursor_take(&c, length - 8);
        ck_assert(!c.failed);
        if (n < cap)
            ids[n] = id;
        n++;
    }
    return n;
}

START_TEST(what_is_held_leaves_only_when_its_position_is_durable)
{
    connect_both((struct conn_settings){0});
    put(client.conn, 1, 20);
    conn_hold(client.conn, 10);
    put(client.conn, 2, 20);
    conn_hold(client.conn, 11);
    put(client.conn, 3, 20); /* not held yet: waits all the same */
    turns(5);
    ck_assert_uint_eq(server.got_n, 0);
    conn_release(client.conn, 9);
    turns(5);
    ck_assert_uint_eq(server.got_n, 0);
    conn_release(client.conn, 10);
    ck_assert(until_got(&server, 20));
    turns(3);
    ck_assert_uint_eq(server.got_n, 20);
    conn_hold(client.conn, 12);
    conn_release(client.conn, 100);
    ck_assert(until_got(&server, 60));
    uint32_t ids[3];
    ck_assert_uint_eq(ids_in(&server, ids, 3), 3);
    ck_assert_uint_eq(ids[2], 3);
}
END_TEST

START_TEST(urgent_passes_what_is_held)
{
    connect_both((struct conn_settings){0});
    put(client.conn, 1, 20);
    conn_hold(client.conn, 5);
    ck_assert(put_urgent(client.conn, 0x15));
    ck_assert(until_got(&server, 16));
    conn_release(client.conn, 5);
    ck_assert(until_got(&server, 36));
    uint32_t ids[2];
    ck_assert_uint_eq(ids_in(&server, ids, 2), 2);
    ck_assert_uint_eq(ids[0], 0x15);
}
END_TEST

START_TEST(urgent_never_cuts_a_pdu_that_left_in_part)
{
    connect_both((struct conn_settings){.output_max = 32 << 20});
    conn_pause(server.conn, true);
    unsigned many = 0;
    for (; many < 16000; many++)
        ck_assert(put(client.conn, 4, 1000));
    conn_hold(client.conn, 1);
    conn_release(client.conn, 1);
    turns(5); /* the kernel is full, in the middle of some PDU */
    ck_assert_uint_gt(conn_stuck_bytes(client.conn), 0);
    for (int i = 0; i < 50; i++)
        ck_assert(put_urgent(client.conn, 0x15));
    conn_pause(server.conn, false);
    ck_assert(until_got(&server, (size_t)many * 1000 + 50 * 16));
    ck_assert_uint_eq(ids_in(&server, NULL, 0), many + 50);
    ck_assert_uint_eq(conn_output_bytes(client.conn), 0);
}
END_TEST

START_TEST(unheld_output_leaves_in_the_same_turn)
{
    connect_both((struct conn_settings){0});
    put(server.conn, 7, 30);
    ck_assert(until_got(&client, 30));
}
END_TEST

START_TEST(what_is_not_used_up_is_offered_again)
{
    connect_both((struct conn_settings){.unheld = true});
    server.take = 0;
    put(client.conn, 1, 100);
    turns(10);
    ck_assert_uint_eq(server.offered, 100);
    server.take = 30;
    put(client.conn, 2, 50);
    turns(10);
    ck_assert_uint_eq(server.offered, 150);
    ck_assert_uint_eq(server.got_n, 30);
}
END_TEST

START_TEST(a_paused_conn_reads_nothing_and_offers_the_rest_after)
{
    connect_both((struct conn_settings){.unheld = true});
    conn_pause(server.conn, true);
    put(client.conn, 1, 100);
    turns(10);
    ck_assert_uint_eq(server.got_n, 0);
    conn_pause(server.conn, false);
    ck_assert(until_got(&server, 100));
}
END_TEST

START_TEST(output_over_its_limit_is_refused)
{
    connect_both((struct conn_settings){.output_max = 4096});
    for (int i = 0; i < 4; i++)
        ck_assert(put(client.conn, 1, 1024));
    ck_assert(!put(client.conn, 1, 16));
}
END_TEST

START_TEST(a_peer_that_reads_nothing_is_closed_as_full)
{
    connect_both((struct conn_settings){
        .unheld = true, .output_max = 64 << 20, .stall_ms = 100});
    conn_pause(server.conn, true);
    for (int i = 0; i < 30000; i++)
        put(client.conn, 1, 1000);
    ck_assert(until(&client.closed));
    ck_assert_int_eq(client.why, CLOSE_FULL);
    ck_assert_uint_gt(client.unsent, 0);
}
END_TEST

START_TEST(nobody_listens_is_a_connect_error_with_the_address)
{
    uint16_t port = listener_port(listener);
    listener_close(listener);
    turns(1);
    char error[64];
    dial((struct conn_settings){.port = port});
    ck_assert(until(&client.closed));
    ck_assert_int_eq(client.why, CLOSE_CONNECT);
    ck_assert_ptr_nonnull(strstr(client.detail, "127.0.0.1:"));
    listener = listener_open(loop, "127.0.0.1:0", on_accepted, NULL, error,
                             sizeof error);
}
END_TEST

START_TEST(a_name_is_looked_up_without_blocking)
{
    connect_both((struct conn_settings){.host = "localhost"});
    ck_assert_int_eq(strncmp(conn_peer(client.conn), "127.0.0.1:", 10), 0);
}
END_TEST

START_TEST(the_end_of_stream_comes_after_the_last_octets)
{
    connect_both((struct conn_settings){.unheld = true});
    put(client.conn, 1, 5000);
    conn_close(client.conn, CLOSE_ASKED, "done", true);
    ck_assert(until(&server.closed));
    ck_assert_uint_eq(server.got_n, 5000);
    ck_assert_int_eq(server.why, CLOSE_PEER);
    ck_assert(until(&client.closed));
    ck_assert_int_eq(client.why, CLOSE_ASKED);
    ck_assert_str_eq(client.detail, "done");
}
END_TEST

START_TEST(a_draining_close_keeps_back_what_is_not_durable)
{
    connect_both((struct conn_settings){0});
    put(client.conn, 1, 20);
    conn_hold(client.conn, 1);
    put(client.conn, 2, 20);
    conn_hold(client.conn, 2);
    conn_release(client.conn, 1);
    conn_close(client.conn, CLOSE_ASKED, "done", true);
    ck_assert(until(&client.closed));
    turns(5);
    ck_assert_uint_eq(server.got_n, 20);
    ck_assert_uint_eq(client.unsent, 1);
    ck_assert_uint_eq(client.unsent_ids[0], 2);
}
END_TEST

START_TEST(unsent_are_those_whose_last_octet_did_not_leave)
{
    connect_both((struct conn_settings){.output_max = 64 << 20});
    conn_pause(server.conn, true);
    unsigned many = 30000;
    for (unsigned i = 0; i < many; i++)
        put(client.conn, i, 1000);
    conn_hold(client.conn, 1);
    conn_release(client.conn, 1);
    turns(5);
    ck_assert_uint_gt(conn_stuck_bytes(client.conn), 0);
    conn_close(client.conn, CLOSE_ASKED, NULL, false);
    ck_assert(until(&client.closed));
    conn_pause(server.conn, false);
    ck_assert(until(&server.closed));
    /* Every PDU is either whole at the peer's kernel or unsent; the one cut
     * in the middle is unsent. */
    size_t left = (size_t)(many - client.unsent) * 1000;
    ck_assert_uint_ge(server.got_n + 999, left > server.got_n ? left : 0);
    ck_assert_uint_lt(server.got_n, left + 1000);
    ck_assert_uint_eq(client.unsent_ids[0], many - client.unsent);
}
END_TEST

START_TEST(nothing_can_be_queued_once_closing)
{
    connect_both((struct conn_settings){.unheld = true});
    conn_close(client.conn, CLOSE_ASKED, NULL, true);
    ck_assert(!put(client.conn, 1, 16));
    ck_assert(!put_urgent(client.conn, 1));
}
END_TEST

START_TEST(a_unit_larger_than_the_buffer_ends_the_connection)
{
    connect_both((struct conn_settings){.unheld = true, .output_max = 4 << 20});
    server.take = 0;
    put(client.conn, 1, 600 * 1024);
    ck_assert(until(&server.closed));
    ck_assert_int_eq(server.why, CLOSE_FRAMING);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("conn");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, what_is_held_leaves_only_when_its_position_is_durable);
    tcase_add_test(t, urgent_passes_what_is_held);
    tcase_add_test(t, urgent_never_cuts_a_pdu_that_left_in_part);
    tcase_add_test(t, unheld_output_leaves_in_the_same_turn);
    tcase_add_test(t, what_is_not_used_up_is_offered_again);
    tcase_add_test(t, a_paused_conn_reads_nothing_and_offers_the_rest_after);
    tcase_add_test(t, output_over_its_limit_is_refused);
    tcase_add_test(t, a_peer_that_reads_nothing_is_closed_as_full);
    tcase_add_test(t, nobody_listens_is_a_connect_error_with_the_address);
    tcase_add_test(t, a_name_is_looked_up_without_blocking);
    tcase_add_test(t, the_end_of_stream_comes_after_the_last_octets);
    tcase_add_test(t, a_draining_close_keeps_back_what_is_not_durable);
    tcase_add_test(t, unsent_are_those_whose_last_octet_did_not_leave);
    tcase_add_test(t, nothing_can_be_queued_once_closing);
    tcase_add_test(t, a_unit_larger_than_the_buffer_ends_the_connection);
    return run_suite("conn", t);
}
