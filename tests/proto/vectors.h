/*
 * vectors.h - reads a file of vectors that lies beside the tests.
 *
 * Each text program loads its file once, before Check forks, and loops over
 * the array "vectors".
 */
#ifndef TESTS_PROTO_VECTORS_H
#define TESTS_PROTO_VECTORS_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* The array "vectors" of TEST_DATA/name, which must have count entries; the
 * caller's. Ends the program when the file cannot be read. */
static inline json_t *
vectors_load(const char *name, size_t count)
{
    char path[1024];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    json_t *file = json_load_file(path, JSON_ALLOW_NUL, &error);
    json_t *list = json_incref(json_object_get(file, "vectors"));
    if (json_array_size(list) != count) {
        fprintf(stderr, "%s: %zu vectors, not %zu: %s\n", path,
                json_array_size(list), count, error.text);
        exit(EXIT_FAILURE);
    }
    json_decref(file);
    return list;
}

/* Fails the test with both texts when the JSON differs, order of keys
 * aside. */
#define VECTORS_EQUAL(name, got, want)                                         \
    do {                                                                       \
        char *got_text = json_dumps(got, JSON_SORT_KEYS);                      \
        char *want_text = json_dumps(want, JSON_SORT_KEYS);                    \
        ck_assert_msg(got_text &&want_text &&strcmp(got_text, want_text) == 0, \
                      "%s:\n got %.1500s\nwant %.1500s", name, got_text,       \
                      want_text);                                              \
        free(got_text);                                                        \
        free(want_text);                                                       \
    } while (0)

#endif
