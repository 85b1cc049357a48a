/*
 * upload.h - streams a file of recipients or messages to the daemon.
 *
 * Constant memory for any size; progress is shown on the way. "-" is
 * standard input, whose size nobody knows.
 */
#ifndef ENGINE_CLI_UPLOAD_H
#define ENGINE_CLI_UPLOAD_H

#include <jansson.h>

#include "engine/cli/outcome.h"

struct call;

struct upload {
    const char *method; /* "PUT" */
    const char *path;
    const char *file;         /* or "-" */
    const char *content_type; /* "text/csv", "application/x-ndjson" */
};

/* "csv" or "ndjson" (NULL: by the file's name) as a content type, or NULL. */
const char *upload_type(const char *file, const char *format);

/*
 * Sends it and hands the daemon's answer over. A file that cannot be read
 * is OUTCOME_USAGE, after saying so.
 */
enum outcome upload_run(const struct call *call, const struct upload *upload,
                        json_t **answer);

#endif
