/* The compiled task iterator, which object.S puts into the loader. */
#pragma once

extern const char object_begin[], object_end[];
