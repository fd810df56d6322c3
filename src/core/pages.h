/* pages.h -- memory straight from the system: zeroed whole pages that are given back at once. */
#ifndef OC_CORE_PAGES_H
#define OC_CORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "ocellus/status.h"

/* `bytes` (at least 1) of memory for oc_pages_unmap; NULL: there is none.  Where huge pages are to be
 * had and it is large enough for one, it is made of them: hundreds of times fewer faults.
 *
 *   at_once  every page will be written soon: they are all fetched now, quicker than a fault each */
OC_MUST_CHECK void *oc_pages_map(size_t bytes, bool at_once);
void                oc_pages_unmap(void *pages, size_t bytes);

#endif
