/* PyTorch's .pt and .pth, zip archives since PyTorch 1.6:
 *
 *   ARCHIVE/data.pkl     a pickle: nested dicts, lists and tuples of tensors, numbers and texts
 *   ARCHIVE/data/KEY     the bytes of a storage, one member each
 *   ARCHIVE/byteorder, ARCHIVE/version
 *
 * In the pickle a tensor is a call of _rebuild_tensor_v2 with a storage, an offset, sizes and
 * strides, and a storage is a persistent id: a class, which tells the dtype, and a key. Tensors on
 * one key share one storage here too. The names below are all that the pickle may mention.
 *
 * Entries are the tensors, named by the way to them: "model.0.weight"; items of lists count from 1.
 * The values themselves stay for tsr_file_value. */
#include "pickle.h"
#include "sink.h"

#include "../array/array.h"
#include "../base/checked.h"
#include "../base/context.h"

#include <string.h>

enum { MAX_DEPTH = 100 };

enum { ORDERED_DICT, SIZE, REBUILD, PARAMETER, STORAGES };

static const char *const functions[STORAGES] = {"collections.OrderedDict", "torch.Size",
                                                "torch._utils._rebuild_tensor_v2",
                                                "torch._utils._rebuild_parameter"};

static const struct {
    const char *name; /* "torch." is before it */
    tsr_dtype dtype;
} storages[] = {
    {"BoolStorage", TSR_BOOL},
    {"ByteStorage", TSR_UINT8},
    {"CharStorage", TSR_INT8},
    {"ShortStorage", TSR_INT16},
    {"IntStorage", TSR_INT32},
    {"LongStorage", TSR_INT64},
    {"HalfStorage", TSR_FLOAT16},
    {"BFloat16Storage", TSR_BFLOAT16},
    {"FloatStorage", TSR_FLOAT32},
    {"DoubleStorage", TSR_FLOAT64},
    {"ComplexFloatStorage", TSR_COMPLEX64},
    {"ComplexDoubleStorage", TSR_COMPLEX128},
};

static int find_name(const char *name) {
    for (int i = 0; i < STORAGES; i++)
        if (strcmp(name, functions[i]) == 0)
            return i;
    for (size_t i = 0; i < sizeof storages / sizeof *storages; i++)
        if (strncmp(name, "torch.", 6) == 0 && strcmp(name + 6, storages[i].name) == 0)
            return STORAGES + (int)i;
    return -1;
}

/* ---- reading: storages ---- */

static const tsr_value *data_at(const tsr_file *file, int64_t value, tsr_value_kind kind) {
    const tsr_pickled *p = tsr_pickled_at(file, value);
    return p->role == TSR_ROLE_DATA && p->value.kind == kind ? &p->value : NULL;
}

/* The piece of the member of a storage: one, however often the storage is named. */
static tsr_status piece_of(tsr_file *file, const char *key, int64_t n, int64_t bytes, int unit,
                           int64_t *piece, tsr_error *err) {
    size_t before = strlen(file->archive);
    char *name = tsr_arena_take(&file->arena, before + (size_t)n + 7, err);
    if (name == NULL)
        return TSR_EMEMORY;
    memcpy(name, file->archive, before);
    memcpy(name + before, "/data/", 6);
    memcpy(name + before + 6, key, (size_t)n);
    name[before + 6 + (size_t)n] = '\0';
    int64_t number = strlen(name) == before + 6 + (size_t)n ? tsr_zip_find(&file->zip, name) : -1;
    if (number < 0)
        return tsr_error_set(err, TSR_EIO, "the storage \"%s\" is missing", name);
    int64_t real = TSR_AT(file->zip.members, tsr_member, number).bytes;
    if (real != bytes)
        return tsr_error_set(err, TSR_EIO, "the storage \"%s\" has %d bytes, not %d", name, real,
                             bytes);
    int64_t *known = &file->piece_of[number];
    if (*known < 0) {
        *known = file->pieces.count;
        tsr_piece *made = tsr_file_add_piece(file, 0, bytes, number, err);
        if (made == NULL)
            return TSR_EMEMORY;
        made->unit = unit;
    }
    if (tsr_file_piece_at(file, *known)->unit != unit)
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "the storage \"%s\" is in foreign byte order, and of two dtypes",
                             name);
    *piece = *known;
    return TSR_OK;
}

/* ('storage', class, key, location, number of elements) */
static tsr_status read_storage(tsr_file *file, int64_t id, tsr_pickled *out, tsr_error *err) {
    int64_t part[5];
    const tsr_value *word = NULL, *key = NULL, *location = NULL, *count = NULL;
    if (tsr_pickled_items(file, id, 5, part) == 5) {
        word = data_at(file, part[0], TSR_VALUE_TEXT);
        key = data_at(file, part[2], TSR_VALUE_TEXT);
        location = data_at(file, part[3], TSR_VALUE_TEXT);
        count = data_at(file, part[4], TSR_VALUE_INTEGER);
    }
    if (word == NULL || key == NULL || location == NULL || count == NULL || word->count != 7 ||
        memcmp(word->as.text, "storage", 7) != 0)
        return tsr_error_set(err, TSR_EIO, "pickle: a persistent id that is no storage");
    const tsr_pickled *class = tsr_pickled_at(file, part[1]);
    if (class->role != TSR_ROLE_GLOBAL || class->number < STORAGES)
        return tsr_error_set(err, TSR_EIO, "pickle: a storage whose class is none");
    int64_t which = class->number - STORAGES, bytes;
    const tsr_dtype_info *info = tsr_dtype_describe(storages[which].dtype);
    if (count->as.integer < 0 || !tsr_mul(count->as.integer, info->itemsize, &bytes))
        return tsr_error_set(err, TSR_EIO, "pickle: a storage of %d elements", count->as.integer);
    int part_size = info->kind == 'c' ? info->itemsize / 2 : info->itemsize;
    out->value.as.integer = which; /* the class, for tensors over it */
    return piece_of(file, key->as.text, key->count, bytes,
                    file->big_endian && part_size > 1 ? part_size : 0, &out->number, err);
}

/* ---- reading: tensors ---- */

static bool read_sizes(const tsr_file *file, int64_t value, int *count, int64_t *out) {
    int64_t items[TSR_MAX_DIMS];
    int64_t n = tsr_pickled_items(file, value, TSR_MAX_DIMS, items);
    for (int64_t i = 0; i < n && n <= TSR_MAX_DIMS; i++) {
        const tsr_value *v = data_at(file, items[i], TSR_VALUE_INTEGER);
        if (v == NULL || v->as.integer < 0)
            return false;
        out[i] = v->as.integer;
    }
    *count = (int)n;
    return n >= 0 && n <= TSR_MAX_DIMS;
}

/* _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata) */
static tsr_status rebuild(tsr_file *file, int64_t arguments, tsr_pickled *out, tsr_error *err) {
    int64_t part[7], shape[TSR_MAX_DIMS], strides[TSR_MAX_DIMS];
    int64_t count = tsr_pickled_items(file, arguments, 7, part);
    if (count != 6 && count != 7)
        return tsr_error_set(err, TSR_EIO, "pickle: a tensor out of %d values", count);
    const tsr_pickled *storage = tsr_pickled_at(file, part[0]);
    const tsr_value *offset = data_at(file, part[1], TSR_VALUE_INTEGER);
    const tsr_value *gradient = data_at(file, part[4], TSR_VALUE_BOOL);
    int ndim, stride_count;
    if (storage->role != TSR_ROLE_STORAGE || offset == NULL || offset->as.integer < 0 ||
        gradient == NULL || !read_sizes(file, part[2], &ndim, shape) ||
        !read_sizes(file, part[3], &stride_count, strides) || stride_count != ndim)
        return tsr_error_set(err, TSR_EIO, "pickle: a tensor out of values that do not fit");
    if (count == 7) { /* marks that change what the bytes mean, as conjugation */
        const tsr_value *marks = data_at(file, part[6], TSR_VALUE_DICT);
        bool none = data_at(file, part[6], TSR_VALUE_NONE) != NULL;
        if (!none && (marks == NULL || marks->count > 0))
            return tsr_error_set(err, TSR_EUNSUPPORTED, "pickle: a tensor with metadata");
    }
    tsr_dtype dtype = storages[storage->value.as.integer].dtype;
    int64_t itemsize = tsr_dtype_describe(dtype)->itemsize, start, low, high, size;
    bool fits = tsr_mul(offset->as.integer, itemsize, &start) && tsr_count(ndim, shape, &size);
    for (int i = 0; i < ndim; i++)
        fits = fits && tsr_mul(strides[i], itemsize, &strides[i]);
    fits = fits && tsr_extent(ndim, shape, strides, itemsize, &low, &high) &&
           tsr_add(start, high, &high);
    if (!fits || high > tsr_file_piece_at(file, storage->number)->bytes)
        return tsr_error_set(err, TSR_EIO, "a tensor of shape %v reaches beyond its storage", ndim,
                             shape);
    out->value.kind = TSR_VALUE_ARRAY;
    out->value.requires_grad = gradient->as.integer != 0;
    out->value.as.entry = file->items.count; /* becomes the entry when it has its name */
    tsr_item *item = tsr_file_add_item(file, storage->number, err);
    int64_t *dims = tsr_arena_take(&file->arena, 2 * sizeof(int64_t) * (size_t)ndim, err);
    if (item == NULL || dims == NULL)
        return TSR_EMEMORY;
    tsr_dims_copy(dims, shape, ndim);
    tsr_dims_copy(dims + ndim, strides, ndim);
    *item = (tsr_item){.name = "",
                       .stored = storages[storage->value.as.integer].name,
                       .dims = dims,
                       .offset = start,
                       .piece = storage->number,
                       .dtype = dtype,
                       .ndim = ndim};
    return TSR_OK;
}

static tsr_status call(tsr_file *file, int global, int64_t arguments, tsr_pickled *out,
                       tsr_error *err) {
    int64_t part[3], count = tsr_pickled_items(file, arguments, 3, part);
    if (global == ORDERED_DICT && count == 0) {
        out->value.kind = TSR_VALUE_DICT;
        return TSR_OK;
    }
    if (global == SIZE && count == 1 && tsr_pickled_items(file, part[0], 0, NULL) >= 0) {
        *out = *tsr_pickled_at(file, part[0]);
        out->value.kind = TSR_VALUE_TUPLE;
        return TSR_OK;
    }
    if (global == REBUILD)
        return rebuild(file, arguments, out, err);
    if (global == PARAMETER && count == 3) { /* (tensor, requires_grad, hooks) */
        const tsr_value *gradient = data_at(file, part[1], TSR_VALUE_BOOL);
        if (gradient != NULL && data_at(file, part[0], TSR_VALUE_ARRAY) != NULL) {
            *out = *tsr_pickled_at(file, part[0]);
            out->value.requires_grad = gradient->as.integer != 0;
            return TSR_OK;
        }
    }
    return tsr_error_set(err, TSR_EIO, "pickle: \"%s\" called with values that do not fit",
                         global < STORAGES ? functions[global] : storages[global - STORAGES].name);
}

/* ---- reading: names ---- */

typedef struct walk {
    tsr_file *file;
    tsr_list path; /* char: the name of what is being looked at */
    tsr_error *err;
} walk;

static tsr_status visit(walk *w, int64_t value, int depth);

static tsr_status visit_array(walk *w, tsr_pickled *p) {
    tsr_file *file = w->file;
    const char *name = tsr_arena_text(&file->arena, w->path.data, (size_t)w->path.count, w->err);
    tsr_entry *entry = name != NULL ? tsr_file_add_entry(file, name, w->err) : NULL;
    if (entry == NULL)
        return TSR_EMEMORY;
    entry->count = 1;
    entry->first =
        p->visited ? TSR_AT(file->entries, tsr_entry, p->value.as.entry).first : p->value.as.entry;
    if (!p->visited)
        p->value.as.entry = file->entries.count - 1;
    p->visited = true;
    return TSR_OK;
}

/* Adds a key, or an item's number, to the path. */
static tsr_status extend(walk *w, const tsr_pickled *key, int64_t number) {
    tsr_status status = w->path.count > 0 ? tsr_list_append(&w->path, ".", 1, w->err) : TSR_OK;
    if (status != TSR_OK)
        return status;
    if (key != NULL && key->value.kind == TSR_VALUE_TEXT && key->role == TSR_ROLE_DATA) {
        if (key->value.count > 0 &&
            memchr(key->value.as.text, '\0', (size_t)key->value.count) != NULL)
            return tsr_error_set(w->err, TSR_EIO, "pickle: a key with a NUL in it");
        return tsr_list_append(&w->path, key->value.as.text, key->value.count, w->err);
    }
    if (key != NULL && (key->role != TSR_ROLE_DATA || key->value.kind > TSR_VALUE_NUMBER ||
                        key->value.kind == TSR_VALUE_NONE))
        return tsr_error_set(w->err, TSR_EUNSUPPORTED, "pickle: a dict whose key is %s",
                             tsr_pickled_name(key));
    bool negative = key != NULL && key->value.as.integer < 0;
    uint64_t n = (uint64_t)(key != NULL ? key->value.as.integer : number);
    if (key != NULL && key->value.kind == TSR_VALUE_NUMBER)
        return tsr_list_append(&w->path, "number", 6, w->err);
    char digits[24];
    size_t at = sizeof digits;
    n = negative ? 0 - n : n;
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    if (negative)
        digits[--at] = '-';
    return tsr_list_append(&w->path, digits + at, (int64_t)(sizeof digits - at), w->err);
}

static tsr_status visit_items(walk *w, const tsr_value *container, int depth) {
    bool dict = container->kind == TSR_VALUE_DICT;
    int64_t cell = container->as.items, before = w->path.count, number = 1;
    tsr_status status = TSR_OK;
    for (; cell >= 0 && status == TSR_OK; number++) {
        const tsr_cell *c = &TSR_AT(w->file->cells, tsr_cell, cell);
        const tsr_pickled *key = NULL;
        if (dict) {
            key = tsr_pickled_at(w->file, c->value);
            c = &TSR_AT(w->file->cells, tsr_cell, c->next);
        }
        cell = c->next;
        status = extend(w, key, number);
        if (status == TSR_OK)
            status = visit(w, c->value, depth + 1);
        w->path.count = before;
    }
    return status;
}

/* Names the arrays of a value. What is shared, or contains itself, is walked through once. */
static tsr_status visit(walk *w, int64_t value, int depth) {
    tsr_pickled *p = tsr_pickled_at(w->file, value);
    if (depth > MAX_DEPTH)
        return tsr_error_set(w->err, TSR_ELIMIT, "pickle: values nested more than %d deep",
                             (int64_t)MAX_DEPTH);
    if (p->role != TSR_ROLE_DATA)
        return tsr_error_set(w->err, TSR_EUNSUPPORTED, "pickle: %s where a value should be",
                             tsr_pickled_name(p));
    if (p->value.kind == TSR_VALUE_ARRAY)
        return visit_array(w, p);
    bool items = p->value.kind == TSR_VALUE_LIST || p->value.kind == TSR_VALUE_TUPLE ||
                 p->value.kind == TSR_VALUE_DICT;
    if (!items || p->visited)
        return TSR_OK;
    p->visited = true;
    tsr_value container = p->value;
    return visit_items(w, &container, depth);
}

/* ---- reading: the archive ---- */

/* The member ARCHIVE/data.pkl, whose first part is the name of the archive. */
static tsr_status find_archive(tsr_file *file, int64_t *pickle, tsr_error *err) {
    *pickle = -1;
    for (int64_t i = 0; i < file->zip.members.count; i++) {
        const char *name = TSR_AT(file->zip.members, tsr_member, i).name;
        const char *slash = strchr(name, '/');
        if (slash == NULL)
            continue;
        if (strcmp(slash, "/constants.pkl") == 0 || strncmp(slash, "/code/", 6) == 0)
            return tsr_error_set(err, TSR_EUNSUPPORTED, "is a TorchScript archive, a program");
        if (strcmp(slash, "/data.pkl") != 0)
            continue;
        if (*pickle >= 0)
            return tsr_error_set(err, TSR_EIO, "two members are called data.pkl");
        *pickle = i;
        file->archive = tsr_arena_text(&file->arena, name, (size_t)(slash - name), err);
        if (file->archive == NULL)
            return TSR_EMEMORY;
    }
    return *pickle >= 0 ? TSR_OK : tsr_error_set(err, TSR_EIO, "has no member data.pkl");
}

static tsr_status read_order(tsr_file *file, tsr_error *err) {
    char name[256], text[8] = "";
    size_t n = strlen(file->archive);
    if (n + 11 > sizeof name)
        return tsr_error_set(err, TSR_EIO, "the name of the archive is too long");
    memcpy(name, file->archive, n);
    memcpy(name + n, "/byteorder", 11);
    int64_t number = tsr_zip_find(&file->zip, name);
    if (number < 0) /* older than PyTorch 2.1 */
        return TSR_OK;
    int64_t bytes = TSR_AT(file->zip.members, tsr_member, number).bytes;
    if (bytes < (int64_t)sizeof text) {
        tsr_status status = tsr_zip_read(&file->source, &file->zip, number, 0, text, bytes, err);
        if (status != TSR_OK)
            return status;
    }
    file->big_endian = strcmp(text, "big") == 0;
    if (!file->big_endian && strcmp(text, "little") != 0)
        return tsr_error_set(err, TSR_EIO, "the byte order is neither \"little\" nor \"big\"");
    return TSR_OK;
}

tsr_status tsr_pt_open(tsr_file *file, tsr_error *err) {
    static const tsr_pickle_names names = {find_name, read_storage, call};
    int64_t number, root = 0, members = file->zip.members.count;
    tsr_status status = find_archive(file, &number, err);
    if (status == TSR_OK)
        status = read_order(file, err);
    if (status != TSR_OK)
        return status;
    int64_t bytes = TSR_AT(file->zip.members, tsr_member, number).bytes;
    file->piece_of = tsr_arena_take(&file->arena, (size_t)members * sizeof(int64_t), err);
    char *text = file->piece_of != NULL ? tsr_arena_take(&file->arena, (size_t)bytes, err) : NULL;
    if (text == NULL)
        return TSR_EMEMORY;
    for (int64_t i = 0; i < members; i++)
        file->piece_of[i] = -1;
    status = tsr_zip_read(&file->source, &file->zip, number, 0, text, bytes, err);
    if (status == TSR_OK)
        status = tsr_pickle_read(file, text, bytes, &names, &root, err);
    if (status != TSR_OK)
        return status;
    walk w = {.file = file, .path = {.context = file->context, .item = 1}, .err = err};
    status = visit(&w, root, 0);
    tsr_list_free(&w.path);
    file->root = root;
    return status;
}
