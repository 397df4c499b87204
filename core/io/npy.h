/* What .npy and .npz share. */
#ifndef TSR_NPY_H
#define TSR_NPY_H

#include "file.h"

enum {
    TSR_NPY_START = 12,   /* bytes that tell the version and the length of the header */
    TSR_NPY_HEADER = 1152 /* room for every header that is written */
};

/* How many bytes the magic and the header take, from the first TSR_NPY_START or, of a shorter file,
 * `count` bytes; `available` is what the file has. */
tsr_status tsr_npy_length(const unsigned char *start, int64_t available, int64_t *length,
                          tsr_error *err);
/* Reads a header of that length; adds the items and the piece that lies behind it, in the file or
 * in a member. `bytes` is what there is behind it; with `exact` there must be no more than the
 * header says. *count is how many items there are. */
tsr_status tsr_npy_parse(tsr_file *file, const char *header, int64_t length, int64_t bytes,
                         int64_t member, bool exact, int64_t *count, tsr_error *err);
/* Writes magic and header for an array into `out`; returns the length. */
int64_t tsr_npy_header(const tsr_array *array, bool *columns, char out[TSR_NPY_HEADER]);

#endif
