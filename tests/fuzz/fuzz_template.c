/*
 * fuzz_template.c - any text either compiles or says why, and what compiles
 * renders inside its room whichever values are there.
 */
#include "engine/flow/template.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n);

static void
render(const struct template *t, unsigned present, size_t cap)
{
    static uint8_t out[4096];
    struct slice values[TEMPLATE_FIELDS_MAX];
    unsigned fields = template_fields(t), missing = TEMPLATE_FIELDS_MAX;
    for (unsigned i = 0; i < fields; i++) {
        values[i] = template_field(t, i);
        if (!(present >> i % 32 & 1))
            values[i].p = NULL;
    }
    struct writer w = writer_of(out, cap);
    enum template_result result = template_render(t, values, &w, &missing);
    if (writer_used(&w) > cap)
        abort();
    if (result == TEMPLATE_MISSING && missing >= fields)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    char why[TEMPLATE_WHY_BYTES] = "";
    struct template *t = template_create(slice_of(octets, n), why);
    if ((t == NULL) != (why[0] != 0))
        abort();
    if (!t)
        return 0;
    render(t, ~0u, 4096);
    render(t, 0, 4096);
    render(t, 0x55555555, 4096);
    render(t, ~0u, n / 2 < 4096 ? n / 2 : 4096);
    template_destroy(t);
    return 0;
}
