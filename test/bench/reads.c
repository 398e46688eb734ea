/*
 * The physical floor of sampling: the files whose paths stand on standard input are kept open and read again
 * from their beginning, ROUNDS times with PAUSE milliseconds between. Says how many microseconds of processor time
 * a round took.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MOST_FILES = 1 << 16 };

static long microseconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec +
           used.ru_stime.tv_usec;
}

static int open_all(int *files) {
    char path[4096];
    int count = 0;
    while (count < MOST_FILES && fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = '\0';
        files[count] = open(path, O_RDONLY | O_CLOEXEC);
        if (files[count] < 0) {
            perror(path);
            exit(125);
        }
        count++;
    }
    return count;
}

static void read_all(const int *files, int count) {
    static char text[65536];
    for (int i = 0; i < count; i++)
        if (pread(files[i], text, sizeof text, 0) < 0)
            exit(125);
}

int main(int argc, char **argv) {
    static int files[MOST_FILES];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int rounds = argc > 1 ? atoi(argv[1]) : 1;
    int pause = argc > 2 ? atoi(argv[2]) : 0;
    int count = open_all(files);
    read_all(files, count);
    long begun = microseconds();
    for (int round = 0; round < rounds; round++) {
        usleep(pause * 1000);
        read_all(files, count);
    }
    printf("%ld\n", (microseconds() - begun) / rounds);
}
