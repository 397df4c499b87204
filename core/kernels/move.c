/* Copies between strided layouts, by item size.
 *
 * The destination is usually contiguous along the inner dimension, since the loop engine orders the
 * dimensions by it. The cases that scripts write all the time then have loops of their own, with
 * the source stride a constant that the compiler makes shuffles of: whole rows, a repeated item,
 * every second, third or fourth item (a[::2], one channel of RGB or RGBA), and backwards.
 * Everything else is a loop of loads and stores at any stride. Rows too short to profit take that
 * loop at once.
 *
 * Items may lie at any address (items.h). */
#include "level.h"

#include "items.h"

#include <string.h>

enum { SHORT_ROW = 8 };

#define BYTES 1
#include "move_body.h"
#define BYTES 2
#include "move_body.h"
#define BYTES 4
#include "move_body.h"
#define BYTES 8
#include "move_body.h"
#define BYTES 16
#include "move_body.h"

void TSR_KERNEL_ENTRY(move)(tsr_kernels *k) {
    static tsr_kernel_move *const moves[TSR_ITEM_COUNT] = {move_1, move_2, move_4, move_8, move_16};
    memcpy(k->move, moves, sizeof moves);
}
