/* Where the bytes of a new file go: a temporary file next to it, which takes its place when all is
 * written, or a host's functions. */
#ifndef TSR_SINK_H
#define TSR_SINK_H

#include "../tessera.h"

enum { TSR_SINK_PATH = 4096 };

typedef struct tsr_sink {
    tsr_context *context;
    int file; /* -1: a host's writer */
    tsr_writer writer;
    int64_t written; /* bytes so far */
    char *paths;     /* where it goes, and the temporary file: TSR_SINK_PATH bytes each */
    size_t held;     /* bytes that wait in `room` */
    char room[64 << 10];
} tsr_sink;

/* Makes the temporary file, or asks the opener (NULL: none). The sink is memory of the context. */
tsr_status tsr_sink_open(tsr_context *context, const char *name, const tsr_opener *opener,
                         tsr_sink **out, tsr_error *err);
tsr_status tsr_sink_write(tsr_sink *sink, const void *data, int64_t bytes, tsr_error *err);
/* Zero bytes up to a multiple of `alignment`. */
tsr_status tsr_sink_align(tsr_sink *sink, int64_t alignment, tsr_error *err);
/* Ends writing; the sink is gone. With `status` TSR_OK the file is there from now on, under its
 * name and on the disk; else nothing has changed. Returns `status`, or why that failed. */
tsr_status tsr_sink_close(tsr_sink *sink, tsr_status status, tsr_error *err);

/* Writes the elements of an array in row-major or, with `columns`, column-major order. */
tsr_status tsr_sink_array(tsr_sink *sink, const tsr_array *array, bool columns, tsr_error *err);

/* The bytes of an array in order, piece by piece: calls visit until it fails. */
tsr_status tsr_array_pieces(tsr_context *context, const tsr_array *array, bool columns,
                            tsr_status (*visit)(void *user, const void *data, int64_t bytes,
                                                tsr_error *err),
                            void *user, tsr_error *err);

#endif
