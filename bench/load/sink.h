/*
 * sink.h - `volley-load sink`: an app that is told of receipts over HTTP.
 */
#ifndef BENCH_LOAD_SINK_H
#define BENCH_LOAD_SINK_H

/* argv[first] onwards; the exit status. */
int sink_main(int argc, char **argv, int first);

#endif
