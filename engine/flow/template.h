/*
 * template.h - a text with fields, compiled once and rendered per recipient.
 *
 *   {{first_name}}                 a field; absent or empty: MISSING
 *   {{first_name|there}}           with a fallback (may be empty)
 *   {{#if plate}}…{{else}}…{{/if}} by presence; may nest
 *   {{sender.name}}                a field of the sender
 *   {{to}}                         the subscriber, E.164
 *   \{{                            two literal braces
 *
 * Promise: render writes at most cap octets and allocates nothing; a
 * compiled template is immutable and may be shared by threads.
 */
#ifndef ENGINE_FLOW_TEMPLATE_H
#define ENGINE_FLOW_TEMPLATE_H

#include "proto/bytes.h"

enum { TEMPLATE_WHY_BYTES = 160, TEMPLATE_FIELDS_MAX = 64 };

struct template;

/* NULL when it does not parse; why says what and at which character. text is
 * copied. */
struct template *
template_create(struct slice text, char why[TEMPLATE_WHY_BYTES]);
void template_destroy(struct template *t);

/* The distinct fields, numbered from 0; "sender.name" is one of them. */
unsigned template_fields(const struct template *t);
struct slice template_field(const struct template *t, unsigned field);

/* True when the text has no field at all. */
bool template_is_plain(const struct template *t);

enum template_result { TEMPLATE_OK, TEMPLATE_MISSING, TEMPLATE_TOO_LONG };

/*
 * values[field] for each of template_fields(), p == NULL when absent. On
 * MISSING *missing is the field that has no value and no fallback.
 */
MUST_CHECK enum template_result
template_render(const struct template *t, const struct slice *values,
                struct writer *out, unsigned *missing);

#endif
