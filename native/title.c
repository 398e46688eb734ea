#include "title.h"
#include <string.h>
#include <sys/prctl.h>

void title_set(char **argv, const char *title) {
    char *end = argv[0];
    for (char **argument = argv; *argument; argument++)
        end = *argument + strlen(*argument) + 1;
    size_t room = (size_t)(end - argv[0]);
    memset(argv[0], 0, room);
    if (room > 1)
        strncpy(argv[0], title, room - 2);
    /* A last byte that is not NUL tells the kernel that this is a title: it then shows the text up
     * to the first NUL and not the whole area (get_mm_cmdline in fs/proc/base.c). */
    end[-1] = ' ';
    prctl(PR_SET_NAME, title, 0, 0, 0);
}
