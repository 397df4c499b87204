/* A reader of pickles that builds data and calls nothing. */
#ifndef TSR_PICKLE_H
#define TSR_PICKLE_H

#include "file.h"

/* A value on the machine's stack; file->values holds all of them. */
typedef struct tsr_pickled {
    tsr_value value;
    enum { TSR_ROLE_DATA, TSR_ROLE_GLOBAL, TSR_ROLE_STORAGE } role;
    int64_t number; /* of a global, or of a storage's piece */
    int64_t last;   /* the last cell of a list or dict */
    bool ordered;   /* a dict that may get a state */
    bool visited;   /* by those who walk */
} tsr_pickled;

/* An item of a list, or a key or value of a dict; file->cells holds all of them. */
typedef struct tsr_cell {
    int64_t value, next; /* next: -1 at the end */
} tsr_cell;

/* What the names in a pickle mean, for its user to say. */
typedef struct tsr_pickle_names {
    /* What a global is: leaves `result` a name with a number, or makes it a value; false when it is
     * not allowed. */
    bool (*find)(const char *name, tsr_pickled *result);
    /* The storage of a persistent id: fills `result`. */
    tsr_status (*persistent)(tsr_file *file, int64_t id, tsr_pickled *result, tsr_error *err);
    /* What the global number `global` makes of a tuple of arguments: fills `result`. */
    tsr_status (*reduce)(tsr_file *file, int global, int64_t arguments, tsr_pickled *result,
                         tsr_error *err);
} tsr_pickle_names;

extern const tsr_pickle_names tsr_pt_names; /* PyTorch's: pt_names.c */

enum { TSR_PICKLE_MOST = 64 << 20 }; /* bytes of a pickle */

/* Runs the pickle, of at most TSR_PICKLE_MOST bytes, whose text must live as long as the file;
 * *root is its value. */
tsr_status tsr_pickle_read(tsr_file *file, const char *text, int64_t bytes,
                           const tsr_pickle_names *names, int64_t *root, tsr_error *err);

static inline tsr_pickled *tsr_pickled_at(const tsr_file *file, int64_t value) {
    return &TSR_AT(file->values, tsr_pickled, value);
}

/* The items of a tuple or list: the first `most` go to `out`; returns how many there are, -1 when
 * it is something else. */
int64_t tsr_pickled_items(const tsr_file *file, int64_t value, int64_t most, int64_t *out);
/* What messages call a value. */
const char *tsr_pickled_name(const tsr_pickled *value);

#endif
