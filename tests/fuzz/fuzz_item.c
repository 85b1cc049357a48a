/*
 * fuzz_item.c - any body is read as a message or refused with a problem that
 * is itself valid JSON.
 */
#include "engine/door/item.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n);

static void
check_problem(const struct problem *p)
{
    struct emit e = {0};
    problem_emit(p, &e);
    json_t *v = json_loadb(e.p, e.n, JSON_REJECT_DUPLICATES, NULL);
    if (!v || problem_status(p) < 400)
        abort();
    json_decref(v);
    emit_fini(&e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    struct problem p = {0};
    struct send_item item;
    json_t *object = form_parse(slice_of(octets, n), &p);
    if ((object == NULL) != (p.code != NULL))
        abort();
    if (!object) {
        check_problem(&p);
        return 0;
    }
    if (item_read(object, &item, &p)) {
        if (!item.to.n || !item.text.n)
            abort();
    } else {
        check_problem(&p);
    }
    json_decref(object);
    return 0;
}
