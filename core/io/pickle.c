/* The pickle machine: a stack, marks in it, a memo, and operations of a few bytes each.
 *
 * Real pickles run whatever they name. This machine knows the operations that build data, and an
 * exact list of names that its user gives meanings to; everything else, the name of anything else
 * included, ends it with an error that says what was met where. What an operation leaves behind is
 * a value in one list, a few dozen bytes, and there are limits to how many bytes and operations
 * there may be; so a hostile pickle takes time and memory in proportion to its length.
 *
 * Texts are not copied: they lie in the pickle. */
#include "pickle.h"

#include "../base/context.h"

#include <string.h>

enum { MAX_OPERATIONS = 4 << 20, MAX_MARKS = 1000 };

typedef struct machine {
    tsr_file *file;
    const tsr_pickle_names *names;
    const unsigned char *at, *end, *start;
    tsr_list stack, marks, memo; /* int64_t: values, heights of the stack, values or -1 */
    tsr_error *err;
} machine;

#define TOP(m, i) TSR_AT((m)->stack, int64_t, (m)->stack.count - 1 - (i))

static tsr_status fail(machine *m, const char *what) {
    return tsr_error_set(m->err, TSR_EIO, "pickle: %s at byte %d", what,
                         (int64_t)(m->at - m->start));
}

const char *tsr_pickled_name(const tsr_pickled *p) {
    static const char *const names[] = {"None",   "a boolean", "an integer", "a number", "a text",
                                        "a list", "a tuple",   "a dict",     "a tensor", "a dtype"};
    _Static_assert(sizeof names / sizeof *names == TSR_VALUE_KIND_COUNT, "a name for each kind");
    return p->role == TSR_ROLE_GLOBAL    ? "a name"
           : p->role == TSR_ROLE_STORAGE ? "a storage"
                                         : names[p->value.kind];
}

int64_t tsr_pickled_items(const tsr_file *file, int64_t value, int64_t most, int64_t *out) {
    const tsr_pickled *p = tsr_pickled_at(file, value);
    bool items = p->value.kind == TSR_VALUE_TUPLE || p->value.kind == TSR_VALUE_LIST;
    if (p->role != TSR_ROLE_DATA || !items)
        return -1;
    int64_t cell = p->value.as.items;
    for (int64_t i = 0; i < most && cell >= 0; i++) {
        out[i] = TSR_AT(file->cells, tsr_cell, cell).value;
        cell = TSR_AT(file->cells, tsr_cell, cell).next;
    }
    return p->value.count;
}

/* ---- the stack ---- */

static tsr_status push_number(machine *m, int64_t value) {
    int64_t *slot = tsr_list_add(&m->stack, m->err);
    if (slot == NULL)
        return TSR_EMEMORY;
    *slot = value;
    return TSR_OK;
}

static tsr_status push(machine *m, const tsr_pickled *made) {
    tsr_pickled *p = tsr_list_add(&m->file->values, m->err);
    if (p == NULL)
        return TSR_EMEMORY;
    *p = *made;
    return push_number(m, m->file->values.count - 1);
}

static tsr_status push_value(machine *m, tsr_value_kind kind, int64_t integer) {
    tsr_pickled made = {.value = {.kind = kind, .as = {.integer = integer}}, .last = -1};
    return push(m, &made);
}

/* How many values lie above the last mark. */
static int64_t above(const machine *m) {
    int64_t marks = m->marks.count;
    return m->stack.count - (marks > 0 ? TSR_AT(m->marks, int64_t, marks - 1) : 0);
}

static tsr_status add_cell(machine *m, int64_t container, int64_t value) {
    int64_t number = m->file->cells.count;
    tsr_cell *cell = tsr_list_add(&m->file->cells, m->err);
    if (cell == NULL)
        return TSR_EMEMORY;
    *cell = (tsr_cell){value, -1};
    tsr_pickled *p = tsr_pickled_at(m->file, container);
    if (p->last < 0)
        p->value.as.items = number;
    else
        TSR_AT(m->file->cells, tsr_cell, p->last).next = number;
    p->last = number;
    return TSR_OK;
}

/* The `count` values on top become the last items of the container below them, or of a new tuple.
 */
static tsr_status gather(machine *m, int64_t container, int64_t count, bool pairs) {
    tsr_status status = TSR_OK;
    for (int64_t i = count; i-- > 0 && status == TSR_OK;)
        status = add_cell(m, container, TOP(m, i));
    m->stack.count -= count;
    tsr_pickled_at(m->file, container)->value.count += pairs ? count / 2 : count;
    return status;
}

static tsr_status make_tuple(machine *m, int64_t count) {
    if (above(m) < count)
        return fail(m, "a tuple of more than there is");
    tsr_pickled *p = tsr_list_add(&m->file->values, m->err);
    if (p == NULL)
        return TSR_EMEMORY;
    *p = (tsr_pickled){.value = {.kind = TSR_VALUE_TUPLE, .as = {.items = -1}}, .last = -1};
    int64_t tuple = m->file->values.count - 1;
    tsr_status status = gather(m, tuple, count, false);
    return status == TSR_OK ? push_number(m, tuple) : status;
}

/* Takes the last mark away; *count is how many values lay above it. */
static tsr_status pop_mark(machine *m, int64_t *count) {
    if (m->marks.count == 0)
        return fail(m, "there is no mark");
    *count = above(m);
    m->marks.count--;
    return TSR_OK;
}

/* APPEND(S) and SETITEM(S). */
static tsr_status add_items(machine *m, int64_t count, tsr_value_kind kind) {
    if (above(m) < count + 1)
        return fail(m, "an item of nothing");
    int64_t container = TOP(m, count);
    const tsr_pickled *p = tsr_pickled_at(m->file, container);
    if (p->role != TSR_ROLE_DATA || p->value.kind != kind)
        return fail(m, kind == TSR_VALUE_LIST ? "an item for what is no list"
                                              : "an item for what is no dict");
    if (kind == TSR_VALUE_DICT && count % 2 != 0)
        return fail(m, "a key without a value");
    return gather(m, container, count, kind == TSR_VALUE_DICT);
}

/* ---- arguments of operations ---- */

static bool take(machine *m, int64_t bytes, const unsigned char **out) {
    if (bytes < 0 || bytes > m->end - m->at)
        return false;
    *out = m->at;
    m->at += bytes;
    return true;
}

/* An unsigned number of up to 8 bytes, lowest first. */
static bool take_number(machine *m, int bytes, int64_t *out) {
    const unsigned char *at;
    uint64_t n = 0;
    if (!take(m, bytes, &at))
        return false;
    for (int i = bytes; i-- > 0;)
        n = n << 8 | at[i];
    *out = (int64_t)n;
    return true;
}

static tsr_status push_text(machine *m, int length_bytes) {
    int64_t n;
    const unsigned char *text;
    if (!take_number(m, length_bytes, &n) || !take(m, n, &text))
        return fail(m, "it ends inside a text");
    tsr_pickled made = {.value = {.kind = TSR_VALUE_TEXT,
                                  .count = n,
                                  .as = {.text = (const char *)(const void *)text}}};
    return push(m, &made);
}

static tsr_status push_long(machine *m) {
    int64_t n, value = 0;
    if (!take_number(m, 1, &n) || n > m->end - m->at)
        return fail(m, "it ends inside a number");
    if (n > 8)
        return fail(m, "an integer beyond 64 bits");
    if (n > 0) {
        bool negative = (m->at[n - 1] & 0x80) != 0;
        take_number(m, (int)n, &value);
        if (negative && n < 8)
            value -= INT64_C(1) << 8 * n;
    }
    return push_value(m, TSR_VALUE_INTEGER, value);
}

static tsr_status push_float(machine *m) {
    const unsigned char *at;
    uint64_t bits = 0;
    if (!take(m, 8, &at))
        return fail(m, "it ends inside a number");
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | at[i];
    tsr_pickled made = {.value = {.kind = TSR_VALUE_NUMBER}};
    memcpy(&made.value.as.number, &bits, sizeof bits);
    return push(m, &made);
}

static tsr_status push_global(machine *m, const char *module, size_t n, const char *name,
                              size_t k) {
    char full[128];
    bool fits = n + k + 2 <= sizeof full;
    if (fits) {
        memcpy(full, module, n);
        full[n] = '.';
        memcpy(full + n + 1, name, k);
        full[n + 1 + k] = '\0';
    }
    tsr_pickled made = {.role = TSR_ROLE_GLOBAL, .last = -1};
    if (!fits || strlen(full) != n + 1 + k || !m->names->find(full, &made))
        return tsr_error_set(m->err, TSR_EUNSUPPORTED,
                             "pickle: names \"%s\", which is none of the names that are known",
                             fits ? full : "something very long");
    return push(m, &made);
}

/* Two lines. */
static tsr_status read_global(machine *m) {
    const char *text[2];
    size_t length[2];
    for (int i = 0; i < 2; i++) {
        const unsigned char *line = memchr(m->at, '\n', (size_t)(m->end - m->at));
        if (line == NULL)
            return fail(m, "it ends inside a name");
        text[i] = (const char *)(const void *)m->at;
        length[i] = (size_t)(line - m->at);
        m->at = line + 1;
    }
    return push_global(m, text[0], length[0], text[1], length[1]);
}

static tsr_status stack_global(machine *m) {
    const tsr_value *text[2];
    for (int i = 0; i < 2; i++) {
        const tsr_pickled *p = above(m) >= 2 ? tsr_pickled_at(m->file, TOP(m, 1 - i)) : NULL;
        if (p == NULL || p->role != TSR_ROLE_DATA || p->value.kind != TSR_VALUE_TEXT)
            return fail(m, "a name that is no text");
        text[i] = &p->value;
    }
    m->stack.count -= 2;
    return push_global(m, text[0]->as.text, (size_t)text[0]->count, text[1]->as.text,
                       (size_t)text[1]->count);
}

/* ---- the memo ---- */

static tsr_status put_memo(machine *m, int64_t slot) {
    if (above(m) < 1)
        return fail(m, "nothing to remember");
    if (slot > m->end - m->start)
        return fail(m, "a place in the memo that is too far away");
    while (m->memo.count <= slot) {
        int64_t *added = tsr_list_add(&m->memo, m->err);
        if (added == NULL)
            return TSR_EMEMORY;
        *added = -1;
    }
    TSR_AT(m->memo, int64_t, slot) = TOP(m, 0);
    return TSR_OK;
}

static tsr_status get_memo(machine *m, int64_t slot) {
    if (slot >= m->memo.count || TSR_AT(m->memo, int64_t, slot) < 0)
        return fail(m, "nothing was remembered there");
    return push_number(m, TSR_AT(m->memo, int64_t, slot));
}

static tsr_status memo(machine *m, int bytes, bool put) {
    int64_t slot;
    if (!take_number(m, bytes, &slot))
        return fail(m, "it ends inside a number");
    return put ? put_memo(m, slot) : get_memo(m, slot);
}

/* ---- objects ---- */

static tsr_status reduce(machine *m) {
    if (above(m) < 2)
        return fail(m, "a call of nothing");
    const tsr_pickled *function = tsr_pickled_at(m->file, TOP(m, 1));
    const tsr_pickled *arguments = tsr_pickled_at(m->file, TOP(m, 0));
    if (function->role != TSR_ROLE_GLOBAL)
        return fail(m, "a call of what is no name");
    if (arguments->role != TSR_ROLE_DATA || arguments->value.kind != TSR_VALUE_TUPLE)
        return fail(m, "arguments that are no tuple");
    tsr_pickled made = {.value = {.as = {.items = -1}}, .last = -1};
    tsr_status status = m->names->reduce(m->file, (int)function->number, TOP(m, 0), &made, m->err);
    m->stack.count -= 2;
    return status == TSR_OK ? push(m, &made) : status;
}

static tsr_status persistent(machine *m) {
    if (above(m) < 1)
        return fail(m, "an id that is not there");
    tsr_pickled made = {.role = TSR_ROLE_STORAGE};
    tsr_status status = m->names->persistent(m->file, TOP(m, 0), &made, m->err);
    m->stack.count--;
    return status == TSR_OK ? push(m, &made) : status;
}

/* The ordered dicts of PyTorch carry metadata of their own, in a dict, which nobody needs. */
static tsr_status build(machine *m) {
    if (above(m) < 2)
        return fail(m, "a state of nothing");
    const tsr_pickled *state = tsr_pickled_at(m->file, TOP(m, 0));
    if (!tsr_pickled_at(m->file, TOP(m, 1))->ordered)
        return fail(m, "a state for what is no ordered dict");
    if (state->role != TSR_ROLE_DATA || state->value.kind != TSR_VALUE_DICT)
        return fail(m, "a state that is no dict");
    m->stack.count--;
    return TSR_OK;
}

/* ---- operations ---- */

static tsr_status push_integer(machine *m, int bytes) {
    int64_t n;
    if (!take_number(m, bytes, &n))
        return fail(m, "it ends inside a number");
    return push_value(m, TSR_VALUE_INTEGER, bytes == 4 ? (int32_t)n : n);
}

static tsr_status skip_bytes(machine *m, int bytes) {
    const unsigned char *ignored;
    return take(m, bytes, &ignored) ? TSR_OK : fail(m, "it ends inside an operation");
}

static tsr_status set_mark(machine *m) {
    if (m->marks.count >= MAX_MARKS)
        return fail(m, "too many marks");
    int64_t *mark = tsr_list_add(&m->marks, m->err);
    if (mark == NULL)
        return TSR_EMEMORY;
    *mark = m->stack.count;
    return TSR_OK;
}

static tsr_status pop(machine *m) {
    if (above(m) < 1)
        return fail(m, "nothing to drop");
    m->stack.count--;
    return TSR_OK;
}

static tsr_status run(machine *m, int operation) {
    int64_t count = 0;
    bool marked = operation == 't' || operation == 'e' || operation == 'u';
    tsr_status status = marked ? pop_mark(m, &count) : TSR_OK;
    if (status != TSR_OK)
        return status;
    switch (operation) {
    case 0x80: /* PROTO */
        return skip_bytes(m, 1);
    case 0x95: /* FRAME */
        return skip_bytes(m, 8);
    case '(':
        return set_mark(m);
    case '0':
        return pop(m);
    case 'N':
        return push_value(m, TSR_VALUE_NONE, 0);
    case 0x88: /* NEWTRUE, NEWFALSE */
    case 0x89:
        return push_value(m, TSR_VALUE_BOOL, operation == 0x88);
    case 'J':
        return push_integer(m, 4);
    case 'K':
        return push_integer(m, 1);
    case 'M':
        return push_integer(m, 2);
    case 0x8A: /* LONG1 */
        return push_long(m);
    case 'G':
        return push_float(m);
    case 'X': /* BINUNICODE, BINBYTES, BINSTRING */
    case 'B':
    case 'T':
        return push_text(m, 4);
    case 0x8C: /* SHORT_BINUNICODE, SHORT_BINBYTES, SHORT_BINSTRING */
    case 'C':
    case 'U':
        return push_text(m, 1);
    case ')':
        return make_tuple(m, 0);
    case 0x85: /* TUPLE1, TUPLE2, TUPLE3 */
    case 0x86:
    case 0x87:
        return make_tuple(m, operation - 0x84);
    case 't':
        return make_tuple(m, count);
    case ']':
        return push_value(m, TSR_VALUE_LIST, -1);
    case '}':
        return push_value(m, TSR_VALUE_DICT, -1);
    case 'a':
        return add_items(m, 1, TSR_VALUE_LIST);
    case 'e':
        return add_items(m, count, TSR_VALUE_LIST);
    case 's':
        return add_items(m, 2, TSR_VALUE_DICT);
    case 'u':
        return add_items(m, count, TSR_VALUE_DICT);
    case 'q':
    case 'h':
        return memo(m, 1, operation == 'q');
    case 'r':
    case 'j':
        return memo(m, 4, operation == 'r');
    case 0x94: /* MEMOIZE */
        return put_memo(m, m->memo.count);
    case 'c':
        return read_global(m);
    case 0x93: /* STACK_GLOBAL */
        return stack_global(m);
    case 'R':
        return reduce(m);
    case 'Q':
        return persistent(m);
    case 'b':
        return build(m);
    default:
        return tsr_error_set(
            m->err, TSR_EUNSUPPORTED,
            "pickle: operation %d, which is none of those that are known, at byte %d",
            (int64_t)operation, (int64_t)(m->at - 1 - m->start));
    }
}

static tsr_status run_all(machine *m, int64_t *root) {
    tsr_status status = TSR_OK;
    for (int64_t n = 0; status == TSR_OK; n++) {
        if (m->at >= m->end)
            return fail(m, "it ends before its end");
        if (n >= MAX_OPERATIONS)
            return tsr_error_set(m->err, TSR_ELIMIT, "pickle: more than %d operations",
                                 (int64_t)MAX_OPERATIONS);
        int operation = *m->at++;
        if (operation == '.') {
            if (m->stack.count != 1 || m->marks.count != 0)
                return fail(m, "it leaves nothing, or more than one value");
            *root = TOP(m, 0);
            return TSR_OK;
        }
        status = run(m, operation);
    }
    return status;
}

tsr_status tsr_pickle_read(tsr_file *file, const char *text, int64_t bytes,
                           const tsr_pickle_names *names, int64_t *root, tsr_error *err) {
    const tsr_list numbers = {.context = file->context, .item = sizeof(int64_t)};
    machine m = {.file = file,
                 .names = names,
                 .stack = numbers,
                 .marks = numbers,
                 .memo = numbers,
                 .err = err};
    m.start = m.at = (const unsigned char *)(const void *)text;
    m.end = m.start + bytes;
    file->values = (tsr_list){.context = file->context, .item = sizeof(tsr_pickled)};
    file->cells = (tsr_list){.context = file->context, .item = sizeof(tsr_cell)};
    tsr_status status = run_all(&m, root);
    tsr_list_free(&m.stack);
    tsr_list_free(&m.marks);
    tsr_list_free(&m.memo);
    return status;
}
