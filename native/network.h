/* The new network namespace. */
#pragma once
#include "failure.h"

/* Brings "lo" up; the kernel gives it 127.0.0.1 and ::1 by itself. */
bool network_raise_loopback(struct failure *failure);
