/* churn COUNT: so many processes, one after the other; each makes a namespace, or a thread, and ends. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *leave(void *unused) {
    unshare(CLONE_NEWUTS);
    return unused;
}

static void live(int turn) {
    pthread_t thread;
    if (turn % 3 == 0)
        unshare(CLONE_NEWIPC);
    else if (turn % 3 == 1 && pthread_create(&thread, NULL, leave, NULL) == 0)
        pthread_join(thread, NULL);
    _exit(0);
}

int main(int argc, char **argv) {
    for (int i = 0; argc == 2 && i < atoi(argv[1]); i++) {
        pid_t child = fork();
        if (child < 0)
            return 125;
        if (child == 0)
            live(i);
        waitpid(child, NULL, 0);
    }
}
