/* Structs that a caller fills, in the version of its own header: what is missing at the end is 0,
 * and what is too much must be 0, so that no wish of the caller's is passed over in silence. */
#include "../tessera.h"

#include <string.h>

enum { MOST_GROWTH = 1024 };

tsr_status tsr_struct_read(void *out, size_t known, const void *from, size_t size, size_t least,
                           const char *name, tsr_error *err) {
    const char *bytes = from;
    if (size < least || size > known + MOST_GROWTH)
        return tsr_error_set(err, TSR_EVALUE, "%s.struct_size is %u, this library has %u", name,
                             size, known);
    for (size_t i = known; i < size; i++)
        if (bytes[i] != 0)
            return tsr_error_set(err, TSR_EUNSUPPORTED,
                                 "%s asks for what this library does not know (byte %u of %u)",
                                 name, i, size);
    size = size < known ? size : known;
    memcpy(out, from, size);
    memset((char *)out + size, 0, known - size);
    return TSR_OK;
}
