/* What this machine can do at most, measured in the same run as the library. Built for the machine
 * that it runs on (bench.mk), since a limit is the machine's and not a level's.
 *
 *   mover(a, b, c, w, n, streaming, at_a, at_b, at_c, at_w)
 *                   a function that passes once over n elements: reads three streams of a, b and c
 *                   bytes an element and writes one of w bytes (0: there is none), with streaming
 *                   stores or plain ones; at the addresses given, for some of a machine's memory is
 *                   slower than other, or (nil) in memory that all such passes share
 *   multiplier()    a function that makes a number of fused multiply-adds of whole vectors; and the
 *                   number
 *   wall()          seconds of the wall clock */
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* 64 elements are a step: as many vectors as an element has bytes. */
enum { LANES = 64, STREAMS = 4, ROUNDS = 2000, CHAINS = 14, APART = 15 };

typedef int64_t words __attribute__((vector_size(64), may_alias, aligned(8)));
typedef float floats __attribute__((vector_size(64)));

static inline void store(words *to, words x, bool streaming) {
    if (!streaming) {
        *to = x;
        return;
    }
#if defined(__AVX512F__)
    _mm512_stream_si512((void *)to, (__m512i)x);
#elif defined(__SSE2__)
    __m128i part[4];
    memcpy(part, &x, sizeof x);
    for (int i = 0; i < 4; i++)
        _mm_stream_si128((__m128i *)(void *)to + i, part[i]);
#else
    *to = x;
#endif
}

typedef struct pass {
    size_t width[STREAMS];
    words *stream[STREAMS];
    size_t steps;
    bool streaming;
} pass;

__attribute__((always_inline)) static inline words run(const pass *p, size_t a, size_t b, size_t c,
                                                       size_t w, bool streaming) {
    const words *x = p->stream[0], *y = p->stream[1], *z = p->stream[2];
    words *out = p->stream[3], seen = {0};
    for (size_t i = 0; i < p->steps; i++) {
        words all = {0};
        for (size_t j = 0; j < a; j++)
            all ^= x[i * a + j];
        for (size_t j = 0; j < b; j++)
            all ^= y[i * b + j];
        for (size_t j = 0; j < c; j++)
            all ^= z[i * c + j];
        for (size_t j = 0; j < w; j++)
            store(out + i * w + j, all, streaming);
        seen ^= all;
    }
    return seen;
}

/* The frequent ones with their loops unrolled. */
#define EXACTLY(A, B, C, W)                                                                        \
    if (p->width[0] == A && p->width[1] == B && p->width[2] == C && p->width[3] == W)              \
        return p->streaming ? run(p, A, B, C, W, true) : run(p, A, B, C, W, false);

static words run_any(const pass *p) {
    EXACTLY(4, 4, 0, 4)
    EXACTLY(8, 8, 0, 8)
    EXACTLY(4, 0, 0, 4)
    EXACTLY(4, 0, 0, 8)
    EXACTLY(8, 0, 0, 4)
    EXACTLY(1, 0, 0, 4)
    EXACTLY(4, 8, 0, 8)
    EXACTLY(4, 4, 0, 8)
    EXACTLY(8, 0, 0, 8)
    EXACTLY(4, 0, 0, 0)
    EXACTLY(8, 0, 0, 0)
    EXACTLY(1, 0, 0, 0)
    EXACTLY(1, 1, 0, 1)
    EXACTLY(2, 2, 0, 2)
    EXACTLY(4, 4, 0, 1)
    EXACTLY(8, 8, 0, 1)
    EXACTLY(1, 4, 4, 4)
    EXACTLY(1, 8, 8, 8)
    return run(p, p->width[0], p->width[1], p->width[2], p->width[3], p->streaming);
}

static int move(lua_State *L) {
    words seen = run_any(lua_touserdata(L, lua_upvalueindex(1)));
#if defined(__SSE2__)
    _mm_sfence();
#endif
    lua_pushboolean(L, seen[0] == 1);
    return 1;
}

/* Memory that every pass shares; it is written once, so that its pages are there. */
static words *block(size_t which, size_t bytes) {
    static words *blocks[STREAMS];
    static size_t sizes[STREAMS];
    const size_t huge = (size_t)2 << 20, rounded = (bytes + huge - 1) / huge * huge;
    if (sizes[which] < rounded) {
        free(blocks[which]);
        blocks[which] = aligned_alloc(huge, rounded);
        sizes[which] = blocks[which] != NULL ? rounded : 0;
        if (blocks[which] != NULL) {
            madvise(blocks[which], rounded, MADV_HUGEPAGE);
            memset(blocks[which], 1, rounded);
        }
    }
    return blocks[which];
}

static int mover(lua_State *L) {
    const size_t n = (size_t)luaL_checkinteger(L, 5);
    const bool streaming = lua_toboolean(L, 6);
#if LUA_VERSION_NUM >= 504
    pass *p = lua_newuserdatauv(L, sizeof *p, 0);
#else
    pass *p = lua_newuserdata(L, sizeof *p);
#endif
    p->steps = n / LANES;
    p->streaming = streaming;
    /* Apart within a page, and the stores behind the loads: a load that follows a store to the same
     * place of another page waits for it. */
    for (size_t i = 0; i < STREAMS; i++) {
        p->width[i] = (size_t)luaL_checkinteger(L, (int)i + 1);
        if (!lua_isnoneornil(L, (int)i + 7)) {
            p->stream[i] = (words *)(intptr_t)luaL_checknumber(L, (int)i + 7);
            continue;
        }
        words *memory = block(i, (p->steps * p->width[i] + STREAMS * APART) * sizeof(words));
        if (memory == NULL)
            return luaL_error(L, "no memory");
        p->stream[i] = memory + APART * (STREAMS - 1 - i);
    }
    lua_pushcclosure(L, move, 1);
    return 1;
}

static int multiply(lua_State *L) {
    floats chain[CHAINS], factor, term;
    for (size_t i = 0; i < sizeof factor / sizeof factor[0]; i++) {
        factor[i] = (float)lua_tonumber(L, 1) + 0.5F;
        term[i] = 1;
    }
    for (int i = 0; i < CHAINS; i++)
        chain[i] = term;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CHAINS; i++)
            chain[i] = chain[i] * factor + term;
    }
    floats sum = chain[0];
    for (int i = 1; i < CHAINS; i++)
        sum += chain[i];
    lua_pushnumber(L, (lua_Number)sum[0]);
    return 1;
}

/* One operation on 64 bytes is one instruction, or as many as the machine's registers need. */
static int multiplier(lua_State *L) {
#if defined(__AVX512F__)
    const int parts = 1;
#elif defined(__AVX__)
    const int parts = 2;
#else
    const int parts = 4;
#endif
    lua_pushcfunction(L, multiply);
    lua_pushinteger(L, (lua_Integer)ROUNDS * CHAINS * parts);
    return 2;
}

static int wall(lua_State *L) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    lua_pushnumber(L, (lua_Number)t.tv_sec + 1e-9 * (lua_Number)t.tv_nsec);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_limits(lua_State *L);

int luaopen_limits(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"mover", mover}, {"multiplier", multiplier}, {"wall", wall}, {NULL, NULL}};
    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
    return 1;
}
