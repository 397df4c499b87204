/* Reading zip archives.
 *
 *   local header, data    ...    local header, data    directory    [ZIP64 end, its locator]    end
 *
 * The directory at the end is what counts. It is read whole (the file really has that many bytes),
 * and refused when members overlap, share a name, have names that lead somewhere else, are
 * encrypted, or claim sizes that deflate cannot reach. A member's local header is looked at when
 * its data is wanted: its own lengths of name and extra fields say where the data begins, and what
 * it says of the member must be what the directory says.
 *
 * Deflated data goes straight to where it is wanted, through a window of the packed bytes. The
 * check sum is taken on the way, piece by piece, while the bytes are in the cache. */
#include "zip.h"
#include "text.h"

#include "../base/checked.h"
#include "../base/context.h"
#include "../base/executor.h"

#include <string.h>

enum {
    END = 22,
    LOCATOR = 20,
    END64 = 56,
    RECORD = 46,
    LOCAL = 30,
    MAX_MEMBERS = 1 << 20,
    MAX_DIRECTORY = 256 << 20,
    RATIO = 1032, /* the most that deflate can do */
    PIECE = 256 << 10,
};

static int64_t u16(const unsigned char *at) {
    return at[0] | at[1] << 8;
}

static int64_t u32(const unsigned char *at) {
    return u16(at) | u16(at + 2) << 16;
}

/* Negative when it is too large to be true. */
static int64_t u64(const unsigned char *at) {
    return (int64_t)((uint64_t)u32(at) | (uint64_t)u32(at + 4) << 32);
}

static bool is(const unsigned char *at, const char *signature) {
    return memcmp(at, signature, 4) == 0;
}

/* ---- the end ---- */

typedef struct directory {
    int64_t offset, bytes, count, limit; /* limit: where the directory must end */
} directory;

static tsr_status read_end64(const tsr_source *source, int64_t end, directory *d, tsr_error *err) {
    unsigned char text[END64];
    if (end < LOCATOR + END64)
        return tsr_error_set(err, TSR_EIO, "zip: the ZIP64 end is missing");
    tsr_status status = tsr_source_read(source, end - LOCATOR, text, LOCATOR, err);
    if (status != TSR_OK)
        return status;
    int64_t at = u64(text + 8);
    if (!is(text, "PK\6\7") || u32(text + 4) != 0 || u32(text + 16) > 1 || at < 0 ||
        at > end - LOCATOR - END64)
        return tsr_error_set(err, TSR_EIO, "zip: the ZIP64 locator is broken");
    status = tsr_source_read(source, at, text, END64, err);
    if (status != TSR_OK)
        return status;
    if (!is(text, "PK\6\6") || u64(text + 4) != end - LOCATOR - at - 12 || u32(text + 16) != 0 ||
        u32(text + 20) != 0 || u64(text + 24) != u64(text + 32))
        return tsr_error_set(err, TSR_EIO, "zip: the ZIP64 end is broken");
    const directory narrow = *d; /* what fits 32 bits stands there too */
    *d = (directory){u64(text + 48), u64(text + 40), u64(text + 32), at};
    if ((narrow.offset != 0xFFFFFFFF && narrow.offset != d->offset) ||
        (narrow.bytes != 0xFFFFFFFF && narrow.bytes != d->bytes) ||
        (narrow.count != 0xFFFF && narrow.count != d->count))
        return tsr_error_set(err, TSR_EIO, "zip: the two ends contradict each other");
    return TSR_OK;
}

/* The end is searched backwards, since a comment of any length may follow it. */
static tsr_status read_end(const tsr_source *source, directory *d, tsr_error *err) {
    int64_t room = source->size < END + 65535 ? source->size : END + 65535;
    unsigned char *text = tsr_block_new(source->context, (size_t)room, false, err);
    if (text == NULL)
        return TSR_EMEMORY;
    tsr_status status = tsr_source_read(source, source->size - room, text, room, err);
    int64_t at = room - END;
    while (status == TSR_OK && at >= 0 &&
           !(is(text + at, "PK\5\6") && u16(text + at + 20) == room - at - END))
        at--;
    const unsigned char *end = text + at;
    if (status == TSR_OK && at < 0) {
        status = tsr_error_set(err, TSR_EIO, "zip: there is no end of an archive");
    } else if (status == TSR_OK) {
        *d = (directory){u32(end + 16), u32(end + 12), u16(end + 10), source->size - room + at};
        bool wide = d->offset == 0xFFFFFFFF || d->bytes == 0xFFFFFFFF || d->count == 0xFFFF;
        if (wide || (at >= LOCATOR && is(end - LOCATOR, "PK\6\7")))
            status = read_end64(source, d->limit, d, err);
        else if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != d->count)
            status = tsr_error_set(err, TSR_EUNSUPPORTED, "zip: a part of a split archive");
    }
    tsr_block_free(source->context, text, (size_t)room);
    if (status != TSR_OK)
        return status;
    if (d->count < 0 || d->count > MAX_MEMBERS || d->bytes < 0 || d->bytes > MAX_DIRECTORY)
        return tsr_error_set(err, TSR_ELIMIT, "zip: a directory of %d members in %d bytes",
                             d->count, d->bytes);
    if (d->offset < 0 || d->bytes > d->limit || d->offset != d->limit - d->bytes ||
        d->bytes < d->count * RECORD)
        return tsr_error_set(err, TSR_EIO, "zip: the directory is not where its end says");
    return TSR_OK;
}

/* ---- the directory ---- */

static bool is_slash(char c) {
    return c == '/' || c == '\\';
}

bool tsr_zip_good_name(const char *name, size_t n) {
    bool drive = n > 2 && name[1] == ':' && is_slash(name[2]);
    if (n == 0 || is_slash(*name) || drive)
        return false;
    for (size_t i = 0, length; i < n; i += length)
        if (name[i] == '\0' ||
            (length = tsr_utf8_length((const unsigned char *)name + i, n - i)) == 0)
            return false;
    for (size_t i = 0; i < n; i++) {
        bool starts = i == 0 || is_slash(name[i - 1]);
        if (starts && i + 1 < n && name[i] == '.' && name[i + 1] == '.' &&
            (i + 2 == n || is_slash(name[i + 2])))
            return false;
    }
    return true;
}

/* Sizes and offset that did not fit their 32 bits stand in the ZIP64 extra field, in this order. */
static bool read_extra64(const unsigned char *extra, int64_t n, tsr_member *m) {
    int64_t *wanted[] = {&m->bytes, &m->packed, &m->header};
    bool missing = false;
    for (int i = 0; i < 3; i++)
        missing |= *wanted[i] == 0xFFFFFFFF;
    while (missing && n >= 4) {
        int64_t length = u16(extra + 2);
        if (length > n - 4)
            return false;
        if (u16(extra) != 1) {
            extra += 4 + length;
            n -= 4 + length;
            continue;
        }
        extra += 4;
        for (int i = 0; i < 3; i++) {
            if (*wanted[i] != 0xFFFFFFFF)
                continue;
            if (length < 8)
                return false;
            *wanted[i] = u64(extra);
            extra += 8;
            length -= 8;
        }
        missing = false;
    }
    return !missing && m->bytes >= 0 && m->packed >= 0 && m->header >= 0;
}

/* One record at `at`, of which `left` bytes are there; *length is what it takes. */
static tsr_status read_record(const unsigned char *at, int64_t left, tsr_arena *arena,
                              tsr_member *m, int64_t *length, tsr_error *err) {
    int64_t name = left >= RECORD ? u16(at + 28) : 0, extra = left >= RECORD ? u16(at + 30) : 0;
    *length = left >= RECORD ? RECORD + name + extra + u16(at + 32) : RECORD;
    if (*length > left || !is(at, "PK\1\2"))
        return tsr_error_set(err, TSR_EIO, "zip: a record of the directory is broken");
    if (!tsr_zip_good_name((const char *)at + RECORD, (size_t)name))
        return tsr_error_set(err, TSR_EIO,
                             "zip: a member with a name that is empty, absolute, no "
                             "UTF-8, or contains \"..\"");
    m->name = tsr_arena_text(arena, (const char *)at + RECORD, (size_t)name, err);
    if (m->name == NULL)
        return TSR_EMEMORY;
    int64_t flags = u16(at + 8), method = u16(at + 10);
    m->crc = (uint32_t)u32(at + 16);
    m->packed = u32(at + 20);
    m->bytes = u32(at + 24);
    m->header = u32(at + 42);
    m->deflated = method == 8;
    m->descriptor = (flags & 8) != 0;
    if ((flags & 1) != 0 || (flags & 0x2040) != 0)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "zip: member \"%s\" is encrypted", m->name);
    if (u16(at + 34) != 0)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "zip: a part of a split archive");
    if (method != 0 && method != 8)
        return tsr_error_set(err, TSR_EUNSUPPORTED,
                             "zip: member \"%s\" is compressed by method %d, only deflate is known",
                             m->name, method);
    if (!read_extra64(at + RECORD + name, extra, m))
        return tsr_error_set(err, TSR_EIO, "zip: the ZIP64 sizes of member \"%s\" are broken",
                             m->name);
    if (!m->deflated && m->packed != m->bytes)
        return tsr_error_set(err, TSR_EIO, "zip: member \"%s\" is stored in %d bytes, but has %d",
                             m->name, m->packed, m->bytes);
    if (m->deflated && m->bytes / RATIO > m->packed)
        return tsr_error_set(err, TSR_EIO, "zip: member \"%s\" cannot be %d bytes out of %d",
                             m->name, m->bytes, m->packed);
    return TSR_OK;
}

static bool by_place(const void *user, int64_t a, int64_t b) {
    const tsr_member *m = user;
    return m[a].header != m[b].header ? m[a].header < m[b].header : a < b;
}

static bool by_name(const void *user, int64_t a, int64_t b) {
    const tsr_member *m = user;
    return strcmp(m[a].name, m[b].name) < 0;
}

/* No two members share a byte or a name. */
static tsr_status check_members(tsr_zip *zip, int64_t end, tsr_error *err) {
    int64_t count = zip->members.count, *order = zip->by_name;
    tsr_member *members = (tsr_member *)(void *)zip->members.data;
    tsr_sort(count, order, by_place, members);
    for (int64_t i = 0; i < count; i++) {
        tsr_member *m = &members[order[i]];
        m->limit = i + 1 < count ? members[order[i + 1]].header : end;
        int64_t least = LOCAL + (int64_t)strlen(m->name);
        if (m->header > m->limit || m->packed > m->limit - m->header - least)
            return tsr_error_set(err, TSR_EIO, "zip: member \"%s\" overlaps what follows it",
                                 m->name);
    }
    tsr_sort(count, order, by_name, members);
    for (int64_t i = 1; i < count; i++)
        if (strcmp(members[order[i - 1]].name, members[order[i]].name) == 0)
            return tsr_error_set(err, TSR_EIO, "zip: two members are called \"%s\"",
                                 members[order[i]].name);
    return TSR_OK;
}

tsr_status tsr_zip_open(const tsr_source *source, tsr_arena *arena, tsr_zip *zip, tsr_error *err) {
    zip->members = (tsr_list){.context = source->context, .item = sizeof(tsr_member)};
    tsr_crc_start(&zip->crc, source->context);
    directory d = {0};
    tsr_status status = read_end(source, &d, err);
    if (status != TSR_OK)
        return status;
    unsigned char *text = tsr_block_new(source->context, (size_t)d.bytes, false, err);
    if (text == NULL)
        return TSR_EMEMORY;
    status = tsr_source_read(source, d.offset, text, d.bytes, err);
    int64_t at = 0, length;
    for (int64_t i = 0; i < d.count && status == TSR_OK; i++, at += length) {
        tsr_member *m = tsr_list_add(&zip->members, err);
        status =
            m == NULL ? TSR_EMEMORY : read_record(text + at, d.bytes - at, arena, m, &length, err);
    }
    if (status == TSR_OK && at != d.bytes)
        status = tsr_error_set(err, TSR_EIO, "zip: the directory has more than its members");
    tsr_block_free(source->context, text, (size_t)d.bytes);
    if (status != TSR_OK)
        return status;
    zip->by_name = tsr_arena_take(arena, (size_t)d.count * sizeof(int64_t), err);
    return zip->by_name == NULL ? TSR_EMEMORY : check_members(zip, d.offset, err);
}

void tsr_zip_close(tsr_zip *zip) {
    tsr_zlib_close(&zip->zlib);
    if (zip->members.context != NULL)
        tsr_list_free(&zip->members);
}

int64_t tsr_zip_find(const tsr_zip *zip, const char *name) {
    int64_t low = 0, high = zip->members.count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = strcmp(name, TSR_AT(zip->members, tsr_member, zip->by_name[middle]).name);
        if (order == 0)
            return zip->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

/* ---- members ---- */

tsr_status tsr_zip_begin(const tsr_source *source, tsr_member *m, tsr_error *err) {
    if (m->data != 0)
        return TSR_OK;
    unsigned char text[LOCAL + 256];
    int64_t n = (int64_t)strlen(m->name);
    int64_t room = LOCAL + (n < 256 ? n : 256); /* of long names, the start is compared */
    tsr_status status = tsr_source_read(source, m->header, text, room, err);
    if (status != TSR_OK)
        return status;
    int64_t name = u16(text + 26), data = m->header + LOCAL + name + u16(text + 28);
    int64_t packed = u32(text + 18), bytes = u32(text + 22);
    bool sizes = (u16(text + 6) & 8) != 0 || ((uint32_t)u32(text + 14) == m->crc &&
                                              (packed == 0xFFFFFFFF || packed == m->packed) &&
                                              (bytes == 0xFFFFFFFF || bytes == m->bytes));
    if (!is(text, "PK\3\4") || name != n ||
        memcmp(text + LOCAL, m->name, (size_t)(room - LOCAL)) != 0 ||
        (u16(text + 8) == 8) != m->deflated || (u16(text + 6) & 1) != 0 || !sizes)
        return tsr_error_set(err, TSR_EIO,
                             "zip: the header of member \"%s\" is not what the directory says",
                             m->name);
    if (data > m->limit || m->packed > m->limit - data)
        return tsr_error_set(err, TSR_EIO, "zip: member \"%s\" overlaps what follows it", m->name);
    m->data = data;
    return TSR_OK;
}

/* What is known of a member while it is read from its start. */
typedef struct reading {
    const tsr_source *source;
    const tsr_zip *zip;
    const tsr_member *member;
    int64_t position; /* packed bytes so far */
    uint32_t crc;
    char *window; /* PIECE packed bytes, and as many that are skipped */
} reading;

static tsr_status read_stored(reading *r, int64_t skip, char *to, int64_t bytes, bool check,
                              tsr_error *err) {
    tsr_status status = TSR_OK;
    for (int64_t at = check ? 0 : skip; at < skip + bytes && status == TSR_OK;) {
        int64_t left = at < skip ? skip - at : skip + bytes - at;
        int64_t n = left < PIECE ? left : PIECE;
        char *piece = at < skip ? r->window : to + (at - skip);
        status = tsr_source_read(r->source, r->member->data + at, piece, n, err);
        if (status == TSR_OK && check)
            r->crc = tsr_crc_more(&r->zip->crc, r->crc, piece, (size_t)n);
        at += n;
    }
    return status;
}

static tsr_status refill(reading *r, tsr_z_stream *z, tsr_error *err) {
    int64_t left = r->member->packed - r->position, n = left < PIECE ? left : PIECE;
    if (z->avail_in > 0 || n == 0)
        return TSR_OK;
    tsr_status status =
        tsr_source_read(r->source, r->member->data + r->position, r->window, n, err);
    r->position += n;
    z->next_in = (const unsigned char *)r->window;
    z->avail_in = (unsigned)n;
    return status;
}

/* Gives out `bytes` bytes of the stream, which must have them. */
static tsr_status inflate_some(reading *r, tsr_z_stream *z, char *to, int64_t bytes, int *code,
                               tsr_error *err) {
    while (bytes > 0) {
        int64_t n = bytes < PIECE ? bytes : PIECE;
        z->next_out = (unsigned char *)to;
        z->avail_out = (unsigned)n;
        while (z->avail_out > 0) {
            tsr_status status = refill(r, z, err);
            if (status != TSR_OK)
                return status;
            if (*code == TSR_Z_END || (z->avail_in == 0 && r->position == r->member->packed))
                return tsr_error_set(err, TSR_EIO, "zip: member \"%s\" is shorter than it claims",
                                     r->member->name);
            *code = r->zip->zlib.inflate(z, TSR_Z_NO_FLUSH);
            if (*code != TSR_Z_OK && *code != TSR_Z_END && *code != TSR_Z_BUF)
                return tsr_error_set(err, TSR_EIO,
                                     "zip: the compressed data of member \"%s\" is broken",
                                     r->member->name);
        }
        r->crc = tsr_crc_more(&r->zip->crc, r->crc, to, (size_t)n);
        to += n;
        bytes -= n;
    }
    return TSR_OK;
}

static tsr_status read_deflated(reading *r, int64_t skip, char *to, int64_t bytes, bool check,
                                tsr_error *err) {
    tsr_z_stream z;
    tsr_status status = tsr_inflate_start(&r->zip->zlib, r->source->context, &z, err);
    if (status != TSR_OK)
        return status;
    int code = TSR_Z_OK;
    for (int64_t left = skip; left > 0 && status == TSR_OK; left -= PIECE)
        status = inflate_some(r, &z, r->window + PIECE, left < PIECE ? left : PIECE, &code, err);
    if (status == TSR_OK)
        status = inflate_some(r, &z, to, bytes, &code, err);
    if (status == TSR_OK && check) { /* the end of the stream may still be to come */
        unsigned char more;
        do {
            z.next_out = &more;
            z.avail_out = 1;
            status = refill(r, &z, err);
        } while (status == TSR_OK && code == TSR_Z_OK && z.avail_in > 0 &&
                 (code = r->zip->zlib.inflate(&z, TSR_Z_NO_FLUSH)) == TSR_Z_OK && z.avail_out > 0);
        if (status == TSR_OK && (code != TSR_Z_END || z.avail_out == 0 || z.avail_in > 0 ||
                                 r->position < r->member->packed))
            status = tsr_error_set(err, TSR_EIO, "zip: member \"%s\" does not end where it should",
                                   r->member->name);
    }
    r->zip->zlib.inflate_end(&z);
    return status;
}

tsr_status tsr_zip_read(const tsr_source *source, tsr_zip *zip, int64_t number, int64_t skip,
                        void *to, int64_t bytes, tsr_error *err) {
    tsr_member *m = &TSR_AT(zip->members, tsr_member, number);
    tsr_status status = tsr_zip_begin(source, m, err);
    if (status == TSR_OK && m->deflated)
        status = tsr_zlib_open(&zip->zlib, err);
    if (status != TSR_OK)
        return status;
    bool check = skip + bytes == m->bytes;
    reading r = {.source = source, .zip = zip, .member = m};
    bool windowed = m->deflated || skip > 0;
    if (windowed) {
        r.window = tsr_block_new(source->context, 2 * PIECE, false, err);
        if (r.window == NULL)
            return TSR_EMEMORY;
    }
    status = m->deflated ? read_deflated(&r, skip, to, bytes, check, err)
                         : read_stored(&r, skip, to, bytes, check, err);
    if (windowed)
        tsr_block_free(source->context, r.window, 2 * PIECE);
    if (status == TSR_OK && check && r.crc != m->crc)
        return tsr_error_set(err, TSR_EIO, "zip: the check sum of member \"%s\" is wrong", m->name);
    return status;
}
