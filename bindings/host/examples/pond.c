/* The pond as anybody would write it in C: two surfaces of heights with a border of zeros, a loop
 * for the wave and a loop for the picture. It is compiled for the very machine that it runs on,
 * with vectors, so that the viewer compares the script with the best that plain loops give. Each
 * operation is rounded as the script's are (no contraction), so the pictures are the same to the
 * last bit. */
#include "pond.h"

#include <stdlib.h>

enum { RADIUS = 11, RAIN = 8, SIDE = 2 * RADIUS + 1 };

struct pond {
    int width, height, row; /* row: of the surfaces, with the border */
    int64_t count, seed;
    float *now, *before, *edge, *red, *green, *blue;
    float dent[SIDE][SIDE];
};

static int least(int a, int b) {
    return a < b ? a : b;
}

static int most(int a, int b) {
    return a > b ? a : b;
}

void pond_free(pond *p) {
    if (p == NULL)
        return;
    float *blocks[] = {p->now, p->before, p->edge, p->red, p->green, p->blue};
    for (int i = 0; i < 6; i++)
        free(blocks[i]);
    free(p);
}

static bool make_blocks(pond *p) {
    size_t surface = (size_t)p->row * (size_t)(p->height + 2);
    size_t width = (size_t)p->width, height = (size_t)p->height;
    p->now = calloc(surface, sizeof(float));
    p->before = calloc(surface, sizeof(float));
    p->edge = calloc(width, sizeof(float));
    p->red = calloc(height, sizeof(float));
    p->green = calloc(height, sizeof(float));
    p->blue = calloc(height, sizeof(float));
    return p->now != NULL && p->before != NULL && p->edge != NULL && p->red != NULL &&
           p->green != NULL && p->blue != NULL;
}

pond *pond_new(int width, int height) {
    pond *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->width = width;
    p->height = height;
    p->row = width + 2;
    p->seed = 20240607;
    if (!make_blocks(p)) {
        pond_free(p);
        return NULL;
    }
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float across = (float)(y - RADIUS), along = (float)(x - RADIUS);
            float dent = 1 - (across * across + along * along) / (RADIUS * RADIUS);
            dent = dent > 0 ? dent : 0;
            p->dent[y][x] = dent * dent * -3;
        }
    for (int y = 0; y < height; y++) {
        float down = (float)y / (float)height;
        p->red[y] = down * 22 + 6;
        p->green[y] = down * 74 + 46;
        p->blue[y] = down * 58 + 84;
    }
    for (int x = 0; x < width; x++) {
        float side = (float)x / (float)width * 2 - 1;
        p->edge[x] = 1 - side * side * 0.45f;
    }
    return p;
}

static int draw_number(pond *p, int n) {
    p->seed = p->seed * 16807 % 2147483647;
    return (int)(p->seed % n);
}

static void let_fall(pond *p, int left, int top) {
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            p->now[(top + y) * p->row + left + x] += p->dent[y][x];
}

static void wave(const pond *p) {
    int row = p->row;
    for (int y = 1; y <= p->height; y++) {
        const float *restrict now = p->now + y * row;
        float *restrict before = p->before + y * row;
        for (int x = 1; x <= p->width; x++)
            before[x] =
                ((now[x - row] + now[x + row] + now[x - 1] + now[x + 1]) * 0.5f - before[x]) *
                0.994f;
    }
}

static inline uint32_t channel(float water, float more) {
    float value = water + more;
    value = value > 0 ? value : 0;
    return (uint32_t)(int32_t)(value < 255 ? value : 255);
}

static void paint(const pond *p, uint32_t *pixels, int pitch) {
    int row = p->row;
    for (int y = 0; y < p->height; y++) {
        const float *restrict now = p->now + (y + 1) * row + 1;
        const float *restrict edge = p->edge;
        uint32_t *restrict out = pixels + (int64_t)y * pitch;
        float red = p->red[y], green = p->green[y], blue = p->blue[y];
        for (int x = 0; x < p->width; x++) {
            float slope = (now[x - 1] - now[x + 1]) + (now[x - row] - now[x + row]);
            float gleam = slope - 0.25f > 0 ? slope - 0.25f : 0;
            gleam = gleam * gleam * 160;
            float light = slope * 48;
            out[x] = channel(red * edge[x], light * 0.5f + gleam) << 16 |
                     channel(green * edge[x], light + gleam) << 8 |
                     channel(blue * edge[x], light + gleam);
        }
    }
}

void pond_frame(pond *p, uint32_t *pixels, int pitch, bool drop, int x, int y) {
    int right = p->width - 2 * RADIUS, bottom = p->height - 2 * RADIUS;
    if (p->count++ % RAIN == 0) {
        int left = draw_number(p, right);
        let_fall(p, left, draw_number(p, bottom));
    }
    if (drop)
        let_fall(p, most(0, least(right, x - RADIUS)), most(0, least(bottom, y - RADIUS)));
    wave(p);
    float *before = p->before;
    p->before = p->now;
    p->now = before;
    paint(p, pixels, pitch);
}
