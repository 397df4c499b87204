/* zlib at run time. dlopen finds it where the system keeps libraries; the handle belongs to the
 * file that is read or written, so there is nothing global. The declarations are those of zlib 1.x,
 * which have not changed since 2003, and which its init functions check by version and size. */
#include "zlib.h"

#include "../base/context.h"

#include <dlfcn.h>
#include <string.h>

#define VERSION "1.2.0"

enum { RAW = -15, LEVEL = 6, DEFLATED = 8, MEMORY = 8, NO_MEMORY = -4 };

_Static_assert(sizeof(tsr_z_stream) == 112 || sizeof(void *) != 8, "z_stream as zlib has it");

/* A function's address, through the one conversion that C leaves to POSIX. */
static bool find(void *library, const char *name, void *function) {
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

tsr_status tsr_zlib_open(tsr_zlib *z, tsr_error *err) {
    if (z->library != NULL)
        return TSR_OK;
    void *library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "compressed data needs zlib, and there is no libz.so.1 here");
    if (find(library, "inflateInit2_", &z->inflate_init) && find(library, "inflate", &z->inflate) &&
        find(library, "inflateEnd", &z->inflate_end) &&
        find(library, "deflateInit2_", &z->deflate_init) && find(library, "deflate", &z->deflate) &&
        find(library, "deflateEnd", &z->deflate_end)) {
        z->library = library;
        return TSR_OK;
    }
    dlclose(library);
    return tsr_error_set(err, TSR_EUNSUPPORTED, "the libz.so.1 that is here is no zlib");
}

void tsr_zlib_close(tsr_zlib *z) {
    if (z->library != NULL)
        dlclose(z->library);
    z->library = NULL;
}

/* Blocks begin with their size, which the context wants to hear again. */
enum { BEFORE = 64 };

static void *allocate(void *opaque, unsigned items, unsigned size) {
    size_t bytes = (size_t)items * size + BEFORE;
    char *block = tsr_block_new(opaque, bytes, true, NULL);
    if (block == NULL)
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    return block + BEFORE;
}

static void release(void *opaque, void *address) {
    if (address == NULL)
        return;
    size_t bytes;
    char *block = (char *)address - BEFORE;
    memcpy(&bytes, block, sizeof bytes);
    tsr_block_free(opaque, block, bytes);
}

static tsr_status started(int code, tsr_error *err) {
    if (code == TSR_Z_OK)
        return TSR_OK;
    if (code == NO_MEMORY)
        return tsr_error_set(err, TSR_EMEMORY, "no memory for zlib");
    return tsr_error_set(err, TSR_EUNSUPPORTED, "zlib refuses to start: error %d", (int64_t)code);
}

static void prepare(tsr_context *context, tsr_z_stream *stream) {
    *stream = (tsr_z_stream){.zalloc = allocate, .zfree = release, .opaque = context};
}

tsr_status tsr_inflate_start(const tsr_zlib *z, tsr_context *context, tsr_z_stream *stream,
                             tsr_error *err) {
    prepare(context, stream);
    return started(z->inflate_init(stream, RAW, VERSION, (int)sizeof *stream), err);
}

tsr_status tsr_deflate_start(const tsr_zlib *z, tsr_context *context, tsr_z_stream *stream,
                             tsr_error *err) {
    prepare(context, stream);
    return started(
        z->deflate_init(stream, LEVEL, DEFLATED, RAW, MEMORY, 0, VERSION, (int)sizeof *stream),
        err);
}
