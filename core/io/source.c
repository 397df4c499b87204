/* Reading files.
 *
 * A path is opened without waiting (it might be a pipe), must be a regular file, and is not passed
 * on to programs that the host starts. It is read with pread, in pieces, so that a cancelled read
 * stops soon. A range is mapped from the page that it begins in; the size of the file is looked at
 * again once the mapping stands, since what lies behind the end of a file cannot be touched.
 * Somebody who makes the file shorter later than that still breaks the mapping: who fears it reads
 * instead. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "source.h"

#include "../base/context.h"
#include "../base/executor.h"
#include "../base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of what is read in one go, for large reads: more where a byte takes less than a nanosecond, so
 * that a cancelled read stops within some milliseconds all the same. */
enum { PIECE = 4 << 20, LARGE_PIECE = 16 << 20 };
enum { NAME_SHOWN = 200 };

tsr_status tsr_io_blame(tsr_status status, const char *name, tsr_error *err) {
    if (status == TSR_OK || err == NULL)
        return status;
    char message[sizeof err->message];
    memcpy(message, err->message, sizeof message);
    size_t n = strlen(name);
    bool cut = n > NAME_SHOWN;
    return tsr_error_set(err, status, "%s%s: %s", cut ? "..." : "",
                         cut ? name + n - NAME_SHOWN : name, message);
}

/* What errno says, in English whatever the locale is. */
static const char *reason(int number) {
    static const struct {
        int number;
        const char *text;
    } reasons[] = {{ENOENT, "no such file or directory"},
                   {EACCES, "permission denied"},
                   {EPERM, "not permitted"},
                   {EISDIR, "it is a directory"},
                   {ENOTDIR, "part of the path is no directory"},
                   {ENAMETOOLONG, "the name is too long"},
                   {ELOOP, "too many symbolic links"},
                   {EMFILE, "too many open files"},
                   {ENFILE, "too many open files in the system"},
                   {ENOSPC, "no space left on the device"},
                   {EDQUOT, "the disk quota is used up"},
                   {EFBIG, "the file would be too large"},
                   {EROFS, "the file system is read-only"},
                   {ENOMEM, "no memory"},
                   {EIO, "the device failed"}};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].number == number)
            return reasons[i].text;
    return NULL;
}

tsr_status tsr_io_failure(const char *what, tsr_error *err) {
    int number = errno;
    const char *text = reason(number);
    return text != NULL ? tsr_error_set(err, TSR_EIO, "%s: %s", what, text)
                        : tsr_error_set(err, TSR_EIO, "%s: error %d", what, (int64_t)number);
}

static tsr_status open_path(const char *name, tsr_mapping mapping, tsr_source *out,
                            tsr_error *err) {
    int flags = (mapping == TSR_MAP_SHARED ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int file = open(name, flags);
    if (file < 0)
        return tsr_io_failure("cannot open it", err);
    struct stat about;
    tsr_status status = TSR_OK;
    if (fstat(file, &about) != 0)
        status = tsr_io_failure("cannot look at it", err);
    else if (!S_ISREG(about.st_mode))
        status = tsr_error_set(err, TSR_EIO, "is no regular file");
    if (status != TSR_OK) {
        close(file);
        return status;
    }
    out->file = file;
    out->size = about.st_size;
    return TSR_OK;
}

tsr_status tsr_source_open(tsr_context *context, const char *name, const tsr_opener *opener,
                           tsr_mapping mapping, tsr_source *out, tsr_error *err) {
    *out = (tsr_source){.context = context, .name = name, .file = -1};
    if (opener == NULL)
        return open_path(name, mapping, out, err);
    if (mapping != TSR_MAP_NONE)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "files of the host cannot be mapped");
    tsr_reader reader = {0};
    if (opener->read == NULL || !opener->read(opener->user, name, &reader))
        return tsr_error_set(err, TSR_EIO, "the host does not open it");
    out->reader = reader;
    out->size = reader.size;
    if (reader.size >= 0 && reader.read_at != NULL)
        return TSR_OK;
    tsr_source_close(out);
    return tsr_error_set(err, TSR_EIO, "the host's reader has no size or no function");
}

void tsr_source_close(tsr_source *source) {
    if (source->file >= 0)
        close(source->file);
    else if (source->reader.close != NULL)
        source->reader.close(source->reader.user);
    source->file = -1;
    source->reader = (tsr_reader){0};
}

static tsr_status read_piece(const tsr_source *source, int64_t offset, char *to, int64_t bytes,
                             tsr_error *err) {
    while (bytes > 0) {
        ssize_t n = pread(source->file, to, (size_t)bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tsr_io_failure("cannot read it", err);
        if (n == 0)
            return tsr_error_set(err, TSR_EIO, "it ended at byte %d while it was read", offset);
        to += n;
        offset += n;
        bytes -= n;
    }
    return TSR_OK;
}

tsr_status tsr_source_read(const tsr_source *source, int64_t offset, void *to, int64_t bytes,
                           tsr_error *err) {
    int64_t most = PIECE;
    for (int64_t at = 0; at < bytes;) {
        int64_t piece = bytes - at < most ? bytes - at : most;
        int64_t start = bytes > PIECE ? tsr_system_nanoseconds() : 0;
        tsr_status status = tsr_interrupted(source->context);
        if (status != TSR_OK)
            return tsr_error_set(err, status, "reading was stopped");
        if (source->file >= 0)
            status = read_piece(source, offset + at, (char *)to + at, piece, err);
        else if (source->reader.read_at == NULL ||
                 !source->reader.read_at(source->reader.user, offset + at, (char *)to + at,
                                         (size_t)piece))
            status = tsr_error_set(err, TSR_EIO, "the host could not read %d bytes at byte %d",
                                   piece, offset + at);
        if (status != TSR_OK)
            return status;
        at += piece;
        if (at < bytes)
            most = tsr_system_nanoseconds() - start < piece ? LARGE_PIECE : PIECE;
    }
    return TSR_OK;
}

/* ---- mapping ---- */

typedef struct region {
    tsr_context *context;
    void *start;
    size_t bytes;
} region;

static void unmap(void *user, void *data) {
    (void)data;
    region *r = user;
    munmap(r->start, r->bytes);
    tsr_block_free(r->context, r, sizeof *r);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static tsr_status map_region(const tsr_source *source, tsr_mapping mapping, int64_t offset,
                             int64_t bytes, region *r, tsr_error *err) {
    int64_t page = sysconf(_SC_PAGESIZE), before = offset % page;
    int protection = mapping == TSR_MAP_READ ? PROT_READ : PROT_READ | PROT_WRITE;
    r->bytes = (size_t)(bytes + before);
    r->start =
        mmap(NULL, r->bytes, protection, mapping == TSR_MAP_SHARED ? MAP_SHARED : MAP_PRIVATE,
             source->file, (off_t)(offset - before));
    if (r->start == MAP_FAILED)
        return tsr_io_failure("cannot map it", err);
    struct stat about;
    if (fstat(source->file, &about) == 0 && about.st_size >= offset + bytes)
        return TSR_OK;
    munmap(r->start, r->bytes);
    return tsr_error_set(err, TSR_EIO, "it became shorter while it was mapped");
}

tsr_status tsr_source_map(const tsr_source *source, tsr_mapping mapping, int64_t offset,
                          int64_t bytes, tsr_storage **out, tsr_error *err) {
    *out = NULL;
    if (source->file < 0)
        return tsr_error_set(err, TSR_EUNSUPPORTED, "files of the host cannot be mapped");
    tsr_buffer buffer = {.struct_size = sizeof buffer,
                         .bytes = (size_t)bytes,
                         .kind = TSR_MAPPED,
                         .rights = mapping == TSR_MAP_READ ? TSR_READ : TSR_READ | TSR_WRITE,
                         .label = base_name(source->name)};
    if (bytes == 0) /* nothing to map */
        return tsr_storage_wrap(source->context, &buffer, out, err);
    region *r = tsr_block_new(source->context, sizeof *r, false, err);
    if (r == NULL)
        return TSR_EMEMORY;
    r->context = source->context;
    tsr_status status = map_region(source, mapping, offset, bytes, r, err);
    if (status != TSR_OK) {
        tsr_block_free(source->context, r, sizeof *r);
        return status;
    }
    buffer.data = (char *)r->start + (r->bytes - (size_t)bytes);
    buffer.release = unmap;
    buffer.user = r;
    status = tsr_storage_wrap(source->context, &buffer, out, err);
    if (status != TSR_OK)
        unmap(r, NULL);
    return status;
}
