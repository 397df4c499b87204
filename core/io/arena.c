/* Memory for the description of a file. The arena is a list of chunks that are filled one after the
 * other; a text larger than what a chunk has gets one of its own. Lists double. */
#include "arena.h"

#include "../base/checked.h"
#include "../base/context.h"

#include <string.h>

enum { CHUNK = 16 << 10 };

typedef struct tsr_arena_chunk {
    struct tsr_arena_chunk *next;
    size_t bytes, used;
    _Alignas(8) char room[];
} chunk;

void *tsr_arena_take(tsr_arena *arena, size_t bytes, tsr_error *err) {
    chunk *c = arena->chunks;
    bytes = (bytes + 7) & ~(size_t)7;
    if (c == NULL || bytes > c->bytes - c->used) {
        size_t room = bytes > CHUNK - sizeof(chunk) ? bytes : CHUNK - sizeof(chunk);
        c = tsr_block_new(arena->context, sizeof(chunk) + room, false, err);
        if (c == NULL)
            return NULL;
        *c = (chunk){.next = arena->chunks, .bytes = room};
        arena->chunks = c;
    }
    void *found = c->room + c->used;
    c->used += bytes;
    return found;
}

char *tsr_arena_text(tsr_arena *arena, const char *text, size_t count, tsr_error *err) {
    char *copy = tsr_arena_take(arena, count + 1, err);
    if (copy == NULL)
        return NULL;
    if (count > 0)
        memcpy(copy, text, count);
    copy[count] = '\0';
    return copy;
}

void tsr_arena_free(tsr_arena *arena) {
    while (arena->chunks != NULL) {
        chunk *c = arena->chunks;
        arena->chunks = c->next;
        tsr_block_free(arena->context, c, sizeof(chunk) + c->bytes);
    }
}

/* Room for `more` items. */
static bool reserve(tsr_list *list, int64_t more, tsr_error *err) {
    if (more <= list->room - list->count)
        return true;
    int64_t room = list->room > 0 ? list->room : 8, bytes;
    while (room - list->count < more)
        if (!tsr_mul(room, 2, &room))
            break;
    if (room - list->count < more || !tsr_mul(room, (int64_t)list->item, &bytes)) {
        tsr_error_set(err, TSR_EMEMORY, "a list of %d items more is too long", more);
        return false;
    }
    char *data = tsr_block_new(list->context, (size_t)bytes, false, err);
    if (data == NULL)
        return false;
    if (list->count > 0)
        memcpy(data, list->data, (size_t)list->count * list->item);
    tsr_block_free(list->context, list->data, (size_t)list->room * list->item);
    list->data = data;
    list->room = room;
    return true;
}

void *tsr_list_add(tsr_list *list, tsr_error *err) {
    if (!reserve(list, 1, err))
        return NULL;
    void *item = list->data + (size_t)list->count++ * list->item;
    memset(item, 0, list->item);
    return item;
}

tsr_status tsr_list_append(tsr_list *list, const void *items, int64_t count, tsr_error *err) {
    if (!reserve(list, count, err))
        return TSR_EMEMORY;
    if (count > 0)
        memcpy(list->data + (size_t)list->count * list->item, items, (size_t)count * list->item);
    list->count += count;
    return TSR_OK;
}

void tsr_list_free(tsr_list *list) {
    tsr_block_free(list->context, list->data, (size_t)list->room * list->item);
    list->data = NULL;
    list->count = list->room = 0;
}

/* A heap, the last one on top: its way down to where it belongs. */
static void sift(int64_t at, int64_t count, int64_t *order,
                 bool (*before)(const void *user, int64_t a, int64_t b), const void *user) {
    int64_t moved = order[at];
    for (int64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(user, order[child], order[child + 1]))
            child++;
        if (!before(user, moved, order[child]))
            break;
        order[at] = order[child];
    }
    order[at] = moved;
}

void tsr_sort(int64_t count, int64_t *order, bool (*before)(const void *user, int64_t a, int64_t b),
              const void *user) {
    for (int64_t i = 0; i < count; i++)
        order[i] = i;
    for (int64_t i = count / 2; i-- > 0;)
        sift(i, count, order, before, user);
    for (int64_t last = count; last-- > 1;) {
        int64_t largest = order[0];
        order[0] = order[last];
        order[last] = largest;
        sift(0, last, order, before, user);
    }
}
