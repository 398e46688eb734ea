/* The sandbox's table of nftables on the host, which no namespace takes with it. */
#pragma once

/* Removes the table of family inet; NULL: there is none. What fails is left to the next helper. */
void nftables_remove(const char *table);
