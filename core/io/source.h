/* Where the bytes of a file come from: a path, opened and read with the system's calls, or a host's
 * functions. */
#ifndef TSR_SOURCE_H
#define TSR_SOURCE_H

#include "../tessera.h"

typedef struct tsr_source {
    tsr_context *context;
    const char *name; /* for messages and labels; borrowed */
    int64_t size;
    int file; /* -1: a host's reader */
    tsr_reader reader;
} tsr_source;

/* Opens a regular file, for mapping as `mapping` says, or asks the opener for it. `name` must live
 * as long as the source. */
tsr_status tsr_source_open(tsr_context *context, const char *name, const tsr_opener *opener,
                           tsr_mapping mapping, tsr_source *out, tsr_error *err);
void tsr_source_close(tsr_source *source);
/* Exactly `bytes` bytes, which must lie inside the file. Looks at the cancel flag on the way. */
tsr_status tsr_source_read(const tsr_source *source, int64_t offset, void *to, int64_t bytes,
                           tsr_error *err);
/* New storage over a range of the file, which must lie inside it. TSR_EUNSUPPORTED when it comes
 * from a host. */
tsr_status tsr_source_map(const tsr_source *source, tsr_mapping mapping, int64_t offset,
                          int64_t bytes, tsr_storage **out, tsr_error *err);

/* Puts the name of the file, the end of a long one, before the message; returns `status`. */
tsr_status tsr_io_blame(tsr_status status, const char *name, tsr_error *err);
/* TSR_EIO: `what` ("cannot open it"), and what errno says. */
tsr_status tsr_io_failure(const char *what, tsr_error *err);

#endif
