#include "core/build_id.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/xxh64.h"

#define ID_BYTES_MAX ((OC_BUILD_ID_TEXT - 8) / 2)

static size_t up4(size_t n)
{
    return (n + 3) / 4 * 4;
}

/* The note that the linker's --build-id leaves. */
static bool id_of_notes(const unsigned char *p, size_t n, char *text)
{
    while (n >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) h;
        memcpy(&h, p, sizeof(h));
        size_t name = up4(h.n_namesz), desc = up4(h.n_descsz);
        if (name > n - sizeof(h) || desc > n - sizeof(h) - name)
            return false;
        if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 &&
            memcmp(p + sizeof(h), "GNU", 4) == 0 && h.n_descsz && h.n_descsz <= ID_BYTES_MAX) {
            for (size_t i = 0; i < h.n_descsz; i++)
                snprintf(text + 2 * i, 3, "%02x", p[sizeof(h) + name + i]);
            return true;
        }
        p += sizeof(h) + name + desc;
        n -= sizeof(h) + name + desc;
    }
    return false;
}

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && address >= at &&
            address - at < info->dlpi_phdr[i].p_memsz)
            return true;
    }
    return false;
}

static int visit(struct dl_phdr_info *info, size_t size, void *ctx)
{
    char    *text = ctx;
    uint64_t sum = 0;
    (void)size;
    if (!holds(info, (uintptr_t)&oc_build_id))
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const unsigned char *p =
            (const unsigned char *)(uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        if (info->dlpi_phdr[i].p_type == PT_NOTE &&
            id_of_notes(p, info->dlpi_phdr[i].p_memsz, text))
            return 1;
    }
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X))
            sum ^= oc_xxh64((const void *)(uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr),
                            info->dlpi_phdr[i].p_memsz);
    snprintf(text, OC_BUILD_ID_TEXT, "code-%016llx", (unsigned long long)sum);
    return 1;
}

void oc_build_id(char text[OC_BUILD_ID_TEXT])
{
    text[0] = 0;
    dl_iterate_phdr(visit, text);
}
