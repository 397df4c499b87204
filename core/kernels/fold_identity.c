/* What a fold is made of: the element that its lanes start from, which leaves every other as it is,
 * and the operation of two elements. The sum's element is -0.0, so that a sum of negative zeros is
 * one. */
#include "kernels.h"

#include "../dtype/ctypes.h"

#include <math.h>
#include <string.h>

static double floating(tsr_fold fold) {
    static const double identities[TSR_FOLD_COUNT] = {
        [TSR_FOLD_SUM] = -0.0,     [TSR_FOLD_PROD] = 1,   [TSR_FOLD_MAX] = -INFINITY,
        [TSR_FOLD_MIN] = INFINITY, [TSR_FOLD_FMAX] = NAN, [TSR_FOLD_FMIN] = NAN};
    return identities[fold];
}

/* The bits of an integer of any width, kept in 64. */
static uint64_t integer(tsr_fold fold, uint64_t least, uint64_t most) {
    switch (fold) {
    case TSR_FOLD_SUM:
        return 0;
    case TSR_FOLD_PROD:
        return 1;
    case TSR_FOLD_MAX:
    case TSR_FOLD_FMAX:
        return least;
    default:
        return most;
    }
}

void tsr_fold_identity(tsr_fold fold, tsr_dtype dtype, void *item) {
    const tsr_dtype_info *info = tsr_dtype_describe(dtype);
    double x = floating(fold), im = fold == TSR_FOLD_PROD ? 0 : x;
    float narrow = (float)x;
    uint64_t top = (uint64_t)1 << (info->itemsize < 8 ? info->itemsize * 8 - 1 : 63), bits;
    switch (dtype) {
    case TSR_FLOAT32:
        memcpy(item, &narrow, sizeof narrow);
        break;
    case TSR_FLOAT64:
        memcpy(item, &x, sizeof x);
        break;
    case TSR_COMPLEX64:
        memcpy(item, &(tsr_c64){narrow, (float)im}, sizeof(tsr_c64));
        break;
    case TSR_COMPLEX128:
        memcpy(item, &(tsr_c128){x, im}, sizeof(tsr_c128));
        break;
    default:
        bits = info->kind == 'i'   ? integer(fold, top, top - 1)
               : info->kind == 'b' ? integer(fold, 0, 1)
                                   : integer(fold, 0, top - 1 + top);
        memcpy(item, &bits, (size_t)info->itemsize);
    }
}

tsr_binary tsr_fold_binary(tsr_fold fold) {
    static const uint8_t rows[TSR_FOLD_COUNT] = {
        [TSR_FOLD_SUM] = TSR_BIN_ADD,     [TSR_FOLD_PROD] = TSR_BIN_MULTIPLY,
        [TSR_FOLD_MAX] = TSR_BIN_MAXIMUM, [TSR_FOLD_MIN] = TSR_BIN_MINIMUM,
        [TSR_FOLD_FMAX] = TSR_BIN_FMAX,   [TSR_FOLD_FMIN] = TSR_BIN_FMIN,
    };
    return (tsr_binary)rows[fold];
}
