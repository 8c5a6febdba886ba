/* A server's heap in small: `leak` keeps what it gets, `cache_put` turns over a bounded ring. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 256

static void *ring[SLOTS];
static void *kept;

static void *buffer(size_t size) {
    void *block = malloc(size);
    if (block == NULL) abort();
    return memset(block, 1, size);
}

static void cache_put(unsigned turn) {
    unsigned slot = turn % SLOTS;
    free(ring[slot]);
    ring[slot] = buffer(4096);
}

static void leak(void) {
    void **block = buffer(1024);
    *block = kept;
    kept = block;
}

static void turn(unsigned number) {
    cache_put(number);
    leak();
}

int main(int argc, char **argv) {
    unsigned turns = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
    for (unsigned number = 0; number < turns; number++) turn(number);
    printf("%p\n", kept);
    return 0;
}
