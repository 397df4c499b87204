/* Rain on a pond in plain C: what scripts/examples/pond.lua draws, pixel for pixel. */
#ifndef POND_H
#define POND_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pond pond;

pond *pond_new(int width, int height); /* NULL: no memory */
void pond_free(pond *p);
/* Draws the next frame. `drop`: the mouse is pressed at x, y. `pitch` is in pixels. */
void pond_frame(pond *p, uint32_t *pixels, int pitch, bool drop, int x, int y);

#endif
