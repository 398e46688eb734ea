/* With a program's path: becomes user 1000 and executes it. Without: prints its effective user. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

int main(int count, char **words) {
    if (count > 1)
        return setresuid(1000, 1000, 1000) < 0 || execv(words[1], (char *[]){words[1], NULL});
    printf("%d\n", geteuid());
    return 0;
}
