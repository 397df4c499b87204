/* Files, as the Lua half uses them: it gives the functions that scripts know their names and
 * options (scripts/tessera/file_*.lua), and this does the work. In `core`:
 *
 *   file_open(path, map, bfloat16, raw)   a file object, what it is called, and its only array, if
 * it is of a format that holds one file_value(file, number)              a value of a .pt file: its
 * kind, and what it is file_save(path, format, names, arrays, {compressed, metadata, kinds,
 * payloads}) file_bytes(path, offset, count)       an ndarray of the bytes of a file
 *   file_text(path)                       the same as a string
 *   file_write(path, text, array)
 *   image_load(path), image_save(path, x) pictures
 *   sorted_keys(t)                        the keys of a table, in order
 *
 * All of them are called in the name of the operation that the script called (core.named). A file
 * object is what scripts get for files of many arrays: file.name and file["name"] are the arrays,
 * read when they are asked for. What it holds lies in a list of the library, which lets go of files
 * that Lua had no chance to finalize. */
#include "binding.h"
#include "lua_half.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct tsrL_open {
    struct tsrL_open *next, **link; /* link: what points here */
    tsr_context *context;
    tsr_file *file;
} held;

typedef struct file_object {
    const void *magic;
    held *held; /* NULL when it is gone */
} file_object;

static const char file_magic = 0, metatable_key = 0;

void tsrL_check_files(lua_State *L) {
    if ((tsrL_lib(L)->capabilities & TSRL_FILES) == 0)
        tsrL_fail(L, TSR_ELIMIT, 0, "files are not allowed by the host");
}

const char *tsrL_path(lua_State *L, int argument) {
    size_t n;
    if (lua_type(L, argument) != LUA_TSTRING)
        tsrL_type_error(L, argument, "the name of a file");
    const char *path = lua_tolstring(L, argument, &n);
    if (n == 0 || strlen(path) != n)
        tsrL_fail(L, TSR_EVALUE, argument, "the name of a file is empty, or has a NUL in it");
    return path;
}

static const tsr_opener *opener_of(const tsrL_library *lib) {
    return lib->opener.struct_size > 0 ? &lib->opener : NULL;
}

/* ---- file objects ---- */

static void let_go(held *h) {
    *h->link = h->next;
    if (h->next != NULL)
        h->next->link = h->link;
    tsr_file_release(h->file);
    tsr_context_free(h->context, h, sizeof *h);
}

void tsrL_close_files(tsrL_library *lib) {
    while (lib->files != NULL)
        let_go(lib->files);
}

static tsr_status hold(tsrL_library *lib, held **out, tsr_error *err) {
    held *h = tsr_context_allocate(lib->context, sizeof *h, err);
    if (h == NULL)
        return TSR_EMEMORY;
    *h = (held){.next = lib->files, .link = &lib->files, .context = lib->context};
    if (h->next != NULL)
        h->next->link = &h->next;
    lib->files = h;
    *out = h;
    return TSR_OK;
}

/* Pushes an object that holds nothing yet but its place in the list. */
static file_object *push_file(lua_State *L, tsrL_library *lib) {
    tsr_error err = TSRL_ERROR;
    file_object *o = tsrL_newuserdata(L, sizeof *o);
    *o = (file_object){&file_magic, NULL};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
    TSRL_TRY(L, &err, hold(lib, &o->held, &err));
    return o;
}

static file_object *test_file(lua_State *L, int index) {
    file_object *o = lua_touserdata(L, index);
    return o != NULL && lua_rawlen(L, index) == sizeof *o && o->magic == &file_magic ? o : NULL;
}

static tsr_file *check_file(lua_State *L, int index) {
    tsrL_lib(L); /* not closed */
    file_object *o = test_file(L, index);
    if (o == NULL || o->held == NULL || o->held->file == NULL)
        tsrL_type_error(L, index, "a file");
    return o->held->file;
}

static tsr_face face_of(const tsr_file *file) {
    tsr_format format = tsr_file_format(file);
    return format == TSR_FORMAT_NPY || format == TSR_FORMAT_NPZ ? TSR_FACE_NUMPY : TSR_FACE_TORCH;
}

static void push_field_array(lua_State *L, tsr_file *file, int64_t entry, int64_t field) {
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_new(L, face_of(file));
    TSRL_TRY(L, &err, tsr_file_array(file, entry, field, &made->cell->array, &err));
}

/* Pushes the array of an entry, or the table of its fields, those without a dtype left out. */
static void push_entry(lua_State *L, tsr_file *file, int64_t entry) {
    tsr_error err = TSRL_ERROR;
    int64_t count = 0;
    tsr_field field;
    TSRL_TRY(L, &err, tsr_file_fields(file, entry, &count, &err));
    if (count == 1) {
        TSRL_TRY(L, &err, tsr_file_field(file, entry, 0, &field, &err));
        if (*field.name == '\0') {
            push_field_array(L, file, entry, 0);
            return;
        }
    }
    luaL_checkstack(L, 6, NULL);
    lua_newtable(L);
    for (int64_t i = 0; i < count; i++) {
        TSRL_TRY(L, &err, tsr_file_field(file, entry, i, &field, &err));
        if (field.dtype == TSR_DTYPE_COUNT)
            continue;
        lua_pushstring(L, field.name);
        push_field_array(L, file, entry, i);
        lua_rawset(L, -3);
    }
}

/* file.name: methods come first, then arrays. Upvalue after the shared ones: the methods. */
static int file_index(lua_State *L) {
    tsr_file *file = check_file(L, 1);
    if (lua_type(L, 2) != LUA_TSTRING)
        return 0;
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (tsrL_rawget(L, lua_upvalueindex(TSRL_UPVALUES + 1)) != LUA_TNIL)
        return 1;
    int64_t entry = tsr_file_find(file, lua_tostring(L, 2));
    if (entry < 0)
        return 0;
    push_entry(L, file, entry);
    return 1;
}

static int64_t check_entry(lua_State *L, const tsr_file *file, int argument) {
    const char *name = lua_type(L, argument) == LUA_TSTRING ? lua_tostring(L, argument) : NULL;
    if (name == NULL)
        tsrL_type_error(L, argument, "the name of an array");
    int64_t entry = tsr_file_find(file, name);
    if (entry < 0)
        tsrL_fail(L, TSR_EINDEX, argument, "there is no array \"%s\" in the file", name);
    return entry;
}

static int file_get(lua_State *L) {
    tsr_file *file = check_file(L, 1);
    push_entry(L, file, check_entry(L, file, 2));
    return 1;
}

static int file_names(lua_State *L) {
    const tsr_file *file = check_file(L, 1);
    int64_t count = tsr_file_count(file);
    lua_createtable(L, count < 1 << 20 ? (int)count : 0, 0);
    for (int64_t i = 0; i < count; i++) {
        lua_pushstring(L, tsr_file_name(file, i));
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

static void push_info(lua_State *L, const tsr_field *field, tsr_face face) {
    lua_createtable(L, 0, 3);
    tsrL_push_shape(L, field->ndim, field->shape, face);
    lua_setfield(L, -2, "shape");
    lua_pushstring(L, field->stored);
    lua_setfield(L, -2, "stored");
    if (field->dtype != TSR_DTYPE_COUNT) {
        tsrL_push_dtype(L, field->dtype);
        lua_setfield(L, -2, "dtype");
    }
}

/* file:info(name): shape, dtype, and what the file calls it, without reading the array. */
static int file_info(lua_State *L) {
    tsr_file *file = check_file(L, 1);
    int64_t entry = lua_isnoneornil(L, 2) && tsr_file_format(file) == TSR_FORMAT_NPY
                        ? 0
                        : check_entry(L, file, 2);
    tsr_error err = TSRL_ERROR;
    int64_t count = 0;
    tsr_field field;
    TSRL_TRY(L, &err, tsr_file_fields(file, entry, &count, &err));
    lua_newtable(L);
    for (int64_t i = 0; i < count; i++) {
        TSRL_TRY(L, &err, tsr_file_field(file, entry, i, &field, &err));
        push_info(L, &field, face_of(file));
        if (*field.name == '\0')
            return 1;
        lua_setfield(L, -2, field.name);
    }
    return 1;
}

static int file_metadata(lua_State *L) {
    const tsr_file *file = check_file(L, 1);
    const char *key, *value;
    int64_t count = tsr_file_metadata(file, 0, &key, &value);
    lua_newtable(L);
    for (int64_t i = 0; i < count; i++) {
        tsr_file_metadata(file, i, &key, &value);
        lua_pushstring(L, value);
        lua_setfield(L, -2, key);
    }
    return 1;
}

static int file_format(lua_State *L) {
    lua_pushstring(L, tsr_format_name(tsr_file_format(check_file(L, 1))));
    return 1;
}

/* Also __close. */
static int file_close(lua_State *L) {
    tsr_file *file = check_file(L, 1);
    tsr_error err = TSRL_ERROR;
    if (!tsr_file_closed(file) && tsr_file_close(file, &err) != TSR_OK)
        tsrL_raise(L, &err);
    return 0;
}

static int file_gc(lua_State *L) {
    file_object *o = test_file(L, 1);
    const tsrL_library *lib = lua_touserdata(L, lua_upvalueindex(TSRL_UP_LIBRARY));
    if (o == NULL || o->held == NULL)
        return 0;
    held *h = o->held;
    o->held = NULL;
    if (lib->context != NULL) /* else the library has let go of all */
        let_go(h);
    return 0;
}

static int file_len(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)tsr_file_count(check_file(L, 1)));
    return 1;
}

static int file_tostring(lua_State *L) {
    const tsr_file *file = check_file(L, 1);
    bool closed = tsr_file_closed(file);
    lua_pushinteger(L, (lua_Integer)tsr_file_count(file));
    lua_pushfstring(L, "file: %s, %s arrays%s", tsr_format_name(tsr_file_format(file)),
                    lua_tostring(L, -1), closed ? ", closed" : "");
    return 1;
}

/* Upvalue after the shared ones: how many were given. */
static int file_next(lua_State *L) {
    tsr_file *file = check_file(L, 1);
    int64_t i = (int64_t)lua_tointeger(L, lua_upvalueindex(TSRL_UPVALUES + 1));
    if (i >= tsr_file_count(file))
        return 0;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_replace(L, lua_upvalueindex(TSRL_UPVALUES + 1));
    lua_pushstring(L, tsr_file_name(file, i));
    push_entry(L, file, i);
    return 2;
}

/* for name, array in file:iter() or pairs(file) */
static int file_iter(lua_State *L) {
    check_file(L, 1);
    for (int i = 1; i <= TSRL_UPVALUES; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, file_next, TSRL_UPVALUES + 1);
    lua_pushvalue(L, 1);
    return 2;
}

/* ---- opening ---- */

static tsr_mapping read_mapping(lua_State *L, int argument) {
    static const char *const words[] = {"", "r", "c", "r+"};
    if (lua_isnoneornil(L, argument) ||
        (lua_type(L, argument) == LUA_TBOOLEAN && !lua_toboolean(L, argument)))
        return TSR_MAP_NONE;
    const char *word = lua_type(L, argument) == LUA_TSTRING ? lua_tostring(L, argument) : "";
    for (int i = 1; i < 4; i++)
        if (strcmp(word, words[i]) == 0)
            return (tsr_mapping)i;
    tsrL_fail(L, TSR_EVALUE, argument, "map must be \"r\", \"c\", \"r+\" or false");
    return TSR_MAP_NONE;
}

static int open_file(lua_State *L) {
    tsrL_check_files(L);
    tsrL_library *lib = tsrL_lib(L);
    tsr_error err = TSRL_ERROR;
    const char *path = tsrL_path(L, 1);
    tsr_file_options options = {.struct_size = sizeof options,
                                .opener = opener_of(lib),
                                .mapping = read_mapping(L, 2),
                                .bfloat16 = tsrL_opt_boolean(L, 3, false),
                                .raw = tsrL_opt_boolean(L, 4, false)};
    file_object *o = push_file(L, lib);
    TSRL_TRY(L, &err, tsr_file_open(lib->context, path, &options, &o->held->file, &err));
    tsr_format format = tsr_file_format(o->held->file);
    lua_pushstring(L, tsr_format_name(format));
    if (format != TSR_FORMAT_NPY)
        return 2;
    push_entry(L, o->held->file, 0);
    if (options.mapping == TSR_MAP_NONE && tsr_file_close(o->held->file, &err) != TSR_OK)
        tsrL_raise(L, &err);
    return 3;
}

/* ---- values of .pt files ---- */

static int push_items(lua_State *L, const tsr_file *file, const tsr_value *value) {
    lua_newtable(L);
    int n = 0;
    for (int64_t at = value->as.items; at >= 0;) {
        lua_pushinteger(L, (lua_Integer)tsr_file_item(file, &at));
        lua_rawseti(L, -2, ++n);
    }
    return 2;
}

static int file_value(lua_State *L) {
    static const char *const kinds[] = {"none", "leaf", "leaf", "leaf", "leaf",
                                        "list", "list", "dict", "leaf", "leaf"};
    _Static_assert(sizeof kinds / sizeof *kinds == TSR_VALUE_KIND_COUNT, "each kind");
    tsr_file *file = check_file(L, 1);
    tsr_error err = TSRL_ERROR;
    tsr_value v;
    tsr_scalar integer = {.dtype = TSR_INT64};
    if (lua_isnoneornil(L, 2)) {
        lua_pushinteger(L, (lua_Integer)tsr_file_root(file));
        return 1;
    }
    if (tsr_file_value(file, tsrL_integer(L, 2), &v, &err) != TSR_OK)
        tsrL_raise(L, &err);
    lua_pushstring(L, kinds[v.kind]);
    switch (v.kind) {
    case TSR_VALUE_BOOL:
        lua_pushboolean(L, v.as.integer != 0);
        return 2;
    case TSR_VALUE_INTEGER:
        integer.as.i = v.as.integer;
        tsrL_push_scalar(L, &integer);
        return 2;
    case TSR_VALUE_NUMBER:
        lua_pushnumber(L, v.as.number);
        return 2;
    case TSR_VALUE_TEXT:
        lua_pushlstring(L, v.as.text, (size_t)v.count);
        return 2;
    case TSR_VALUE_ARRAY: {
        push_entry(L, file, v.as.entry);
        char kind = tsr_dtype_describe(tsr_array_dtype(tsrL_check(L, -1)->cell->array))->kind;
        tsrL_test(L, -1)->requires_grad = v.requires_grad && (kind == 'f' || kind == 'c');
        return 2;
    }
    case TSR_VALUE_DTYPE:
        tsrL_push_dtype(L, (tsr_dtype)v.as.integer);
        return 2;
    case TSR_VALUE_LIST:
    case TSR_VALUE_TUPLE:
    case TSR_VALUE_DICT:
        return push_items(L, file, &v);
    default:
        return 1;
    }
}

/* ---- saving ---- */

/* A new userdata, which keeps room for `count` items of `size` bytes, zeroed. */
static void *push_room(lua_State *L, size_t count, size_t size) {
    size_t bytes = (count + 1) * size;
    void *room = tsrL_newuserdata(L, bytes);
    memset(room, 0, bytes);
    return room;
}

static tsr_format read_format(lua_State *L, int argument) {
    const char *name = luaL_checkstring(L, argument);
    for (int f = 0; f < TSR_FORMAT_COUNT; f++)
        if (strcmp(tsr_format_name((tsr_format)f), name) == 0)
            return (tsr_format)f;
    luaL_argerror(L, argument, "no format");
    return TSR_FORMAT_COUNT;
}

/* A text without NULs out of a table, which keeps it alive. */
static const char *read_text(lua_State *L, int table, int i) {
    size_t n;
    lua_rawgeti(L, table, i);
    if (lua_type(L, -1) != LUA_TSTRING)
        tsrL_fail(L, TSR_EVALUE, 0, "a name must be a string, not %s", luaL_typename(L, -1));
    const char *text = lua_tolstring(L, -1, &n);
    if (strlen(text) != n)
        tsrL_fail(L, TSR_EVALUE, 0, "a name has a NUL in it");
    lua_pop(L, 1);
    return text;
}

/* Whether a number is saved as an integer. Without integers in Lua, that is one without a fraction:
 * an epoch, a position; PyTorch's reader of weights takes no floats there. */
static bool is_whole(lua_State *L, int index, int64_t *out) {
    tsr_scalar wide;
    if (tsrL_test_wide(L, index, &wide) && wide.dtype == TSR_INT64)
        return (*out = wide.as.i), true;
    if (TSRL_INTEGERS && !tsrL_isinteger(L, index))
        return false;
    double d = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : 0.5;
    return tsrL_tointeger(L, index, out) &&
           (TSRL_INTEGERS || (fabs(d) <= 9007199254740992.0 && (d != 0 || !signbit(d))));
}

/* One value of the list that the Lua half makes: kinds[i] is "leaf", "none", "list" or "dict", and
 * payloads[i] the value or the number of items; arrays are counted in *arrays. */
static tsr_value read_value(lua_State *L, int kinds, int payloads, int i, int64_t *arrays) {
    tsr_value v = {.kind = TSR_VALUE_NONE};
    tsr_dtype dtype;
    lua_rawgeti(L, kinds, i);
    const char *kind = lua_tostring(L, -1);
    lua_rawgeti(L, payloads, i);
    if (strcmp(kind, "list") == 0 || strcmp(kind, "dict") == 0) {
        v.kind = *kind == 'l' ? TSR_VALUE_LIST : TSR_VALUE_DICT;
        v.count = (int64_t)lua_tointeger(L, -1);
    } else if (lua_type(L, -1) == LUA_TBOOLEAN) {
        v.kind = TSR_VALUE_BOOL;
        v.as.integer = lua_toboolean(L, -1);
    } else if (is_whole(L, -1, &v.as.integer)) {
        v.kind = TSR_VALUE_INTEGER;
    } else if (lua_type(L, -1) == LUA_TNUMBER) {
        v.kind = TSR_VALUE_NUMBER;
        v.as.number = lua_tonumber(L, -1);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        size_t n;
        v.kind = TSR_VALUE_TEXT;
        v.as.text = lua_tolstring(L, -1, &n);
        v.count = (int64_t)n;
    } else if (tsrL_test_dtype(L, -1, &dtype)) {
        v.kind = TSR_VALUE_DTYPE;
        v.as.integer = dtype;
    } else if (tsrL_test(L, -1) != NULL) {
        v.kind = TSR_VALUE_ARRAY;
        v.requires_grad = tsrL_test(L, -1)->requires_grad;
        v.as.entry = (*arrays)++;
    } else if (lua_type(L, -1) == LUA_TUSERDATA) {
        tsrL_fail(L, TSR_EVALUE, 0, "a userdata cannot be saved");
    }
    lua_pop(L, 2);
    return v;
}

typedef struct key {
    int kind; /* LUA_TBOOLEAN, LUA_TNUMBER, LUA_TSTRING, in that order */
    double number;
    const char *text;
    size_t bytes;
    int place; /* in the list that keeps it */
} key;

static int by_key(const void *x, const void *y) {
    const key *a = x, *b = y;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind != LUA_TSTRING)
        return (a->number > b->number) - (a->number < b->number);
    int order = memcmp(a->text, b->text, a->bytes < b->bytes ? a->bytes : b->bytes);
    return order != 0 ? order : (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

/* sorted_keys(t): a list of the keys of a table, which are strings, numbers and booleans, in an
 * order that depends on nothing else; nil, and the kind of another key that it has. */
static int sorted_keys(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_newtable(L);
    int count = 0;
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
        int kind = lua_type(L, -2);
        if (kind != LUA_TBOOLEAN && kind != LUA_TNUMBER && kind != LUA_TSTRING) {
            lua_pushnil(L);
            lua_pushstring(L, lua_typename(L, kind));
            return 2;
        }
        lua_pushvalue(L, -2);
        lua_rawseti(L, 2, ++count);
    }
    key *keys = push_room(L, (size_t)count, sizeof *keys);
    for (int i = 0; i < count; i++) {
        lua_rawgeti(L, 2, i + 1);
        keys[i] = (key){.kind = lua_type(L, -1), .place = i + 1};
        if (keys[i].kind == LUA_TSTRING)
            keys[i].text = lua_tolstring(L, -1, &keys[i].bytes);
        else
            keys[i].number =
                keys[i].kind == LUA_TNUMBER ? lua_tonumber(L, -1) : lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    qsort(keys, (size_t)count, sizeof *keys, by_key);
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_rawgeti(L, 2, keys[i].place);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* file_save(path, format, names, arrays, compressed, metadata, kinds, payloads) */
static int save_file(lua_State *L) {
    tsrL_check_files(L);
    const char *path = tsrL_path(L, 1);
    tsrL_library *lib = tsrL_lib(L);
    tsr_error err = TSRL_ERROR;
    tsr_format format = read_format(L, 2);
    lua_settop(L, 8);
    luaL_checkstack(L, 8, NULL);
    int count = (int)lua_rawlen(L, 4), pairs = lua_istable(L, 6) ? (int)lua_rawlen(L, 6) : 0;
    int values = lua_istable(L, 7) ? (int)lua_rawlen(L, 7) : 0;
    tsr_named *named = push_room(L, (size_t)count, sizeof *named);
    const char **metadata = push_room(L, (size_t)pairs, sizeof *metadata);
    tsr_value *value = push_room(L, (size_t)values, sizeof *value);
    for (int i = 0; i < count; i++) {
        named[i].name =
            format == TSR_FORMAT_NPY || format == TSR_FORMAT_PT ? "" : read_text(L, 3, i + 1);
        lua_rawgeti(L, 4, i + 1);
        const tsrL_object *o = tsrL_test(L, -1);
        if (!tsrL_filled(o))
            tsrL_fail(L, TSR_EVALUE, 0, "an array was expected, not %s",
                      o != NULL ? "a released one" : luaL_typename(L, -1));
        named[i].array = o->cell->array;
        lua_pop(L, 1);
    }
    for (int i = 0; i < pairs; i++)
        metadata[i] = read_text(L, 6, i + 1);
    int64_t arrays = 0;
    for (int i = 0; i < values; i++)
        value[i] = read_value(L, 7, 8, i + 1, &arrays);
    tsr_save_options options = {.struct_size = sizeof options,
                                .opener = opener_of(lib),
                                .compressed = lua_toboolean(L, 5),
                                .metadata_count = pairs / 2,
                                .metadata = metadata,
                                .value_count = values,
                                .values = value};
    TSRL_TRY(L, &err, tsr_file_save(lib->context, path, format, count, named, &options, &err));
    return 0;
}

/* ---- bytes ---- */

/* file_bytes(path, offset, count, map): `count` nil is all of them. */
static int file_bytes(lua_State *L) {
    tsrL_check_files(L);
    const char *path = tsrL_path(L, 1);
    tsrL_library *lib = tsrL_lib(L);
    tsr_error err = TSRL_ERROR;
    int64_t offset = tsrL_opt_integer(L, 2, 0), most = tsrL_opt_integer(L, 3, -1);
    tsr_file_options options = {
        .struct_size = sizeof options, .opener = opener_of(lib), .mapping = read_mapping(L, 4)};
    tsrL_object *made = tsrL_new(L, TSR_FACE_NUMPY);
    tsr_storage *storage = NULL;
    TSRL_TRY(L, &err, tsr_file_bytes(lib->context, path, &options, offset, most, &storage, &err));
    int64_t bytes = (int64_t)tsr_storage_bytes(storage);
    tsr_status status =
        tsr_array_from_storage(lib->context, storage, TSR_UINT8, 1, &bytes, NULL, 0,
                               TSR_READ | TSR_WRITE | TSR_RESIZE, &made->cell->array, &err);
    tsr_storage_release(storage);
    if (status != TSR_OK)
        tsrL_raise(L, &err);
    return 1;
}

static int file_text(lua_State *L) {
    lua_settop(L, 1);
    file_bytes(L);
    const tsrL_object *o = tsrL_check(L, -1);
    const char *data = tsr_array_data(o->cell->array);
    lua_pushlstring(L, data != NULL ? data : "", (size_t)tsr_array_size(o->cell->array));
    return 1;
}

/* file_write(path, text, array): the text, then the elements; either may be nil. */
static int file_write(lua_State *L) {
    tsrL_check_files(L);
    const char *path = tsrL_path(L, 1);
    tsrL_library *lib = tsrL_lib(L);
    tsr_error err = TSRL_ERROR;
    size_t n = 0;
    const char *text = lua_isnoneornil(L, 2) ? "" : luaL_checklstring(L, 2, &n);
    const tsr_array *array = lua_isnoneornil(L, 3) ? NULL : tsrL_check(L, 3)->cell->array;
    TSRL_TRY(L, &err, tsr_file_write(lib->context, path, opener_of(lib), text, n, array, &err));
    return 0;
}

/* ---- pictures ---- */

static int image_load(lua_State *L) {
    tsrL_check_files(L);
    const char *path = tsrL_path(L, 1);
    tsrL_library *lib = tsrL_lib(L);
    tsr_error err = TSRL_ERROR;
    tsrL_object *made = tsrL_new(L, TSR_FACE_NUMPY);
    TSRL_TRY(L, &err, tsr_image_load(lib->context, path, opener_of(lib), &made->cell->array, &err));
    return 1;
}

static int image_save(lua_State *L) {
    tsrL_check_files(L);
    const char *path = tsrL_path(L, 1);
    tsrL_library *lib = tsrL_lib(L);
    tsr_error err = TSRL_ERROR;
    const tsr_array *array = tsrL_check(L, 2)->cell->array;
    TSRL_TRY(L, &err, tsr_image_save(lib->context, path, opener_of(lib), array, &err));
    return 0;
}

/* ---- registering ---- */

void tsrL_register_files(lua_State *L) {
    static const luaL_Reg functions[] = {{"file_open", open_file},     {"file_value", file_value},
                                         {"file_save", save_file},     {"file_bytes", file_bytes},
                                         {"file_text", file_text},     {"file_write", file_write},
                                         {"sorted_keys", sorted_keys}, {"image_load", image_load},
                                         {"image_save", image_save},   {NULL, NULL}};
    static const luaL_Reg methods[] = {{"names", file_names},       {"get", file_get},
                                       {"info", file_info},         {"close", file_close},
                                       {"metadata", file_metadata}, {"format", file_format},
                                       {"iter", file_iter},         {NULL, NULL}};
    static const luaL_Reg events[] = {{"__gc", file_gc},      {"__close", file_close},
                                      {"__len", file_len},    {"__tostring", file_tostring},
                                      {"__pairs", file_iter}, {NULL, NULL}};
    tsrL_setfuncs(L, functions, TSR_FACE_NUMPY);
    lua_createtable(L, 0, 8);
    tsrL_setfuncs(L, events, TSR_FACE_NUMPY);
    for (int i = 1; i <= TSRL_UPVALUES; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_createtable(L, 0, 8);
    tsrL_setfuncs(L, methods, TSR_FACE_NUMPY);
    lua_pushcclosure(L, file_index, TSRL_UPVALUES + 1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "file");
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
}
