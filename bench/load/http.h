/*
 * http.h - `volley-load http`: POST /v1/messages over many connections.
 */
#ifndef BENCH_LOAD_HTTP_H
#define BENCH_LOAD_HTTP_H

/* argv[first] onwards; the exit status. */
int http_main(int argc, char **argv, int first);

#endif
