/*
 * smpp.h - `volley-load smpp`: submit_sm over any number of binds.
 */
#ifndef BENCH_LOAD_SMPP_H
#define BENCH_LOAD_SMPP_H

/* argv[first] onwards; the exit status. */
int smpp_main(int argc, char **argv, int first);

#endif
