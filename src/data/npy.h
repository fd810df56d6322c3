/* npy.h -- NumPy's .npy files, versions 1.0 to 3.0, C order, the number types of tensor.h.
 *
 * Source: numpy.lib.format's documentation. */
#ifndef OC_DATA_NPY_H
#define OC_DATA_NPY_H

#include "ocellus/tensor.h"

/* The data is 64-byte aligned heap memory: release with oc_npy_free.  OC_FORMAT and OC_UNSUPPORTED
 * name what is wrong; big-endian and Fortran-order files are refused. */
OC_MUST_CHECK oc_status oc_npy_load(const char *path, oc_tensor_view *out, oc_error *err);
OC_MUST_CHECK oc_status oc_npy_parse(const void *bytes, size_t n, oc_tensor_view *out,
                                     oc_error *err);
void                    oc_npy_free(oc_tensor_view *view);

/* Written beside and renamed: never half a file. */
OC_MUST_CHECK oc_status oc_npy_save(const char *path, const oc_tensor_view *view, oc_error *err);

#endif
