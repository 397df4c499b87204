/* Files in memory, for hosts of tests that open files themselves. */
#ifndef MEMORY_FILES_H
#define MEMORY_FILES_H

#include "tessera.h"

typedef struct memory_file {
    struct memory_file *next;
    char *name, *data;
    size_t bytes;
} memory_file;

typedef struct memory_files {
    memory_file *first;
    long open;       /* readers and writers that were not closed yet */
    bool fail_keep;  /* closing a writer fails */
    long fail_after; /* bytes that can still be read or written; negative: any */
} memory_files;

/* An opener of these files. Names that begin with "none" cannot be opened; what is written to
 * "sparse:PATH" goes to the disk. */
tsr_opener memory_opener(memory_files *files);
void memory_free(memory_files *files);
/* NULL when there is none. */
memory_file *memory_find(memory_files *files, const char *name);

#endif
