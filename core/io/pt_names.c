/* The names that the pickle of a .pt file may mention, which are some of those that PyTorch's
 * weights_only reader knows, and what comes of them.
 *
 * A tensor is a call of _rebuild_tensor_v2 with a storage, an offset, sizes and strides, and a
 * storage is a persistent id: a class, which tells the dtype, and a key. Dtypes that have no class
 * (uint16 and all later ones) are told to _rebuild_tensor_v3, on an UntypedStorage. Tensors on one
 * key share one storage here too. Parameters and tensors with attributes wrap such a call; their
 * attributes are Python's and are dropped. */
#include "pickle.h"

#include "../array/array.h"
#include "../base/checked.h"

#include <string.h>

enum {
    ORDERED_DICT,
    SIZE,
    DEVICE,
    REBUILD,
    REBUILD_V2,
    REBUILD_V3,
    PARAMETER,
    PARAMETER_WITH_STATE,
    FROM_TYPE,
    TENSOR_CLASS,
    PARAMETER_CLASS,
    UNTYPED,
    STORAGES
};

static const char *const names[STORAGES] = {
    [ORDERED_DICT] = "collections.OrderedDict",
    [SIZE] = "torch.Size",
    [DEVICE] = "torch.device",
    [REBUILD] = "torch._utils._rebuild_tensor",
    [REBUILD_V2] = "torch._utils._rebuild_tensor_v2",
    [REBUILD_V3] = "torch._utils._rebuild_tensor_v3",
    [PARAMETER] = "torch._utils._rebuild_parameter",
    [PARAMETER_WITH_STATE] = "torch._utils._rebuild_parameter_with_state",
    [FROM_TYPE] = "torch._tensor._rebuild_from_type_v2",
    [TENSOR_CLASS] = "torch.Tensor",
    [PARAMETER_CLASS] = "torch.nn.parameter.Parameter",
    [UNTYPED] = "torch.storage.UntypedStorage",
};

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

/* Dtypes that there are not here, of one byte. */
static const char *const foreign[] = {
    "torch.float8_e4m3fn",   "torch.float8_e5m2",    "torch.float8_e4m3fnuz",
    "torch.float8_e5m2fnuz", "torch.float8_e8m0fnu", "torch.float4_e2m1fn_x2",
};

static bool find_dtype(const char *name, tsr_pickled *out) {
    for (int d = 0; d < TSR_DTYPE_COUNT; d++)
        if (strcmp(name, tsr_dtype_describe((tsr_dtype)d)->name) == 0) {
            out->role = TSR_ROLE_DATA;
            out->value.kind = TSR_VALUE_DTYPE;
            out->value.as.integer = d;
            return true;
        }
    return false;
}

static bool find_name(const char *name, tsr_pickled *out) {
    for (int i = 0; i < STORAGES; i++)
        if (strcmp(name, names[i]) == 0) {
            out->number = i;
            return true;
        }
    if (strncmp(name, "torch.", 6) != 0)
        return false;
    for (size_t i = 0; i < sizeof storages / sizeof *storages; i++)
        if (strcmp(name + 6, storages[i].name) == 0) {
            out->number = STORAGES + (int)i;
            return true;
        }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (strcmp(name, foreign[i]) == 0) {
            out->role = TSR_ROLE_DATA;
            out->value.kind = TSR_VALUE_TEXT;
            out->value.count = (int64_t)strlen(name);
            out->value.as.text = foreign[i];
            return true;
        }
    return find_dtype(name + 6, out);
}

enum { UNIT_UNKNOWN = -1 }; /* of a piece, until a tensor tells */

static const char *name_of(int global) {
    return global < STORAGES ? names[global] : storages[global - STORAGES].name;
}

/* ---- storages ---- */

static const tsr_value *data_at(const tsr_file *file, int64_t value, tsr_value_kind kind) {
    const tsr_pickled *p = tsr_pickled_at(file, value);
    return p->role == TSR_ROLE_DATA && p->value.kind == kind ? &p->value : NULL;
}

static bool is_global(const tsr_file *file, int64_t value, int first, int last) {
    const tsr_pickled *p = tsr_pickled_at(file, value);
    return p->role == TSR_ROLE_GLOBAL && p->number >= first && p->number <= last;
}

/* The piece of the member of a storage: one, however often the storage is named. */
static tsr_status piece_of(tsr_file *file, const char *key, int64_t n, int64_t bytes,
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
        made->unit = file->big_endian ? UNIT_UNKNOWN : 0;
    }
    *piece = *known;
    return TSR_OK;
}

/* The elements of the piece are of that dtype: which matters when their bytes are to be reversed,
 * and then all tensors on it must agree. */
static tsr_status set_unit(tsr_file *file, int64_t piece, tsr_dtype dtype, tsr_error *err) {
    int unit = (int)tsr_dtype_unit(dtype);
    tsr_piece *p = tsr_file_piece_at(file, piece);
    unit = unit > 1 ? unit : 0;
    if (!file->big_endian)
        return TSR_OK;
    if (p->unit == UNIT_UNKNOWN)
        p->unit = unit;
    if (p->unit == unit)
        return TSR_OK;
    return tsr_error_set(err, TSR_EUNSUPPORTED,
                         "the storage \"%s\" is in foreign byte order, and of two dtypes",
                         TSR_AT(file->zip.members, tsr_member, p->member).name);
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
    if (!is_global(file, part[1], UNTYPED, INT32_MAX))
        return tsr_error_set(err, TSR_EIO, "pickle: a storage whose class is none");
    int64_t class = tsr_pickled_at(file, part[1])->number, itemsize = 1, bytes;
    if (class != UNTYPED)
        itemsize = tsr_dtype_describe(storages[class - STORAGES].dtype)->itemsize;
    if (count->as.integer < 0 || !tsr_mul(count->as.integer, itemsize, &bytes))
        return tsr_error_set(err, TSR_EIO, "pickle: a storage of %d elements", count->as.integer);
    out->value.as.integer = class; /* for tensors over it */
    tsr_status status = piece_of(file, key->as.text, key->count, bytes, &out->number, err);
    return status == TSR_OK && class != UNTYPED
               ? set_unit(file, out->number, storages[class - STORAGES].dtype, err)
               : status;
}

/* ---- tensors ---- */

/* What is said of a tensor's elements. */
typedef struct element {
    const char *stored; /* the file's name */
    tsr_dtype dtype;    /* TSR_DTYPE_COUNT: there is none here; it has one byte */
} element;

/* The dtype that a value tells, or a storage's class when that is NULL. */
static bool read_element(const tsr_pickled *storage, const tsr_pickled *dtype, element *out) {
    if (storage->role != TSR_ROLE_STORAGE)
        return false;
    if (dtype == NULL && storage->value.as.integer >= STORAGES) {
        int64_t which = storage->value.as.integer - STORAGES;
        *out = (element){storages[which].name, storages[which].dtype};
        return true;
    }
    if (dtype == NULL || dtype->role != TSR_ROLE_DATA)
        return false;
    *out = (element){NULL, TSR_DTYPE_COUNT};
    if (dtype->value.kind == TSR_VALUE_DTYPE) {
        out->dtype = (tsr_dtype)dtype->value.as.integer;
        out->stored = tsr_dtype_describe(out->dtype)->name;
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (dtype->value.kind == TSR_VALUE_TEXT && dtype->value.as.text == foreign[i])
            out->stored = foreign[i] + 6;
    return out->stored != NULL;
}

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

/* Adds the item of a tensor, whose strides are in bytes. */
static tsr_status add_tensor(tsr_file *file, int64_t piece, element e, int64_t offset, int ndim,
                             const int64_t *shape, const int64_t *strides, tsr_error *err) {
    bool none = e.dtype == TSR_DTYPE_COUNT;
    tsr_dtype dtype = none && file->raw ? TSR_UINT8 : e.dtype;
    tsr_status status = set_unit(file, piece, none ? TSR_UINT8 : e.dtype, err);
    if (status != TSR_OK)
        return status;
    tsr_item *item = tsr_file_add_item(file, piece, err);
    int64_t *dims = tsr_arena_take(&file->arena, 2 * sizeof(int64_t) * (size_t)ndim, err);
    if (item == NULL || dims == NULL)
        return TSR_EMEMORY;
    tsr_dims_copy(dims, shape, ndim);
    tsr_dims_copy(dims + ndim, strides, ndim);
    *item = (tsr_item){.name = "",
                       .stored = e.stored,
                       .why = none && !file->raw ? "there is no such dtype here" : NULL,
                       .dims = dims,
                       .offset = offset,
                       .piece = piece,
                       .dtype = dtype,
                       .ndim = ndim};
    return TSR_OK;
}

/* Marks that change what the bytes mean, as conjugation. */
static bool has_metadata(const tsr_file *file, int64_t value) {
    const tsr_value *marks = data_at(file, value, TSR_VALUE_DICT);
    bool none = data_at(file, value, TSR_VALUE_NONE) != NULL;
    return !none && (marks == NULL || marks->count > 0);
}

/* _rebuild_tensor(storage, offset, size, stride), and _v2 also (..., requires_grad, hooks,
 * metadata), and _v3 (..., requires_grad, hooks, dtype, metadata); metadata may be missing. */
static tsr_status rebuild(tsr_file *file, int global, int64_t arguments, tsr_pickled *out,
                          tsr_error *err) {
    int64_t part[8], shape[TSR_MAX_DIMS], strides[TSR_MAX_DIMS];
    int64_t count = tsr_pickled_items(file, arguments, 8, part);
    int least = global == REBUILD ? 4 : global == REBUILD_V2 ? 6 : 7;
    if (count < least || count > least + (global != REBUILD))
        return tsr_error_set(err, TSR_EIO, "pickle: a tensor out of %d values", count);
    const tsr_pickled *storage = tsr_pickled_at(file, part[0]);
    const tsr_value *offset = data_at(file, part[1], TSR_VALUE_INTEGER);
    const tsr_value *gradient = global != REBUILD ? data_at(file, part[4], TSR_VALUE_BOOL) : NULL;
    element e;
    int ndim, stride_count;
    if (!read_element(storage, global == REBUILD_V3 ? tsr_pickled_at(file, part[6]) : NULL, &e) ||
        offset == NULL || offset->as.integer < 0 || (gradient == NULL) != (global == REBUILD) ||
        !read_sizes(file, part[2], &ndim, shape) ||
        !read_sizes(file, part[3], &stride_count, strides) || stride_count != ndim)
        return tsr_error_set(err, TSR_EIO, "pickle: a tensor out of values that do not fit");
    if (count > least && has_metadata(file, part[least]))
        return tsr_error_set(err, TSR_EUNSUPPORTED, "pickle: a tensor with metadata");
    int64_t itemsize = 1, start, low, high, size;
    if (e.dtype != TSR_DTYPE_COUNT)
        itemsize = tsr_dtype_describe(e.dtype)->itemsize;
    bool fits = tsr_mul(offset->as.integer, itemsize, &start) && tsr_count(ndim, shape, &size);
    for (int i = 0; i < ndim; i++)
        fits = fits && tsr_mul(strides[i], itemsize, &strides[i]);
    fits = fits && tsr_extent(ndim, shape, strides, itemsize, &low, &high) &&
           tsr_add(start, high, &high);
    if (!fits || high > tsr_file_piece_at(file, storage->number)->bytes)
        return tsr_error_set(err, TSR_EIO, "a tensor of shape %v reaches beyond its storage", ndim,
                             shape);
    out->value.kind = TSR_VALUE_ARRAY;
    out->value.requires_grad = gradient != NULL && gradient->as.integer != 0;
    out->value.as.entry = file->items.count; /* becomes the entry when it has its name */
    return add_tensor(file, storage->number, e, start, ndim, shape, strides, err);
}

/* ---- calls ---- */

static tsr_status unfit(int global, tsr_error *err) {
    return tsr_error_set(err, TSR_EIO, "pickle: \"%s\" called with values that do not fit",
                         name_of(global));
}

/* (tensor, requires_grad, hooks), and the attributes, which are dropped */
static tsr_status parameter(tsr_file *file, int global, int64_t arguments, tsr_pickled *out,
                            tsr_error *err) {
    int64_t part[4], count = tsr_pickled_items(file, arguments, 4, part);
    if (count != (global == PARAMETER ? 3 : 4) || data_at(file, part[0], TSR_VALUE_ARRAY) == NULL ||
        data_at(file, part[1], TSR_VALUE_BOOL) == NULL)
        return unfit(global, err);
    *out = *tsr_pickled_at(file, part[0]);
    out->value.requires_grad = data_at(file, part[1], TSR_VALUE_BOOL)->as.integer != 0;
    return TSR_OK;
}

/* (function, class, arguments, attributes): a tensor with attributes, which are dropped */
static tsr_status from_type(tsr_file *file, int64_t arguments, tsr_pickled *out, tsr_error *err) {
    int64_t part[4];
    if (tsr_pickled_items(file, arguments, 4, part) != 4 ||
        !is_global(file, part[0], REBUILD, REBUILD_V3) ||
        !is_global(file, part[1], TENSOR_CLASS, PARAMETER_CLASS) ||
        data_at(file, part[2], TSR_VALUE_TUPLE) == NULL)
        return unfit(FROM_TYPE, err);
    return rebuild(file, (int)tsr_pickled_at(file, part[0])->number, part[2], out, err);
}

/* ("cpu"), ("cuda", 0): a text as PyTorch prints it */
static tsr_status device(tsr_file *file, int64_t arguments, tsr_pickled *out, tsr_error *err) {
    enum { MOST = 32 };
    int64_t part[2], count = tsr_pickled_items(file, arguments, 2, part);
    const tsr_value *type = NULL, *number = NULL;
    if (count == 1 || count == 2)
        type = data_at(file, part[0], TSR_VALUE_TEXT);
    if (count == 2)
        number = data_at(file, part[1], TSR_VALUE_INTEGER);
    if (type == NULL || type->count > MOST || (count == 2 && number == NULL) ||
        (number != NULL && (number->as.integer < 0 || number->as.integer > 999)))
        return unfit(DEVICE, err);
    out->value = *type;
    if (number == NULL)
        return TSR_OK;
    char text[MOST + 4];
    size_t n = (size_t)type->count;
    memcpy(text, type->as.text, n);
    text[n++] = ':';
    for (int64_t tens = 100; tens > 0; tens /= 10)
        if (number->as.integer >= tens || tens == 1)
            text[n++] = (char)('0' + number->as.integer / tens % 10);
    out->value.count = (int64_t)n;
    out->value.as.text = tsr_arena_text(&file->arena, text, n, err);
    return out->value.as.text != NULL ? TSR_OK : TSR_EMEMORY;
}

static tsr_status call(tsr_file *file, int global, int64_t arguments, tsr_pickled *out,
                       tsr_error *err) {
    int64_t part[1], count = tsr_pickled_items(file, arguments, 1, part);
    switch (global) {
    case REBUILD:
    case REBUILD_V2:
    case REBUILD_V3:
        return rebuild(file, global, arguments, out, err);
    case PARAMETER:
    case PARAMETER_WITH_STATE:
        return parameter(file, global, arguments, out, err);
    case FROM_TYPE:
        return from_type(file, arguments, out, err);
    case DEVICE:
        return device(file, arguments, out, err);
    case ORDERED_DICT:
        if (count != 0)
            break;
        out->value.kind = TSR_VALUE_DICT;
        out->ordered = true;
        return TSR_OK;
    case SIZE:
        if (count != 1 || tsr_pickled_items(file, part[0], 0, NULL) < 0)
            break;
        *out = *tsr_pickled_at(file, part[0]);
        out->value.kind = TSR_VALUE_TUPLE;
        return TSR_OK;
    default:
        break;
    }
    return unfit(global, err);
}

const tsr_pickle_names tsr_pt_names = {find_name, read_storage, call};
