/*
 * replay.c - feeds seeds to a fuzz target without libFuzzer.
 *
 * usage: fuzz_NAME FOLDER
 *
 * Each file of the folder goes in whole, and cut at every octet up to a
 * bound, each in memory of exactly its size so that the address sanitizer
 * sees a step over its end.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cuts of longer seeds would cost more than they find. */
enum { CUTS_MAX = 4096, SEED_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n);

static void
feed(const uint8_t *octets, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact)
        abort();
    memcpy(exact, octets, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static int
feed_file(const char *path)
{
    static uint8_t octets[SEED_MAX];
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t n = fread(octets, 1, sizeof octets, f);
    fclose(f);
    feed(octets, n);
    for (size_t cut = 0; cut < n && cut < CUTS_MAX; cut++)
        feed(octets, cut);
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    DIR *folder = opendir(argv[1]);
    if (!folder) {
        perror(argv[1]);
        return 1;
    }
    int failed = 0, files = 0;
    char path[4096];
    for (struct dirent *e; (e = readdir(folder));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        failed |= feed_file(path);
        files++;
    }
    closedir(folder);
    printf("%d seeds\n", files);
    /* A target without seeds tests nothing. */
    return failed || files == 0;
}
