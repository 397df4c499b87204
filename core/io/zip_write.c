/* Writing zip archives. A stored member is looked at twice, first for its check sum, so that its
 * local header tells everything; a deflated one is written as it comes, and what it came to stands
 * behind it. ZIP64 is used where 32 bits do not do. All dates are the first that zip knows: equal
 * arrays make equal files. */
#include "sink.h"
#include "zip.h"

#include "../base/context.h"

#include <string.h>

/* What is written in 32 bits is below. */
#define LIMIT32 INT64_C(0xF0000000)

enum { WINDOW = 64 << 10, LOCAL = 30, DATE = 0x21, UTF8 = 0x800 };

typedef struct record {
    const char *name;
    int64_t header, packed, bytes;
    uint32_t crc;
    bool deflated, wide; /* wide: its sizes are written in 64 bits */
} record;

static unsigned char *put(unsigned char *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++, value >>= 8)
        *at++ = (unsigned char)value;
    return at;
}

static unsigned char *put32(unsigned char *at, int64_t value, bool wide) {
    return put(at, wide ? 0xFFFFFFFF : (uint64_t)value, 4);
}

void tsr_zip_start(tsr_zip_writer *w, tsr_context *context, struct tsr_sink *sink) {
    *w = (tsr_zip_writer){.context = context,
                          .sink = sink,
                          .members = {.context = context, .item = sizeof(record)},
                          .arena = {.context = context}};
    tsr_crc_start(&w->crc, context);
}

void tsr_zip_free(tsr_zip_writer *w) {
    tsr_zlib_close(&w->zlib);
    tsr_list_free(&w->members);
    tsr_arena_free(&w->arena);
}

/* Version, flags, method, date, check sum, sizes: what local header and directory share. */
static unsigned char *put_facts(unsigned char *at, const record *r, bool local) {
    bool later = local && r->deflated; /* the descriptor will tell */
    at = put(at, r->wide ? 45 : 20, 2);
    at = put(at, UTF8 | (r->deflated ? 8 : 0), 2);
    at = put(at, r->deflated ? 8 : 0, 2);
    at = put(put(at, 0, 2), DATE, 2);
    at = put(at, later ? 0 : r->crc, 4);
    at = put32(at, later ? 0 : r->packed, r->wide);
    at = put32(at, later ? 0 : r->bytes, r->wide);
    return put(at, strlen(r->name), 2);
}

static tsr_status write_local(tsr_zip_writer *w, const record *r, tsr_error *err) {
    unsigned char text[LOCAL + 128], *at = text;
    int64_t n = (int64_t)strlen(r->name), extra = r->wide ? 20 : 0, padding = 0;
    if (w->alignment > 0) { /* an extra field of zeros, which needs 4 bytes of its own */
        padding = -(r->header + LOCAL + n + extra) & (w->alignment - 1);
        padding += padding > 0 && padding < 4 ? w->alignment : 0;
    }
    at = put_facts(put(at, 0x04034B50, 4), r, true);
    at = put(at, (uint64_t)(extra + padding), 2);
    tsr_status status = tsr_sink_write(w->sink, text, at - text, err);
    if (status == TSR_OK)
        status = tsr_sink_write(w->sink, r->name, n, err);
    at = text;
    if (r->wide) {
        at = put(put(at, 1, 2), 16, 2);
        at = put(at, r->deflated ? 0 : (uint64_t)r->bytes, 8);
        at = put(at, r->deflated ? 0 : (uint64_t)r->packed, 8);
    }
    if (padding > 0) {
        at = put(put(at, 0x4246, 2), (uint64_t)padding - 4, 2); /* "FB", as PyTorch marks it */
        memset(at, 0, (size_t)padding - 4);
        at += padding - 4;
    }
    return status == TSR_OK ? tsr_sink_write(w->sink, text, at - text, err) : status;
}

/* ---- bodies ---- */

typedef struct summing {
    const tsr_crc *crc;
    uint32_t value;
} summing;

static tsr_status sum_piece(void *user, const void *data, int64_t bytes, tsr_error *err) {
    summing *s = user;
    (void)err;
    s->value = tsr_crc_more(s->crc, s->value, data, (size_t)bytes);
    return TSR_OK;
}

typedef struct packing {
    tsr_zip_writer *writer;
    record *record;
    tsr_z_stream z;
    unsigned char *window;
    int flush;
} packing;

static tsr_status pack_piece(void *user, const void *data, int64_t bytes, tsr_error *err) {
    packing *p = user;
    const unsigned char *at = data;
    do {
        int64_t n = bytes < WINDOW ? bytes : WINDOW;
        p->record->crc = tsr_crc_more(&p->writer->crc, p->record->crc, at, (size_t)n);
        p->z.next_in = at;
        p->z.avail_in = (unsigned)n;
        int code;
        do {
            p->z.next_out = p->window;
            p->z.avail_out = WINDOW;
            code = p->writer->zlib.deflate(&p->z, p->flush);
            if (code != TSR_Z_OK && code != TSR_Z_END && code != TSR_Z_BUF)
                return tsr_error_set(err, TSR_EIO, "zlib fails: error %d", (int64_t)code);
            int64_t made = WINDOW - (int64_t)p->z.avail_out;
            tsr_status status = tsr_sink_write(p->writer->sink, p->window, made, err);
            if (status != TSR_OK)
                return status;
            p->record->packed += made;
        } while (p->flush == TSR_Z_FINISH ? code == TSR_Z_OK : p->z.avail_out == 0);
        at += n;
        bytes -= n;
    } while (bytes > 0);
    return TSR_OK;
}

static tsr_status write_deflated(tsr_zip_writer *w, record *r, const void *head, int64_t bytes,
                                 const tsr_array *array, bool columns, tsr_error *err) {
    packing p = {.writer = w, .record = r, .flush = TSR_Z_NO_FLUSH};
    tsr_status status = tsr_zlib_open(&w->zlib, err);
    if (status != TSR_OK)
        return status;
    p.window = tsr_block_new(w->context, WINDOW, false, err);
    status = p.window != NULL ? tsr_deflate_start(&w->zlib, w->context, &p.z, err) : TSR_EMEMORY;
    if (status != TSR_OK) {
        tsr_block_free(w->context, p.window, WINDOW);
        return status;
    }
    status = write_local(w, r, err);
    if (status == TSR_OK)
        status = pack_piece(&p, head, bytes, err);
    if (status == TSR_OK && array != NULL)
        status = tsr_array_pieces(w->context, array, columns, pack_piece, &p, err);
    p.flush = TSR_Z_FINISH;
    if (status == TSR_OK)
        status = pack_piece(&p, head, 0, err);
    w->zlib.deflate_end(&p.z);
    tsr_block_free(w->context, p.window, WINDOW);
    unsigned char text[24], *at = put(put(text, 0x08074B50, 4), r->crc, 4);
    at = put(at, (uint64_t)r->packed, r->wide ? 8 : 4);
    at = put(at, (uint64_t)r->bytes, r->wide ? 8 : 4);
    return status == TSR_OK ? tsr_sink_write(w->sink, text, at - text, err) : status;
}

tsr_status tsr_zip_add(tsr_zip_writer *w, const char *name, const void *head, int64_t bytes,
                       const tsr_array *array, bool columns, tsr_error *err) {
    if (strlen(name) > 0xFFFF)
        return tsr_error_set(err, TSR_EVALUE, "a name of %u bytes, at most 65535 are possible",
                             strlen(name));
    record *r = tsr_list_add(&w->members, err);
    if (r == NULL)
        return TSR_EMEMORY;
    r->name = tsr_arena_text(&w->arena, name, strlen(name), err);
    if (r->name == NULL)
        return TSR_EMEMORY;
    r->header = w->sink->written;
    r->bytes =
        bytes + (array != NULL ? tsr_array_size(array) * (int64_t)tsr_array_itemsize(array) : 0);
    r->wide = r->bytes >= LIMIT32;
    r->deflated = w->deflate;
    if (r->deflated)
        return write_deflated(w, r, head, bytes, array, columns, err);
    r->packed = r->bytes;
    summing sum = {&w->crc, tsr_crc_more(&w->crc, 0, head, (size_t)bytes)};
    tsr_status status = TSR_OK;
    if (array != NULL)
        status = tsr_array_pieces(w->context, array, columns, sum_piece, &sum, err);
    r->crc = sum.value;
    if (status == TSR_OK)
        status = write_local(w, r, err);
    if (status == TSR_OK)
        status = tsr_sink_write(w->sink, head, bytes, err);
    if (status == TSR_OK && array != NULL)
        status = tsr_sink_array(w->sink, array, columns, err);
    return status;
}

/* ---- the directory ---- */

static tsr_status write_record(tsr_zip_writer *w, const record *r, tsr_error *err) {
    unsigned char text[128], *at = put(text, 0x02014B50, 4);
    bool far = r->header >= LIMIT32;
    int64_t extra = (r->wide ? 16 : 0) + (far ? 8 : 0);
    at = put_facts(put(at, far ? 45 : 20, 2), r, false);
    at = put(at, (uint64_t)(extra > 0 ? extra + 4 : 0), 2);
    at = put(put(put(put(at, 0, 2), 0, 2), 0, 2), 0, 4); /* comment, disk, attributes */
    at = put32(at, r->header, far);
    tsr_status status = tsr_sink_write(w->sink, text, at - text, err);
    if (status == TSR_OK)
        status = tsr_sink_write(w->sink, r->name, (int64_t)strlen(r->name), err);
    at = text;
    if (extra > 0)
        at = put(put(at, 1, 2), (uint64_t)extra, 2);
    if (r->wide)
        at = put(put(at, (uint64_t)r->bytes, 8), (uint64_t)r->packed, 8);
    if (far)
        at = put(at, (uint64_t)r->header, 8);
    return status == TSR_OK ? tsr_sink_write(w->sink, text, at - text, err) : status;
}

tsr_status tsr_zip_finish(tsr_zip_writer *w, tsr_error *err) {
    int64_t start = w->sink->written, count = w->members.count;
    tsr_status status = TSR_OK;
    for (int64_t i = 0; i < count && status == TSR_OK; i++)
        status = write_record(w, &TSR_AT(w->members, record, i), err);
    int64_t end = w->sink->written, bytes = end - start;
    bool wide = start >= LIMIT32 || bytes >= LIMIT32 || count >= 0xFFFF;
    unsigned char text[128], *at = text;
    if (wide) {
        at = put(put(at, 0x06064B50, 4), 44, 8);
        at = put(put(put(put(at, 45, 2), 45, 2), 0, 4), 0, 4);
        at = put(put(at, (uint64_t)count, 8), (uint64_t)count, 8);
        at = put(put(at, (uint64_t)bytes, 8), (uint64_t)start, 8);
        at = put(put(put(at, 0x07064B50, 4), 0, 4), (uint64_t)end, 8);
        at = put(at, 1, 4);
    }
    at = put(put(put(at, 0x06054B50, 4), 0, 2), 0, 2);
    at = put(put(at, wide ? 0xFFFF : (uint64_t)count, 2), wide ? 0xFFFF : (uint64_t)count, 2);
    at = put(put32(put32(at, bytes, wide), start, wide), 0, 2);
    return status == TSR_OK ? tsr_sink_write(w->sink, text, at - text, err) : status;
}
