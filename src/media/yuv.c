#include "media/yuv.h"

bool oc_pixel_is_rgb(oc_pixel_format format)
{
    return format >= OC_PIXEL_RGB24;
}

int oc_pixel_channels(oc_pixel_format format, oc_channel out[3])
{
    static const struct {
        oc_pixel_format format;
        int             n;
        oc_channel      c[3]; /* plane, offset, step, down_x, down_y */
    } rows[] = {
        {OC_PIXEL_I420, 3, {{0, 0, 1, 0, 0}, {1, 0, 1, 1, 1}, {2, 0, 1, 1, 1}}},
        {OC_PIXEL_I422, 3, {{0, 0, 1, 0, 0}, {1, 0, 1, 1, 0}, {2, 0, 1, 1, 0}}},
        {OC_PIXEL_I444, 3, {{0, 0, 1, 0, 0}, {1, 0, 1, 0, 0}, {2, 0, 1, 0, 0}}},
        {OC_PIXEL_NV12, 3, {{0, 0, 1, 0, 0}, {1, 0, 2, 1, 1}, {1, 1, 2, 1, 1}}},
        {OC_PIXEL_NV21, 3, {{0, 0, 1, 0, 0}, {1, 1, 2, 1, 1}, {1, 0, 2, 1, 1}}},
        {OC_PIXEL_YUYV, 3, {{0, 0, 2, 0, 0}, {0, 1, 4, 1, 0}, {0, 3, 4, 1, 0}}},
        {OC_PIXEL_UYVY, 3, {{0, 1, 2, 0, 0}, {0, 0, 4, 1, 0}, {0, 2, 4, 1, 0}}},
        {OC_PIXEL_GRAY8, 1, {{0, 0, 1, 0, 0}, {0, 0, 1, 0, 0}, {0, 0, 1, 0, 0}}},
        {OC_PIXEL_RGB24, 3, {{0, 0, 3, 0, 0}, {0, 1, 3, 0, 0}, {0, 2, 3, 0, 0}}},
        {OC_PIXEL_BGR24, 3, {{0, 2, 3, 0, 0}, {0, 1, 3, 0, 0}, {0, 0, 3, 0, 0}}},
        {OC_PIXEL_RGBA32, 3, {{0, 0, 4, 0, 0}, {0, 1, 4, 0, 0}, {0, 2, 4, 0, 0}}},
        {OC_PIXEL_BGRA32, 3, {{0, 2, 4, 0, 0}, {0, 1, 4, 0, 0}, {0, 0, 4, 0, 0}}},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].format != format)
            continue;
        for (int c = 0; c < 3; c++)
            out[c] = rows[i].c[c];
        return rows[i].n;
    }
    return 0;
}

void oc_luma_weights(oc_yuv_matrix matrix, float k[3])
{
    static const float kr_kb[3][2] = {{0.299f, 0.114f}, {0.2126f, 0.0722f}, {0.2627f, 0.0593f}};
    const float       *row = kr_kb[matrix <= OC_YUV_BT2020 ? matrix : OC_YUV_BT601];

    k[0] = row[0];
    k[1] = 1.0f - row[0] - row[1];
    k[2] = row[1];
}

void oc_luma_full(bool full_range, float *scale, float *off)
{
    *scale = full_range ? 1.0f : 255.0f / 219.0f;
    *off = full_range ? 0.0f : -16.0f * 255.0f / 219.0f;
}

void oc_yuv_to_rgb(oc_yuv_matrix matrix, bool full_range, float m[3][3], float off[3])
{
    float k[3], y, y_off, c = full_range ? 1.0f : 255.0f / 224.0f;

    oc_luma_weights(matrix, k);
    oc_luma_full(full_range, &y, &y_off);
    for (int i = 0; i < 3; i++)
        m[i][0] = y;
    m[0][1] = 0;
    m[0][2] = c * 2 * (1 - k[0]);
    m[1][1] = -c * 2 * (1 - k[2]) * k[2] / k[1];
    m[1][2] = -c * 2 * (1 - k[0]) * k[0] / k[1];
    m[2][1] = c * 2 * (1 - k[2]);
    m[2][2] = 0;
    for (int i = 0; i < 3; i++)
        off[i] = y_off - 128.0f * (m[i][1] + m[i][2]);
}
