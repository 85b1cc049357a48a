/*
 * query_metrics.c - the process and its store as Prometheus text.
 *
 * Rows of the process stand in core/metrics.def; the store counts by itself
 * (store_stats) and its rows stand here.
 */
#include <inttypes.h>
#include <stdio.h>

#include "engine/core/metrics.h"
#include "engine/flow/query_inside.h"

static void
row(struct query *q, struct writer *w, const char *kind, const char *name,
    const char *help, double value)
{
    writer_put(
        w, slice_str(query_format(q, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n",
                                  name, help, name, kind, name, value)));
}

static void
commit_times(struct query *q, struct writer *w, const struct store_stats *s)
{
    static const char name[] = "volley_store_commit_seconds";
    writer_put(
        w, slice_str(query_format(q,
                                  "# HELP %s time of the last 1,024 commits\n"
                                  "# TYPE %s summary\n",
                                  name, name)));
    writer_put(w, slice_str(query_format(
                      q,
                      "%s{quantile=\"0.5\"} %.6f\n"
                      "%s{quantile=\"0.99\"} %.6f\n%s{quantile=\"1\"} %.6f\n",
                      name, (double)s->commit_us_p50 / 1e6, name,
                      (double)s->commit_us_p99 / 1e6, name,
                      (double)s->commit_us_max / 1e6)));
}

/* The same since the start, for what lies between two looks. */
static void
commit_steps(struct query *q, struct writer *w, const struct store_stats *s)
{
    static const char name[] = "volley_store_commit_duration_seconds";
    uint64_t sum = 0;
    writer_put(w, slice_str(query_format(q,
                                         "# HELP %s time of commits\n"
                                         "# TYPE %s histogram\n",
                                         name, name)));
    for (unsigned i = 0; i < STORE_COMMIT_STEPS; i++) {
        sum += s->commit_steps[i];
        writer_put(w, slice_str(query_format(
                          q, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
                          (double)store_commit_step_us(i) / 1e6, sum)));
    }
    /* A commit may be counted as a step a moment before it is counted. */
    uint64_t all = s->commits > sum ? s->commits : sum;
    writer_put(
        w, slice_str(query_format(q,
                                  "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n"
                                  "%s_sum %.6f\n%s_count %" PRIu64 "\n",
                                  name, all, name,
                                  (double)s->commit_us_sum / 1e6, name, all)));
}

static void
store_rows(struct query *q, struct writer *w)
{
    struct store_stats s;
    store_stats(q->store, &s);
    row(q, w, "counter", "volley_store_commits_total", "commits of the log",
        (double)s.commits);
    row(q, w, "counter", "volley_store_facts_total", "facts committed",
        (double)s.facts);
    row(q, w, "counter", "volley_store_log_bytes_total",
        "octets of facts committed", (double)s.log_bytes);
    row(q, w, "counter", "volley_store_checkpoints_total",
        "checkpoints committed", (double)s.checkpoints);
    row(q, w, "counter", "volley_store_full_waits_total",
        "commits that waited for disk space", (double)s.full_waits);
    row(q, w, "counter", "volley_store_thread_cpu_seconds_total",
        "processor time of the store thread", s.thread_cpu_s);
    row(q, w, "gauge", "volley_store_runs", "sorted runs on disk",
        (double)s.runs);
    row(q, w, "gauge", "volley_store_segments", "segments of the log",
        s.segments);
    row(q, w, "gauge", "volley_store_disk_free_bytes",
        "free space where the store is", (double)s.disk_free_bytes);
    row(q, w, "gauge", "volley_store_log_oldest_position",
        "where the kept log begins", (double)store_oldest(q->store));
    row(q, w, "gauge", "volley_store_log_durable_position",
        "up to where the log is durable", (double)store_durable(q->store));
    row(q, w, "gauge", "volley_store_takes_work",
        "1 while the store takes new work, 0 when full or failed",
        store_state(q->store, NULL, 0) == STORE_OK);
    commit_times(q, w, &s);
    commit_steps(q, w, &s);
}

void
query_metrics(struct query *q, struct writer *out)
{
    query_begin(q);
    size_t n = metrics_text(NULL, 0);
    /* Counters grow by a digit between the two calls at most. */
    size_t cap = n + 1024;
    char *text = query_room(q, cap);
    n = metrics_text(text, cap);
    writer_put(out, slice_of(text, n < cap ? n : cap - 1));
    store_rows(q, out);
    query_end(q);
}
