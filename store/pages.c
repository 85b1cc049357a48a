/*
 * pages.c - pages of words, from slabs.
 *
 * Promise: as in pages.h.
 */
#include "store/pages.h"

#include <pthread.h>
#include <stdlib.h>

#include "store/large.h"

enum { SLAB_BYTES = 2 << 20 };

/* A page that nobody holds. */
struct spare {
    struct spare *next;
};

/* Behind the pages of a slab; so that all memory can be reached. */
struct slab {
    struct slab *next;
};

enum {
    SLAB_PAGES = (SLAB_BYTES - sizeof(struct slab)) / sizeof(struct store_page)
};

/* Of all stores of the process. */
static struct {
    pthread_mutex_t lock;
    struct spare *spare;
    atomic_size_t spares; /* changed under the lock */
    struct slab *slabs;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Under the lock. */
static void
put_spare(void *page)
{
    struct spare *s = page;
    s->next = pool.spare;
    pool.spare = s;
    pool.spares++;
}

static struct store_page *
make_slab(void)
{
    struct store_page *page = store_large_zeroed(SLAB_BYTES);
    if (!page)
        abort(); /* words that are forgotten would be worse than a restart */
    return page;
}

/* Under the lock. */
static void
add_slab(struct store_page *page)
{
    struct slab *slab = (struct slab *)(page + SLAB_PAGES);
    for (int i = SLAB_PAGES - 1; i >= 0; i--)
        put_spare(&page[i]);
    slab->next = pool.slabs;
    pool.slabs = slab;
}

size_t
store_pages_spare(void)
{
    return atomic_load_explicit(&pool.spares, memory_order_relaxed);
}

void
store_pages_stock(size_t wanted)
{
    while (store_pages_spare() < wanted) {
        struct store_page *page = make_slab(); /* takes its time */
        pthread_mutex_lock(&pool.lock);
        add_slab(page);
        pthread_mutex_unlock(&pool.lock);
    }
}

struct store_page *
store_page_create(const uint64_t *words)
{
    pthread_mutex_lock(&pool.lock);
    if (!pool.spare)
        add_slab(make_slab());
    struct store_page *page = (struct store_page *)pool.spare;
    pool.spare = pool.spare->next;
    pool.spares--;
    pthread_mutex_unlock(&pool.lock);
    atomic_init(&page->refs, 1);
    if (words)
        memcpy(page->words, words, sizeof page->words);
    else
        memset(page->words, 0, sizeof page->words);
    return page;
}

struct store_page *
store_page_hold(struct store_page *page)
{
    atomic_fetch_add(&page->refs, 1);
    return page;
}

void
store_page_release(struct store_page *page)
{
    if (atomic_fetch_sub(&page->refs, 1) != 1)
        return;
    pthread_mutex_lock(&pool.lock);
    put_spare(page);
    pthread_mutex_unlock(&pool.lock);
}
