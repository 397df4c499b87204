/* The registers of a program on one thread: computes one block of the program's value at a time.
 *
 * A block is `rows` by `columns` elements of a tile, so small that all registers together stay in
 * the first-level cache. For each block
 *
 *     loads    an operand that is contiguous and aligned is used where it lies; one that repeats a
 *              single element, or a constant, was spread over its buffer when the tile began; any
 *              other is gathered, by a transposing kernel where its fast direction is the other one
 *     steps    kernels, from buffer to buffer
 *
 * so that no conversion and no intermediate value ever takes a whole temporary array.
 *
 * Operands that are too large for the second-level cache are worked off in blocks of TSR_FAR_BLOCK
 * bytes: so few instructions that the processor, while it waits for the memory of one block, is at
 * the next ones already; and those ahead are asked for. sqrt(x * x + y * y) * 2 + 1 of 10^7 floats
 * takes 5.2 ms, 5.7 in blocks of 1 KiB, 7.4 in those of 2 KiB; of doubles 12.5, 12.9, 16.5. */
#ifndef TSR_MACHINE_H
#define TSR_MACHINE_H

#include "program.h"

enum { TSR_MACHINE_BYTES = 32768, TSR_MACHINE_BUFFERS = 64, TSR_MACHINE_MOST = 8192 };
enum { TSR_FAR_BYTES = 1 << 22, TSR_FAR_BLOCK = 1280 };
enum { TSR_PANEL_BYTES = 32768 };

typedef struct tsr_machine {
    const tsr_program *program;
    int64_t room;                      /* bytes of a buffer */
    int64_t most, usual;               /* elements of a block: multiples of 64 */
    int64_t rows, columns;             /* of a block of the current tile, but at its edges */
    bool back;                         /* blocks come from the last to the first */
    int loads;                         /* registers that are loaded: */
    uint8_t load[TSR_REGISTERS];       /* which */
    uint8_t item[TSR_REGISTERS];       /* each register's bytes of an element */
    uint8_t way[TSR_REGISTERS];        /* how it is loaded in the current tile */
    uint8_t own[TSR_REGISTERS];        /* each register's buffer, */
    char *buffer[TSR_REGISTERS];       /* and where it is */
    const void *spread[TSR_REGISTERS]; /* what it repeats, */
    int64_t times[TSR_REGISTERS];      /* so often, */
    int64_t filled;                    /* and all that the current tile repeats at least so often */
    const void *value[TSR_REGISTERS];
    int64_t panel[4];            /* place of the panel at hand: row, column, rows, columns */
    char *turned[TSR_REGISTERS]; /* where operands are turned to in it */
    _Alignas(64) char bytes[TSR_MACHINE_BYTES];
} tsr_machine;

/* For a run over so many elements in all. False when the program needs more registers at a time
 * than there are. */
bool tsr_machine_start(tsr_machine *m, const tsr_program *program, int64_t elements);
/* Makes blocks smaller: about so many elements. */
void tsr_machine_limit(tsr_machine *m, int64_t elements);
/* Enters a tile: chooses the size of blocks, spreads what repeats and is not spread yet. */
void tsr_machine_enter(tsr_machine *m, const tsr_tile *tile);
/* Whether the operands of the current tile are used where they lie, and are near enough for the
 * second-level cache. */
bool tsr_machine_is_near(const tsr_machine *m);
/* Whether blocks of the current tile may be as long as its rows, if each is written where it
 * belongs: one step over operands that are used where they lie, and near enough. */
bool tsr_machine_needs_no_buffer(const tsr_machine *m);
/* The value of a block, contiguous and aligned: in `to` (NULL: anywhere) if the last step could
 * write there. Valid until the next block. */
const void *tsr_machine_block(tsr_machine *m, const tsr_tile *tile, int64_t row, int64_t column,
                              int64_t rows, int64_t columns, void *to);

/* Whether tsr_machine_stream takes the rows of the current tile: one step over operands that are
 * used where they lie, or the same everywhere or all along a row. */
bool tsr_machine_streams(const tsr_machine *m);
/* n elements of a row from `column` on, block by block and past the caches to `to`, where they lie
 * contiguously: what all the calls for each block do, without them. */
void tsr_machine_stream(tsr_machine *m, const tsr_tile *tile, int64_t row, int64_t column,
                        int64_t n, char *to);

/* Long rows of which some operands run across: turning these for a panel of a few rows, of as many
 * bytes as a line has, lets the others be used where they lie. False when a tile is not of that
 * kind; else how large panels are. A panel's rows are then blocks of one row; `room` is for
 * TSR_PANEL_BYTES, aligned to a line, and stays until the next panel. */
bool tsr_machine_turns(const tsr_machine *m, const tsr_tile *tile, int64_t *rows, int64_t *columns);
void tsr_machine_turn(tsr_machine *m, const tsr_tile *tile, int64_t row, int64_t column,
                      int64_t rows, int64_t columns, char *room);

/* Turns n elements of a dtype, contiguous and aligned, to the other byte order. */
void tsr_units_swap(const tsr_kernels *kernels, tsr_dtype dtype, void *block, int64_t n);
/* Whether an operand is in the other byte order. */
static inline bool tsr_tile_is_swapped(const tsr_tile *tile, int operand) {
    return (tile->swapped >> operand & 1) != 0;
}
/* Whether rows of an operand are contiguous and aligned for a dtype, in this machine's byte order.
 */
bool tsr_tile_is_direct(const tsr_tile *tile, int operand, tsr_dtype dtype);
/* Whether the fast direction of an operand is across the rows. */
bool tsr_tile_is_transposed(const tsr_tile *tile, int operand, int64_t item);

#endif
