/*
 * config_secret.c - values that stand elsewhere: in the environment, in files.
 *
 * Promise: a fault names the variable or the file, never what it holds.
 */
#include "engine/config_inside.h"

#include "proto/ucs2.h"

#include <errno.h>
#include <stdlib.h>

enum { SECRET_FILE_MAX = 4096, EXPANDED_MAX = 8192 };

/* The name inside "${...}"; false when it is not one. */
static bool
variable_name(const char *from, char name[64])
{
    size_t n = strspn(from, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (n == 0 || n > 63 || from[n] != '}')
        return false;
    memcpy(name, from, n);
    name[n] = 0;
    return true;
}

const char *
value_expand(struct arena *a, const char *text, bool secret,
             char why[CONFIG_WHY_BYTES])
{
    if (!strstr(text, "${"))
        return text;
    uint8_t room[EXPANDED_MAX];
    struct writer w = writer_of(room, sizeof room);
    char name[64];
    while (*text) {
        if (strncmp(text, "$${", 3) == 0) {
            writer_put(&w, slice_str("${"));
            text += 3;
        } else if (strncmp(text, "${", 2) == 0) {
            if (!variable_name(text + 2, name)) {
                snprintf(why, CONFIG_WHY_BYTES,
                         "'${' must be followed by a name and '}' ('$${' "
                         "stands for itself)");
                return NULL;
            }
            const char *value = getenv(name);
            if (!value || (secret && !*value)) {
                snprintf(why, CONFIG_WHY_BYTES, "environment variable %s is %s",
                         name, value ? "empty" : "not set");
                return NULL;
            }
            writer_put(&w, slice_str(value));
            text += strlen(name) + 3;
        } else {
            writer_u8(&w, (uint8_t)*text++);
        }
    }
    if (w.failed || !ucs2_is_utf8(writer_slice(&w))) {
        snprintf(why, CONFIG_WHY_BYTES, w.failed ? "too long" : "not UTF-8");
        return NULL;
    }
    const char *copy = arena_text(a, writer_slice(&w));
    if (!copy)
        snprintf(why, CONFIG_WHY_BYTES, "out of memory");
    return copy;
}

const char *
value_read_file(struct arena *a, const char *path, char why[CONFIG_WHY_BYTES])
{
    uint8_t octets[SECRET_FILE_MAX + 1];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(octets, 1, sizeof octets, f) : 0;
    bool failed = !f || ferror(f);
    int cause = errno;
    if (f)
        fclose(f);
    if (failed) {
        snprintf(why, CONFIG_WHY_BYTES, "'%.120s' cannot be read: %s", path,
                 strerror(cause));
        return NULL;
    }
    if (n > SECRET_FILE_MAX) {
        snprintf(why, CONFIG_WHY_BYTES, "'%.120s' is longer than %d octets",
                 path, SECRET_FILE_MAX);
        return NULL;
    }
    while (n && (octets[n - 1] == '\n' || octets[n - 1] == '\r'))
        n--;
    if (n == 0 || memchr(octets, 0, n)) {
        snprintf(why, CONFIG_WHY_BYTES, "'%.120s' %s", path,
                 n ? "is no text" : "is empty");
        return NULL;
    }
    const char *copy = arena_text(a, slice_of(octets, n));
    if (!copy)
        snprintf(why, CONFIG_WHY_BYTES, "out of memory");
    return copy;
}
