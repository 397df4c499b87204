/* Placed arrays: small ones in memory of the caller's, with their storage and their elements.
 *
 *      array header, sizes, strides | storage header | elements
 *
 * A language that has objects of its own saves by that all that an allocation and a finalizer cost.
 * Nothing tells when that memory goes, so references mean nothing there: whoever wants to keep the
 * array settles it first, which makes a lasting array with the same elements. */
#include "array.h"

#include "../base/executor.h"

#include <string.h>

size_t tsr_place_bytes(const tsr_context *context, int ndim, int64_t bytes) {
    return tsr_may_place(context) ? tsr_place_room(ndim, bytes) : 0;
}

bool tsr_array_placed(const tsr_array *a) {
    return a->placed;
}

tsr_status tsr_array_settle(const tsr_array *a, tsr_array **out, tsr_error *err) {
    tsr_status status =
        tsr_array_new(a->context, (tsr_dtype)a->dtype, a->ndim, tsr_shape_of(a), false, out, err);
    if (status != TSR_OK)
        return status;
    memcpy(tsr_data_of(*out), tsr_data_of(a), a->storage->bytes);
    atomic_init(&(*out)->storage->version, tsr_storage_version(a->storage));
    return TSR_OK;
}
