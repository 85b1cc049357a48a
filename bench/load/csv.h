/*
 * csv.h - `volley-load csv`: a file of recipients, quickly.
 */
#ifndef BENCH_LOAD_CSV_H
#define BENCH_LOAD_CSV_H

/* argv[first] onwards; the exit status. */
int csv_main(int argc, char **argv, int first);

#endif
