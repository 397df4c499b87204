/* The body of move.c for one item size; BYTES is 1, 2, 4, 8 or 16 and is undefined at the end. */

#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
#define ITEM         PASTE(item_, BYTES)
#define ROWS         PASTE(rows_, BYTES)
#define STEPPED      PASTE(stepped_, BYTES)

/* Rows whose destination is contiguous and whose source goes by `step` items. Always inlined, with
 * a constant step. */
static inline __attribute__((always_inline)) void STEPPED(const char *src, int64_t ss0, char *dst,
                                                          int64_t ds0, int64_t n0, int64_t n1,
                                                          int64_t step) {
    for (int64_t i = 0; i < n0; i++) {
        const ITEM *restrict s = (const ITEM *)(src + i * ss0);
        ITEM *restrict d = (ITEM *)(dst + i * ds0);
        for (int64_t j = 0; j < n1; j++) {
            d[j] = s[j * step];
        }
    }
}

static void ROWS(const char *src, int64_t ss0, int64_t ss1, char *dst, int64_t ds0, int64_t ds1,
                 int64_t n0, int64_t n1) {
    for (int64_t i = 0; i < n0; i++) {
        const char *s = src + i * ss0;
        char *d = dst + i * ds0;
        int64_t j = 0;
        for (; j + 4 <= n1; j += 4) {
            ITEM a = *(const ITEM *)s, b = *(const ITEM *)(s + ss1);
            ITEM c = *(const ITEM *)(s + 2 * ss1), e = *(const ITEM *)(s + 3 * ss1);
            *(ITEM *)d = a;
            *(ITEM *)(d + ds1) = b;
            *(ITEM *)(d + 2 * ds1) = c;
            *(ITEM *)(d + 3 * ds1) = e;
            s += 4 * ss1;
            d += 4 * ds1;
        }
        for (; j < n1; j++) {
            *(ITEM *)d = *(const ITEM *)s;
            s += ss1;
            d += ds1;
        }
    }
}

static void PASTE(move_, BYTES)(const char *src, int64_t ss0, int64_t ss1, char *dst, int64_t ds0,
                                int64_t ds1, int64_t n0, int64_t n1) {
    if (ds1 != BYTES || n1 < SHORT_ROW || ss1 % BYTES != 0) {
        ROWS(src, ss0, ss1, dst, ds0, ds1, n0, n1);
        return;
    }
    switch (ss1 / BYTES) {
    case 1:
        for (int64_t i = 0; i < n0; i++) {
            memcpy(dst + i * ds0, src + i * ss0, (size_t)n1 * BYTES);
        }
        break;
    case 0:
        STEPPED(src, ss0, dst, ds0, n0, n1, 0);
        break;
    case -1:
        STEPPED(src, ss0, dst, ds0, n0, n1, -1);
        break;
    case 2:
        STEPPED(src, ss0, dst, ds0, n0, n1, 2);
        break;
    case 3:
        STEPPED(src, ss0, dst, ds0, n0, n1, 3);
        break;
    case 4:
        STEPPED(src, ss0, dst, ds0, n0, n1, 4);
        break;
    default:
        ROWS(src, ss0, ss1, dst, ds0, ds1, n0, n1);
    }
}

#undef PASTE_
#undef PASTE
#undef ITEM
#undef ROWS
#undef STEPPED
#undef BYTES
