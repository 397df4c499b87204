/* NumPy's .npz: a zip archive of .npy files. Opening reads the archive's directory; the header of a
 * member is read when the array is looked at. Members that are no .npy are there by name, and say
 * what they are when they are asked for. */
#include "npy.h"
#include "sink.h"

#include "../base/context.h"

#include <string.h>

static bool is_npy(const char *name, size_t n) {
    return n > 4 && strcmp(name + n - 4, ".npy") == 0;
}

tsr_status tsr_npz_open(tsr_file *file, tsr_error *err) {
    for (int64_t i = 0; i < file->zip.members.count; i++) {
        const char *name = TSR_AT(file->zip.members, tsr_member, i).name;
        size_t n = strlen(name);
        if (name[n - 1] == '/') /* a folder */
            continue;
        name = tsr_arena_text(&file->arena, name, is_npy(name, n) ? n - 4 : n, err);
        tsr_entry *entry = name != NULL ? tsr_file_add_entry(file, name, err) : NULL;
        if (entry == NULL)
            return TSR_EMEMORY;
        entry->first = i;
        entry->count = -1;
    }
    return TSR_OK;
}

tsr_status tsr_npz_look(tsr_file *file, tsr_entry *entry, tsr_error *err) {
    int64_t number = entry->first, length = 0, count = 0, items = file->items.count,
            pieces = file->pieces.count;
    const tsr_member *m = &TSR_AT(file->zip.members, tsr_member, number);
    if (!is_npy(m->name, strlen(m->name)))
        return tsr_error_set(err, TSR_EUNSUPPORTED, "member \"%s\" is no .npy file", m->name);
    unsigned char start[TSR_NPY_START];
    tsr_status status = tsr_zip_read(&file->source, &file->zip, number, 0, start,
                                     m->bytes < TSR_NPY_START ? m->bytes : TSR_NPY_START, err);
    if (status == TSR_OK)
        status = tsr_npy_length(start, m->bytes, &length, err);
    char *text = NULL;
    if (status == TSR_OK &&
        (text = tsr_block_new(file->context, (size_t)length, false, err)) == NULL)
        status = TSR_EMEMORY;
    if (status == TSR_OK)
        status = tsr_zip_read(&file->source, &file->zip, number, 0, text, length, err);
    if (status == TSR_OK)
        status = tsr_npy_parse(file, text, length, m->bytes - length, number, true, &count, err);
    tsr_block_free(file->context, text, (size_t)length);
    if (status != TSR_OK) {
        file->items.count = items;
        file->pieces.count = pieces;
        return tsr_io_blame(status, m->name, err);
    }
    entry->first = items;
    entry->count = count;
    return TSR_OK;
}

tsr_status tsr_npz_save(const tsr_saving *s, tsr_error *err) {
    tsr_zip_writer writer;
    tsr_zip_start(&writer, s->context, s->sink);
    writer.deflate = s->options->compressed;
    writer.alignment =
        writer.deflate ? 0 : 64; /* so that arrays are aligned where they are mapped */
    tsr_status status = TSR_OK;
    for (int64_t i = 0; i < s->count && status == TSR_OK; i++) {
        char head[TSR_NPY_HEADER];
        bool columns;
        size_t n = strlen(s->arrays[i].name);
        char *name = tsr_arena_take(&writer.arena, n + 5, err);
        if (name == NULL) {
            status = TSR_EMEMORY;
            break;
        }
        memcpy(name, s->arrays[i].name, n);
        if (!tsr_zip_good_name(name, n)) {
            status = tsr_error_set(err, TSR_EVALUE, "\"%s\" cannot be a name in an archive",
                                   s->arrays[i].name);
            break;
        }
        memcpy(name + n, ".npy", 5);
        int64_t length = tsr_npy_header(s->arrays[i].array, &columns, head);
        status = tsr_zip_add(&writer, name, head, length, s->arrays[i].array, columns, err);
    }
    if (status == TSR_OK)
        status = tsr_zip_finish(&writer, err);
    tsr_zip_free(&writer);
    return status;
}
