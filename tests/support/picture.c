#include "support/picture.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "tensor/half.h"

typedef struct jpeg_trap {
    struct jpeg_error_mgr base;
    jmp_buf               back;
} jpeg_trap;

static void jpeg_failed(j_common_ptr info)
{
    longjmp(((jpeg_trap *)info->err)->back, 1);
}

static oc_status load_jpeg(FILE *file, const char *path, picture *out, oc_error *err)
{
    struct jpeg_decompress_struct info;
    jpeg_trap                     trap;
    info.err = jpeg_std_error(&trap.base);
    trap.base.error_exit = jpeg_failed;
    if (setjmp(trap.back)) {
        jpeg_destroy_decompress(&info);
        return OC_FAIL(err, OC_FORMAT, "%s: not a JPEG that can be read", path);
    }
    jpeg_create_decompress(&info);
    jpeg_stdio_src(&info, file);
    jpeg_read_header(&info, TRUE);
    info.out_color_space = JCS_RGB;
    jpeg_start_decompress(&info);
    out->width = (int)info.output_width;
    out->height = (int)info.output_height;
    out->rgb = malloc((size_t)out->width * (size_t)out->height * 3);
    while (out->rgb && info.output_scanline < info.output_height) {
        JSAMPROW row = out->rgb + (size_t)info.output_scanline * (size_t)out->width * 3;
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_destroy_decompress(&info); /* rather than finish: nothing of it is used again */
    return out->rgb ? OC_OK : OC_FAIL(err, OC_NOMEM, "%s", path);
}

static oc_status load_png(const char *path, picture *out, oc_error *err)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path))
        return OC_FAIL(err, OC_FORMAT, "%s: %s", path, image.message);
    image.format = PNG_FORMAT_RGB;
    out->width = (int)image.width;
    out->height = (int)image.height;
    out->rgb = malloc(PNG_IMAGE_SIZE(image));
    if (!out->rgb || !png_image_finish_read(&image, NULL, out->rgb, 0, NULL))
        return OC_FAIL(err, OC_FORMAT, "%s: %s", path, image.message);
    return OC_OK;
}

oc_status picture_load(const char *path, picture *out, oc_error *err)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return OC_FAIL(err, OC_IO, "%s: cannot be opened", path);
    int first = getc(file);
    rewind(file);
    oc_status st = first == 0xff ? load_jpeg(file, path, out, err) : load_png(path, out, err);
    fclose(file);
    return st;
}

void picture_finish(picture *p)
{
    free(p->rgb);
    *p = (picture){0};
}

static float sample(const picture *p, int x0, int y0, int w, int h, float x, float y, int c)
{
    x = fminf(fmaxf(x, 0.0f), (float)(w - 1));
    y = fminf(fmaxf(y, 0.0f), (float)(h - 1));
    int   xi = (int)x, yi = (int)y;
    int   xn = xi + 1 < w ? xi + 1 : xi, yn = yi + 1 < h ? yi + 1 : yi;
    float fx = x - (float)xi, fy = y - (float)yi;
#define AT(px, py) \
    (float)p->rgb[((size_t)(y0 + (py)) * (size_t)p->width + (size_t)(x0 + (px))) * 3 + (size_t)c]
    float top = AT(xi, yi) * (1 - fx) + AT(xn, yi) * fx;
    float low = AT(xi, yn) * (1 - fx) + AT(xn, yn) * fx;
#undef AT
    return top * (1 - fy) + low * fy;
}

static void store(oc_dtype dtype, void *out, size_t i, float v)
{
    switch (dtype) {
    case OC_F16: ((uint16_t *)out)[i] = oc_half_from_float(v); break;
    case OC_I32: ((int32_t *)out)[i] = (int32_t)lrintf(v); break;
    case OC_U8: ((uint8_t *)out)[i] = (uint8_t)lrintf(v); break;
    default: ((float *)out)[i] = v; break;
    }
}

void picture_to_input(const picture *p, const picture_recipe *r, void *out)
{
    int crop_w = r->crop[2] ? r->crop[2] : p->width, crop_h = r->crop[3] ? r->crop[3] : p->height;
    int channels = r->gray ? 1 : 3;
    for (int y = 0; y < r->height; y++) {
        for (int x = 0; x < r->width; x++) {
            float sx = ((float)x + 0.5f) * (float)crop_w / (float)r->width - 0.5f;
            float sy = ((float)y + 0.5f) * (float)crop_h / (float)r->height - 0.5f;
            float rgb[3];
            for (int c = 0; c < 3; c++)
                rgb[c] = sample(p, r->crop[0], r->crop[1], crop_w, crop_h, sx, sy, c);
            if (r->gray)
                rgb[0] = 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
            for (int c = 0; c < channels; c++) {
                float  v = (rgb[r->bgr && !r->gray ? 2 - c : c] - r->mean[c]) * r->scale[c];
                size_t at =
                    r->nhwc
                        ? ((size_t)y * (size_t)r->width + (size_t)x) * (size_t)channels + (size_t)c
                        : ((size_t)c * (size_t)r->height + (size_t)y) * (size_t)r->width +
                              (size_t)x;
                store(r->dtype, out, at, v);
            }
        }
    }
}
