/* An opened file, as all formats describe it.
 *
 *   entry    what has a name in the file: an array, or the several fields of a structured one
 *   item     one array: dtype, sizes, strides, and the place of its first element in a piece
 *   piece    a run of bytes that is read or mapped as a whole: the data of an .npy file, a
 *            member of an archive, a tensor of a safetensors file, a storage of a .pt file
 *
 * Opening fills the lists from what the file says of itself, checked; the bytes of a piece are only
 * touched when an array is asked for. */
#ifndef TSR_FILE_H
#define TSR_FILE_H

#include "arena.h"
#include "source.h"
#include "zip.h"

typedef struct tsr_piece {
    int64_t offset, bytes; /* in the file; of a member: behind its first `offset` bytes */
    int64_t member;        /* of the archive; -1: the file itself */
    int64_t first, users;  /* items that lie in it: how many, and the first one */
    int unit;              /* of that many bytes each is in foreign order; 0: none is */
    tsr_storage *storage;  /* kept when mapped, and for several users */
} tsr_piece;

typedef struct tsr_item {
    const char *name;    /* of a field; "" for arrays that have none */
    const char *stored;  /* the file's name of the dtype */
    const char *why;     /* there is no such dtype here, for that reason; NULL: there is */
    const int64_t *dims; /* ndim sizes, then ndim strides in bytes */
    int64_t offset;      /* of the first element in the piece */
    int64_t piece;
    tsr_dtype dtype;
    int ndim;
    int unit; /* as in the piece, of this field alone */
} tsr_item;

typedef struct tsr_entry {
    const char *name;
    int64_t first, count; /* items; count -1: of member `first`, whose header was not read yet */
} tsr_entry;

struct tsr_file {
    tsr_context *context;
    tsr_source source;
    tsr_format format;
    tsr_mapping mapping;
    bool bfloat16, raw, closed;
    tsr_arena arena;
    tsr_zip zip;
    tsr_list entries, items, pieces;
    tsr_list metadata;      /* const char *: keys and values in turn */
    tsr_list values, cells; /* of a .pt file: pickle.h */
    int64_t *order;         /* the entries sorted by name */
    /* of a .pt file */
    const char *archive; /* its name inside */
    int64_t *piece_of;   /* of each member: the number of its piece, or -1 */
    int64_t root;        /* the value that was saved */
    bool big_endian;
};

static inline tsr_item *tsr_file_item_at(const tsr_file *file, int64_t item) {
    return &TSR_AT(file->items, tsr_item, item);
}

static inline tsr_piece *tsr_file_piece_at(const tsr_file *file, int64_t piece) {
    return &TSR_AT(file->pieces, tsr_piece, piece);
}

/* What the formats add. Each returns NULL, or the status, after writing `err`. */
tsr_entry *tsr_file_add_entry(tsr_file *file, const char *name, tsr_error *err);
tsr_item *tsr_file_add_item(tsr_file *file, int64_t piece, tsr_error *err);
tsr_piece *tsr_file_add_piece(tsr_file *file, int64_t offset, int64_t bytes, int64_t member,
                              tsr_error *err);

/* Reads the headers of a file of that format; adds entries, items and pieces. */
tsr_status tsr_npy_open(tsr_file *file, tsr_error *err);
tsr_status tsr_npz_open(tsr_file *file, tsr_error *err);
tsr_status tsr_safetensors_open(tsr_file *file, tsr_error *err);
tsr_status tsr_pt_open(tsr_file *file, tsr_error *err);
/* Reads the header of an .npz member that was only named so far. */
tsr_status tsr_npz_look(tsr_file *file, tsr_entry *entry, tsr_error *err);

/* Writes all arrays. */
typedef struct tsr_saving {
    tsr_context *context;
    struct tsr_sink *sink;
    int64_t count;
    const tsr_named *arrays;
    const tsr_save_options *options;
} tsr_saving;

tsr_status tsr_npy_save(const tsr_saving *saving, tsr_error *err);
tsr_status tsr_npz_save(const tsr_saving *saving, tsr_error *err);
tsr_status tsr_safetensors_save(const tsr_saving *saving, tsr_error *err);
tsr_status tsr_pt_save(const tsr_saving *saving, tsr_error *err);

#endif
