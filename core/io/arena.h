/* What the description of a file is kept in: texts and numbers that stay where they are until all
 * of it goes (the arena), and lists that grow. All of it is memory of the context, under its quota.
 */
#ifndef TSR_ARENA_H
#define TSR_ARENA_H

#include "../tessera.h"

typedef struct tsr_arena {
    tsr_context *context;
    struct tsr_arena_chunk *chunks;
} tsr_arena;

/* `bytes` bytes, aligned to 8, contents undefined. NULL after writing `err`. */
void *tsr_arena_take(tsr_arena *arena, size_t bytes, tsr_error *err);
/* A copy of a text, ended by a NUL. */
char *tsr_arena_text(tsr_arena *arena, const char *text, size_t count, tsr_error *err);
void tsr_arena_free(tsr_arena *arena);

typedef struct tsr_list {
    tsr_context *context;
    size_t item; /* bytes of one */
    char *data;
    int64_t count, room;
} tsr_list;

#define TSR_AT(list, type, i) (((type *)(void *)(list).data)[i])

/* A new item at the end, all zero; it moves when others are added. NULL after writing `err`. */
void *tsr_list_add(tsr_list *list, tsr_error *err);
/* Appends `count` items as they are. TSR_EMEMORY. */
tsr_status tsr_list_append(tsr_list *list, const void *items, int64_t count, tsr_error *err);
void tsr_list_free(tsr_list *list);

/* Sorts the numbers 0 to count - 1 in `order` so that before(user, order[i], order[i + 1]); in
 * place, and never slow. */
void tsr_sort(int64_t count, int64_t *order, bool (*before)(const void *user, int64_t a, int64_t b),
              const void *user);

#endif
