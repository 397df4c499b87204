/* PyTorch's .pt and .pth, zip archives since PyTorch 1.6:
 *
 *   ARCHIVE/data.pkl     a pickle: nested dicts, lists and tuples of tensors, numbers and texts
 *   ARCHIVE/data/KEY     the bytes of a storage, one member each
 *   ARCHIVE/byteorder    "little" or "big", since PyTorch 2.1
 *   ARCHIVE/version, ARCHIVE/.format_version, ARCHIVE/.storage_alignment,
 *   ARCHIVE/.data/serialization_id    not looked at
 *
 * What the pickle may mention, and what comes of it, is in pt_names.c. Entries are the tensors,
 * named by the way to them: "model.0.weight"; items of lists count from 1. The values themselves
 * stay for tsr_file_value. */
#include "pickle.h"
#include "sink.h"

#include "../array/array.h"
#include "../base/context.h"

#include <string.h>

enum { MAX_DEPTH = 100 };

/* ---- names ---- */

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

/* ---- the archive ---- */

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
    int64_t number, root = 0, members = file->zip.members.count;
    tsr_status status = find_archive(file, &number, err);
    if (status == TSR_OK)
        status = read_order(file, err);
    if (status != TSR_OK)
        return status;
    int64_t bytes = TSR_AT(file->zip.members, tsr_member, number).bytes;
    if (bytes > TSR_PICKLE_MOST)
        return tsr_error_set(err, TSR_ELIMIT, "pickle: %d bytes, at most %d are read", bytes,
                             (int64_t)TSR_PICKLE_MOST);
    file->piece_of = tsr_arena_take(&file->arena, (size_t)members * sizeof(int64_t), err);
    char *text = file->piece_of != NULL ? tsr_arena_take(&file->arena, (size_t)bytes, err) : NULL;
    if (text == NULL)
        return TSR_EMEMORY;
    for (int64_t i = 0; i < members; i++)
        file->piece_of[i] = -1;
    status = tsr_zip_read(&file->source, &file->zip, number, 0, text, bytes, err);
    if (status == TSR_OK)
        status = tsr_pickle_read(file, text, bytes, &tsr_pt_names, &root, err);
    if (status != TSR_OK)
        return status;
    walk w = {.file = file, .path = {.context = file->context, .item = 1}, .err = err};
    status = visit(&w, root, 0);
    tsr_list_free(&w.path);
    file->root = root;
    return status;
}
