/*
 * fuzz_config.c - any octets as a settings file: it loads, or says why.
 */
#include "engine/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    static char errors[65536];
    struct config *c = NULL;
    FILE *f = fmemopen(errors, sizeof errors, "w");
    if (!f)
        abort();
    errors[0] = 0;
    bool ok = config_load_text("v.yaml", slice_of(octets, n), &c, f);
    fclose(f);
    if (ok != (c != NULL) || ok != (errors[0] == 0))
        abort();
    if (ok) {
        unsigned changes;
        free(config_diff(c, c, &changes));
        if (changes != 0)
            abort();
    }
    config_free(c);
    return 0;
}
