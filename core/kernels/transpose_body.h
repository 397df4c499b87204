/* The body of transpose.c for one item size; BYTES is 1, 2, 4, 8 or 16 and is undefined at the end.
 */

#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
#define ITEM         PASTE(item_, BYTES)
#define VECTOR       PASTE(tile_, BYTES)
#define LOW          PASTE(LOW_, BYTES)
#define HIGH         PASTE(HIGH_, BYTES)
#define TILE         PASTE(transpose_tile_, BYTES)
#define BLOCK        PASTE(block_, BYTES)
#define EDGE         PASTE(edge_, BYTES)

/* TILE_SIDE items are a vector, BLOCK_SIDE items a line. */
#define TILE_SIDE  (16 / BYTES)
#define BLOCK_SIDE (LINE / BYTES)

/* One tile. Interleaving row r with row r + side/2 doubles the length of the runs that come from
 * one column; after log2(side) rounds a vector is a column. */
static inline __attribute__((always_inline)) void TILE(const char *src, int64_t ss, char *dst,
                                                       int64_t ds) {
    VECTOR a[TILE_SIDE], b[TILE_SIDE];
    for (int r = 0; r < TILE_SIDE; r++) {
        a[r] = (VECTOR)load_16(src + r * ss);
    }
    for (int side = TILE_SIDE; side > 1; side /= 2) {
        for (int r = 0; r < TILE_SIDE / 2; r++) {
            b[2 * r] = LOW(a[r], a[r + TILE_SIDE / 2]);
            b[2 * r + 1] = HIGH(a[r], a[r + TILE_SIDE / 2]);
        }
        memcpy(a, b, sizeof a);
    }
    for (int r = 0; r < TILE_SIDE; r++) {
        *(item_16 *)(dst + r * ds) = (item_16)a[r];
    }
}

#if BYTES == 4 && defined(TSR_X86_BLOCK_4)
#define BLOCK_RUN TSR_X86_BLOCK_4
#elif BYTES == 8 && defined(TSR_X86_BLOCK_8)
#define BLOCK_RUN TSR_X86_BLOCK_8
#else
#define BLOCK_RUN BLOCK

/* One block, by way of a buffer that holds its destination lines. The buffer is read in the pieces
 * that it was written in: a wider read would wait until the writes before it have reached the
 * cache. */
static inline void BLOCK(const char *src, int64_t ss, char *dst, int64_t ds, bool stream) {
    item_16 lines[BLOCK_SIDE * 4] __attribute__((aligned(64)));
    for (int64_t i = 0; i < BLOCK_SIDE; i += TILE_SIDE) {
        for (int64_t j = 0; j < BLOCK_SIDE; j += TILE_SIDE) {
            TILE(src + i * ss + j * BYTES, ss, (char *)lines + j * LINE + i * BYTES, LINE);
        }
    }
    for (int64_t j = 0; j < BLOCK_SIDE; j++) {
        write_line(dst + j * ds, lines + 4 * j, stream);
    }
}
#endif

/* Any shape: tiles, then items. */
static void EDGE(const char *src, int64_t ss, char *dst, int64_t ds, int64_t rows, int64_t cols) {
    int64_t tiled_rows = rows - rows % TILE_SIDE, tiled_cols = cols - cols % TILE_SIDE;
    for (int64_t i = 0; i < tiled_rows; i += TILE_SIDE) {
        for (int64_t j = 0; j < tiled_cols; j += TILE_SIDE) {
            TILE(src + i * ss + j * BYTES, ss, dst + j * ds + i * BYTES, ds);
        }
    }
    for (int64_t j = tiled_cols; j < cols; j++) {
        for (int64_t i = 0; i < tiled_rows; i++) {
            *(ITEM *)(dst + j * ds + i * BYTES) = *(const ITEM *)(src + i * ss + j * BYTES);
        }
    }
    for (int64_t i = tiled_rows; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            *(ITEM *)(dst + j * ds + i * BYTES) = *(const ITEM *)(src + i * ss + j * BYTES);
        }
    }
}

static void PASTE(transpose_, BYTES)(const char *src, int64_t ss, char *dst, int64_t ds,
                                     int64_t rows, int64_t cols, bool past) {
    int64_t head = past ? stream_head(dst, ds, rows, BYTES) : -1;
    bool stream = head >= 0;
    if (head > 0) {
        EDGE(src, ss, dst, ds, head, cols);
        src += head * ss;
        dst += head * BYTES;
        rows -= head;
    }
    int64_t full_rows = rows - rows % BLOCK_SIDE, full_cols = cols - cols % BLOCK_SIDE;
    for (int64_t band = 0; band < full_rows; band += 2 * BLOCK_SIDE) {
        int64_t end = full_rows - band < 2 * BLOCK_SIDE ? full_rows : band + 2 * BLOCK_SIDE;
        for (int64_t j = 0; j < full_cols; j += BLOCK_SIDE) {
            for (int64_t i = band; i < end; i += BLOCK_SIDE) {
                BLOCK_RUN(src + i * ss + j * BYTES, ss, dst + j * ds + i * BYTES, ds, stream);
            }
        }
    }
    if (full_cols < cols) {
        EDGE(src + full_cols * BYTES, ss, dst + full_cols * ds, ds, full_rows, cols - full_cols);
    }
    if (full_rows < rows) {
        EDGE(src + full_rows * ss, ss, dst + full_rows * BYTES, ds, rows - full_rows, cols);
    }
    if (stream) {
        stream_end();
    }
}

#undef PASTE_
#undef PASTE
#undef ITEM
#undef VECTOR
#undef LOW
#undef HIGH
#undef TILE
#undef BLOCK
#undef BLOCK_RUN
#undef EDGE
#undef TILE_SIDE
#undef BLOCK_SIDE
#undef BYTES
