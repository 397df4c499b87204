/* Files in memory: a list of names and bytes. A reader looks at its own copy, as one of a file that
 * was renamed away; a writer gathers bytes, and puts them in the list when they are kept. But what
 * is written to "sparse:PATH" goes to the disk, without the zeros, so that it may be of any size.
 */
#include "memory_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct handle {
    memory_files *files;
    char *name, *data;
    size_t bytes, room;
} handle;

memory_file *memory_find(memory_files *files, const char *name) {
    memory_file *f = files->first;
    while (f != NULL && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

static char *copy_text(const char *text) {
    char *copy = malloc(strlen(text) + 1);
    return copy != NULL ? strcpy(copy, text) : NULL;
}

static handle *new_handle(memory_files *files, const char *name) {
    handle *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->files = files;
    h->name = copy_text(name);
    files->open++;
    return h;
}

static void free_handle(handle *h) {
    h->files->open--;
    free(h->name);
    free(h->data);
    free(h);
}

static bool spend(memory_files *files, size_t bytes) {
    if (files->fail_after < 0)
        return true;
    files->fail_after -= (long)bytes;
    if (files->fail_after >= 0)
        return true;
    files->fail_after = 0;
    return false;
}

static bool read_at(void *user, int64_t offset, void *buffer, size_t bytes) {
    handle *h = user;
    if (offset < 0 || (size_t)offset > h->bytes || bytes > h->bytes - (size_t)offset)
        abort(); /* the library asks for what is there */
    if (!spend(h->files, bytes))
        return false;
    if (bytes > 0)
        memcpy(buffer, h->data + offset, bytes);
    return true;
}

static void close_reader(void *user) {
    free_handle(user);
}

static bool open_reader(void *user, const char *name, tsr_reader *out) {
    memory_files *files = user;
    const memory_file *f = memory_find(files, name);
    if (f == NULL || strncmp(name, "none", 4) == 0)
        return false;
    handle *h = new_handle(files, name);
    h->data = malloc(f->bytes + 1);
    memcpy(h->data, f->data, f->bytes);
    h->bytes = f->bytes;
    *out = (tsr_reader){(int64_t)f->bytes, read_at, close_reader, h};
    return true;
}

static bool write_more(void *user, const void *data, size_t bytes) {
    handle *h = user;
    if (!spend(h->files, bytes))
        return false;
    if (h->bytes + bytes >= h->room) {
        h->room = 2 * (h->bytes + bytes + 1);
        h->data = realloc(h->data, h->room);
    }
    memcpy(h->data + h->bytes, data, bytes);
    h->bytes += bytes;
    return true;
}

static bool close_writer(void *user, bool keep) {
    handle *h = user;
    memory_files *files = h->files;
    bool kept = keep && !files->fail_keep;
    if (kept) {
        memory_file *f = memory_find(files, h->name);
        if (f == NULL) {
            f = calloc(1, sizeof *f);
            f->name = copy_text(h->name);
            f->next = files->first;
            files->first = f;
        }
        free(f->data);
        f->data = h->data;
        f->bytes = h->bytes;
        h->data = NULL;
    }
    free_handle(h);
    return kept;
}

static bool write_sparse(void *user, const void *data, size_t bytes) {
    const char *at = data;
    if (bytes >= 4096 && *at == 0 && memcmp(at, at + 1, bytes - 1) == 0)
        return fseek(user, (long)bytes, SEEK_CUR) == 0;
    return fwrite(data, 1, bytes, user) == bytes;
}

static bool close_sparse(void *user, bool keep) {
    (void)keep;
    return fclose(user) == 0;
}

static bool open_writer(void *user, const char *name, tsr_writer *out) {
    if (strncmp(name, "none", 4) == 0)
        return false;
    if (strncmp(name, "sparse:", 7) == 0) {
        *out = (tsr_writer){write_sparse, close_sparse, fopen(name + 7, "wb")};
        return out->user != NULL;
    }
    *out = (tsr_writer){write_more, close_writer, new_handle(user, name)};
    return true;
}

tsr_opener memory_opener(memory_files *files) {
    return (tsr_opener){sizeof(tsr_opener), open_reader, open_writer, files};
}

void memory_free(memory_files *files) {
    while (files->first != NULL) {
        memory_file *f = files->first;
        files->first = f->next;
        free(f->name);
        free(f->data);
        free(f);
    }
}
