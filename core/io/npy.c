/* NumPy's .npy, versions 1.0, 2.0 and 3.0.
 *
 *   magic, version    length of the header    header, a literal of Python             data
 *   \x93NUMPY 1 0     u16, since 2.0 u32      {'descr': '<f4',
 *                                              'fortran_order': False, 'shape': (2, 3), }
 *
 * The literal is read by a small parser of exactly what may stand there; nothing is evaluated.
 * descr is a type string, or for structured arrays a list of fields, which may be nested: each
 * field becomes a strided view of its own, named "outer.inner". Object arrays hold pickles behind
 * the header and are refused.
 *
 * bfloat16 has no name in NumPy: it is written as "<V2", two bytes of whatever, and read as
 * bfloat16 only when that is asked for. */
#include "npy.h"
#include "sink.h"
#include "text.h"

#include "../array/array.h"
#include "../base/checked.h"
#include "../base/context.h"

#include <string.h>

enum { MAX_HEADER = 10000, MAX_DEPTH = 8 }; /* characters, structures in each other */

/* ---- literals ---- */

typedef struct parser {
    const char *at, *end;
    tsr_arena *arena;
    tsr_error *err;
    int version;
} parser;

/* A field, or the whole array if it is not structured. */
typedef struct field {
    const char *name, *stored;
    int64_t offset;
    int ndim; /* of a subarray */
    int64_t shape[TSR_MAX_DIMS], strides[TSR_MAX_DIMS];
} field;

static void skip(parser *p) {
    while (p->at < p->end && strchr(" \t\r\n\f", *p->at) != NULL && *p->at != '\0')
        p->at++;
}

static bool next_is(parser *p, char c) {
    skip(p);
    return p->at < p->end && *p->at == c;
}

static bool take(parser *p, char c) {
    bool found = next_is(p, c);
    p->at += found;
    return found;
}

static tsr_status broken(parser *p, const char *expected) {
    skip(p);
    const char shown[] = {p->at < p->end && *p->at >= ' ' && *p->at < 127 ? *p->at : '?', '\0'};
    return tsr_error_set(p->err, TSR_EIO, "header: %s expected, not %s%s%s", expected,
                         p->at < p->end ? "\"" : "", p->at < p->end ? shown : "its end",
                         p->at < p->end ? "\"" : "");
}

static tsr_status expect(parser *p, char c) {
    const char text[] = {'"', c, '"', '\0'};
    return take(p, c) ? TSR_OK : broken(p, text);
}

/* The character that an escape stands for, whose letter is at p->at; -1 for a line that goes on, -2
 * when there is none. */
static int64_t escape(parser *p) {
    static const char simple[] = "\\\\''\"\"n\nr\rt\tb\bf\fv\va\a";
    char c = *p->at++;
    if (c == '\n')
        return -1;
    for (const char *s = simple; *s != '\0'; s += 2)
        if (*s == c)
            return s[1];
    int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    int64_t code = 0;
    if (digits == 0) { /* octal */
        p->at--;
        for (; digits < 3 && p->at < p->end && *p->at >= '0' && *p->at <= '7'; digits++)
            code = code * 8 + (*p->at++ - '0');
        return digits > 0 ? code : -2;
    }
    for (int i = 0; i < digits; i++) {
        int digit = p->at < p->end ? tsr_hex_digit(*p->at++) : -1;
        if (digit < 0)
            return -2;
        code = code * 16 + digit;
    }
    return code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) ? -2 : code;
}

/* A string as UTF-8; those of versions 1 and 2 are latin-1. */
static tsr_status parse_string(parser *p, const char **out) {
    skip(p);
    if (p->at >= p->end || (*p->at != '\'' && *p->at != '"'))
        return broken(p, "a string");
    char quote = *p->at++;
    const char *close = p->at;
    while (close < p->end && *close != quote)
        close += *close == '\\' && close + 1 < p->end ? 2 : 1;
    char *text = tsr_arena_take(p->arena, 2 * (size_t)(close - p->at) + 1, p->err);
    if (text == NULL)
        return TSR_EMEMORY;
    *out = text;
    while (p->at < p->end && *p->at != quote) {
        int64_t c = (unsigned char)*p->at;
        if (c == '\\' && p->at + 1 < p->end) {
            p->at++;
            c = escape(p);
        } else if (c >= 0x80 && p->version >= 3) {
            size_t n = tsr_utf8_length((const unsigned char *)p->at, (size_t)(p->end - p->at));
            memcpy(text, p->at, n);
            text += n;
            p->at += n;
            c = n > 0 ? -1 : -2;
        } else {
            c = c == '\n' ? -2 : c;
            p->at++;
        }
        if (c == -2 || c == 0)
            return tsr_error_set(p->err, TSR_EIO,
                                 "header: a string with a character that cannot be");
        if (c > 0)
            text += tsr_utf8_put(text, (uint32_t)c);
    }
    *text = '\0';
    return expect(p, quote);
}

static tsr_status parse_integer(parser *p, int64_t *out) {
    skip(p);
    const char *start = p->at;
    int64_t n = 0;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
        if (!tsr_mul(n, 10, &n) || !tsr_add(n, *p->at - '0', &n))
            return tsr_error_set(p->err, TSR_EIO, "header: a size beyond 64 bits");
    if (p->at == start || (*start == '0' && p->at > start + 1)) {
        p->at = start;
        return broken(p, "a non-negative integer");
    }
    if (p->version < 3 && p->at < p->end && *p->at == 'L') /* long, of Python 2 */
        p->at++;
    *out = n;
    return TSR_OK;
}

/* Sizes are added behind the *ndim that are there. */
static tsr_status parse_shape(parser *p, int *ndim, int64_t *shape) {
    tsr_status status = expect(p, '(');
    int count = 0;
    bool comma = false;
    while (status == TSR_OK && !next_is(p, ')')) {
        if (count > 0 && !comma)
            return broken(p, "\",\" or \")\"");
        if (*ndim >= TSR_MAX_DIMS)
            return tsr_error_set(p->err, TSR_EIO, "header: more than %d dimensions",
                                 (int64_t)TSR_MAX_DIMS);
        status = parse_integer(p, &shape[*ndim]);
        *ndim += 1;
        count++;
        comma = take(p, ',');
    }
    if (status == TSR_OK && count == 1 && !comma)
        return broken(p, "\",\"");
    return status == TSR_OK ? expect(p, ')') : status;
}

/* ---- dtypes ---- */

/* A type string: "<f4". *size is what an element takes; *dtype is TSR_DTYPE_COUNT when there is
 * none here, *unit the bytes to be reversed. */
static tsr_status read_type(const char *text, bool bfloat16, int64_t *size, tsr_dtype *dtype,
                            int *unit, tsr_error *err) {
    const char *at = text;
    bool big = *at == '>';
    at += *at != '\0' && strchr("<>|=", *at) != NULL;
    char kind = *at != '\0' ? *at++ : '\0';
    if (kind == 'O')
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "holds objects of Python (dtype %s), which are pickles: not read",
                             text);
    int64_t n = 0;
    bool good = kind != '\0' && strchr("biufcVSUaMm", kind) != NULL && *at >= '0' && *at <= '9';
    for (; good && *at >= '0' && *at <= '9'; at++)
        good = tsr_mul(n, 10, &n) && tsr_add(n, *at - '0', &n);
    bool time = kind == 'M' || kind == 'm';
    if (!good || (*at != '\0' && !(time && *at == '[')) || n > INT32_MAX)
        return tsr_error_set(err, TSR_EIO, "header: \"%s\" is no dtype of NumPy", text);
    *size = kind == 'U' ? 4 * n : n;
    *dtype = TSR_DTYPE_COUNT;
    *unit = 0;
    for (int d = 0; d < TSR_DTYPE_COUNT; d++) {
        const tsr_dtype_info *info = tsr_dtype_describe((tsr_dtype)d);
        bool same = info->typestr[1] == kind && info->itemsize == n;
        if (!same || (d == TSR_BFLOAT16 && !bfloat16))
            continue;
        *dtype = (tsr_dtype)d;
        int part = info->kind == 'c' ? info->itemsize / 2 : info->itemsize;
        *unit = big && kind != 'V' && part > 1 ? part : 0;
    }
    return TSR_OK;
}

static tsr_status parse_descr(parser *p, tsr_list *fields, const field *outer, int depth,
                              int64_t *size);

/* The shape of a subarray, which comes behind its descr: the fields from `first` on get its
 * dimensions, behind the first `outer` of theirs. */
static tsr_status parse_subarray(parser *p, tsr_list *fields, int64_t first, int outer,
                                 int64_t *size) {
    int count = 0;
    int64_t shape[TSR_MAX_DIMS], strides[TSR_MAX_DIMS];
    tsr_status status = parse_shape(p, &count, shape);
    for (int i = count; status == TSR_OK && i-- > 0;) {
        strides[i] = *size;
        if (!tsr_mul(*size, shape[i], size))
            return tsr_error_set(p->err, TSR_EIO, "header: a field that is too large");
    }
    for (int64_t i = first; status == TSR_OK && i < fields->count; i++) {
        field *f = &TSR_AT(*fields, field, i);
        if (f->ndim + count > TSR_MAX_DIMS)
            return tsr_error_set(p->err, TSR_EIO, "header: more than %d dimensions",
                                 (int64_t)TSR_MAX_DIMS);
        for (int d = f->ndim; d-- > outer;) {
            f->shape[d + count] = f->shape[d];
            f->strides[d + count] = f->strides[d];
        }
        tsr_dims_copy(f->shape + outer, shape, count);
        tsr_dims_copy(f->strides + outer, strides, count);
        f->ndim += count;
    }
    return status;
}

/* ('name', descr) or ('name', descr, shape); a name with a title is a tuple itself. */
static tsr_status parse_field(parser *p, tsr_list *fields, const field *outer, int depth,
                              int64_t *size) {
    const char *name = "";
    field f = *outer;
    tsr_status status = expect(p, '(');
    if (status == TSR_OK && take(p, '(')) {
        status = parse_string(p, &name);
        if (status == TSR_OK && (status = expect(p, ',')) == TSR_OK)
            status = parse_string(p, &name);
        if (status == TSR_OK)
            status = expect(p, ')');
    } else if (status == TSR_OK) {
        status = parse_string(p, &name);
    }
    if (status == TSR_OK)
        status = expect(p, ',');
    size_t n = strlen(outer->name), m = strlen(name);
    char *full = status == TSR_OK ? tsr_arena_take(p->arena, n + m + 2, p->err) : NULL;
    if (full == NULL)
        return status == TSR_OK ? TSR_EMEMORY : status;
    memcpy(full, outer->name, n);
    full[n] = '.';
    memcpy(full + n + (n > 0), name, m + 1);
    f.name = full;
    f.offset += *size;
    int64_t inner = 0, first = fields->count;
    status = parse_descr(p, fields, &f, depth + 1, &inner);
    if (status == TSR_OK && take(p, ',') && !next_is(p, ')')) {
        status = parse_subarray(p, fields, first, outer->ndim, &inner);
        take(p, ',');
    }
    if (status == TSR_OK && !tsr_add(*size, inner, size))
        return tsr_error_set(p->err, TSR_EIO, "header: a record that is too large");
    return status == TSR_OK ? expect(p, ')') : status;
}

/* A type string or a list of fields; adds the fields, and gives the size of one record. */
static tsr_status parse_descr(parser *p, tsr_list *fields, const field *outer, int depth,
                              int64_t *size) {
    if (depth > MAX_DEPTH)
        return tsr_error_set(p->err, TSR_EIO, "header: structures nested more than %d deep",
                             (int64_t)MAX_DEPTH);
    *size = 0;
    if (!take(p, '[')) {
        field *f = tsr_list_add(fields, p->err);
        if (f == NULL)
            return TSR_EMEMORY;
        *f = *outer;
        tsr_dtype dtype;
        int unit;
        tsr_status status = parse_string(p, &f->stored);
        return status == TSR_OK ? read_type(f->stored, false, size, &dtype, &unit, p->err) : status;
    }
    tsr_status status = TSR_OK;
    for (bool comma = true; status == TSR_OK && !next_is(p, ']'); comma = take(p, ',')) {
        if (!comma)
            return broken(p, "\",\" or \"]\"");
        status = parse_field(p, fields, outer, depth, size);
    }
    return status == TSR_OK ? expect(p, ']') : status;
}

typedef struct header {
    bool structured, columns;
    int ndim;
    int64_t shape[TSR_MAX_DIMS], size; /* of a record */
    tsr_list fields;
} header;

static tsr_status parse_flag(parser *p, bool *out) {
    skip(p);
    size_t left = (size_t)(p->end - p->at);
    *out = left >= 4 && memcmp(p->at, "True", 4) == 0;
    if (!*out && !(left >= 5 && memcmp(p->at, "False", 5) == 0))
        return broken(p, "True or False");
    p->at += *out ? 4 : 5;
    return TSR_OK;
}

/* {'descr': ..., 'fortran_order': ..., 'shape': ...}, in any order, each once. */
static tsr_status parse_header(parser *p, header *h) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    const field whole = {.name = ""};
    unsigned seen = 0;
    tsr_status status = expect(p, '{');
    for (bool comma = true; status == TSR_OK && !next_is(p, '}'); comma = take(p, ',')) {
        const char *key = "";
        if (!comma)
            return broken(p, "\",\" or \"}\"");
        status = parse_string(p, &key);
        int which = 0;
        while (status == TSR_OK && which < 3 && strcmp(key, keys[which]) != 0)
            which++;
        if (status == TSR_OK && which == 3)
            return tsr_error_set(p->err, TSR_EIO, "header: unknown key \"%s\"", key);
        if (status == TSR_OK && (seen >> which & 1) != 0)
            return tsr_error_set(p->err, TSR_EIO, "header: the key \"%s\" twice", key);
        if (status == TSR_OK)
            status = expect(p, ':');
        if (status != TSR_OK)
            return status;
        seen |= 1u << which;
        h->structured |= which == 0 && next_is(p, '[');
        status = which == 0   ? parse_descr(p, &h->fields, &whole, 0, &h->size)
                 : which == 1 ? parse_flag(p, &h->columns)
                              : parse_shape(p, &h->ndim, h->shape);
    }
    if (status == TSR_OK)
        status = expect(p, '}');
    skip(p);
    if (status == TSR_OK && p->at < p->end)
        return broken(p, "its end");
    for (int i = 0; i < 3 && status == TSR_OK; i++)
        if ((seen >> i & 1) == 0)
            return tsr_error_set(p->err, TSR_EIO, "header: the key \"%s\" is missing", keys[i]);
    return status;
}

/* ---- items ---- */

/* One field of all records: the array's dimensions, then the field's own. */
static tsr_status add_item(tsr_file *file, const header *h, const field *f, int64_t piece,
                           tsr_error *err) {
    tsr_item *item = tsr_file_add_item(file, piece, err);
    if (item == NULL)
        return TSR_EMEMORY;
    int64_t size, count;
    item->name = f->name;
    item->stored = f->stored;
    item->offset = f->offset;
    item->ndim = h->ndim + f->ndim;
    tsr_status status = read_type(f->stored, file->bfloat16, &size, &item->dtype, &item->unit, err);
    if (status != TSR_OK)
        return status;
    bool bytes = item->dtype == TSR_DTYPE_COUNT && file->raw;
    item->ndim += bytes;
    if (item->ndim > TSR_MAX_DIMS)
        return tsr_error_set(err, TSR_EIO, "header: more than %d dimensions",
                             (int64_t)TSR_MAX_DIMS);
    int64_t *dims = tsr_arena_take(&file->arena, 2 * sizeof(int64_t) * (size_t)item->ndim, err);
    if (dims == NULL)
        return TSR_EMEMORY;
    int64_t *strides = dims + item->ndim, stride = h->size;
    if (h->ndim > 0)
        tsr_dims_copy(dims, h->shape, h->ndim);
    bool empty = tsr_count(h->ndim, h->shape, &count) && count == 0;
    for (int i = 0; i < h->ndim; i++) {
        int at = h->columns ? i : h->ndim - 1 - i;
        strides[at] = stride;
        stride = empty ? stride : stride * h->shape[at];
    }
    for (int i = 0; i < f->ndim; i++) {
        dims[h->ndim + i] = f->shape[i];
        strides[h->ndim + i] = f->strides[i];
    }
    if (bytes) {
        dims[item->ndim - 1] = size;
        strides[item->ndim - 1] = 1;
        item->dtype = TSR_UINT8;
    } else if (item->dtype == TSR_DTYPE_COUNT) {
        item->why = "there is no such dtype here";
    }
    item->dims = dims;
    return TSR_OK;
}

static tsr_status add_items(tsr_file *file, const header *h, int64_t offset, int64_t available,
                            int64_t member, bool exact, int64_t *count, tsr_error *err) {
    int64_t elements, bytes;
    if (!tsr_count(h->ndim, h->shape, &elements) || !tsr_mul(elements, h->size, &bytes))
        return tsr_error_set(err, TSR_EIO, "header: shape %v overflows", h->ndim, h->shape);
    if (bytes > available)
        return tsr_error_set(err, TSR_EIO, "the header promises %d bytes of data, but there are %d",
                             bytes, available);
    if (exact && bytes != available)
        return tsr_error_set(err, TSR_EIO, "%d bytes of data, but the header promises %d",
                             available, bytes);
    int64_t piece = file->pieces.count, first = file->items.count;
    if (tsr_file_add_piece(file, offset, bytes, member, err) == NULL)
        return TSR_EMEMORY;
    for (int64_t i = 0; i < h->fields.count; i++) {
        const field *f = &TSR_AT(h->fields, field, i);
        const char *dot = strrchr(f->name, '.');
        bool padding = h->structured && f->name[dot != NULL ? dot + 1 - f->name : 0] == '\0';
        tsr_status status = padding ? TSR_OK : add_item(file, h, f, piece, err);
        if (status != TSR_OK)
            return status;
    }
    *count = file->items.count - first;
    for (int64_t i = first; i < file->items.count; i++)
        for (int64_t j = first; j < i; j++)
            if (strcmp(tsr_file_item_at(file, i)->name, tsr_file_item_at(file, j)->name) == 0)
                return tsr_error_set(err, TSR_EIO, "header: the field \"%s\" twice",
                                     tsr_file_item_at(file, i)->name);
    return TSR_OK;
}

tsr_status tsr_npy_length(const unsigned char *start, int64_t available, int64_t *length,
                          tsr_error *err) {
    if (available < 10 || memcmp(start, "\x93NUMPY", 6) != 0)
        return tsr_error_set(err, TSR_EIO, "is no .npy file: it does not begin with \\x93NUMPY");
    int major = start[6], minor = start[7];
    if (major < 1 || major > 3 || minor != 0)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "is an .npy file of version %d.%d",
                             (int64_t)major, (int64_t)minor);
    int64_t n = start[8] | start[9] << 8, before = major == 1 ? 10 : 12;
    if (major > 1)
        n |= available < 12 ? 0 : (int64_t)((uint32_t)start[10] << 16 | (uint32_t)start[11] << 24);
    int64_t most =
        major < 3 ? MAX_HEADER : 4 * MAX_HEADER; /* of UTF-8, characters are counted later */
    if (n > most)
        return tsr_error_set(err, TSR_ELIMIT, "a header of %d bytes, at most %d are read", n, most);
    if (available < before || n > available - before)
        return tsr_error_set(err, TSR_EIO, "ends inside its header");
    *length = before + n;
    return TSR_OK;
}

tsr_status tsr_npy_parse(tsr_file *file, const char *text, int64_t length, int64_t bytes,
                         int64_t member, bool exact, int64_t *count, tsr_error *err) {
    header h = {.fields = {.context = file->context, .item = sizeof(field)}};
    parser p = {.arena = &file->arena, .err = err, .version = text[6]};
    p.at = text + (p.version == 1 ? 10 : 12);
    p.end = text + length;
    int64_t characters = 0;
    for (const char *at = p.at; at < p.end; at++)
        characters += p.version < 3 || ((unsigned char)*at & 0xC0) != 0x80;
    if (characters > MAX_HEADER)
        return tsr_error_set(err, TSR_ELIMIT, "a header of %d characters, at most %d are read",
                             characters, (int64_t)MAX_HEADER);
    tsr_status status = parse_header(&p, &h);
    if (status == TSR_OK)
        status = add_items(file, &h, length, bytes, member, exact, count, err);
    tsr_list_free(&h.fields);
    return status;
}

tsr_status tsr_npy_open(tsr_file *file, tsr_error *err) {
    unsigned char start[TSR_NPY_START];
    int64_t size = file->source.size, length = 0;
    tsr_status status =
        tsr_source_read(&file->source, 0, start, size < TSR_NPY_START ? size : TSR_NPY_START, err);
    if (status == TSR_OK)
        status = tsr_npy_length(start, size, &length, err);
    if (status != TSR_OK)
        return status;
    tsr_entry *entry = tsr_file_add_entry(file, "", err);
    char *text = entry != NULL ? tsr_block_new(file->context, (size_t)length, false, err) : NULL;
    if (text == NULL)
        return TSR_EMEMORY;
    status = tsr_source_read(&file->source, 0, text, length, err);
    if (status == TSR_OK)
        status = tsr_npy_parse(file, text, length, size - length, -1, false, &entry->count, err);
    tsr_block_free(file->context, text, (size_t)length);
    return status;
}

/* ---- writing ---- */

static char *put(char *at, const char *text) {
    size_t n = strlen(text);
    memcpy(at, text, n);
    return at + n;
}

static char *put_size(char *at, int64_t n) {
    char digits[20];
    int count = 0;
    do
        digits[count++] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

int64_t tsr_npy_header(const tsr_array *array, bool *columns, char out[TSR_NPY_HEADER]) {
    _Static_assert(10 + 64 + 22 * TSR_MAX_DIMS + 64 < TSR_NPY_HEADER, "every shape fits");
    *columns = tsr_array_is_fortran_contiguous(array) && !tsr_array_is_contiguous(array);
    char *at = out + 10;
    at = put(put(at, "{'descr': '"), tsr_dtype_describe((tsr_dtype)array->dtype)->typestr);
    at = put(put(at, "', 'fortran_order': "), *columns ? "True" : "False");
    at = put(at, ", 'shape': (");
    for (int i = 0; i < array->ndim; i++) {
        at = put_size(at, tsr_shape_of(array)[i]);
        at = put(at, i + 1 < array->ndim ? ", " : array->ndim == 1 ? "," : "");
    }
    at = put(at, "), }");
    while ((at - out) % 64 != 63)
        *at++ = ' ';
    *at++ = '\n';
    int64_t length = at - out;
    memcpy(out, "\x93NUMPY\1", 8); /* the NUL is the minor version */
    out[8] = (char)((length - 10) & 0xFF);
    out[9] = (char)((length - 10) >> 8);
    return length;
}

tsr_status tsr_npy_save(const tsr_saving *s, tsr_error *err) {
    char text[TSR_NPY_HEADER];
    bool columns;
    if (s->count != 1)
        return tsr_error_set(err, TSR_EVALUE, "an .npy file holds one array, not %d", s->count);
    int64_t length = tsr_npy_header(s->arrays[0].array, &columns, text);
    tsr_status status = tsr_sink_write(s->sink, text, length, err);
    return status == TSR_OK ? tsr_sink_array(s->sink, s->arrays[0].array, columns, err) : status;
}
