/*
 * words.c - one u64 a message, by number, in pages that outgrow RAM.
 *
 * A checkpoint takes the pages as they are, counted; the first set to a page
 * that is still on its way copies it. So a checkpoint stops the engine for a
 * pointer a page, and each page is copied at most once for it.
 *
 * A page may leave RAM when it is not dirty and the checkpoint that took it
 * is on disk. "Least recently used" by a clock hand: pages touched since its
 * last round are passed over.
 */
#include "store/words.h"

#include <stdlib.h>

#include "store/checkpoint.h"

struct slot {
    uint64_t number;         /* of the page */
    struct store_page *page; /* held; NULL: the slot is free */
    uint64_t flight;         /* checkpoint that took it last */
    bool dirty;              /* then the page is ours alone */
    bool touched;
};

enum { PAGES_ASKED = 16 }; /* spare ones are asked for, so many at a time */

struct store_words {
    struct store *s;
    struct store_reader *r;
    size_t ram_pages;
    struct slot *slots;
    size_t mask; /* slots - 1; a power of two */
    size_t n, dirty;
    size_t hand;
    uint64_t on_disk;        /* newest checkpoint seen on disk */
    struct slot *last;       /* of the last access, or NULL */
    struct store_page *zero; /* stands for all that were never set */
};

/* ---- slots ---------------------------------------------------------------
 */

static inline size_t
home(const struct store_words *w, uint64_t number)
{
    return (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32) & w->mask;
}

static struct slot *
find(const struct store_words *w, uint64_t number)
{
    size_t i = home(w, number);
    while (w->slots[i].page && w->slots[i].number != number)
        i = (i + 1) & w->mask;
    return &w->slots[i];
}

static void
alloc_slots(struct store_words *w, size_t slots)
{
    w->slots = calloc(slots, sizeof *w->slots);
    if (!w->slots)
        abort();
    w->mask = slots - 1;
}

static void
grow(struct store_words *w)
{
    struct slot *old = w->slots;
    size_t olds = w->mask + 1;
    alloc_slots(w, 2 * olds);
    for (size_t i = 0; i < olds; i++)
        if (old[i].page)
            *find(w, old[i].number) = old[i];
    free(old);
    w->hand = 0;
    w->last = NULL;
}

/* Empties a slot; those behind it that it kept from home move up. */
static void
remove_slot(struct store_words *w, size_t gap)
{
    store_page_release(w->slots[gap].page);
    for (size_t i = (gap + 1) & w->mask; w->slots[i].page;
         i = (i + 1) & w->mask) {
        size_t want = home(w, w->slots[i].number);
        if (((i - want) & w->mask) >= ((i - gap) & w->mask)) {
            w->slots[gap] = w->slots[i];
            gap = i;
        }
    }
    w->slots[gap] = (struct slot){0};
    w->n--;
    w->last = NULL;
}

/* Makes room so that at most `clean` pages stay that could leave. */
static void
evict(struct store_words *w, size_t clean)
{
    /* Two rounds: the first takes away the marks of use. */
    for (size_t tries = 2 * (w->mask + 1); tries > 0 && w->n - w->dirty > clean;
         tries--) {
        struct slot *slot = &w->slots[w->hand];
        if (slot->page && !slot->dirty && slot->flight <= w->on_disk &&
            !slot->touched) {
            remove_slot(w, w->hand); /* another may have moved in here */
            continue;
        }
        slot->touched = false;
        w->hand = (w->hand + 1) & w->mask;
    }
}

/* Pages of a checkpoint become clean all at once when it is on disk. */
static void
evict_after_checkpoint(struct store_words *w)
{
    uint64_t on_disk = atomic_load(&w->s->checkpoint_done);
    if (on_disk == w->on_disk)
        return;
    w->on_disk = on_disk;
    evict(w, w->ram_pages);
}

/* ---- pages ---------------------------------------------------------------
 */

static struct store_page *
load(struct store_words *w, uint64_t number)
{
    uint8_t bytes[8];
    struct slice value;
    struct writer key = writer_of(bytes, sizeof bytes);
    writer_be32(&key, (uint32_t)(number >> 32));
    writer_be32(&key, (uint32_t)number);
    enum store_result res =
        store_get(w->r, TABLE_WORDS, writer_slice(&key), &value);
    if (res == STORE_OK && value.n == WORDS_PER_PAGE * sizeof(uint64_t)) {
        struct store_page *page = store_page_create(NULL);
        store_will_need(value);
        memcpy(page->words, value.p, value.n);
        return page;
    }
    if (res != STORE_NOT_FOUND)
        store_set_failed(w->s, "page of words", MDB_CORRUPTED);
    return store_page_hold(w->zero);
}

static struct slot *
slot_for(struct store_words *w, uint64_t number)
{
    evict_after_checkpoint(w);
    struct slot *slot = find(w, number);
    if (!slot->page) {
        struct store_page *page = load(w, number);
        evict(w, w->ram_pages - 1);
        if (2 * (w->n + 1) > w->mask)
            grow(w);
        slot = find(w, number);
        *slot = (struct slot){.number = number, .page = page};
        w->n++;
    }
    slot->touched = true;
    w->last = slot;
    return slot;
}

static inline struct slot *
access_page(struct store_words *w, uint64_t number)
{
    if (w->last && w->last->number == number)
        return w->last;
    return slot_for(w, number);
}

uint64_t
store_words_get(struct store_words *w, uint64_t number)
{
    struct slot *slot = access_page(w, number / WORDS_PER_PAGE);
    return slot->page->words[number % WORDS_PER_PAGE];
}

static void
make_dirty(struct store_words *w, struct slot *slot)
{
    if (atomic_load(&slot->page->refs) > 1) {
        struct store_page *copy = store_page_create(slot->page->words);
        store_page_release(slot->page);
        slot->page = copy;
    }
    slot->dirty = true;
    w->dirty++;
    /* The next checkpoint will hold them all, and all may be written to. */
    if (w->dirty % PAGES_ASKED == 0 &&
        store_pages_spare() < w->dirty + PAGES_ASKED) {
        atomic_store(&w->s->pages_wanted, w->dirty + PAGES_ASKED);
        store_ask_upkeep(w->s);
    }
}

void
store_words_set(struct store_words *w, uint64_t number, uint64_t word)
{
    struct slot *slot = access_page(w, number / WORDS_PER_PAGE);
    if (!slot->dirty)
        make_dirty(w, slot);
    slot->page->words[number % WORDS_PER_PAGE] = word;
}

void
store_words_prefetch(struct store_words *w, uint64_t number)
{
    const struct slot *slot = find(w, number / WORDS_PER_PAGE);
    if (slot->page)
        __builtin_prefetch(&slot->page->words[number % WORDS_PER_PAGE]);
}

void
store_words_checkpoint(struct store_words *w, struct store_checkpoint *c)
{
    for (size_t i = 0; i <= w->mask && w->dirty > 0; i++) {
        struct slot *slot = &w->slots[i];
        if (!slot->dirty)
            continue;
        store_checkpoint_add_page(c, slot->number, store_page_hold(slot->page));
        slot->dirty = false;
        slot->flight = c->seq;
        w->dirty--;
    }
}

/* ---- open and close ------------------------------------------------------
 */

enum store_result
store_words_open(struct store *s, struct store_reader *r, size_t ram_pages,
                 struct store_words **out)
{
    struct store_words *w = calloc(1, sizeof *w);
    if (!w)
        return STORE_FAILED;
    w->s = s;
    w->r = r;
    w->ram_pages = ram_pages > 0 ? ram_pages : 1;
    w->zero = store_page_create(NULL);
    alloc_slots(w, 64);
    *out = w;
    return STORE_OK;
}

void
store_words_close(struct store_words *w)
{
    if (!w)
        return;
    for (size_t i = 0; i <= w->mask; i++)
        if (w->slots[i].page)
            store_page_release(w->slots[i].page);
    store_page_release(w->zero);
    free(w->slots);
    free(w);
}

size_t
store_words_dirty_pages(const struct store_words *w)
{
    return w->dirty;
}

size_t
store_words_ram_bytes(const struct store_words *w)
{
    return w->n * sizeof(struct store_page) + (w->mask + 1) * sizeof *w->slots;
}
