#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Takes huge pages of 2 MiB one after the other, as many as it is told, and says how far it came. */
int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 1;
  for (int page = 1; page <= count; page++) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
    char *memory = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) break;
    /* Charged when it is touched; beyond the limit the kernel answers with SIGBUS. */
    *memory = 1;
    printf("%d\n", page);
    fflush(stdout);
  }
}
