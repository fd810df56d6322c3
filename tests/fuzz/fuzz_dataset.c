/* Readers of data sets.  The first byte chooses the format; the rest is the file, or for formats that
 * want a folder, its labels beside a fixed rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/check.h"
#include "data/file.h"
#include "data/format.h"
#include "fuzz.h"

static char folder[] = "/tmp/fuzz_dataset.XXXXXX";

static void put_file(const char *name, const void *bytes, size_t n)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        abort();
}

static void drop_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    unlink(path);
}

static void drop_folder(void)
{
    drop_file("data.yaml");
    drop_file("images.meta");
    drop_file("a.txt");
    rmdir(folder);
}

static void make_folder(void)
{
    static bool made;
    if (made)
        return;
    if (!mkdtemp(folder))
        abort();
    made = true;
    atexit(drop_folder);
}

static void ignore(void *ctx, oc_data_fault fault, uint32_t image, const char *what)
{
    (void)fault, (void)image, (void)what;
    (*(size_t *)ctx)++;
}

static void read_one(const oc_data_format *format, const char *path, const oc_data_reading *how)
{
    oc_data_set set = {0};
    oc_error    err = {0};
    size_t      n = 0;
    oc_status   st = oc_data_read(format, path, how, &set, &err);
    if (st != OC_OK && (!err.message[0] || err.status != st))
        abort(); /* a refusal without a reason */
    for (size_t i = 0; i < set.n_images; i++)
        if (!oc_data_path_safe(set.images[i].file))
            abort(); /* a name that leads out of the folder */
    if (st == OC_OK && oc_data_check(&set, ignore, &n, &err) == OC_NOMEM)
        abort();
    oc_data_set_finish(&set);
}

/* What every reader took, COCO's writer can write and its reader reads again. */
static void write_again(const oc_data_format *format, const char *path)
{
    char        to[300];
    oc_data_set set = {0};
    if (oc_data_read(format, path, NULL, &set, NULL) != OC_OK)
        return;
    snprintf(to, sizeof(to), "%s/again.json", folder);
    oc_error              err = {0};
    const oc_data_format *coco = oc_data_format_of("coco");
    if (oc_data_write(coco, &set, to, &err) == OC_OK) {
        oc_data_set again = {0};
        if (oc_data_read(coco, to, NULL, &again, &err) == OC_OK &&
            (again.n_images != set.n_images || again.n_objects != set.n_objects))
            abort();
        oc_data_set_finish(&again);
        unlink(to);
    }
    oc_data_set_finish(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const files[] = {"coco", "voc",   "cvat",      "labelme",
                                        "mot",  "kitti", "openimages"};
    static const char yaml[] = "names: [a, b]\nkpt_shape: [2, 3]\n", plain[] = "names: [a, b]\n";
    static const char meta[] = "\"a.jpg\" 48 64\n";
    unsigned          kind = n ? data[0] % 10u : 0; /* '0' is 48: 8 */
    const uint8_t    *rest = n ? data + 1 : data;
    size_t            size = n ? n - 1 : 0;
    char              path[64];
    make_folder();
    if (kind < 7) {
        int fd = memfd_create("fuzz", 0);
        if (fd < 0 || write(fd, rest, size) != (ssize_t)size)
            abort();
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        read_one(oc_data_format_of(files[kind]), path, NULL);
        write_again(oc_data_format_of(files[kind]), path);
        close(fd);
        return 0;
    }
    bool points = kind == 8;
    put_file("images.meta", meta, sizeof(meta) - 1);
    if (kind == 9)
        put_file("data.yaml", rest, size);
    else
        put_file("data.yaml", points ? yaml : plain, (points ? sizeof(yaml) : sizeof(plain)) - 1);
    put_file("a.txt", kind == 9 ? (const void *)"0 .5 .5 .1 .1\n" : rest, kind == 9 ? 14 : size);
    read_one(oc_data_format_of("yolo"), folder, NULL);
    return 0;
}
