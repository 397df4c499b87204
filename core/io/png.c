/* Pictures: PNG, by libpng's simplified interface, looked up when it is first needed. The struct
 * and the numbers are those of libpng 1.6, whose version 1 of this interface they name.
 *
 * A picture is an array height x width x channels of uint8: grey, grey and alpha, RGB, RGBA. Its
 * header is not believed either: deflate makes at most 1032 bytes out of one. */
#include "sink.h"
#include "source.h"

#include "../array/array.h"
#include "../base/checked.h"
#include "../base/context.h"
#include "../base/executor.h"

#include <dlfcn.h>
#include <string.h>

enum { VERSION = 1, ALPHA = 1, COLOUR = 2, LINEAR = 4, RATIO = 1032 };

/* png_image */
typedef struct image {
    void *opaque;
    uint32_t version, width, height, format, flags, entries, trouble;
    char message[64];
} image;

typedef struct png {
    void *library;
    int (*begin)(image *, const void *memory, size_t bytes);
    int (*finish)(image *, const void *background, void *buffer, int32_t stride, void *map);
    int (*write)(image *, void *memory, size_t *bytes, int narrow, const void *buffer,
                 int32_t stride, const void *map);
    void (*free)(image *);
} png;

static bool find(void *library, const char *name, void *function) {
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static tsr_status open_library(png *p, tsr_error *err) {
    p->library = dlopen("libpng16.so.16", RTLD_NOW | RTLD_LOCAL);
    if (p->library == NULL)
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "pictures need libpng, and there is no libpng16.so.16 here");
    if (find(p->library, "png_image_begin_read_from_memory", &p->begin) &&
        find(p->library, "png_image_finish_read", &p->finish) &&
        find(p->library, "png_image_write_to_memory", &p->write) &&
        find(p->library, "png_image_free", &p->free))
        return TSR_OK;
    dlclose(p->library);
    return tsr_error_set(err, TSR_EUNSUPPORTED, "the libpng16.so.16 that is here is no libpng");
}

static tsr_status trouble(const image *m, tsr_error *err) {
    char text[sizeof m->message];
    memcpy(text, m->message, sizeof text);
    text[sizeof text - 1] = '\0';
    return tsr_error_set(err, TSR_EIO, "%s", *text != '\0' ? text : "no PNG picture");
}

/* ---- reading ---- */

static tsr_status decode(tsr_context *context, const png *p, image *m, int64_t bytes,
                         tsr_array **out, tsr_error *err) {
    if ((m->format & LINEAR) != 0)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "has 16 bits a channel, 8 are read");
    m->format &= ALPHA | COLOUR;
    int64_t channels = ((m->format & COLOUR) != 0 ? 3 : 1) + ((m->format & ALPHA) != 0);
    int64_t shape[] = {m->height, m->width, channels}, size;
    if (!tsr_count(2, shape, &size) || size / 8 / RATIO > bytes) /* at 1 bit a pixel */
        return tsr_error_set(err, TSR_EIO, "cannot be %d x %d pixels in %d bytes", shape[1],
                             shape[0], bytes);
    int64_t stride;
    if (!tsr_mul(shape[1], channels, &stride) || stride > INT32_MAX)
        return tsr_error_set(err, TSR_ELIMIT, "is %d pixels wide", shape[1]);
    tsr_status status = tsr_array_new(context, TSR_UINT8, 3, shape, false, out, err);
    if (status != TSR_OK || tsr_estimating(context))
        return status;
    if (p->finish(m, NULL, tsr_data_of(*out), (int32_t)stride, NULL) != 0)
        return TSR_OK;
    tsr_array_release(*out);
    *out = NULL;
    return trouble(m, err);
}

static tsr_status read_picture(tsr_context *context, const tsr_source *source, tsr_array **out,
                               tsr_error *err) {
    static const unsigned char magic[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    int64_t bytes = source->size;
    void *text = tsr_block_new(context, (size_t)bytes, false, err);
    if (text == NULL)
        return TSR_EMEMORY;
    png p = {0};
    tsr_status status = tsr_source_read(source, 0, text, bytes, err);
    if (status == TSR_OK && (bytes < 8 || memcmp(text, magic, 8) != 0))
        status = tsr_error_set(err, TSR_EIO, "is no PNG picture");
    if (status == TSR_OK)
        status = open_library(&p, err);
    if (status == TSR_OK) {
        image m = {.version = VERSION};
        status = p.begin(&m, text, (size_t)bytes) != 0 ? decode(context, &p, &m, bytes, out, err)
                                                       : trouble(&m, err);
        p.free(&m);
        dlclose(p.library);
    }
    tsr_block_free(context, text, (size_t)bytes);
    return status;
}

tsr_status tsr_image_load(tsr_context *context, const char *path, const tsr_opener *opener,
                          tsr_array **out, tsr_error *err) {
    tsr_source source;
    *out = NULL;
    tsr_status status = tsr_source_open(context, path, opener, TSR_MAP_NONE, &source, err);
    if (status == TSR_OK) {
        status = read_picture(context, &source, out, err);
        tsr_source_close(&source);
    }
    return status == TSR_EMEMORY ? status : tsr_io_blame(status, path, err);
}

/* ---- writing ---- */

static tsr_status encode(tsr_context *context, const png *p, const tsr_array *a, const void *pixels,
                         const char *path, const tsr_opener *opener, tsr_error *err) {
    static const uint32_t formats[] = {0, ALPHA, COLOUR, COLOUR | ALPHA};
    const int64_t *shape = tsr_shape_of(a);
    int64_t channels = a->ndim == 3 ? shape[2] : 1;
    image m = {.version = VERSION,
               .width = (uint32_t)shape[1],
               .height = (uint32_t)shape[0],
               .format = formats[channels - 1]};
    /* What deflate can add, a filter byte a line, and the chunks. */
    size_t most = (size_t)(a->size + shape[0]), room = most + most / 256 + 4096, bytes = room;
    void *text = tsr_block_new(context, room, false, err);
    if (text == NULL)
        return TSR_EMEMORY;
    bool made = p->write(&m, text, &bytes, 0, pixels, (int32_t)(shape[1] * channels), NULL) != 0;
    tsr_status status =
        made ? tsr_file_write(context, path, opener, text, bytes, NULL, err) : trouble(&m, err);
    p->free(&m);
    tsr_block_free(context, text, room);
    return status;
}

tsr_status tsr_image_save(tsr_context *context, const char *path, const tsr_opener *opener,
                          const tsr_array *array, tsr_error *err) {
    const int64_t *shape = tsr_shape_of(array);
    if (array->dtype != TSR_UINT8)
        return tsr_error_set(err, TSR_EDTYPE, "a picture is of uint8, not %t", (int)array->dtype);
    if (array->ndim < 2 || array->ndim > 3 ||
        (array->ndim == 3 && (shape[2] < 1 || shape[2] > 4)) || array->size == 0 ||
        shape[0] > 1000000 || shape[1] > 1000000)
        return tsr_error_set(
            err, TSR_ESHAPE,
            "a picture is height x width, or height x width x 1 to 4 channels, not "
            "%v",
            array->ndim, shape);
    tsr_array *whole = NULL;
    png p = {0};
    tsr_status status = tsr_clone(context, array, TSR_UINT8, TSR_ORDER_C, &whole, err);
    if (status == TSR_OK)
        status = open_library(&p, err);
    if (status == TSR_OK) {
        status = tsr_array_usable(whole, false, err);
        if (status == TSR_OK)
            status = encode(context, &p, whole, tsr_data_of(whole), path, opener, err);
        dlclose(p.library);
    }
    tsr_array_release(whole);
    return status;
}
