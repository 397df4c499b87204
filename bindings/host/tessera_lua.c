/* The host's side of the binding. Each function that could meet a Lua memory error runs its Lua
 * part in a protected call, so that hosts see a status. The closure that is called for it, which
 * has the library's upvalues, is made when the library is opened (tsrL_get_host_closure). */
#include "binding.h"

#include "tessera_lua.h"

#include <string.h>

_Static_assert((int)TESSERA_FILES == (int)TSRL_FILES &&
                   (int)TESSERA_POINTERS == (int)TSRL_POINTERS &&
                   (int)TESSERA_THREADS == (int)TSRL_THREADS,
               "capabilities of host and binding are the same");

/* Turns the error on top of the stack, which is popped, into a status. */
static tsr_status caught(lua_State *L, int code, tsr_error *err) {
    const char *message = lua_tostring(L, -1);
    tsr_status status = code == LUA_ERRMEM ? TSR_EMEMORY : TSR_EVALUE;
    tsr_error_set(err, status, "%s", message != NULL ? message : "an error that is no text");
    lua_pop(L, 1);
    return status;
}

/* A config may be larger or smaller than ours, and so may the one of the core inside it, whose
 * struct_size tells where the rest begins. */
static tsr_status read_config(const tessera_config *given, tessera_config *out, tsr_error *err) {
    enum { CORE = offsetof(tessera_config, core), REST = offsetof(tessera_config, capabilities) };
    size_t size = given->struct_size, core;
    if (size < CORE + sizeof core)
        return tsr_error_set(err, TSR_EVALUE, "config.struct_size is %u, this library has %u", size,
                             sizeof *out);
    memcpy(&core, (const char *)given + CORE, sizeof core);
    if (core < sizeof core || core > size - CORE || core % _Alignof(tsr_config) != 0)
        return tsr_error_set(err, TSR_EVALUE, "config.core.struct_size is %u, this library has %u",
                             core, sizeof out->core);
    tsr_status status = tsr_struct_read(&out->core, sizeof out->core, (const char *)given + CORE,
                                        core, sizeof core, "config.core", err);
    if (status == TSR_OK)
        status = tsr_struct_read((char *)out + REST, sizeof *out - REST,
                                 (const char *)given + CORE + core, size - CORE - core, 0, "config",
                                 err);
    out->struct_size = sizeof *out;
    out->core.struct_size = sizeof out->core;
    return status;
}

typedef struct opening {
    const tessera_config *config; /* NULL: none */
    tsr_opener opener;            /* struct_size 0: none */
    tsr_error failure;            /* of the context */
} opening;

static int open_protected(lua_State *L) {
    opening *o = lua_touserdata(L, 1);
    const tessera_config *config = o->config;
    bool open = tsrL_find_lib(L) != NULL;
    tsrL_library *lib = tsrL_open(L, config != NULL ? &config->core : NULL,
                                  config != NULL ? config->capabilities : 0, &o->failure);
    if (!open)
        lib->opener = o->opener;
    return 0;
}

tsr_status tessera_open(lua_State *L, const tessera_config *config, tsr_error *err) {
    tessera_config known;
    tsr_status status = config != NULL ? read_config(config, &known, err) : TSR_OK;
    if (status != TSR_OK)
        return status;
    if (!lua_checkstack(L, 16))
        return tsr_error_set(err, TSR_EMEMORY, "no room on the Lua stack");
    opening o = {.config = config != NULL ? &known : NULL};
    if (config != NULL && known.opener != NULL)
        status = tsr_struct_read(&o.opener, sizeof o.opener, known.opener,
                                 known.opener->struct_size, sizeof(size_t), "config.opener", err);
    if (status != TSR_OK)
        return status;
    int code = tsrL_protect(L, open_protected, &o);
    if (o.failure.status != TSR_OK) {
        lua_pop(L, 1);
        return tsr_error_set(err, o.failure.status, "%s", o.failure.message);
    }
    if (code != LUA_OK)
        return caught(L, code, err);
    tsrL_open(L, NULL, 0, NULL); /* open already: pushes the module and cannot fail */
    return TSR_OK;
}

int tessera_abi(void) {
    return TESSERA_ABI;
}

tsr_context *tessera_context(lua_State *L) {
    tsrL_library *lib = tsrL_find_lib(L);
    return lib != NULL ? lib->context : NULL;
}

bool tessera_cancel(lua_State *L) {
    tsr_context *context = tessera_context(L);
    if (context != NULL)
        tsr_context_cancel(context);
    return context != NULL;
}

bool tessera_set_deadline(lua_State *L, double seconds) {
    tsr_context *context = tessera_context(L);
    if (context != NULL)
        tsr_context_set_deadline(context, tsr_deadline_after(seconds));
    return context != NULL;
}

bool tessera_memory(lua_State *L, tsr_memory *out) {
    tsr_context *context = tessera_context(L);
    if (context != NULL)
        tsr_context_memory(context, out);
    return context != NULL;
}

void tessera_last_error(lua_State *L, tsr_error *out) {
    tsrL_library *lib = tsrL_find_lib(L);
    *out = lib != NULL ? lib->last : (tsr_error){0};
}

/* Hosts may keep arrays, so that they get lasting ones. */
static bool settle(lua_State *L, int index) {
    index = lua_absindex(L, index);
    if (!lua_checkstack(L, 6))
        return false;
    tsrL_get_settle_closure(L);
    lua_pushvalue(L, index);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK)
        return true;
    lua_pop(L, 1);
    return false;
}

tsr_array *tessera_test(lua_State *L, int index) {
    tsrL_object *o = tsrL_peek(L, index);
    if (!tsrL_filled(o) || (o->placed && !settle(L, index)))
        return NULL;
    return o->cell->array;
}

tsr_array *tessera_check(lua_State *L, int index) {
    tsr_array *array = tessera_test(L, index);
    if (array == NULL && tsrL_filled(tsrL_peek(L, index)))
        luaL_error(L, "argument %d: not enough memory", index);
    if (array == NULL)
        luaL_error(L, "argument %d must be an array, not %s", index, luaL_typename(L, index));
    return array;
}

/* Runs the body, which pushes a value, or nothing is pushed. */
static tsr_status protect(lua_State *L, tsrL_host_call *call, tsr_error *err) {
    if (!lua_checkstack(L, 6))
        return tsr_error_set(err, TSR_EMEMORY, "no room on the Lua stack");
    tsrL_get_host_closure(L);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return tsr_error_set(err, TSR_EVALUE, "the library is not open in this state");
    }
    lua_pushlightuserdata(L, call);
    int code = lua_pcall(L, 1, 1, 0);
    return code == LUA_OK ? TSR_OK : caught(L, code, err);
}

typedef struct pushing {
    tsrL_host_call call;
    tsr_array *array;
    tsr_face face;
} pushing;

static int push_body(lua_State *L, tsrL_host_call *call) {
    pushing *p = (pushing *)call;
    tsrL_push(L, p->array, p->face);
    return 1;
}

tsr_status tessera_push(lua_State *L, tsr_array *array, tsr_face face, tsr_error *err) {
    pushing p = {{push_body}, array, face};
    return protect(L, &p.call, err);
}

/* Bytes that the elements cover, from the first one on; the strides must not be negative. */
static tsr_status covered(const tessera_buffer *b, size_t *bytes, tsr_error *err) {
    const tsr_dtype_info *info = tsr_dtype_describe(b->dtype);
    if (info == NULL)
        return tsr_error_set(err, TSR_EDTYPE, "%d is no dtype", (int64_t)b->dtype);
    if (b->ndim < 0 || b->ndim > TSR_MAX_DIMS)
        return tsr_error_set(err, TSR_ESHAPE, "%d dimensions", (int64_t)b->ndim);
    if (b->ndim > 0 && b->shape == NULL)
        return tsr_error_set(err, TSR_ESHAPE, "buffer.shape is NULL");
    int64_t last = 0, stride = info->itemsize;
    bool fits = true, empty = false;
    for (int i = b->ndim; i-- > 0;) {
        int64_t by = b->strides != NULL ? b->strides[i] : stride, reach;
        empty = empty || b->shape[i] == 0;
        if (b->shape[i] < 0 || by < 0)
            return tsr_error_set(err, TSR_ESHAPE, "negative size or stride in dimension %d",
                                 (int64_t)i);
        fits = fits && !__builtin_mul_overflow(b->shape[i] - 1, by, &reach) &&
               !__builtin_add_overflow(last, reach, &last) &&
               !__builtin_mul_overflow(stride, b->shape[i], &stride);
        if (empty)
            break;
    }
    if (!fits && !empty)
        return tsr_error_set(err, TSR_EVALUE, "shape %v overflows", b->ndim, b->shape);
    *bytes = empty ? 0 : (size_t)last + info->itemsize;
    return TSR_OK;
}

typedef struct lending {
    tsrL_host_call call;
    const tessera_buffer *buffer;
    size_t bytes;
    tsr_storage *storage;
    tsr_error *err;
    tsr_status status;
} lending;

static int lend_body(lua_State *L, tsrL_host_call *call) {
    lending *l = (lending *)call;
    const tessera_buffer *b = l->buffer;
    tsrL_library *lib = tsrL_lib(L);
    tsrL_object *o = tsrL_new_in(L, lib, TSR_FACE_NUMPY); /* nothing raises afterwards */
    tsr_buffer buffer = {.struct_size = sizeof buffer,
                         .data = b->data,
                         .bytes = l->bytes,
                         .kind = TSR_LENT,
                         .rights = b->rights,
                         .label = b->label};
    l->status = tsr_array_wrap(lib->context, &buffer, b->dtype, b->ndim, b->shape, b->strides, 0,
                               b->rights, &o->cell->array, &l->storage, l->err);
    return 1;
}

tsr_status tessera_lend(lua_State *L, const tessera_buffer *given, tessera_lease **lease,
                        tsr_error *err) {
    if (lease != NULL)
        *lease = NULL;
    tessera_buffer known;
    lending l = {.call = {lend_body}, .buffer = given, .err = err};
    tsr_status status = TSR_OK;
    if (given->struct_size != sizeof known) {
        l.buffer = &known;
        status = tsr_struct_read(&known, sizeof known, given, given->struct_size,
                                 offsetof(tessera_buffer, label), "buffer", err);
    }
    if (status == TSR_OK)
        status = covered(l.buffer, &l.bytes, err);
    if (status == TSR_OK)
        status = protect(L, &l.call, err);
    if (status != TSR_OK)
        return status;
    if (l.status != TSR_OK)
        lua_pop(L, 1);
    else /* nothing can fail any more: from here on the callback is owed */
        tsr_storage_on_release(l.storage, l.buffer->release, l.buffer->user);
    if (l.status == TSR_OK && lease != NULL)
        *lease = l.storage;
    else
        tsr_storage_release(l.storage);
    return l.status;
}

static tsr_status check_mode(tessera_revoke_mode mode, tsr_error *err) {
    if (mode == TESSERA_REFUSE || mode == TESSERA_WAIT)
        return TSR_OK;
    return tsr_error_set(err, TSR_EUNSUPPORTED, "unknown revoke mode %d", (int64_t)mode);
}

tsr_status tessera_revoke(tessera_lease *lease, tessera_revoke_mode mode, tsr_error *err) {
    tsr_status status = check_mode(mode, err);
    return status == TSR_OK ? tsr_storage_revoke(lease, mode == TESSERA_WAIT ? -1 : 0, err)
                            : status;
}

tsr_status tessera_revoke_within(tessera_lease *lease, int64_t nanoseconds, tsr_error *err) {
    return tsr_storage_revoke(lease, nanoseconds, err);
}

tsr_status tessera_narrow(tessera_lease *lease, unsigned rights, tessera_revoke_mode mode,
                          tsr_error *err) {
    tsr_status status = check_mode(mode, err);
    return status == TSR_OK ? tsr_storage_narrow(lease, rights, mode == TESSERA_WAIT ? -1 : 0, err)
                            : status;
}

void tessera_touched(tessera_lease *lease) {
    tsr_storage_touch(lease);
}

void tessera_lease_free(tessera_lease *lease) {
    tsr_storage_release(lease);
}

/* ---- lending for one call ---- */

static void free_leases(lua_State *L, tessera_lease **leases, int count) {
    for (int i = 0; i < count; i++)
        tessera_lease_free(leases[i]);
    tsr_context_free(tessera_context(L), leases, (size_t)count * sizeof *leases);
}

/* Revokes them all; where one is held, its message is in `err` then. */
static tsr_status take_back(tessera_lease **leases, int count, tsr_error *err) {
    tsr_status status = TSR_OK;
    for (int i = 0; i < count; i++) {
        tsr_status one = tsr_storage_revoke(leases[i], -1, status == TSR_OK ? err : NULL);
        status = status == TSR_OK ? one : status;
    }
    return status;
}

static int push_message(lua_State *L) {
    lua_pushstring(L, lua_touserdata(L, 1));
    return 1;
}

/* Leaves a message on the stack, or Lua's own when it has no memory for ours. */
static int failed(lua_State *L, const char *message) {
    lua_pushcfunction(L, push_message);
    lua_pushlightuserdata(L, (void *)(uintptr_t)message);
    int code = lua_pcall(L, 1, 1, 0);
    return code == LUA_OK ? LUA_ERRRUN : code;
}

int tessera_pcall_lent(lua_State *L, int nargs, int nresults, int msgh, int count,
                       const tessera_buffer *buffers) {
    tsr_error err = {.index_base = 1};
    int below = lua_gettop(L) - nargs - 1, lent = 0;
    msgh = msgh < 0 ? lua_gettop(L) + msgh + 1 : msgh;
    tsr_context *context = tessera_context(L);
    tessera_lease **leases = NULL;
    tsr_status status = TSR_OK;
    if (context == NULL)
        status = tsr_error_set(&err, TSR_EVALUE, "the library is not open in this state");
    else if ((leases = tsr_context_allocate(context, (size_t)count * sizeof *leases, &err)) == NULL)
        status = TSR_EMEMORY;
    for (; status == TSR_OK && lent < count; lent += status == TSR_OK) {
        tessera_buffer quiet = buffers[lent]; /* no callback is owed before the call */
        quiet.release = NULL;
        status = tessera_lend(L, &quiet, &leases[lent], &err);
    }
    if (status != TSR_OK) {
        for (int i = lent; i < count && leases != NULL; i++)
            leases[i] = NULL;
        take_back(leases, lent, NULL);
        if (leases != NULL)
            free_leases(L, leases, count);
        lua_settop(L, below);
        return failed(L, err.message);
    }
    for (int i = 0; i < count; i++)
        tsr_storage_on_release(leases[i], buffers[i].release, buffers[i].user);
    int code = lua_pcall(L, nargs + count, nresults, msgh);
    status = take_back(leases, count, &err);
    free_leases(L, leases, count);
    if (status == TSR_OK || code != LUA_OK)
        return code;
    lua_settop(L, below);
    return failed(L, err.message);
}

tsr_status tessera_to_dlpack(lua_State *L, int index, unsigned options, const char *holder,
                             void **out, tsr_error *err) {
    *out = NULL;
    const tsr_array *array = tessera_test(L, index);
    if (array == NULL)
        return tsr_error_set(err, TSR_EVALUE, "there is no array at stack index %d",
                             (int64_t)index);
    if (tsrL_peek(L, index)->requires_grad)
        return tsr_error_set(err, TSR_EVALUE, "the tensor requires grad");
    return tsr_dlpack_export(array, options, holder, out, err);
}

tsr_status tessera_from_dlpack(lua_State *L, void *managed, unsigned options, tsr_face face,
                               tsr_error *err) {
    tsr_context *context = tessera_context(L);
    tsr_array *array = NULL;
    if (context == NULL) {
        tsr_dlpack_delete(managed, options);
        return tsr_error_set(err, TSR_EVALUE, "the library is not open in this state");
    }
    tsr_status status =
        tsr_dlpack_import(context, managed, options & ~(unsigned)TSR_DLPACK_RETRY, &array, err);
    if (status == TSR_OK)
        status = tessera_push(L, array, face, err);
    tsr_array_release(array);
    return status;
}
