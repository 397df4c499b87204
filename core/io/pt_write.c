/* Writing .pt files: a pickle of protocol 2 of the few operations that PyTorch's weights_only
 * reader knows, and the storages as they are. Arrays that share memory share a storage there, too,
 * as far as PyTorch can say it: strides that are not negative, and whole elements. Others are
 * written as they would be copied. */
#include "pickle.h"
#include "sink.h"

#include "../array/array.h"
#include "../base/context.h"

#include <string.h>

/* Where an array lies in the archive. */
typedef struct place {
    tsr_array *array; /* what is written: the array itself or a copy */
    tsr_array *bytes; /* the whole storage as bytes */
    int64_t key;      /* the first array on the same storage */
} place;

typedef struct writing {
    const tsr_saving *saving;
    tsr_list text; /* char: the pickle */
    place *places;
    const tsr_value *at, *end; /* of the values: those to come */
    tsr_error *err;
} writing;

/* NULL for the dtypes that came after the last class. */
static const char *class_of(tsr_dtype dtype) {
    static const char *const names[TSR_DTYPE_COUNT] = {
        [TSR_BOOL] = "BoolStorage",
        [TSR_UINT8] = "ByteStorage",
        [TSR_INT8] = "CharStorage",
        [TSR_INT16] = "ShortStorage",
        [TSR_INT32] = "IntStorage",
        [TSR_INT64] = "LongStorage",
        [TSR_FLOAT16] = "HalfStorage",
        [TSR_BFLOAT16] = "BFloat16Storage",
        [TSR_FLOAT32] = "FloatStorage",
        [TSR_FLOAT64] = "DoubleStorage",
        [TSR_COMPLEX64] = "ComplexFloatStorage",
        [TSR_COMPLEX128] = "ComplexDoubleStorage",
    };
    return names[dtype];
}

/* ---- the pickle ---- */

static tsr_status put(writing *w, const void *bytes, size_t n) {
    return tsr_list_append(&w->text, bytes, (int64_t)n, w->err);
}

static tsr_status put_code(writing *w, const char *operations) {
    return put(w, operations, strlen(operations));
}

static tsr_status put_text(writing *w, const char *text, int64_t n) {
    unsigned char head[5] = {'X', (unsigned char)n, (unsigned char)(n >> 8),
                             (unsigned char)(n >> 16), (unsigned char)(n >> 24)};
    if (n > INT32_MAX)
        return tsr_error_set(w->err, TSR_EVALUE, "a text of %d bytes", n);
    tsr_status status = put(w, head, sizeof head);
    return status == TSR_OK ? put(w, text, (size_t)n) : status;
}

static tsr_status put_integer(writing *w, int64_t n) {
    unsigned char text[10] = {0x8A, 8}; /* LONG1 */
    bool small = n >= INT32_MIN && n <= INT32_MAX;
    size_t head = small ? 1 : 2, bytes = small ? 4 : 8;
    if (small)
        text[0] = 'J';
    for (size_t i = 0; i < bytes; i++)
        text[head + i] = (unsigned char)((uint64_t)n >> 8 * i);
    return put(w, text, head + bytes);
}

static tsr_status put_number(writing *w, double number) {
    unsigned char text[9] = {'G'};
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    for (int i = 0; i < 8; i++)
        text[1 + i] = (unsigned char)(bits >> (56 - 8 * i));
    return put(w, text, sizeof text);
}

static tsr_status put_key(writing *w, int64_t key) {
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + key % 10);
    while ((key /= 10) > 0);
    return put_text(w, digits + at, (int64_t)(sizeof digits - at));
}

/* A tuple of sizes, or of strides, which are divided. */
static tsr_status put_sizes(writing *w, int count, const int64_t *sizes, int64_t unit) {
    tsr_status status = put_code(w, "(");
    for (int i = 0; i < count && status == TSR_OK; i++)
        status = put_integer(w, sizes[i] / unit);
    return status == TSR_OK ? put_code(w, "t") : status;
}

static tsr_status put_global(writing *w, const char *module, const char *name) {
    tsr_status status = put_code(w, "c");
    if (status == TSR_OK)
        status = put_code(w, module);
    if (status == TSR_OK)
        status = put_code(w, "\n");
    if (status == TSR_OK)
        status = put_code(w, name);
    return status == TSR_OK ? put_code(w, "\n") : status;
}

/* The persistent id of the array's storage. What has no class of its own is untyped, in bytes. */
static tsr_status put_storage(writing *w, const place *p, const char *class) {
    int64_t count = tsr_array_size(p->bytes);
    tsr_status status = put_code(w, "(");
    if (status == TSR_OK)
        status = put_text(w, "storage", 7);
    if (status == TSR_OK)
        status = class != NULL ? put_global(w, "torch", class)
                               : put_global(w, "torch.storage", "UntypedStorage");
    if (status == TSR_OK)
        status = put_key(w, p->key);
    if (status == TSR_OK)
        status = put_text(w, "cpu", 3);
    if (status == TSR_OK)
        status = put_integer(w, class != NULL ? count / p->array->itemsize : count);
    return status == TSR_OK ? put_code(w, "tQ") : status;
}

static tsr_status put_array(writing *w, const tsr_value *value) {
    const place *p = &w->places[value->as.entry];
    const tsr_array *a = p->array;
    const char *class = class_of((tsr_dtype)a->dtype);
    int64_t itemsize = a->itemsize;
    tsr_status status =
        put_global(w, "torch._utils", class != NULL ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
    if (status == TSR_OK)
        status = put_code(w, "(");
    if (status == TSR_OK)
        status = put_storage(w, p, class);
    if (status == TSR_OK)
        status = put_integer(w, a->offset / itemsize);
    if (status == TSR_OK)
        status = put_sizes(w, a->ndim, tsr_shape_of(a), 1);
    if (status == TSR_OK)
        status = put_sizes(w, a->ndim, tsr_strides_of(a), itemsize);
    if (status == TSR_OK)
        status = put_code(w, value->requires_grad ? "\x88" : "\x89");
    if (status == TSR_OK)
        status = put_code(w, "ccollections\nOrderedDict\n)R");
    if (status == TSR_OK && class == NULL)
        status = put_global(w, "torch", tsr_dtype_describe((tsr_dtype)a->dtype)->name);
    return status == TSR_OK ? put_code(w, "tR") : status;
}

static tsr_status put_value(writing *w, int depth) {
    enum { MAX_DEPTH = 100 };
    if (w->at == w->end)
        return tsr_error_set(w->err, TSR_EVALUE,
                             "there are fewer values than lists and dicts have");
    if (depth > MAX_DEPTH)
        return tsr_error_set(w->err, TSR_EVALUE, "values nested more than %d deep",
                             (int64_t)MAX_DEPTH);
    const tsr_value *v = w->at++;
    const char *before = "(", *after = "t"; /* of a tuple */
    int64_t items = v->count;
    switch (v->kind) {
    case TSR_VALUE_NONE:
        return put_code(w, "N");
    case TSR_VALUE_BOOL:
        return put_code(w, v->as.integer != 0 ? "\x88" : "\x89");
    case TSR_VALUE_INTEGER:
        return put_integer(w, v->as.integer);
    case TSR_VALUE_NUMBER:
        return put_number(w, v->as.number);
    case TSR_VALUE_TEXT:
        return put_text(w, v->as.text, v->count);
    case TSR_VALUE_ARRAY:
        if (v->as.entry < 0 || v->as.entry >= w->saving->count)
            return tsr_error_set(w->err, TSR_EVALUE, "there is no array %d", v->as.entry);
        return put_array(w, v);
    case TSR_VALUE_DTYPE:
        if (v->as.integer < 0 || v->as.integer >= TSR_DTYPE_COUNT)
            return tsr_error_set(w->err, TSR_EDTYPE, "%d is no dtype", v->as.integer);
        return put_global(w, "torch", tsr_dtype_describe((tsr_dtype)v->as.integer)->name);
    case TSR_VALUE_LIST:
        before = "](";
        after = "e";
        break;
    case TSR_VALUE_DICT:
        before = "}(";
        after = "u";
        items = 2 * v->count;
        break;
    default:
        break;
    }
    tsr_status status = put_code(w, before);
    for (int64_t i = 0; i < items && status == TSR_OK; i++)
        status = put_value(w, depth + 1);
    return status == TSR_OK ? put_code(w, after) : status;
}

/* ---- storages ---- */

/* Whether PyTorch can say where the elements lie. */
static bool expressible(const tsr_array *a) {
    int64_t itemsize = a->itemsize;
    bool fine = a->offset % itemsize == 0 && a->size > 0 && !a->swapped;
    for (int i = 0; i < a->ndim; i++)
        fine = fine && tsr_strides_of(a)[i] >= 0 && tsr_strides_of(a)[i] % itemsize == 0;
    return fine;
}

static tsr_status find_place(const tsr_saving *s, place *places, int64_t i, tsr_error *err) {
    const tsr_array *a = s->arrays[i].array;
    place *p = &places[i];
    tsr_status status;
    if (expressible(a)) {
        p->array = (tsr_array *)(uintptr_t)a;
        tsr_array_retain(p->array);
        status = tsr_array_usable(a, false, err);
    } else {
        status = tsr_clone(s->context, a, (tsr_dtype)a->dtype, TSR_ORDER_C, &p->array, err);
    }
    if (status != TSR_OK)
        return status;
    tsr_storage *storage = p->array->storage;
    int64_t bytes = (int64_t)tsr_storage_bytes(storage);
    bytes -= bytes % p->array->itemsize;
    return tsr_array_from_storage(s->context, storage, TSR_UINT8, 1, &bytes, NULL, 0, TSR_READ,
                                  &p->bytes, err);
}

static bool place_before(const void *user, int64_t a, int64_t b) {
    const place *p = user;
    uintptr_t x = (uintptr_t)p[a].array->storage, y = (uintptr_t)p[b].array->storage;
    if (x != y)
        return x < y;
    return p[a].array->dtype != p[b].array->dtype ? p[a].array->dtype < p[b].array->dtype : a < b;
}

/* Arrays of one dtype on one storage get the number of the first of them as their key. */
static void share(place *places, int64_t count, int64_t *order) {
    tsr_sort(count, order, place_before, places);
    for (int64_t i = 0; i < count; i++) {
        place *p = &places[order[i]];
        const place *before = i > 0 ? &places[order[i - 1]] : NULL;
        bool same = before != NULL && before->array->storage == p->array->storage &&
                    before->array->dtype == p->array->dtype;
        p->key = same ? before->key : order[i];
    }
}

static tsr_status write_archive(writing *w, tsr_zip_writer *zip) {
    const char *const names[] = {"archive/data.pkl", "archive/byteorder", "archive/version"};
    tsr_status status =
        tsr_zip_add(zip, names[0], w->text.data, w->text.count, NULL, false, w->err);
    if (status == TSR_OK)
        status = tsr_zip_add(zip, names[1], "little", 6, NULL, false, w->err);
    for (int64_t i = 0; i < w->saving->count && status == TSR_OK; i++) {
        if (w->places[i].key != i)
            continue;
        char name[40] = "archive/data/";
        char digits[20];
        size_t at = sizeof digits;
        int64_t n = i;
        do
            digits[--at] = (char)('0' + n % 10);
        while ((n /= 10) > 0);
        memcpy(name + 13, digits + at, sizeof digits - at);
        name[13 + sizeof digits - at] = '\0';
        status = tsr_zip_add(zip, name, NULL, 0, w->places[i].bytes, false, w->err);
    }
    if (status == TSR_OK)
        status = tsr_zip_add(zip, names[2], "3\n", 2, NULL, false, w->err);
    return status == TSR_OK ? tsr_zip_finish(zip, w->err) : status;
}

tsr_status tsr_pt_save(const tsr_saving *s, tsr_error *err) {
    size_t room = (size_t)(s->count + 1) * (sizeof(place) + sizeof(int64_t));
    place *places = tsr_block_new(s->context, room, true, err);
    if (places == NULL)
        return TSR_EMEMORY;
    writing w = {.saving = s,
                 .text = {.context = s->context, .item = 1},
                 .places = places,
                 .at = s->options->values,
                 .end = s->options->values + s->options->value_count,
                 .err = err};
    tsr_status status = TSR_OK;
    for (int64_t i = 0; i < s->count && status == TSR_OK; i++)
        status = find_place(s, places, i, err);
    if (status == TSR_OK) {
        share(places, s->count, (int64_t *)(void *)(places + s->count + 1));
        status = put_code(&w, "\x80\2");
    }
    if (status == TSR_OK)
        status = put_value(&w, 0);
    if (status == TSR_OK && w.at != w.end)
        status = tsr_error_set(err, TSR_EVALUE, "there are more values than one");
    if (status == TSR_OK)
        status = put_code(&w, ".");
    tsr_zip_writer zip;
    tsr_zip_start(&zip, s->context, s->sink);
    zip.alignment = 64;
    if (status == TSR_OK)
        status = write_archive(&w, &zip);
    tsr_zip_free(&zip);
    for (int64_t i = 0; i < s->count; i++) {
        tsr_array_release(places[i].bytes);
        tsr_array_release(places[i].array);
    }
    tsr_list_free(&w.text);
    tsr_block_free(s->context, places, room);
    return status;
}
