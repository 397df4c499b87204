/* An example host: a program that lets a Lua script work on a picture.
 *
 *   pixels SCRIPT IN.png OUT.png
 *
 * The picture is this program's memory, 8-bit red, green, blue and alpha. It is lent to the script,
 * which sees it as an ndarray of height x width x 4 bytes; nothing is copied.
 *
 *   1. SCRIPT is run once. It returns a function, edit, and if it likes a second one, after.
 *   2. edit(pixels) is called with the lent memory and changes it in place. It returns nothing, or
 *      the part of the picture that OUT.png shall show: any array of height x width x 4 uint8.
 *   3. The host takes its memory back, whether edit failed or not, and writes OUT.png.
 *   4. after() is called, if it was given: whatever the script kept of the picture raises an error
 *      now, instead of touching memory that is no longer there.
 *
 * The library is opened without capabilities, under a quota of 1 GiB. Errors go to stderr, and the
 * status is 1. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "tessera_lua.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(const char *what, const char *why) {
    fprintf(stderr, "pixels: %s: %s\n", what, why);
    return false;
}

/* lua_pcall that prints the error. */
static bool call(lua_State *L, const char *what, int args, int results) {
    if (lua_pcall(L, args, results, 0) == 0)
        return true;
    const char *message = lua_tostring(L, -1);
    return fail(what, message != NULL ? message : "an error that is no text");
}

/* The picture in a new block, whatever the file's own format was. */
static bool read_picture(const char *path, png_image *image, png_bytep *pixels) {
    *image = (png_image){.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(image, path))
        return fail(path, image->message);
    image->format = PNG_FORMAT_RGBA;
    *pixels = malloc(PNG_IMAGE_SIZE(*image));
    if (*pixels == NULL || !png_image_finish_read(image, NULL, *pixels, 0, NULL)) {
        fail(path, *pixels == NULL ? "no memory" : image->message);
        png_image_free(image);
        return false;
    }
    return true;
}

static bool write_picture(const char *path, int64_t height, int64_t width, const void *pixels) {
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .height = (png_uint_32)height,
                       .width = (png_uint_32)width,
                       .format = PNG_FORMAT_RGBA};
    return png_image_write_to_file(&image, path, 0, pixels, 0, NULL) || fail(path, image.message);
}

/* What edit returned, on top of the stack: nothing, or a picture, which is copied without gaps. */
static bool take_result(lua_State *L, tsr_array **out) {
    if (lua_isnil(L, -1))
        return true;
    tsr_array *array = tessera_test(L, -1);
    if (array == NULL || tsr_array_dtype(array) != TSR_UINT8 || tsr_array_ndim(array) != 3 ||
        tsr_array_shape(array)[2] != 4 || tsr_array_size(array) == 0)
        return fail("edit", "must return nothing, or an array of height x width x 4 uint8");
    tsr_error err = {.index_base = 1};
    if (tsr_clone(tessera_context(L), array, TSR_UINT8, TSR_ORDER_C, out, &err) != TSR_OK)
        return fail("edit", err.message);
    return true;
}

/* Lends the picture to the function at `function` and takes it back. */
static bool edit(lua_State *L, int function, const png_image *image, png_bytep pixels,
                 tsr_array **out) {
    const int64_t shape[] = {image->height, image->width, 4};
    const tessera_buffer buffer = {.struct_size = sizeof buffer,
                                   .data = pixels,
                                   .dtype = TSR_UINT8,
                                   .ndim = 3,
                                   .shape = shape,
                                   .rights = TSR_READ | TSR_WRITE,
                                   .label = "pixels"};
    tessera_lease *lease = NULL;
    tsr_error err = {0};
    lua_pushvalue(L, function);
    if (tessera_lend(L, &buffer, &lease, &err) != TSR_OK)
        return fail("lend", err.message);
    bool ok = call(L, "edit", 1, 1) && take_result(L, out);
    if (tessera_revoke(lease, TESSERA_REFUSE, &err) != TSR_OK)
        ok = fail("revoke", err.message); /* cannot be: nothing runs, and nothing was exported */
    tessera_lease_free(lease);
    lua_pop(L, 1);
    return ok;
}

static bool open_library(lua_State *L) {
    const tessera_config config = {
        .struct_size = sizeof config,
        .core = {.struct_size = sizeof config.core, .quota = (size_t)1 << 30}};
    tsr_error err = {0};
    luaL_openlibs(L);
    if (tessera_open(L, &config, &err) != TSR_OK)
        return fail("open", err.message);
    lua_settop(L, 0);
    return true;
}

static bool run_script(lua_State *L, const char *path) {
    if (luaL_loadfile(L, path) != 0)
        return fail("load", lua_tostring(L, -1));
    if (!call(L, "script", 0, 2))
        return false;
    return lua_isfunction(L, 1) || fail(path, "must return a function");
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fputs("usage: pixels SCRIPT IN.png OUT.png\n", stderr);
        return EXIT_FAILURE;
    }
    png_image image;
    png_bytep pixels = NULL;
    tsr_array *part = NULL;
    lua_State *L = luaL_newstate();
    bool ok = L != NULL && open_library(L) && run_script(L, argv[1]) &&
              read_picture(argv[2], &image, &pixels) && edit(L, 1, &image, pixels, &part);
    if (ok && part != NULL)
        ok = write_picture(argv[3], tsr_array_shape(part)[0], tsr_array_shape(part)[1],
                           tsr_array_data(part));
    else if (ok)
        ok = write_picture(argv[3], image.height, image.width, pixels);
    free(pixels);
    if (ok && !lua_isnil(L, 2)) {
        lua_pushvalue(L, 2);
        ok = call(L, "after", 0, 0);
    }
    tsr_array_release(part);
    if (L != NULL)
        lua_close(L);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
