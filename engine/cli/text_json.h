/*
 * text_json.h - texts and receipts as JSON, for the command line and tests.
 *
 * Promise: the answers have the shape of `expect` in
 * tests/proto/text_vectors.json and dlr_vectors.json, keys in that order. A
 * request that cannot be answered becomes {"error": …}, never NULL.
 *
 * One thread. Every json_t returned is the caller's.
 */
#ifndef ENGINE_CLI_TEXT_JSON_H
#define ENGINE_CLI_TEXT_JSON_H

#include <jansson.h>

#include "proto/receipt.h"
#include "proto/segment.h"

enum {
    TEXT_JSON_REFERENCE_8 = 0xA7, /* what the vectors use */
    TEXT_JSON_REFERENCE_16 = 0xBEEF,
    /* More parts than this are listed by their first three and last two. */
    TEXT_JSON_PARTS_LISTED = 10,
    /* "text_repeat" of more characters is refused. */
    TEXT_JSON_REPEAT_MAX = 1000000,
};

/* What a request without "options" means: 8-bit references, up to 255
 * parts. */
struct segment_options text_json_options(void);

/*
 * Sets the options named in a JSON object: concat, transliterate, greek, lock,
 * shift, charset_0. NULL when all is well, else what is wrong (constant).
 */
const char *
text_json_take_options(const json_t *object, struct segment_options *options);

/* The answer for one text. "transliterated" is there when the options ask for
 * it: the text as it goes out, or null when nothing was replaced. */
json_t *
text_json_answer(struct slice utf8, const struct segment_options *options);

/* The answer for {"text": …, "options": {…}} or {"text_repeat": ["a", 9]}.
 * defaults are the options that the request does not name. */
json_t *text_json_request(const json_t *request,
                          const struct segment_options *defaults);

/* The answer for the text of a receipt. */
json_t *text_json_receipt(struct slice text);

/* The answer for {"text": …} of a receipt. */
json_t *text_json_receipt_request(const json_t *request);

/* {"error": what} */
json_t *text_json_error(const char *what);

/* Octets as a JSON string: UTF-8, or else read as Latin-1; null for an absent
 * slice. */
json_t *text_json_string(struct slice s);

/* A buffer that segment_plan() of so long a text cannot fill; free() it. */
uint8_t *text_json_buffer(size_t utf8_bytes, size_t *cap);

#endif
