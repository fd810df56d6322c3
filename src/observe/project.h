/* project.h -- an embedding seen from a few fixed directions: what its distribution is, as numbers.
 *
 * x of n elements is brought to length 1; projection i is the sum of x_j s_ij, s_ij = +-1 by a fixed
 * generator.  Such projections keep distances (Achlioptas, "Database-friendly random projections",
 * 2003); over all directions of x each has mean 0 and variance 1, whatever n is.  The same on every
 * machine: what one has learned another compares with. */
#ifndef OC_OBSERVE_PROJECT_H
#define OC_OBSERVE_PROJECT_H

#include <stdbool.h>
#include <stddef.h>

#define OC_PROJECTIONS 16
#define OC_PROJECTION_RANGE 4.0 /* nearly all lie within +- of it */

/* False: x is zero, or not finite. */
bool oc_project(const float *x, size_t n, double out[OC_PROJECTIONS]);

#endif
