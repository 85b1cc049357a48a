/*
 * text.c - paths of texts: a template with three fields.
 */
#include "bench/paths/paths.h"
#include "engine/flow/template.h"

static void
template_fields_three(unsigned count)
{
    char why[TEMPLATE_WHY_BYTES];
    uint8_t room[512];
    struct template *t = template_create(
        slice_str("Hi {{first_name|there}}, your car {{plate}} is ready at our "
                  "garage in {{city}}. We are open from 8 to 18."),
        why);
    paths_need(t && template_fields(t) == 3);
    struct slice values[3] = {slice_str("Francesca"), slice_str("AB12 CDE"),
                              slice_str("Southampton")};
    for (unsigned i = 0; i < count; i++) {
        unsigned missing;
        struct writer w = writer_of(room, sizeof room);
        values[0] = i % 8 ? slice_str("Francesca") : (struct slice){0};
        paths_need(template_render(t, values, &w, &missing) == TEMPLATE_OK);
        paths_use(writer_slice(&w).n);
    }
    template_destroy(t);
}

const struct path paths_text[] = {
    {"template", 20000, template_fields_three,
     "template of three fields rendered"},
    {0},
};
