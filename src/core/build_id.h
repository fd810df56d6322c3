/* build_id.h -- which build of this library runs. */
#ifndef OC_CORE_BUILD_ID_H
#define OC_CORE_BUILD_ID_H

#define OC_BUILD_ID_TEXT 72

/* Hexadecimal: the linker's build id of the file this code was loaded from, or a checksum of its
 * code where the linker left none.  Another build gives another text. */
void oc_build_id(char text[OC_BUILD_ID_TEXT]);

#endif
