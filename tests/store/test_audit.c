/* Damaged stores: the audit tells it, reads and opens refuse it. */
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/store/ledger.h"

static struct rig g; /* its directory */
static struct ledger l;

static void
set_up(void)
{
    rig_init(&g);
    ledger_open(&l, g.dir);
    for (int i = 0; i < 12; i++) {
        ledger_post(&l, 100, i % 6 == 5);
        rig_commit(&l.g);
    }
    rig_wait_checkpoint(&l.g);
    ledger_close(&l);
}

static void
tear_down(void)
{
    rig_fini(&g);
}

/* ---- the audit ----------------------------------------------------------- */

static char lines[8192];

static void
tell(void *arg, const char *line)
{
    (void)arg;
    size_t n = strlen(lines);
    snprintf(lines + n, sizeof lines - n, "%s\n", line);
}

static unsigned
audit(void)
{
    char why[STORE_WHY_BYTES];
    struct store_settings settings = {.dir = g.dir, .read_only = true};
    struct store *s;
    lines[0] = 0;
    enum store_result res = store_open(&settings, 0, &s, why);
    ck_assert_msg(res == STORE_OK, "%s", why);
    ck_assert_int_eq(store_start(s), STORE_FAILED);
    unsigned faults = store_audit(s, tell, NULL);
    store_close(s);
    return faults;
}

static void
check_told(const char *what)
{
    ck_assert_uint_ge(audit(), 1);
    ck_assert_msg(strstr(lines, what) != NULL, "not told \"%s\" but:\n%s", what,
                  lines);
}

/* ---- damage -------------------------------------------------------------- */

static struct {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
} db;

static void
edit_begin(const char *name, unsigned flags)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", g.dir, name);
    ck_assert_int_eq(mdb_env_create(&db.env), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(db.env, 1 << 30), 0);
    ck_assert_int_eq(mdb_env_open(db.env, path, 0, 0600), 0);
    ck_assert_int_eq(mdb_txn_begin(db.env, NULL, 0, &db.txn), 0);
    ck_assert_int_eq(mdb_dbi_open(db.txn, NULL, flags, &db.dbi), 0);
}

static void
edit_end(void)
{
    ck_assert_int_eq(mdb_txn_commit(db.txn), 0);
    mdb_env_close(db.env);
}

/* A copy of a row, to be changed and put back. */
struct row {
    uint8_t key[32], value[70000];
    size_t key_n, value_n;
};

static void
row_get(struct row *row)
{
    MDB_val k = {row->key_n, row->key}, d;
    ck_assert_int_eq(mdb_get(db.txn, db.dbi, &k, &d), 0);
    ck_assert_uint_le(d.mv_size, sizeof row->value);
    row->value_n = d.mv_size;
    memcpy(row->value, d.mv_data, d.mv_size);
}

static void
row_put(struct row *row)
{
    MDB_val k = {row->key_n, row->key}, d = {row->value_n, row->value};
    ck_assert_int_eq(mdb_put(db.txn, db.dbi, &k, &d, 0), 0);
}

static void
row_delete(struct row *row)
{
    MDB_val k = {row->key_n, row->key};
    ck_assert_int_eq(mdb_del(db.txn, db.dbi, &k, NULL), 0);
}

/* The first segment: it begins at 8 and its blocks are those of its facts. */
static const char FIRST[] = "log/00000000000000000008";
static struct row row;

static void
log_key(uint64_t pos)
{
    row.key_n = 8;
    memcpy(row.key, &pos, 8);
}

/* Opens the first segment with the row of its second block. */
static void
edit_second_block(void)
{
    edit_begin(FIRST, MDB_INTEGERKEY);
    log_key(8);
    row_get(&row);
    log_key(8 + row.value_n - 16);
    row_get(&row);
}

/* table u8, index u8 (1), run u32, block u32 */
static void
run_key(uint8_t table, uint32_t block)
{
    static uint8_t run; /* the first there is: the newest checkpoint's */
    MDB_val k = {1, (uint8_t[]){TABLE_RUN}}, d;
    MDB_cursor *cursor;
    ck_assert_int_eq(mdb_cursor_open(db.txn, db.dbi, &cursor), 0);
    ck_assert_int_eq(mdb_cursor_get(cursor, &k, &d, MDB_SET_RANGE), 0);
    run = ((uint8_t *)k.mv_data)[5];
    mdb_cursor_close(cursor);
    uint8_t key[10] = {table,
                       1,
                       0,
                       0,
                       0,
                       run,
                       (uint8_t)(block >> 24),
                       (uint8_t)(block >> 16),
                       (uint8_t)(block >> 8),
                       (uint8_t)block};
    row.key_n = sizeof key;
    memcpy(row.key, key, sizeof key);
}

static void
words_key(void)
{
    static const uint8_t key[9] = {TABLE_WORDS};
    row.key_n = sizeof key;
    memcpy(row.key, key, sizeof key);
}

START_TEST(a_whole_store_has_no_faults)
{
    unsigned faults = audit();
    ck_assert_msg(faults == 0, "%s", lines);
}
END_TEST

START_TEST(a_changed_octet_of_a_fact_is_told_and_refused)
{
    uint64_t pos = 0;
    struct slice fact;
    enum store_result res;
    edit_second_block();
    row.value[row.value_n / 2] ^= 1;
    row_put(&row);
    edit_end();
    check_told("checksum");
    struct rig r = {.settings = {.dir = g.dir}};
    rig_open(&r);
    while ((res = store_next(r.r, &pos, &fact, NULL)) == STORE_OK)
        pos += fact.n;
    ck_assert_int_eq(res, STORE_CORRUPT);
    ck_assert_uint_lt(pos, store_durable(r.s));
    rig_close(&r);
}
END_TEST

START_TEST(a_length_beyond_the_block_is_refused)
{
    struct slice fact;
    uint64_t pos;
    edit_second_block();
    memcpy(&pos, row.key, 8);
    row.value[16] = row.value[17] = 0xff;
    row_put(&row);
    edit_end();
    struct rig r = {.settings = {.dir = g.dir}};
    rig_open(&r);
    ck_assert_int_eq(store_read(r.r, pos, &fact), STORE_CORRUPT);
    ck_assert_int_eq(store_next(r.r, &pos, &fact, NULL), STORE_CORRUPT);
    rig_close(&r);
}
END_TEST

START_TEST(a_missing_block_is_told_and_refused)
{
    uint64_t pos;
    struct slice fact;
    edit_second_block();
    memcpy(&pos, row.key, 8);
    row_delete(&row);
    edit_end();
    check_told("was due");
    struct rig r = {.settings = {.dir = g.dir}};
    rig_open(&r);
    ck_assert_int_eq(store_read(r.r, pos, &fact), STORE_CORRUPT);
    rig_close(&r);
}
END_TEST

START_TEST(a_block_too_short_is_told_and_refused)
{
    uint64_t pos;
    struct slice fact;
    edit_second_block();
    memcpy(&pos, row.key, 8);
    row.value_n = 17;
    row_put(&row);
    edit_end();
    check_told("17 octets");
    struct rig r = {.settings = {.dir = g.dir}};
    rig_open(&r);
    ck_assert_int_eq(store_read(r.r, pos, &fact), STORE_CORRUPT);
    rig_close(&r);
}
END_TEST

START_TEST(a_missing_segment_is_told)
{
    char from[128], to[128];
    snprintf(from, sizeof from, "%s/%s", g.dir, FIRST);
    snprintf(to, sizeof to, "%s/elsewhere", g.dir);
    uint64_t pos = 0, second;
    struct slice fact;
    struct rig r = {.settings = {.dir = g.dir, .segment_bytes = 1}};
    rig_open(&r); /* one more segment, then the middle one goes */
    second = store_end(r.s);
    rig_fact(&r, l.facts, 100);
    rig_commit(&r);
    rig_fact(&r, l.facts + 1, 100);
    rig_commit(&r);
    ck_assert_int_eq(store_next(r.r, &pos, &fact, NULL), STORE_OK);
    rig_close(&r);
    snprintf(from, sizeof from, "%s/log/%020llu", g.dir,
             (unsigned long long)second);
    ck_assert_int_eq(rename(from, to), 0);
    check_told("begins where");
}
END_TEST

START_TEST(a_segment_of_another_position_is_told)
{
    edit_begin(FIRST, MDB_INTEGERKEY);
    log_key(0);
    row_get(&row);
    row.value[16] ^= 1;
    row_put(&row);
    edit_end();
    check_told("cannot be opened");
}
END_TEST

START_TEST(run_entries_out_of_order_are_told)
{
    uint8_t entry[16];
    edit_begin("state", 0);
    run_key(TABLE_RUN_BLOCK, 0);
    row_get(&row);
    memcpy(entry, row.value + 160, 16);
    memcpy(row.value + 160, row.value + 320, 16);
    memcpy(row.value + 320, entry, 16);
    row_put(&row);
    edit_end();
    check_told("not in order");
}
END_TEST

START_TEST(a_missing_run_block_is_told)
{
    edit_begin("state", 0);
    run_key(TABLE_RUN_BLOCK, 0);
    row_delete(&row);
    edit_end();
    check_told("missing");
}
END_TEST

START_TEST(a_filter_without_its_keys_is_told)
{
    edit_begin("state", 0);
    run_key(TABLE_RUN_BLOCK, 0x80000000);
    row_get(&row);
    memset(row.value, 0, row.value_n);
    row_put(&row);
    edit_end();
    check_told("filter lacks");
}
END_TEST

START_TEST(a_wrong_fence_is_told)
{
    edit_begin("state", 0);
    run_key(TABLE_RUN_BLOCK, 0x40000000);
    row_get(&row);
    row.value[0] ^= 1;
    row_put(&row);
    edit_end();
    check_told("fence 0");
}
END_TEST

START_TEST(a_run_head_that_cannot_be_is_told_and_refused)
{
    struct store_index *x;
    struct store_index_settings settings = {.id = 1};
    edit_begin("state", 0);
    run_key(TABLE_RUN, 0);
    row.key_n = 6;
    row_get(&row);
    row.value[4] = 200; /* blocks */
    row_put(&row);
    edit_end();
    check_told("head, fences or filter");
    struct rig r = {.settings = {.dir = g.dir}};
    rig_open(&r);
    ck_assert_int_eq(store_index_open(r.s, &settings, r.r, &x), STORE_CORRUPT);
    rig_close(&r);
}
END_TEST

START_TEST(a_short_page_of_words_is_told_and_refused)
{
    struct store_words *w;
    edit_begin("state", 0);
    words_key();
    row_get(&row);
    row.value_n -= 8;
    row_put(&row);
    edit_end();
    check_told("page 0 of words has 65512 octets");
    struct rig r = {.settings = {.dir = g.dir}};
    rig_open(&r);
    ck_assert_int_eq(store_words_open(r.s, r.r, 4, &w), STORE_OK);
    ck_assert_uint_eq(store_words_get(w, 1), 0);
    ck_assert_int_eq(store_state(r.s, NULL, 0), STORE_FAILED);
    store_words_close(w);
    rig_close(&r);
}
END_TEST

START_TEST(a_row_of_an_unknown_table_is_told)
{
    edit_begin("control", 0);
    row.key_n = 2;
    row.key[0] = 63;
    row.value_n = 1;
    row_put(&row);
    edit_end();
    check_told("row of table 63");
}
END_TEST

/* ---- opening ------------------------------------------------------------- */

static void
check_open(enum store_result want, const char *why_has)
{
    char why[STORE_WHY_BYTES];
    struct store *s;
    struct store_settings settings = {.dir = g.dir};
    ck_assert_int_eq(store_open(&settings, 0, &s, why), want);
    ck_assert_msg(strstr(why, why_has) != NULL, "why: %s", why);
}

static void
newest_segment(char *name, size_t cap)
{
    struct rig r = {.settings = {.dir = g.dir}};
    rig_open(&r);
    uint64_t pos = store_end(r.s) - 1;
    /* Facts are of 100 octets and more, segments of 200 KB. */
    rig_close(&r);
    char path[256];
    struct stat st;
    for (; pos >= 8; pos--) {
        snprintf(name, cap, "log/%020llu", (unsigned long long)pos);
        snprintf(path, sizeof path, "%s/%s", g.dir, name);
        if (stat(path, &st) == 0)
            return;
    }
    ck_abort_msg("no segment");
}

START_TEST(a_torn_last_block_is_refused_at_the_open)
{
    char name[64];
    MDB_cursor *cursor;
    MDB_val k, d;
    newest_segment(name, sizeof name);
    edit_begin(name, MDB_INTEGERKEY);
    ck_assert_int_eq(mdb_cursor_open(db.txn, db.dbi, &cursor), 0);
    ck_assert_int_eq(mdb_cursor_get(cursor, &k, &d, MDB_LAST), 0);
    row.key_n = k.mv_size;
    memcpy(row.key, k.mv_data, k.mv_size);
    mdb_cursor_close(cursor);
    row_get(&row);
    memset(row.value + row.value_n - 40, 0, 40);
    row_put(&row);
    edit_end();
    check_open(STORE_CORRUPT, "last block");
}
END_TEST

START_TEST(a_cut_off_file_is_refused_at_the_open)
{
    char name[64], path[256];
    newest_segment(name, sizeof name);
    snprintf(path, sizeof path, "%s/%s/data.mdb", g.dir, name);
    ck_assert_int_eq(truncate(path, 8192), 0);
    check_open(STORE_CORRUPT, "cannot be read");
}
END_TEST

START_TEST(a_file_of_zeros_is_refused_at_the_open)
{
    char path[256];
    snprintf(path, sizeof path, "%s/control/data.mdb", g.dir);
    ck_assert_int_eq(truncate(path, 0), 0);
    ck_assert_int_eq(truncate(path, 65536), 0);
    check_open(STORE_CORRUPT, "control");
}
END_TEST

START_TEST(a_newer_format_is_refused_at_the_open)
{
    edit_begin("control", 0);
    row.key_n = 1;
    row.key[0] = TABLE_META;
    row_get(&row);
    row.value[0]++;
    row_put(&row);
    edit_end();
    check_open(STORE_VERSION, "format 2");
}
END_TEST

START_TEST(a_checkpoint_beyond_the_log_is_refused_at_the_open)
{
    edit_begin("state", 0);
    row.key_n = 1;
    row.key[0] = TABLE_POINT;
    row_get(&row);
    row.value[12] = 1; /* 4 GB further */
    row_put(&row);
    edit_end();
    check_open(STORE_CORRUPT, "checkpoint of position");
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_is_told)
{
    char why[STORE_WHY_BYTES];
    struct store *s;
    struct store_settings settings = {.dir = "no/such/parent"};
    ck_assert_int_eq(store_open(&settings, 0, &s, why), STORE_FAILED);
    ck_assert_ptr_nonnull(strstr(why, "no/such/parent: No such file"));
    settings.read_only = true;
    ck_assert_int_eq(store_open(&settings, 0, &s, why), STORE_FAILED);
}
END_TEST

START_TEST(what_a_crash_leaves_is_cleared_and_no_fault)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/log/new", g.dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/log/00000000000000000004.dead", g.dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    edit_begin("state", 0); /* a block of a run that got no head */
    row = (struct row){
        .key = {TABLE_RUN_BLOCK, 1, 0, 0, 9}, .key_n = 10, .value_n = 65520};
    row_put(&row);
    edit_end();
    ck_assert_uint_eq(audit(), 0);
    ledger_open(&l, g.dir);
    ledger_check(&l);
    ledger_close(&l);
    ck_assert_int_ne(stat(path, &st), 0);
    edit_begin("state", 0);
    MDB_val k = {row.key_n, row.key}, d;
    ck_assert_int_eq(mdb_get(db.txn, db.dbi, &k, &d), MDB_NOTFOUND);
    edit_end();
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, a_whole_store_has_no_faults);
    tcase_add_test(tc, a_changed_octet_of_a_fact_is_told_and_refused);
    tcase_add_test(tc, a_length_beyond_the_block_is_refused);
    tcase_add_test(tc, a_missing_block_is_told_and_refused);
    tcase_add_test(tc, a_block_too_short_is_told_and_refused);
    tcase_add_test(tc, a_missing_segment_is_told);
    tcase_add_test(tc, a_segment_of_another_position_is_told);
    tcase_add_test(tc, run_entries_out_of_order_are_told);
    tcase_add_test(tc, a_missing_run_block_is_told);
    tcase_add_test(tc, a_filter_without_its_keys_is_told);
    tcase_add_test(tc, a_wrong_fence_is_told);
    tcase_add_test(tc, a_run_head_that_cannot_be_is_told_and_refused);
    tcase_add_test(tc, a_short_page_of_words_is_told_and_refused);
    tcase_add_test(tc, a_row_of_an_unknown_table_is_told);
    tcase_add_test(tc, a_torn_last_block_is_refused_at_the_open);
    tcase_add_test(tc, a_cut_off_file_is_refused_at_the_open);
    tcase_add_test(tc, a_file_of_zeros_is_refused_at_the_open);
    tcase_add_test(tc, a_newer_format_is_refused_at_the_open);
    tcase_add_test(tc, a_checkpoint_beyond_the_log_is_refused_at_the_open);
    tcase_add_test(tc, a_directory_that_cannot_be_made_is_told);
    tcase_add_test(tc, what_a_crash_leaves_is_cleared_and_no_fault);
}

RIG_MAIN("audit", add_tests)
