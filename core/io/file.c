/* Opening files, whatever their format is, and making arrays of what is in them.
 *
 *   tsr_file_open ── the first bytes tell the format ── npy.c npz.c safetensors.c pt.c
 *
 *   tsr_file_array ── the item's piece ── mapped: a storage over that range of the file
 *                                      └─ read: a new storage, bytes put in order
 *
 * A piece that was mapped is kept until the file goes, so that all its arrays are views of one
 * storage and closing can revoke it. A piece that is read is kept only while the file is open and
 * when several arrays lie in it: the fields of a structured array, the tensors of one storage. */
#include "file.h"
#include "pickle.h"
#include "sink.h"

#include "../array/array.h"
#include "../base/context.h"
#include "../base/executor.h"

#include <string.h>

/* ---- what the formats add ---- */

tsr_entry *tsr_file_add_entry(tsr_file *file, const char *name, tsr_error *err) {
    tsr_entry *entry = tsr_list_add(&file->entries, err);
    if (entry != NULL)
        entry->name = name;
    return entry;
}

tsr_item *tsr_file_add_item(tsr_file *file, int64_t piece, tsr_error *err) {
    tsr_item *item = tsr_list_add(&file->items, err);
    if (item == NULL)
        return NULL;
    tsr_piece *p = tsr_file_piece_at(file, piece);
    if (p->users++ == 0)
        p->first = file->items.count - 1;
    item->piece = piece;
    return item;
}

tsr_piece *tsr_file_add_piece(tsr_file *file, int64_t offset, int64_t bytes, int64_t member,
                              tsr_error *err) {
    tsr_piece *piece = tsr_list_add(&file->pieces, err);
    if (piece != NULL)
        *piece = (tsr_piece){.offset = offset, .bytes = bytes, .member = member};
    return piece;
}

/* ---- opening ---- */

static tsr_status open_zip(tsr_file *file, tsr_error *err) {
    if (file->mapping == TSR_MAP_SHARED)
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "is an archive with check sums of what is in it, which writing would "
                             "break: map it read-only or copied");
    tsr_status status = tsr_zip_open(&file->source, &file->arena, &file->zip, err);
    if (status != TSR_OK)
        return status;
    file->format = TSR_FORMAT_NPZ;
    for (int64_t i = 0; i < file->zip.members.count; i++) {
        const char *name = TSR_AT(file->zip.members, tsr_member, i).name,
                   *slash = strchr(name, '/');
        if (slash != NULL &&
            (strcmp(slash, "/data.pkl") == 0 || strcmp(slash, "/constants.pkl") == 0))
            file->format = TSR_FORMAT_PT;
    }
    return file->format == TSR_FORMAT_PT ? tsr_pt_open(file, err) : tsr_npz_open(file, err);
}

static tsr_status open_format(tsr_file *file, tsr_error *err) {
    unsigned char start[264] = {0};
    int64_t size = file->source.size,
            n = size < (int64_t)sizeof start ? size : (int64_t)sizeof start;
    tsr_status status = tsr_source_read(&file->source, 0, start, n, err);
    if (status != TSR_OK)
        return status;
    if (n >= 6 && memcmp(start, "\x93NUMPY", 6) == 0)
        return tsr_npy_open(file, err);
    if (n >= 4 && (memcmp(start, "PK\3\4", 4) == 0 || memcmp(start, "PK\5\6", 4) == 0))
        return open_zip(file, err);
    if (n >= 9 && start[8] == '{') {
        file->format = TSR_FORMAT_SAFETENSORS;
        return tsr_safetensors_open(file, err);
    }
    if (n >= 2 && start[0] == 0x80 && start[1] >= 2 && start[1] <= 5)
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "is a pickle, as PyTorch before 1.6 and NumPy for objects write: "
                             "not read");
    if (n >= 262 && memcmp(start + 257, "ustar", 5) == 0)
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "is a tar archive, as PyTorch before 0.1.10 wrote: not read");
    return tsr_error_set(err, TSR_EIO, "is none of .npy, .npz, safetensors, .pt");
}

static bool entry_before(const void *user, int64_t a, int64_t b) {
    const tsr_entry *e = user;
    return strcmp(e[a].name, e[b].name) < 0;
}

static tsr_status sort_entries(tsr_file *file, tsr_error *err) {
    int64_t count = file->entries.count;
    file->order = tsr_arena_take(&file->arena, (size_t)count * sizeof(int64_t), err);
    if (file->order == NULL)
        return TSR_EMEMORY;
    const tsr_entry *entries = (const tsr_entry *)(const void *)file->entries.data;
    tsr_sort(count, file->order, entry_before, entries);
    for (int64_t i = 1; i < count; i++)
        if (strcmp(entries[file->order[i - 1]].name, entries[file->order[i]].name) == 0)
            return tsr_error_set(err, TSR_EIO, "two arrays are called \"%s\"",
                                 entries[file->order[i]].name);
    return TSR_OK;
}

static tsr_status read_options(const tsr_file_options *given, tsr_file_options *out,
                               tsr_error *err) {
    if (given == NULL)
        return TSR_OK;
    return tsr_struct_read(out, sizeof *out, given, given->struct_size, sizeof(size_t), "options",
                           err);
}

tsr_status tsr_file_open(tsr_context *context, const char *path, const tsr_file_options *options,
                         tsr_file **out, tsr_error *err) {
    tsr_file_options known = {0};
    *out = NULL;
    tsr_status status = read_options(options, &known, err);
    if (status != TSR_OK)
        return status;
    options = &known;
    tsr_file *file = tsr_block_new(context, sizeof *file, true, err);
    if (file == NULL)
        return TSR_EMEMORY;
    *file = (tsr_file){.context = context,
                       .mapping = options->mapping,
                       .bfloat16 = options->bfloat16,
                       .raw = options->raw,
                       .source = {.file = -1},
                       .arena = {.context = context},
                       .entries = {.context = context, .item = sizeof(tsr_entry)},
                       .items = {.context = context, .item = sizeof(tsr_item)},
                       .pieces = {.context = context, .item = sizeof(tsr_piece)},
                       .metadata = {.context = context, .item = sizeof(const char *)},
                       .values = {.context = context},
                       .cells = {.context = context}};
    tsr_context_hold(context);
    const char *name = tsr_arena_text(&file->arena, path, strlen(path), err);
    status = TSR_EMEMORY;
    if (name != NULL)
        status =
            tsr_source_open(context, name, options->opener, options->mapping, &file->source, err);
    if (status == TSR_OK)
        status = open_format(file, err);
    if (status == TSR_OK)
        status = sort_entries(file, err);
    if (status == TSR_OK) {
        *out = file;
        return TSR_OK;
    }
    tsr_file_release(file);
    return status == TSR_EMEMORY ? status : tsr_io_blame(status, path, err);
}

/* Lets go of the file itself and of the pieces. */
static void shut(tsr_file *file) {
    for (int64_t i = 0; i < file->pieces.count; i++) {
        tsr_piece *p = tsr_file_piece_at(file, i);
        tsr_storage_release(p->storage);
        p->storage = NULL;
    }
    tsr_source_close(&file->source);
}

void tsr_file_release(tsr_file *file) {
    if (file == NULL)
        return;
    tsr_context *context = file->context;
    shut(file);
    tsr_zip_close(&file->zip);
    tsr_list_free(&file->entries);
    tsr_list_free(&file->items);
    tsr_list_free(&file->pieces);
    tsr_list_free(&file->metadata);
    tsr_list_free(&file->values);
    tsr_list_free(&file->cells);
    tsr_arena_free(&file->arena);
    tsr_block_free(context, file, sizeof *file);
    tsr_context_let_go(context);
}

/* Revokes the mapped pieces: with `pinned`, those that somebody uses, which fails. */
static tsr_status revoke(tsr_file *file, bool pinned, tsr_error *err) {
    tsr_status status = TSR_OK;
    for (int64_t i = 0; i < file->pieces.count && status == TSR_OK; i++) {
        tsr_storage *s = tsr_file_piece_at(file, i)->storage;
        if (s != NULL && (!pinned || tsr_storage_pins(s) > 0))
            status = tsr_storage_revoke(s, 0, err);
    }
    return status;
}

tsr_status tsr_file_close(tsr_file *file, tsr_error *err) {
    bool mapped = file->mapping != TSR_MAP_NONE;
    tsr_status status = mapped ? revoke(file, true, err) : TSR_OK;
    if (status == TSR_OK && mapped)
        status = revoke(file, false, err);
    if (status != TSR_OK)
        return tsr_io_blame(status, file->source.name, err);
    shut(file);
    file->closed = true;
    return TSR_OK;
}

/* ---- looking ---- */

tsr_format tsr_file_format(const tsr_file *file) {
    return file->format;
}

const char *tsr_format_name(tsr_format format) {
    static const char *const names[] = {"npy", "npz", "safetensors", "pt"};
    _Static_assert(sizeof names / sizeof *names == TSR_FORMAT_COUNT, "a name for each format");
    return (unsigned)format < TSR_FORMAT_COUNT ? names[format] : "unknown";
}

bool tsr_file_closed(const tsr_file *file) {
    return file->closed;
}

int64_t tsr_file_count(const tsr_file *file) {
    return file->entries.count;
}

const char *tsr_file_name(const tsr_file *file, int64_t entry) {
    return TSR_AT(file->entries, tsr_entry, entry).name;
}

int64_t tsr_file_find(const tsr_file *file, const char *name) {
    int64_t low = 0, high = file->entries.count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = strcmp(name, tsr_file_name(file, file->order[middle]));
        if (order == 0)
            return file->order[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

/* The entry, its header read. */
static tsr_status look(tsr_file *file, int64_t number, tsr_entry **out, tsr_error *err) {
    if (file->closed)
        return tsr_error_set(err, TSR_EREVOKED, "was closed");
    if (number < 0 || number >= file->entries.count)
        return tsr_error_set(err, TSR_EINDEX, "has no entry %d", number);
    *out = &TSR_AT(file->entries, tsr_entry, number);
    return (*out)->count >= 0 ? TSR_OK : tsr_npz_look(file, *out, err);
}

tsr_status tsr_file_fields(tsr_file *file, int64_t number, int64_t *count, tsr_error *err) {
    tsr_entry *entry = NULL;
    tsr_status status = look(file, number, &entry, err);
    *count = status == TSR_OK ? entry->count : 0;
    return tsr_io_blame(status, file->source.name, err);
}

static tsr_status find_item(tsr_file *file, int64_t number, int64_t field, tsr_item **out,
                            tsr_error *err) {
    tsr_entry *entry = NULL;
    tsr_status status = look(file, number, &entry, err);
    if (status == TSR_OK && (field < 0 || field >= entry->count))
        status = tsr_error_set(err, TSR_EINDEX, "has no field %d", field);
    if (status == TSR_OK)
        *out = tsr_file_item_at(file, entry->first + field);
    return status;
}

tsr_status tsr_file_field(tsr_file *file, int64_t number, int64_t field, tsr_field *out,
                          tsr_error *err) {
    tsr_item *item = NULL;
    tsr_status status = find_item(file, number, field, &item, err);
    if (status != TSR_OK)
        return tsr_io_blame(status, file->source.name, err);
    *out = (tsr_field){.name = item->name,
                       .stored = item->stored,
                       .dtype = item->dtype,
                       .ndim = item->ndim,
                       .shape = item->dims};
    return TSR_OK;
}

int64_t tsr_file_metadata(const tsr_file *file, int64_t i, const char **key, const char **value) {
    int64_t count = file->metadata.count / 2;
    bool there = i >= 0 && i < count;
    *key = there ? TSR_AT(file->metadata, const char *, 2 * i) : "";
    *value = there ? TSR_AT(file->metadata, const char *, 2 * i + 1) : "";
    return count;
}

/* ---- arrays ---- */

static void reverse(char *at, int unit) {
    for (int i = 0; i < unit / 2; i++) {
        char c = at[i];
        at[i] = at[unit - 1 - i];
        at[unit - 1 - i] = c;
    }
}

static void reverse_all(char *at, int64_t bytes, int unit) {
    int64_t i = 0;
    for (uint64_t w; unit == 8 && i < bytes; i += 8) {
        memcpy(&w, at + i, 8);
        w = __builtin_bswap64(w);
        memcpy(at + i, &w, 8);
    }
    for (uint32_t w; unit == 4 && i < bytes; i += 4) {
        memcpy(&w, at + i, 4);
        w = __builtin_bswap32(w);
        memcpy(at + i, &w, 4);
    }
    for (; i + unit <= bytes; i += unit)
        reverse(at + i, unit);
}

/* Reverses the bytes of every element of a field; `at` is its first one. */
static void reverse_field(const tsr_item *item, char *at) {
    const int64_t *shape = item->dims, *strides = item->dims + item->ndim;
    int64_t itemsize = tsr_dtype_describe(item->dtype)->itemsize, size = 1;
    int64_t index[TSR_MAX_DIMS] = {0};
    for (int i = 0; i < item->ndim; i++)
        size *= shape[i];
    for (int64_t n = 0; n < size; n++) {
        for (int64_t part = 0; part < itemsize; part += item->unit)
            reverse(at + part, item->unit);
        for (int d = item->ndim; d-- > 0;) { /* the next element */
            at += strides[d];
            if (++index[d] < shape[d])
                break;
            at -= shape[d] * strides[d];
            index[d] = 0;
        }
    }
}

static tsr_status read_piece(tsr_file *file, tsr_piece *p, tsr_storage **out, tsr_error *err) {
    tsr_status status = tsr_storage_new(file->context, (size_t)p->bytes, false, out, err);
    if (status != TSR_OK || tsr_estimating(file->context))
        return status;
    char *data = tsr_storage_data(*out);
    status = p->member >= 0 ? tsr_zip_read(&file->source, &file->zip, p->member, p->offset, data,
                                           p->bytes, err)
                            : tsr_source_read(&file->source, p->offset, data, p->bytes, err);
    if (status != TSR_OK) {
        tsr_storage_release(*out);
        *out = NULL;
        return status;
    }
    if (p->unit > 0)
        reverse_all(data, p->bytes, p->unit);
    for (int64_t i = 0; i < p->users && p->unit == 0; i++) {
        const tsr_item *item = tsr_file_item_at(file, p->first + i);
        if (item->piece != p - tsr_file_piece_at(file, 0) || item->unit == 0)
            continue;
        if (p->users == 1)
            reverse_all(data, p->bytes, item->unit);
        else
            reverse_field(item, data + item->offset);
    }
    return TSR_OK;
}

static tsr_status map_piece(tsr_file *file, tsr_piece *p, tsr_storage **out, tsr_error *err) {
    int64_t offset = p->offset;
    if (p->member >= 0) {
        tsr_member *m = &TSR_AT(file->zip.members, tsr_member, p->member);
        if (m->deflated)
            return tsr_error_set(err, TSR_EUNSUPPORTED,
                                 "member \"%s\" is compressed, which cannot be mapped: read it "
                                 "instead",
                                 m->name);
        tsr_status status = tsr_zip_begin(&file->source, m, err);
        if (status != TSR_OK)
            return status;
        offset += m->data;
    }
    return tsr_source_map(&file->source, file->mapping, offset, p->bytes, out, err);
}

static tsr_status make_array(tsr_file *file, const tsr_item *item, tsr_array **out,
                             tsr_error *err) {
    tsr_piece *p = tsr_file_piece_at(file, item->piece);
    if (item->why != NULL)
        return tsr_error_set(err, TSR_EDTYPE, "holds \"%s\": %s", item->stored, item->why);
    tsr_storage *storage = p->storage;
    tsr_status status = TSR_OK;
    bool mapped = file->mapping != TSR_MAP_NONE;
    if (storage != NULL)
        tsr_storage_retain(storage);
    else
        status = mapped ? map_piece(file, p, &storage, err) : read_piece(file, p, &storage, err);
    if (status != TSR_OK)
        return status;
    status = tsr_array_from_storage(file->context, storage, item->dtype, item->ndim, item->dims,
                                    item->dims + item->ndim, item->offset,
                                    TSR_READ | TSR_WRITE | TSR_RESIZE, out, err);
    if (status == TSR_OK && mapped && (p->unit > 0 || item->unit > 0))
        (*out)->swapped = tsr_dtype_unit(item->dtype) > 1;
    if (status == TSR_OK && p->storage == NULL && (mapped || p->users > 1)) {
        p->storage = storage; /* the reference goes there */
        return TSR_OK;
    }
    tsr_storage_release(storage);
    return status;
}

tsr_status tsr_file_array(tsr_file *file, int64_t number, int64_t field, tsr_array **out,
                          tsr_error *err) {
    *out = NULL;
    tsr_item *item = NULL;
    tsr_status status = find_item(file, number, field, &item, err);
    if (status == TSR_OK) {
        status = make_array(file, item, out, err);
        if (status != TSR_OK && status != TSR_EMEMORY && *item->name != '\0')
            tsr_io_blame(status, item->name, err);
        const char *name = tsr_file_name(file, number);
        if (status != TSR_OK && status != TSR_EMEMORY && *name != '\0')
            tsr_io_blame(status, name, err);
    }
    return status == TSR_EMEMORY ? status : tsr_io_blame(status, file->source.name, err);
}

/* ---- saving ---- */

static bool name_before(const void *user, int64_t a, int64_t b) {
    const tsr_named *arrays = user;
    return strcmp(arrays[a].name, arrays[b].name) < 0;
}

static tsr_status check_names(const tsr_saving *s, tsr_error *err) {
    size_t room = ((size_t)s->count + 1) * sizeof(int64_t);
    int64_t *order = tsr_block_new(s->context, room, false, err);
    if (order == NULL)
        return TSR_EMEMORY;
    tsr_sort(s->count, order, name_before, s->arrays);
    tsr_status status = TSR_OK;
    for (int64_t i = 1; i < s->count && status == TSR_OK; i++)
        if (strcmp(s->arrays[order[i - 1]].name, s->arrays[order[i]].name) == 0)
            status = tsr_error_set(err, TSR_EVALUE, "two arrays are called \"%s\"",
                                   s->arrays[order[i]].name);
    tsr_block_free(s->context, order, room);
    return status;
}

tsr_status tsr_file_save(tsr_context *context, const char *path, tsr_format format, int64_t count,
                         const tsr_named *arrays, const tsr_save_options *options, tsr_error *err) {
    static tsr_status (*const save[])(const tsr_saving *, tsr_error *) = {
        tsr_npy_save, tsr_npz_save, tsr_safetensors_save, tsr_pt_save};
    _Static_assert(sizeof save / sizeof *save == TSR_FORMAT_COUNT, "each format is written");
    tsr_save_options known = {0};
    tsr_saving s = {.context = context, .count = count, .arrays = arrays, .options = &known};
    if ((unsigned)format >= TSR_FORMAT_COUNT)
        return tsr_error_set(err, TSR_EVALUE, "%d is no format", (int64_t)format);
    tsr_status status = TSR_OK;
    if (options != NULL)
        status = tsr_struct_read(&known, sizeof known, options, options->struct_size,
                                 sizeof(size_t), "options", err);
    for (int64_t i = 0; i < count && status == TSR_OK; i++)
        status = tsr_array_usable(arrays[i].array, false, err);
    if (status == TSR_OK && (format == TSR_FORMAT_NPZ || format == TSR_FORMAT_SAFETENSORS))
        status = check_names(&s, err);
    if (status == TSR_OK)
        status = tsr_sink_open(context, path, s.options->opener, &s.sink, err);
    if (status == TSR_OK)
        status = tsr_sink_close(s.sink, save[format](&s, err), err);
    return status == TSR_EMEMORY ? status : tsr_io_blame(status, path, err);
}

/* ---- raw bytes ---- */

tsr_status tsr_file_bytes(tsr_context *context, const char *path, const tsr_file_options *options,
                          int64_t offset, int64_t most, tsr_storage **out, tsr_error *err) {
    tsr_source source;
    tsr_file_options known = {0};
    *out = NULL;
    tsr_status status = read_options(options, &known, err);
    if (status != TSR_OK)
        return status;
    tsr_mapping mapping = known.mapping;
    status = tsr_source_open(context, path, known.opener, mapping, &source, err);
    if (status != TSR_OK)
        return tsr_io_blame(status, path, err);
    int64_t bytes = source.size - offset;
    bytes = most >= 0 && most < bytes ? most : bytes;
    if (offset < 0 || bytes < 0)
        status = tsr_error_set(err, TSR_EVALUE, "has %d bytes, there is none at %d", source.size,
                               offset);
    else if (mapping != TSR_MAP_NONE)
        status = tsr_source_map(&source, mapping, offset, bytes, out, err);
    else
        status = tsr_storage_new(context, (size_t)bytes, false, out, err);
    if (status == TSR_OK && mapping == TSR_MAP_NONE && !tsr_estimating(context))
        status = tsr_source_read(&source, offset, tsr_storage_data(*out), bytes, err);
    if (status != TSR_OK) {
        tsr_storage_release(*out);
        *out = NULL;
    }
    tsr_source_close(&source);
    return status == TSR_EMEMORY ? status : tsr_io_blame(status, path, err);
}

tsr_status tsr_file_write(tsr_context *context, const char *path, const tsr_opener *opener,
                          const void *data, size_t bytes, const tsr_array *array, tsr_error *err) {
    tsr_sink *sink = NULL;
    tsr_status status = tsr_sink_open(context, path, opener, &sink, err);
    if (status == TSR_OK) {
        tsr_status wrote = tsr_sink_write(sink, data, (int64_t)bytes, err);
        if (wrote == TSR_OK && array != NULL)
            wrote = tsr_sink_array(sink, array, false, err);
        status = tsr_sink_close(sink, wrote, err);
    }
    return status == TSR_EMEMORY ? status : tsr_io_blame(status, path, err);
}

/* ---- the values of a .pt file ---- */

int64_t tsr_file_root(const tsr_file *file) {
    return file->format == TSR_FORMAT_PT ? file->root : -1;
}

tsr_status tsr_file_value(const tsr_file *file, int64_t value, tsr_value *out, tsr_error *err) {
    bool there = file->format == TSR_FORMAT_PT && value >= 0 && value < file->values.count;
    if (!there || tsr_pickled_at(file, value)->role != TSR_ROLE_DATA)
        return tsr_io_blame(tsr_error_set(err, TSR_EINDEX, "has no value %d", value),
                            file->source.name, err);
    *out = tsr_pickled_at(file, value)->value;
    return TSR_OK;
}

int64_t tsr_file_item(const tsr_file *file, int64_t *at) {
    const tsr_cell *cell = &TSR_AT(file->cells, tsr_cell, *at);
    *at = cell->next;
    return cell->value;
}
