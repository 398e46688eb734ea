/* What a sandbox cannot ask for beside a namespace that is not its own. */
#pragma once
#include "options.h"

bool sharing_check(const struct options *options, struct failure *failure);
