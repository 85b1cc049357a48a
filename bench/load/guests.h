/*
 * guests.h - `volley-load guests`: thousands of connections that are no load.
 */
#ifndef BENCH_LOAD_GUESTS_H
#define BENCH_LOAD_GUESTS_H

/* argv[first] onwards; the exit status. */
int guests_main(int argc, char **argv, int first);

#endif
