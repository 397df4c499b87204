/* Writing files.
 *
 * A file appears whole or not at all: the bytes go to a temporary file in the same directory, which
 * is flushed to the disk and then renamed to where it belongs. So a file that is mapped while it is
 * saved over keeps its old contents for those who look at it, and a failure (a full disk, an array
 * that cannot be written) leaves the old file as it was. What is already there is replaced with its
 * permissions; behind a symbolic link, the file that it points to.
 *
 * Small writes are gathered, large ones go out as they are. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "sink.h"
#include "source.h"

#include "../array/array.h"
#include "../base/context.h"
#include "../base/executor.h"
#include "../base/system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(TSR_SINK_PATH >= PATH_MAX, "realpath writes that many bytes");

enum { PIECE = 4 << 20, TRIES = 100 };

/* "DIRECTORY/.NAME.tmp-" and letters: a name that nobody else uses, by a number that changes. */
static bool temporary_name(const char *path, uint64_t number, char *out) {
    static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    size_t before = (size_t)(name - path), n = strlen(name);
    n = n < 200 ? n : 200; /* names have at most 255 bytes */
    if (before + n + 16 > TSR_SINK_PATH)
        return false;
    memcpy(out, path, before);
    out[before] = '.';
    memcpy(out + before + 1, name, n);
    memcpy(out + before + 1 + n, ".tmp-", 5);
    char *tail = out + before + 1 + n + 5;
    for (int i = 0; i < 8; i++, number >>= 5)
        tail[i] = letters[number & 31];
    tail[8] = '\0';
    return true;
}

static tsr_status open_path(tsr_sink *sink, const char *name, tsr_error *err) {
    char *path = sink->paths, *temporary = sink->paths + TSR_SINK_PATH;
    struct stat about;
    bool there = stat(name, &about) == 0;
    if (there && !S_ISREG(about.st_mode))
        return tsr_error_set(err, TSR_EIO, "is no regular file");
    if (there && realpath(name, path) == NULL)
        return tsr_io_failure("cannot find where it is", err);
    if (!there) {
        if (strlen(name) >= TSR_SINK_PATH)
            return tsr_error_set(err, TSR_EIO, "cannot write it: the name is too long");
        memcpy(path, name, strlen(name) + 1);
    }
    if (*path == '\0' || path[strlen(path) - 1] == '/')
        return tsr_error_set(err, TSR_EIO, "cannot write it: it is no name of a file");
    uint64_t number = (uint64_t)tsr_system_nanoseconds() ^ (uint64_t)getpid() << 32;
    for (int i = 0; i < TRIES && sink->file < 0; i++, number = number * 6364136223846793005u + 1) {
        if (!temporary_name(path, number >> 20, temporary))
            return tsr_error_set(err, TSR_EIO, "cannot write it: the name is too long");
        sink->file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666);
        if (sink->file < 0 && errno != EEXIST)
            break;
    }
    if (sink->file < 0)
        return tsr_io_failure("cannot write it", err);
    if (there)
        (void)!fchmod(sink->file, about.st_mode & 07777); /* as good as it goes */
    return TSR_OK;
}

tsr_status tsr_sink_open(tsr_context *context, const char *name, const tsr_opener *opener,
                         tsr_sink **out, tsr_error *err) {
    *out = NULL;
    if (tsr_estimating(context))
        return tsr_error_set(err, TSR_EUNSUPPORTED, "an estimate writes no files");
    tsr_sink *sink = tsr_block_new(context, sizeof *sink, false, err);
    if (sink == NULL)
        return TSR_EMEMORY;
    sink->context = context;
    sink->file = -1;
    sink->writer = (tsr_writer){0};
    sink->written = 0;
    sink->held = 0;
    sink->paths = NULL;
    tsr_status status = TSR_OK;
    if (opener != NULL) {
        if (opener->write == NULL || !opener->write(opener->user, name, &sink->writer) ||
            sink->writer.write == NULL)
            status = tsr_error_set(err, TSR_EIO, "the host does not open it for writing");
    } else {
        sink->paths = tsr_block_new(context, 2 * TSR_SINK_PATH, false, err);
        status = sink->paths != NULL ? open_path(sink, name, err) : TSR_EMEMORY;
    }
    if (status == TSR_OK) {
        *out = sink;
        return TSR_OK;
    }
    tsr_block_free(context, sink->paths, 2 * TSR_SINK_PATH);
    tsr_block_free(context, sink, sizeof *sink);
    return status;
}

static tsr_status put(tsr_sink *sink, const char *data, int64_t bytes, tsr_error *err) {
    while (bytes > 0) {
        tsr_status status = tsr_interrupted(sink->context);
        if (status != TSR_OK)
            return tsr_error_set(err, status, "writing was stopped");
        int64_t piece = bytes < PIECE ? bytes : PIECE;
        if (sink->file < 0) {
            if (!sink->writer.write(sink->writer.user, data, (size_t)piece))
                return tsr_error_set(err, TSR_EIO, "the host could not write %d bytes", piece);
        } else {
            ssize_t n = write(sink->file, data, (size_t)piece);
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return tsr_io_failure("cannot write it", err);
            piece = n;
        }
        data += piece;
        bytes -= piece;
    }
    return TSR_OK;
}

static tsr_status flush(tsr_sink *sink, tsr_error *err) {
    tsr_status status = put(sink, sink->room, (int64_t)sink->held, err);
    sink->held = 0;
    return status;
}

tsr_status tsr_sink_write(tsr_sink *sink, const void *data, int64_t bytes, tsr_error *err) {
    sink->written += bytes;
    if ((size_t)bytes > sizeof sink->room - sink->held) {
        tsr_status status = flush(sink, err);
        if (status != TSR_OK)
            return status;
        if ((size_t)bytes > sizeof sink->room / 2)
            return put(sink, data, bytes, err);
    }
    if (bytes > 0)
        memcpy(sink->room + sink->held, data, (size_t)bytes);
    sink->held += (size_t)bytes;
    return TSR_OK;
}

tsr_status tsr_sink_align(tsr_sink *sink, int64_t alignment, tsr_error *err) {
    static const char zeros[64] = {0};
    int64_t rest = -sink->written & (alignment - 1);
    return tsr_sink_write(sink, zeros, rest, err);
}

tsr_status tsr_sink_close(tsr_sink *sink, tsr_status status, tsr_error *err) {
    if (status == TSR_OK)
        status = flush(sink, err);
    if (sink->file < 0) {
        tsr_writer *w = &sink->writer;
        if (w->close != NULL && !w->close(w->user, status == TSR_OK) && status == TSR_OK)
            status = tsr_error_set(err, TSR_EIO, "the host could not keep it");
    } else {
        const char *path = sink->paths, *temporary = sink->paths + TSR_SINK_PATH;
        if (status == TSR_OK && fsync(sink->file) != 0 && errno != EINVAL)
            status = tsr_io_failure("cannot write it", err);
        if (close(sink->file) != 0 && status == TSR_OK)
            status = tsr_io_failure("cannot write it", err);
        if (status == TSR_OK && rename(temporary, path) != 0)
            status = tsr_io_failure("cannot put it in its place", err);
        if (status != TSR_OK)
            unlink(temporary);
        tsr_block_free(sink->context, sink->paths, 2 * TSR_SINK_PATH);
    }
    tsr_block_free(sink->context, sink, sizeof *sink);
    return status;
}

/* ---- arrays ---- */

/* Visits a whole array that has no gaps. */
static tsr_status visit_block(const tsr_array *array,
                              tsr_status (*visit)(void *user, const void *data, int64_t bytes,
                                                  tsr_error *err),
                              void *user, tsr_error *err) {
    tsr_status status = tsr_storage_enter(array->storage, TSR_READ, err);
    if (status != TSR_OK)
        return status;
    if (array->size > 0)
        status = visit(user, tsr_data_of(array), array->size * array->itemsize, err);
    tsr_storage_leave(array->storage);
    return status;
}

tsr_status tsr_array_pieces(tsr_context *context, const tsr_array *array, bool columns,
                            tsr_status (*visit)(void *user, const void *data, int64_t bytes,
                                                tsr_error *err),
                            void *user, tsr_error *err) {
    tsr_status status = tsr_array_usable(array, false, err);
    if (status != TSR_OK)
        return status;
    if (columns ? tsr_array_is_fortran_contiguous(array) : tsr_array_is_contiguous(array))
        return visit_block(array, visit, user, err);
    /* Copies of slices of the slowest dimension, each some hundred KiB. */
    int dim = columns ? array->ndim - 1 : 0;
    int64_t slices = tsr_shape_of(array)[dim], bytes = array->size / slices * array->itemsize;
    int64_t most = bytes >= PIECE / 8 ? 1 : PIECE / 8 / bytes;
    for (int64_t at = 0; at < slices && status == TSR_OK; at += most) {
        tsr_array *slice = NULL, *copy = NULL;
        int64_t n = slices - at < most ? slices - at : most;
        status = tsr_view_narrow(array, dim, at, n, 1, &slice, err);
        if (status == TSR_OK)
            status = tsr_clone(context, slice, (tsr_dtype)array->dtype,
                               columns ? TSR_ORDER_F : TSR_ORDER_C, &copy, err);
        if (status == TSR_OK)
            status = visit_block(copy, visit, user, err);
        tsr_array_release(copy);
        tsr_array_release(slice);
    }
    return status;
}

static tsr_status write_piece(void *user, const void *data, int64_t bytes, tsr_error *err) {
    return tsr_sink_write(user, data, bytes, err);
}

tsr_status tsr_sink_array(tsr_sink *sink, const tsr_array *array, bool columns, tsr_error *err) {
    return tsr_array_pieces(sink->context, array, columns, write_piece, sink, err);
}
