/* The part of zlib that is used, looked up when it is first needed: deflated data is all that wants
 * it, and nothing of it is needed to build. */
#ifndef TSR_IO_ZLIB_H
#define TSR_IO_ZLIB_H

#include "../tessera.h"

/* zlib's z_stream. */
typedef struct tsr_z_stream {
    const unsigned char *next_in;
    unsigned avail_in;
    unsigned long total_in;
    unsigned char *next_out;
    unsigned avail_out;
    unsigned long total_out;
    const char *msg;
    void *state;
    void *(*zalloc)(void *opaque, unsigned items, unsigned size);
    void (*zfree)(void *opaque, void *address);
    void *opaque;
    int data_type;
    unsigned long adler, reserved;
} tsr_z_stream;

enum { TSR_Z_NO_FLUSH = 0, TSR_Z_FINISH = 4, TSR_Z_OK = 0, TSR_Z_END = 1, TSR_Z_BUF = -5 };

typedef struct tsr_zlib {
    void *library; /* NULL: not opened */
    int (*inflate_init)(tsr_z_stream *stream, int bits, const char *version, int size);
    int (*inflate)(tsr_z_stream *stream, int flush);
    int (*inflate_end)(tsr_z_stream *stream);
    int (*deflate_init)(tsr_z_stream *stream, int level, int method, int bits, int memory,
                        int strategy, const char *version, int size);
    int (*deflate)(tsr_z_stream *stream, int flush);
    int (*deflate_end)(tsr_z_stream *stream);
} tsr_zlib;

/* Finds zlib unless that was done before. TSR_EUNSUPPORTED when it is not there. */
tsr_status tsr_zlib_open(tsr_zlib *zlib, tsr_error *err);
void tsr_zlib_close(tsr_zlib *zlib);
/* Start a raw stream, without header and check sum; its memory comes from the context. */
tsr_status tsr_inflate_start(const tsr_zlib *zlib, tsr_context *context, tsr_z_stream *stream,
                             tsr_error *err);
tsr_status tsr_deflate_start(const tsr_zlib *zlib, tsr_context *context, tsr_z_stream *stream,
                             tsr_error *err);

#endif
