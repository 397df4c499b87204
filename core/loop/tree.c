/* Combining in a binary tree; see tree.h. Level l holds the value of 2^l leaves when bit l of the
 * count is set. */
#include "tree.h"

#include <string.h>

void tsr_tree_push(tsr_tree *t, const void *value) {
    int level = 0;
    for (; (t->count >> level & 1) != 0; level++) {
        void *older = t->levels + (size_t)level * t->bytes;
        t->combine(older, value, older, t->n);
        value = older;
    }
    memmove(t->levels + (size_t)level * t->bytes, value, t->bytes);
    t->count++;
}

void tsr_tree_end(tsr_tree *t, void *value) {
    const char *newer = NULL;
    for (int level = 0; t->count >> level != 0; level++) {
        char *older = t->levels + (size_t)level * t->bytes;
        if ((t->count >> level & 1) == 0)
            continue;
        if (newer != NULL)
            t->combine(older, newer, older, t->n);
        newer = older;
    }
    memcpy(value, newer, t->bytes);
}
