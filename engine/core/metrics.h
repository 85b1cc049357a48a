/*
 * metrics.h - counters and gauges of the process, one row of metrics.def each.
 *
 * Promise: counting is a load and a store on memory of the thread's own; the
 * reader adds the threads up. A gauge is a counter that also goes down.
 *
 * Threads: any.
 */
#ifndef ENGINE_CORE_METRICS_H
#define ENGINE_CORE_METRICS_H

#include <stddef.h>
#include <stdint.h>

enum metric {
#define METRIC(symbol, kind, name, help) METRIC_##symbol,
#include "engine/core/metrics.def"
    METRIC_N
};

void metric_add(enum metric m, int64_t n);

/* Summed over all threads. */
int64_t metric_read(enum metric m);

/* Prometheus text of every row. Returns the octets that it takes, as
 * snprintf does; at most cap - 1 are written, and a NUL. */
size_t metrics_text(char *dst, size_t cap);

#endif
