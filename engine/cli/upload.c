/*
 * upload.c - streams a file of recipients or messages to the daemon.
 *
 * A chunked body, so that nothing must be known or kept in advance.
 */
#include "engine/cli/upload.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/cli/api.h"
#include "engine/cli/command.h"
#include "engine/cli/figure.h"
#include "engine/cli/progress.h"
#include "engine/cli/screen.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"
#include "engine/cli/width.h"

struct stream {
    const struct upload *upload;
    FILE *file;
    bool broken; /* reading failed */
    bool silent; /* --json: no progress */
    bool shown;  /* a progress line stands on the terminal */
    long long sent_bytes;
    long long all_bytes; /* 0: not known */
    int64_t began_ms;
    int64_t drawn_ms;
    struct screen screen;
};

const char *
upload_type(const char *file, const char *format)
{
    const char *dot = strrchr(file, '.');
    const char *kind = format != NULL ? format : dot != NULL ? dot + 1 : "csv";
    if (strcasecmp(kind, "ndjson") == 0 || strcasecmp(kind, "jsonl") == 0)
        return "application/x-ndjson";
    if (format == NULL || strcasecmp(kind, "csv") == 0)
        return "text/csv";
    return NULL;
}

static void
draw(struct stream *stream, int64_t now_ms)
{
    char sent[FIGURE_CAP], all[FIGURE_CAP], rate[FIGURE_CAP];
    double seconds = (double)(now_ms - stream->began_ms) / 1000;
    double per_s = seconds > 0 ? (double)stream->sent_bytes / seconds : 0;
    char text[160], share[64] = "";
    if (stream->all_bytes > 0)
        snprintf(share, sizeof share, " of %s  %u%%",
                 figure_bytes(all, (double)stream->all_bytes),
                 figure_percent(stream->sent_bytes, stream->all_bytes));
    snprintf(text, sizeof text, "uploading %s%s  %s/s",
             figure_bytes(sent, (double)stream->sent_bytes), share,
             figure_bytes(rate, per_s));
    FILE *frame = screen_frame(&stream->screen);
    width_put(frame, text, term_columns());
    fputc('\n', frame);
    screen_show(&stream->screen);
    stream->drawn_ms = now_ms;
    stream->shown = true;
}

static size_t
read_file(void *arg, char *dst, size_t cap)
{
    struct stream *stream = arg;
    size_t got = fread(dst, 1, cap, stream->file);
    if (ferror(stream->file) || term_interrupted()) {
        stream->broken = true;
        return SIZE_MAX;
    }
    stream->sent_bytes += (long long)got;
    int64_t now_ms = when_now_ms();
    long pause_ms = term_get()->live ? 200 : 3000;
    if (!stream->silent && now_ms - stream->drawn_ms >= pause_ms)
        draw(stream, now_ms);
    return got;
}

static enum outcome
open_file(struct stream *stream)
{
    struct stat about;
    const char *name = stream->upload->file;
    if (strcmp(name, "-") == 0) {
        stream->file = stdin;
        return OUTCOME_OK;
    }
    stream->file = fopen(name, "rb");
    if (stream->file == NULL || fstat(fileno(stream->file), &about) != 0) {
        fprintf(stderr, "volley: cannot read %s: %s\n", name, strerror(errno));
        return OUTCOME_USAGE;
    }
    if (S_ISDIR(about.st_mode)) {
        fprintf(stderr, "volley: %s is a folder\n", name);
        return OUTCOME_USAGE;
    }
    stream->all_bytes = S_ISREG(about.st_mode) ? about.st_size : 0;
    return OUTCOME_OK;
}

enum outcome
upload_run(const struct call *call, const struct upload *upload,
           json_t **answer)
{
    struct stream stream = {
        .upload = upload,
        .silent = call->settings.json,
        .began_ms = when_now_ms(),
    };
    /* A short upload shows nothing: the first line comes after a pause. */
    stream.drawn_ms = stream.began_ms;
    enum outcome outcome = open_file(&stream);
    if (outcome == OUTCOME_OK) {
        struct api_request request = {
            .method = upload->method,
            .path = upload->path,
            .content_type = upload->content_type,
            .read = read_file,
            .arg = &stream,
        };
        outcome = api_call(call->api, &request, answer);
    }
    if (stream.broken) {
        fprintf(stderr, "volley: %s: reading it %s\n", upload->file,
                term_interrupted() ? "was interrupted" : "failed");
        outcome = OUTCOME_USAGE;
    }
    if (stream.shown && outcome == OUTCOME_OK)
        draw(&stream, when_now_ms());
    if (stream.file != NULL && stream.file != stdin)
        fclose(stream.file);
    return outcome;
}
