/* safetensors.
 *
 *   length of the header, u64    header, an object of JSON, padded with spaces       data
 *
 * Each entry of the header has dtype, shape, and the range of its bytes in the data. The ranges,
 * sorted, must cover the data without a hole, an overlap or a byte behind; so everything that the
 * header claims is checked against the size of the file before anything is read.
 *
 * dtypes that there are not here (of 8 bits and less) come as bytes when that is asked for: those
 * of 8 bits in their shape, smaller ones as one line of bytes. */
#include "json.h"
#include "npy.h"
#include "sink.h"
#include "text.h"

#include "../array/array.h"
#include "../base/checked.h"
#include "../base/context.h"

#include <string.h>

enum { MAX_HEADER = 100000000 };

static const struct {
    const char *name;
    int bits;
    tsr_dtype dtype;
} dtypes[] = {{"BOOL", 8, TSR_BOOL},
              {"U8", 8, TSR_UINT8},
              {"I8", 8, TSR_INT8},
              {"I16", 16, TSR_INT16},
              {"U16", 16, TSR_UINT16},
              {"I32", 32, TSR_INT32},
              {"U32", 32, TSR_UINT32},
              {"I64", 64, TSR_INT64},
              {"U64", 64, TSR_UINT64},
              {"F16", 16, TSR_FLOAT16},
              {"BF16", 16, TSR_BFLOAT16},
              {"F32", 32, TSR_FLOAT32},
              {"F64", 64, TSR_FLOAT64},
              {"C64", 64, TSR_COMPLEX64},
              {"F8_E5M2", 8, TSR_DTYPE_COUNT},
              {"F8_E4M3", 8, TSR_DTYPE_COUNT},
              {"F8_E8M0", 8, TSR_DTYPE_COUNT},
              {"F8_E5M2FNUZ", 8, TSR_DTYPE_COUNT},
              {"F8_E4M3FNUZ", 8, TSR_DTYPE_COUNT},
              {"F6_E2M3", 6, TSR_DTYPE_COUNT},
              {"F6_E3M2", 6, TSR_DTYPE_COUNT},
              {"F4", 4, TSR_DTYPE_COUNT}};

enum { DTYPES = sizeof dtypes / sizeof *dtypes };

/* ---- reading ---- */

/* An entry as the header gives it. */
typedef struct tensor {
    const char *name, *dtype;
    int ndim;
    int64_t shape[TSR_MAX_DIMS], range[2];
} tensor;

static tsr_status parse_tensor(tsr_json *j, tensor *t) {
    static const char *const keys[] = {"dtype", "shape", "data_offsets"};
    unsigned seen = 0;
    bool more = false;
    const char *key = "";
    tsr_status status = tsr_json_expect(j, '{');
    while (status == TSR_OK && (status = tsr_json_member(j, &more, &key)) == TSR_OK && more) {
        int which = 0, count = 2;
        while (which < 3 && strcmp(key, keys[which]) != 0)
            which++;
        if (which == 3 || (seen >> which & 1) != 0)
            return tsr_error_set(j->err, TSR_EIO, "tensor \"%s\": the key \"%s\" %s", t->name, key,
                                 which == 3 ? "does not belong here" : "twice");
        seen |= 1u << which;
        status = which == 0   ? tsr_json_string(j, &t->dtype)
                 : which == 1 ? tsr_json_integers(j, TSR_MAX_DIMS, t->shape, &t->ndim)
                              : tsr_json_integers(j, 2, t->range, &count);
        if (status == TSR_OK && count != 2)
            return tsr_error_set(j->err, TSR_EIO, "tensor \"%s\": data_offsets are two numbers",
                                 t->name);
    }
    for (int i = 0; i < 3 && status == TSR_OK; i++)
        if ((seen >> i & 1) == 0)
            return tsr_error_set(j->err, TSR_EIO, "tensor \"%s\": the key \"%s\" is missing",
                                 t->name, keys[i]);
    return status;
}

/* Sizes and strides of the item. */
static tsr_status give_dims(tsr_file *file, tsr_item *item, int ndim, const int64_t *shape,
                            int64_t itemsize, tsr_error *err) {
    int64_t *dims = tsr_arena_take(&file->arena, 2 * sizeof(int64_t) * (size_t)ndim, err);
    if (dims == NULL)
        return TSR_EMEMORY;
    if (ndim > 0) {
        tsr_dims_copy(dims, shape, ndim);
        tsr_strides_fill(ndim, shape, itemsize, dims + ndim);
    }
    item->ndim = ndim;
    item->dims = dims;
    return TSR_OK;
}

static tsr_status add_tensor(tsr_file *file, const tensor *t, int64_t start, tsr_error *err) {
    int which = 0;
    while (which < DTYPES && strcmp(dtypes[which].name, t->dtype) != 0)
        which++;
    if (which == DTYPES)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "tensor \"%s\": unknown dtype \"%s\"", t->name,
                             t->dtype);
    int64_t bits, size, bytes = t->range[1] - t->range[0];
    if (!tsr_count(t->ndim, t->shape, &size) || !tsr_mul(size, dtypes[which].bits, &bits))
        return tsr_error_set(err, TSR_EIO, "tensor \"%s\": shape %v overflows", t->name, t->ndim,
                             t->shape);
    if (t->range[1] < t->range[0] || bits % 8 != 0 || bits / 8 != bytes)
        return tsr_error_set(err, TSR_EIO, "tensor \"%s\": %s of shape %v does not take %d bytes",
                             t->name, t->dtype, t->ndim, t->shape, bytes);
    tsr_entry *entry = tsr_file_add_entry(file, t->name, err);
    if (entry == NULL)
        return TSR_EMEMORY;
    entry->first = file->items.count;
    entry->count = 1;
    int64_t piece = file->pieces.count;
    if (tsr_file_add_piece(file, start + t->range[0], bytes, -1, err) == NULL)
        return TSR_EMEMORY;
    tsr_item *item = tsr_file_add_item(file, piece, err);
    if (item == NULL)
        return TSR_EMEMORY;
    item->name = "";
    item->stored = dtypes[which].name;
    item->dtype = dtypes[which].dtype;
    bool none = item->dtype == TSR_DTYPE_COUNT, line = none && dtypes[which].bits < 8;
    if (none && file->raw)
        item->dtype = TSR_UINT8;
    else if (none)
        item->why = "there is no such dtype here";
    return give_dims(file, item, line ? 1 : t->ndim, line ? &bytes : t->shape,
                     none ? 1 : dtypes[which].bits / 8, err);
}

static bool key_before(const void *user, int64_t a, int64_t b) {
    const char *const *texts = user;
    return strcmp(texts[2 * a], texts[2 * b]) < 0;
}

static tsr_status parse_metadata(tsr_file *file, tsr_json *j) {
    bool more = false;
    const char *pair[2] = {"", ""};
    if (file->metadata.count > 0)
        return tsr_error_set(j->err, TSR_EIO, "header: the key \"__metadata__\" twice");
    tsr_status status = tsr_json_expect(j, '{');
    while (status == TSR_OK && (status = tsr_json_member(j, &more, &pair[0])) == TSR_OK && more) {
        status = tsr_json_string(j, &pair[1]);
        if (status == TSR_OK)
            status = tsr_list_append(&file->metadata, pair, 2, j->err);
    }
    int64_t count = file->metadata.count / 2;
    if (status != TSR_OK || count == 0)
        return status;
    int64_t *order = tsr_arena_take(&file->arena, (size_t)count * sizeof *order, j->err);
    if (order == NULL)
        return TSR_EMEMORY;
    const char *const *texts = &TSR_AT(file->metadata, const char *, 0);
    tsr_sort(count, order, key_before, texts);
    for (int64_t i = 1; i < count; i++)
        if (strcmp(texts[2 * order[i - 1]], texts[2 * order[i]]) == 0)
            return tsr_error_set(j->err, TSR_EIO, "header: the key \"%s\" twice",
                                 texts[2 * order[i]]);
    return TSR_OK;
}

static bool piece_before(const void *user, int64_t a, int64_t b) {
    const tsr_piece *p = user;
    return p[a].offset != p[b].offset ? p[a].offset < p[b].offset : p[a].bytes < p[b].bytes;
}

/* The pieces, sorted, begin at `start`, follow each other, and end with the file. */
static tsr_status check_cover(tsr_file *file, int64_t start, tsr_error *err) {
    int64_t count = file->pieces.count, *order;
    order = tsr_arena_take(&file->arena, (size_t)count * sizeof *order, err);
    if (order == NULL)
        return TSR_EMEMORY;
    const tsr_piece *pieces = (const tsr_piece *)(const void *)file->pieces.data;
    tsr_sort(count, order, piece_before, pieces);
    for (int64_t i = 0; i < count; i++) {
        const tsr_piece *p = &pieces[order[i]];
        const char *name = TSR_AT(file->entries, tsr_entry, order[i]).name; /* one of each */
        if (p->offset != start)
            return tsr_error_set(err, TSR_EIO, "tensor \"%s\" %s", name,
                                 p->offset < start ? "overlaps another one"
                                                   : "leaves a hole before it");
        if (p->bytes > file->source.size - start)
            return tsr_error_set(err, TSR_EIO, "tensor \"%s\" reaches beyond the end of the file",
                                 name);
        start += p->bytes;
    }
    if (start != file->source.size)
        return tsr_error_set(err, TSR_EIO, "%d bytes behind the last tensor",
                             file->source.size - start);
    return TSR_OK;
}

static tsr_status parse_header(tsr_file *file, const char *text, int64_t n, tsr_error *err) {
    tsr_json j = {.at = text, .end = text + n, .arena = &file->arena, .err = err};
    bool more = false, metadata = false;
    tensor t = {.name = ""};
    tsr_status status = tsr_json_expect(&j, '{');
    while (status == TSR_OK && (status = tsr_json_member(&j, &more, &t.name)) == TSR_OK && more) {
        if (strcmp(t.name, "__metadata__") == 0) {
            if (metadata)
                return tsr_error_set(err, TSR_EIO, "header: the key \"__metadata__\" twice");
            metadata = true;
            status = parse_metadata(file, &j);
            continue;
        }
        status = parse_tensor(&j, &t);
        if (status == TSR_OK && (t.range[0] > t.range[1] || t.range[1] > file->source.size))
            return tsr_error_set(err, TSR_EIO, "tensor \"%s\": data_offsets [%d, %d]", t.name,
                                 t.range[0], t.range[1]);
        if (status == TSR_OK)
            status = add_tensor(file, &t, 8 + n, err);
    }
    while (status == TSR_OK && j.at < j.end)
        if (*j.at++ != ' ')
            return tsr_error_set(err, TSR_EIO, "header: something behind its end");
    return status == TSR_OK ? check_cover(file, 8 + n, err) : status;
}

tsr_status tsr_safetensors_open(tsr_file *file, tsr_error *err) {
    unsigned char start[8];
    int64_t size = file->source.size;
    if (size < 8)
        return tsr_error_set(err, TSR_EIO, "is too short for a safetensors file");
    tsr_status status = tsr_source_read(&file->source, 0, start, 8, err);
    if (status != TSR_OK)
        return status;
    uint64_t n = 0;
    for (int i = 8; i-- > 0;)
        n = n << 8 | start[i];
    if (n > MAX_HEADER)
        return tsr_error_set(err, TSR_ELIMIT, "a header of %u bytes, at most %d are read",
                             (size_t)n, (int64_t)MAX_HEADER);
    if ((int64_t)n > size - 8)
        return tsr_error_set(err, TSR_EIO, "ends inside its header of %u bytes", (size_t)n);
    char *text = tsr_block_new(file->context, (size_t)n, false, err);
    if (text == NULL)
        return TSR_EMEMORY;
    status = tsr_source_read(&file->source, 8, text, (int64_t)n, err);
    if (status == TSR_OK && (n == 0 || text[0] != '{'))
        status = tsr_error_set(err, TSR_EIO, "the header does not begin with \"{\"");
    if (status == TSR_OK)
        status = parse_header(file, text, (int64_t)n, err);
    tsr_block_free(file->context, text, (size_t)n);
    return status;
}

/* ---- writing ---- */

static tsr_status put(tsr_list *text, const char *s, tsr_error *err) {
    return tsr_list_append(text, s, (int64_t)strlen(s), err);
}

static tsr_status put_number(tsr_list *text, int64_t n, const char *after, tsr_error *err) {
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    tsr_status status = put(text, digits + at, err);
    return status == TSR_OK ? put(text, after, err) : status;
}

static tsr_status put_string(tsr_list *text, const char *s, tsr_error *err) {
    static const char hex[] = "0123456789abcdef";
    tsr_status status = put(text, "\"", err);
    for (size_t left = strlen(s), n; left > 0 && status == TSR_OK; s += n, left -= n) {
        unsigned char c = (unsigned char)*s;
        char escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], '\0'};
        n = tsr_utf8_length((const unsigned char *)s, left);
        if (n == 0)
            return tsr_error_set(err, TSR_EVALUE, "a name or a text is no UTF-8");
        if (c == '"' || c == '\\')
            status = put(text, "\\", err);
        if (status == TSR_OK)
            status = c < 0x20 ? put(text, escaped, err) : tsr_list_append(text, s, (int64_t)n, err);
    }
    return status == TSR_OK ? put(text, "\"", err) : status;
}

static bool array_before(const void *user, int64_t a, int64_t b) {
    const tsr_named *arrays = user;
    int x = tsr_dtype_describe(tsr_array_dtype(arrays[a].array))->alignment;
    int y = tsr_dtype_describe(tsr_array_dtype(arrays[b].array))->alignment;
    return x != y ? x > y : strcmp(arrays[a].name, arrays[b].name) < 0;
}

static tsr_status put_tensor(tsr_list *text, const tsr_named *named, int64_t *offset,
                             tsr_error *err) {
    const tsr_array *a = named->array;
    const char *dtype = NULL;
    for (int i = 0; i < DTYPES; i++)
        if (dtypes[i].dtype == (tsr_dtype)a->dtype)
            dtype = dtypes[i].name;
    if (dtype == NULL)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "safetensors has no %t (\"%s\")", (int)a->dtype,
                             named->name);
    if (strcmp(named->name, "__metadata__") == 0)
        return tsr_error_set(err, TSR_EVALUE, "no tensor can be called \"__metadata__\"");
    tsr_status status = put_string(text, named->name, err);
    if (status == TSR_OK)
        status = put(text, ":{\"dtype\":\"", err);
    if (status == TSR_OK)
        status = put(text, dtype, err);
    if (status == TSR_OK)
        status = put(text, "\",\"shape\":[", err);
    for (int i = 0; i < a->ndim && status == TSR_OK; i++)
        status = put_number(text, tsr_shape_of(a)[i], i + 1 < a->ndim ? "," : "", err);
    if (status == TSR_OK)
        status = put(text, "],\"data_offsets\":[", err);
    if (status == TSR_OK)
        status = put_number(text, *offset, ",", err);
    *offset += a->size * a->itemsize;
    return status == TSR_OK ? put_number(text, *offset, "]}", err) : status;
}

static tsr_status make_header(const tsr_saving *s, const int64_t *order, tsr_list *text,
                              tsr_error *err) {
    int64_t offset = 0, pairs = s->options->metadata_count;
    tsr_status status = put(text, pairs > 0 ? "{\"__metadata__\":{" : "{", err);
    for (int64_t i = 0; i < 2 * pairs && status == TSR_OK; i++) {
        status = put_string(text, s->options->metadata[i], err);
        if (status == TSR_OK)
            status = put(text, i % 2 == 0 ? ":" : i + 1 < 2 * pairs ? "," : "}", err);
    }
    for (int64_t i = 0; i < s->count && status == TSR_OK; i++) {
        if (i > 0 || pairs > 0)
            status = put(text, ",", err);
        if (status == TSR_OK)
            status = put_tensor(text, &s->arrays[order[i]], &offset, err);
    }
    if (status == TSR_OK)
        status = put(text, "}", err);
    while (status == TSR_OK && text->count % 8 != 0)
        status = put(text, " ", err);
    if (status == TSR_OK && text->count > MAX_HEADER)
        return tsr_error_set(err, TSR_ELIMIT, "a header of %d bytes, at most %d are possible",
                             text->count, (int64_t)MAX_HEADER);
    return status;
}

tsr_status tsr_safetensors_save(const tsr_saving *s, tsr_error *err) {
    tsr_list text = {.context = s->context, .item = 1};
    size_t room = ((size_t)s->count + 1) * sizeof(int64_t);
    int64_t *order = tsr_block_new(s->context, room, false, err);
    if (order == NULL)
        return TSR_EMEMORY;
    tsr_sort(s->count, order, array_before, s->arrays);
    tsr_status status = make_header(s, order, &text, err);
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)text.count >> 8 * i);
    if (status == TSR_OK)
        status = tsr_sink_write(s->sink, length, 8, err);
    if (status == TSR_OK)
        status = tsr_sink_write(s->sink, text.data, text.count, err);
    for (int64_t i = 0; i < s->count && status == TSR_OK; i++)
        status = tsr_sink_array(s->sink, s->arrays[order[i]].array, false, err);
    tsr_list_free(&text);
    tsr_block_free(s->context, order, room);
    return status;
}
