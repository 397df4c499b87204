/* Zip archives: the directory, the bytes of members, and writing. */
#ifndef TSR_ZIP_H
#define TSR_ZIP_H

#include "arena.h"
#include "crc.h"
#include "source.h"
#include "zlib.h"

typedef struct tsr_member {
    const char *name;
    int64_t header; /* where its local header begins */
    int64_t limit;  /* where the next thing in the file begins */
    int64_t data;   /* where its bytes begin; 0 before the local header was read */
    int64_t packed, bytes;
    uint32_t crc;
    bool deflated, descriptor; /* sizes come behind the data too */
} tsr_member;

typedef struct tsr_zip {
    tsr_list members; /* in the order of the directory */
    int64_t *by_name; /* their numbers, sorted; in the arena */
    tsr_crc crc;
    tsr_zlib zlib;
} tsr_zip;

/* Reads the directory, and checks it: names, sizes, that nothing overlaps. Names and order are kept
 * in the arena. The zip must be closed also when this fails. */
tsr_status tsr_zip_open(const tsr_source *source, tsr_arena *arena, tsr_zip *zip, tsr_error *err);
void tsr_zip_close(tsr_zip *zip);
/* The number of the member of that name, -1 when there is none. */
int64_t tsr_zip_find(const tsr_zip *zip, const char *name);
/* Reads the member's local header, once: member->data is right from then on. */
tsr_status tsr_zip_begin(const tsr_source *source, tsr_member *member, tsr_error *err);
/* Reads the bytes of a member behind the first `skip`. When they reach to its end, the check sum is
 * compared, and that there is no more. */
tsr_status tsr_zip_read(const tsr_source *source, tsr_zip *zip, int64_t member, int64_t skip,
                        void *to, int64_t bytes, tsr_error *err);

/* Whether the first `n` bytes of `name` are a relative path that stays below where it starts, in
 * UTF-8. */
bool tsr_zip_good_name(const char *name, size_t n);

/* ---- writing ---- */

struct tsr_sink;

typedef struct tsr_zip_writer {
    tsr_context *context;
    struct tsr_sink *sink;
    tsr_list members;
    tsr_arena arena;
    tsr_crc crc;
    tsr_zlib zlib;
    int64_t alignment; /* of the data of members; 0: none. A power of two, at most 64 */
    bool deflate;
} tsr_zip_writer;

void tsr_zip_start(tsr_zip_writer *writer, tsr_context *context, struct tsr_sink *sink);
/* Writes a member: some bytes, then the elements of an array (NULL: none). */
tsr_status tsr_zip_add(tsr_zip_writer *writer, const char *name, const void *head, int64_t bytes,
                       const tsr_array *array, bool columns, tsr_error *err);
/* Writes the directory. */
tsr_status tsr_zip_finish(tsr_zip_writer *writer, tsr_error *err);
void tsr_zip_free(tsr_zip_writer *writer);

#endif
