/*
 * test_campaign.c - tests engine/flow/campaign.c: extents, chunks, counts.
 */
#include "engine/flow/campaign.h"

#include "engine/flow/book.h"
#include "tests/engine/flow_rig.h"
#include "tests/engine/run_suite.h"

static struct campaign *
create(void)
{
    struct mail *m = mail_create(
        MAIL_CAMPAIGN_CREATE,
        (struct who){.kind = WHO_SENDER, .account = DEMO, .sender = ANA});
    m->campaign.name = slice_str("c");
    m->campaign.text = slice_str("hello");
    m->campaign.from = slice_str("+12125550101");
    world_mail(m);
    ck_assert_int_eq(m->result, MAIL_OK);
    uint64_t id = m->campaign.campaign;
    mail_free(m);
    return campaign_find(world.flow, id);
}

/* `rows` rows whose chunk is not read here. */
static uint64_t
add_rows(struct campaign *c, uint64_t upload, unsigned rows)
{
    uint64_t first = world.flow->next_message;
    WRITE(recipients, .campaign = c->id, .upload = upload, .message = first,
          .rows = rows, .chunk = slice_str("x"));
    return first;
}

static void
step(struct campaign *c, uint64_t upload, unsigned what, bool append)
{
    WRITE(upload, .campaign = c->id, .upload = upload, .step = what,
          .append = append);
}

START_TEST(a_message_number_leads_to_its_campaign_and_row)
{
    struct flow *f = world.flow;
    struct campaign *a = create(), *b = create();
    step(a, 1, 0, false);
    step(b, 2, 0, false);
    uint64_t a1 = add_rows(a, 1, 10), b1 = add_rows(b, 2, 5),
             a2 = add_rows(a, 1, 3);
    uint64_t single = flow_rig_sent(ANA, 1, PHONE);
    step(a, 1, 1, false);
    step(b, 2, 1, false);
    ck_assert_ptr_eq(campaign_of(f, a1), a);
    ck_assert_ptr_eq(campaign_of(f, a1 + 9), a);
    ck_assert_ptr_eq(campaign_of(f, b1), b);
    ck_assert_ptr_eq(campaign_of(f, b1 + 4), b);
    ck_assert_ptr_eq(campaign_of(f, a2 + 2), a);
    ck_assert_ptr_null(campaign_of(f, single));
    ck_assert_ptr_null(campaign_of(f, 0));
    ck_assert_uint_eq(a->rows, 13);
    const struct chunk *k = campaign_chunk(a, a2);
    ck_assert_ptr_nonnull(k);
    ck_assert_uint_eq(k->row, 10);
    ck_assert_ptr_null(campaign_chunk(a, b1));
}
END_TEST

START_TEST(an_upload_replaces_or_follows_or_changes_nothing)
{
    struct campaign *c = create();
    step(c, 1, 0, false);
    add_rows(c, 1, 10);
    step(c, 1, 1, false);
    ck_assert_uint_eq(c->rows, 10);
    step(c, 2, 0, false);
    add_rows(c, 2, 7);
    step(c, 2, 2, false); /* given up */
    ck_assert_uint_eq(c->rows, 10);
    ck_assert_uint_eq(c->chunks, 1);
    step(c, 3, 0, true);
    add_rows(c, 3, 4);
    step(c, 3, 1, true);
    ck_assert_uint_eq(c->rows, 14);
    step(c, 4, 0, false);
    add_rows(c, 4, 2);
    step(c, 4, 1, false);
    ck_assert_uint_eq(c->rows, 2);
    ck_assert_uint_eq(c->count[MSG_NONE], 2);
    world_check_counts();
}
END_TEST

START_TEST(skipped_rows_are_rejected_across_chunks)
{
    struct campaign *c = create();
    uint8_t gaps[] = {1, 9, 3}; /* rows 1, 10, 13 */
    step(c, 1, 0, false);
    uint64_t a = add_rows(c, 1, 10), b = add_rows(c, 1, 5);
    WRITE(skip, .campaign = c->id, .upload = 1, .rows = 3,
          .gaps = slice_of(gaps, sizeof gaps));
    step(c, 1, 1, false);
    struct flow *f = world.flow;
    ck_assert_int_eq(word_state(book_word(f, a + 1)), MSG_REJECTED);
    ck_assert_int_eq(word_state(book_word(f, b)), MSG_REJECTED);
    ck_assert_int_eq(word_state(book_word(f, b + 3)), MSG_REJECTED);
    ck_assert_int_eq(word_state(book_word(f, a)), MSG_NONE);
    ck_assert_uint_eq(c->count[MSG_REJECTED], 3);
    ck_assert_uint_eq(c->count[MSG_NONE], 12);
    world_check_counts();
}
END_TEST

/* Each row is in one state: whatever moves, the sum stays. */
START_TEST(counts_add_up_however_states_move)
{
    struct campaign *c = create();
    step(c, 1, 0, false);
    uint64_t first = add_rows(c, 1, 20), seed = 12345;
    step(c, 1, 1, false);
    for (int i = 0; i < 2000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        book_move(world.flow, first + (seed >> 33) % 20,
                  (enum message_state_kind)(1 + (seed >> 50) % 12), 0, 8);
        uint64_t sum = 0;
        for (int s = 0; s < MSG_KIND_N; s++)
            sum += c->count[s];
        ck_assert_uint_eq(sum, 20);
    }
    world_check_counts();
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("campaign");
    tcase_add_checked_fixture(t, flow_rig_open, flow_rig_close);
    tcase_add_test(t, a_message_number_leads_to_its_campaign_and_row);
    tcase_add_test(t, an_upload_replaces_or_follows_or_changes_nothing);
    tcase_add_test(t, skipped_rows_are_rejected_across_chunks);
    tcase_add_test(t, counts_add_up_however_states_move);
    return run_suite("campaign", t);
}
