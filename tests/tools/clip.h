/* clip.h -- a raw video of our own: a bright square that moves over a grey ramp. */
#ifndef OC_TESTS_CLIP_H
#define OC_TESTS_CLIP_H

#include <stdint.h>
#include <stdio.h>

/* 0, or -1 when it cannot be written. */
static inline int clip_write(const char *path, int width, int height, int frames, int fps)
{
    FILE *out = fopen(path, "wb");
    if (!out)
        return -1;
    fprintf(out, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420\n", width, height, fps);
    for (int f = 0; f < frames; f++) {
        int left = (7 * f) % (width - 40);
        fputs("FRAME\n", out);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                int inside = x >= left && x < left + 40 && y >= 60 && y < 120;
                fputc(inside ? 235 : 40 + 120 * x / width, out);
            }
        for (int i = 0; i < width / 2 * (height / 2) * 2; i++)
            fputc(128, out);
    }
    return fclose(out) == 0 ? 0 : -1;
}

#endif
