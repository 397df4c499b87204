/* An example host with a window: a Lua script draws what it shows, 60 times a second.
 *
 *   viewer SCRIPT [FRAMES] [compare]
 *
 * SCRIPT returns a function, which is called for each frame with the window's own pixels, an
 * ndarray of 720 x 1280 int32 (0xRRGGBB), and with the place of the mouse when its button is
 * pressed. The pixels are lent for the length of the call and copied nowhere: what the script
 * writes is what is shown. Its errors go to stderr, and end the program with status 1.
 *
 * It runs until the window is closed, or for so many frames, and then prints how long they took.
 * With "compare", each frame is drawn a second time by plain C (pond.c), and it is an error when a
 * pixel differs. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "pond.h"
#include "tessera_lua.h"

#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1280, HEIGHT = 720, RATE = 60, KEPT = 1 << 16 };

typedef struct times {
    double taken[KEPT]; /* milliseconds, of the latest frames */
    int count;
} times;

typedef struct viewer {
    lua_State *L;
    SDL_Window *window;
    SDL_Surface *surface;
    pond *plain;            /* NULL: nothing is compared */
    uint32_t *plain_pixels; /* packed */
    times script, by_plain, show;
    int64_t frames, late, differing;
    bool pressed;
    int x, y;
} viewer;

static bool fail(const char *what, const char *why) {
    fprintf(stderr, "viewer: %s: %s\n", what, why != NULL ? why : "an error that is no text");
    return false;
}

static double milliseconds(uint64_t since) {
    return (double)(SDL_GetPerformanceCounter() - since) * 1000 /
           (double)SDL_GetPerformanceFrequency();
}

static void keep(times *t, double taken) {
    t->taken[t->count++ % KEPT] = taken;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *name, times *t) {
    int n = t->count < KEPT ? t->count : KEPT;
    if (n == 0)
        return;
    qsort(t->taken, (size_t)n, sizeof *t->taken, compare_doubles);
    printf("  %-16s %6.2f %8.2f\n", name, t->taken[n / 2], t->taken[n - 1]);
}

static bool open_library(viewer *v, const char *script) {
    const tessera_config config = {
        .struct_size = sizeof config,
        .core = {.struct_size = sizeof config.core, .quota = (size_t)256 << 20}};
    tsr_error err = {0};
    if (v->L == NULL)
        return fail("Lua", "no memory");
    luaL_openlibs(v->L);
    if (tessera_open(v->L, &config, &err) != TSR_OK)
        return fail("open", err.message);
    lua_settop(v->L, 0);
    if (luaL_loadfile(v->L, script) != 0 || lua_pcall(v->L, 0, 1, 0) != 0)
        return fail("script", lua_tostring(v->L, -1));
    return lua_isfunction(v->L, 1) || fail(script, "must return a function");
}

static bool open_window(viewer *v) {
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return fail("SDL", SDL_GetError());
    v->window = SDL_CreateWindow("tessera viewer", SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED,
                                 WIDTH, HEIGHT, 0);
    v->surface = v->window != NULL ? SDL_GetWindowSurface(v->window) : NULL;
    if (v->surface == NULL)
        return fail("window", SDL_GetError());
    const SDL_PixelFormat *format = v->surface->format;
    if (v->surface->w != WIDTH || v->surface->h != HEIGHT || format->BytesPerPixel != 4 ||
        format->Rmask != 0xff0000 || format->Gmask != 0xff00 || format->Bmask != 0xff)
        return fail("window", "its pixels are not 1280 x 720 of 0xRRGGBB");
    return true;
}

/* The next frame, by the script, into the window's memory. */
static bool draw(viewer *v) {
    const int64_t shape[] = {HEIGHT, WIDTH}, strides[] = {v->surface->pitch, sizeof(uint32_t)};
    const tessera_buffer pixels = {.struct_size = sizeof pixels,
                                   .data = v->surface->pixels,
                                   .dtype = TSR_INT32,
                                   .ndim = 2,
                                   .shape = shape,
                                   .strides = strides,
                                   .rights = TSR_READ | TSR_WRITE,
                                   .label = "the window"};
    tessera_lease *lease = NULL;
    tsr_error err = {0};
    lua_pushvalue(v->L, 1);
    if (tessera_lend(v->L, &pixels, &lease, &err) != TSR_OK)
        return fail("lend", err.message);
    if (v->pressed) {
        lua_pushinteger(v->L, v->x);
        lua_pushinteger(v->L, v->y);
    }
    bool ok =
        lua_pcall(v->L, v->pressed ? 3 : 1, 0, 0) == 0 || fail("frame", lua_tostring(v->L, -1));
    if (tessera_revoke(lease, TESSERA_REFUSE, &err) != TSR_OK)
        ok = fail("revoke", err.message); /* cannot be: nothing runs, and nothing was exported */
    tessera_lease_free(lease);
    return ok;
}

/* The same frame by plain C, and the pixels that differ. */
static void compare(viewer *v) {
    uint64_t start = SDL_GetPerformanceCounter();
    pond_frame(v->plain, v->plain_pixels, WIDTH, v->pressed, v->x, v->y);
    keep(&v->by_plain, milliseconds(start));
    for (int y = 0; y < HEIGHT; y++) {
        const char *row = (const char *)v->surface->pixels + (ptrdiff_t)y * v->surface->pitch;
        const uint32_t *plain = v->plain_pixels + (ptrdiff_t)y * WIDTH;
        if (memcmp(row, plain, WIDTH * sizeof *plain) != 0)
            for (int x = 0; x < WIDTH; x++)
                v->differing += memcmp(row + 4 * x, plain + x, 4) != 0;
    }
}

/* False when the window was closed. */
static bool take_events(viewer *v) {
    SDL_Event event;
    while (SDL_PollEvent(&event) != 0)
        if (event.type == SDL_QUIT ||
            (event.type == SDL_KEYDOWN && event.key.keysym.sym == SDLK_ESCAPE))
            return false;
    v->pressed = (SDL_GetMouseState(&v->x, &v->y) & SDL_BUTTON_LMASK) != 0;
    if (v->plain != NULL) { /* across the corners too */
        v->pressed = v->frames % 10 == 5;
        v->x = (int)(v->frames * 73 % WIDTH);
        v->y = (int)(v->frames * 41 % HEIGHT);
    }
    return true;
}

static bool show_frames(viewer *v, int64_t most) {
    uint64_t tick = SDL_GetPerformanceFrequency() / RATE, next = SDL_GetPerformanceCounter();
    while (take_events(v) && (most == 0 || v->frames < most)) {
        uint64_t start = SDL_GetPerformanceCounter();
        if (!draw(v))
            return false;
        keep(&v->script, milliseconds(start));
        uint64_t drawn = SDL_GetPerformanceCounter();
        if (SDL_UpdateWindowSurface(v->window) != 0)
            return fail("show", SDL_GetError());
        keep(&v->show, milliseconds(drawn));
        v->late += SDL_GetPerformanceCounter() - start > tick;
        if (v->plain != NULL)
            compare(v);
        v->frames++;
        next += tick;
        uint64_t now = SDL_GetPerformanceCounter();
        if (now < next)
            SDL_Delay((uint32_t)((next - now) * 1000 / SDL_GetPerformanceFrequency()));
        else
            next = now;
    }
    return true;
}

static bool report(viewer *v) {
    printf("%lld frames of %d x %d (%s), %lld later than 1/%d s, implicit copies: %llu\n",
           (long long)v->frames, WIDTH, HEIGHT, SDL_GetCurrentVideoDriver(), (long long)v->late,
           RATE, (unsigned long long)tsr_context_copies(tessera_context(v->L)));
    printf("  %-16s %6s %8s\n", "milliseconds", "median", "worst");
    print_times("the script", &v->script);
    print_times("plain C", &v->by_plain);
    print_times("to the window", &v->show);
    if (v->plain != NULL)
        printf("  pixels that differ from plain C's: %lld\n", (long long)v->differing);
    return v->differing == 0;
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 4) {
        fputs("usage: viewer SCRIPT [FRAMES] [compare]\n", stderr);
        return EXIT_FAILURE;
    }
    viewer *v = calloc(1, sizeof *v);
    if (v == NULL)
        return EXIT_FAILURE;
    bool ok = true;
    if (argc == 4) {
        v->plain = pond_new(WIDTH, HEIGHT);
        v->plain_pixels = malloc((size_t)WIDTH * HEIGHT * sizeof *v->plain_pixels);
        ok = (v->plain != NULL && v->plain_pixels != NULL) || fail("compare", "no memory");
    }
    v->L = luaL_newstate();
    ok = ok && open_library(v, argv[1]) && open_window(v) &&
         show_frames(v, argc > 2 ? atoll(argv[2]) : 0) && report(v);
    if (v->L != NULL)
        lua_close(v->L);
    SDL_Quit();
    pond_free(v->plain);
    free(v->plain_pixels);
    free(v);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
