/* replay FILE-OR-FOLDER...: gives every file to the fuzz target it is linked with.  What a fuzzer
 * once found stays found. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static size_t n_files;

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (file)
            fclose(file);
        return 1;
    }
    long n = ftell(file);
    /* a copy of its own and of the exact size: a sanitizer sees one byte too far */
    uint8_t *bytes = malloc(n > 0 ? (size_t)n : 1);
    rewind(file);
    int bad = !bytes || n < 0 || fread(bytes, 1, (size_t)n, file) != (size_t)n;
    fclose(file);
    if (bad) {
        fprintf(stderr, "%s: cannot be read\n", path);
    } else {
        printf("%s\n", path);
        fflush(stdout); /* who reads the log of a crash wants to know where */
        LLVMFuzzerTestOneInput(bytes, (size_t)n);
        n_files++;
    }
    free(bytes);
    return bad;
}

static int replay(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    if (!S_ISDIR(about.st_mode))
        return replay_file(path);
    struct dirent **names;
    int             n = scandir(path, &names, NULL, alphasort), bad = n < 0;
    for (int i = 0; i < n; i++) {
        char inner[4096];
        snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            bad |= replay(inner);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = 0;
    for (int i = 1; i < argc; i++)
        bad |= replay(argv[i]);
    printf("%zu inputs\n", n_files);
    return bad || n_files == 0;
}
