/* Variables that release what they own when they leave scope. */
#pragma once
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_close_descriptor(int *descriptor) {
    /* A failing call's errno must survive the clean-up that follows it. */
    int saved = errno;
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
    errno = saved;
}

static inline void cleanup_free_pointer(void *pointer) {
    free(*(void **)pointer);
}

#define cleanup_fd __attribute__((cleanup(cleanup_close_descriptor)))
#define cleanup_free __attribute__((cleanup(cleanup_free_pointer)))

/* Gives up ownership: returns the descriptor and leaves -1 behind. */
static inline int take_fd(int *descriptor) {
    int taken = *descriptor;
    *descriptor = -1;
    return taken;
}
