#include "enter.h"
int enter(struct options *o){(void)o;return 125;}
