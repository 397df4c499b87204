/* The loop of fold_spread.c for elements of type T, with a name that ends in S. Both are undefined
 * at the end. */

#define PASTE_(a, b) a##_##b
#define PASTE(a, b)  PASTE_(a, b)

typedef T PASTE(vector, S) __attribute__((vector_size(TSR_VECTOR)));
typedef T PASTE(memory, S)
    __attribute__((vector_size(TSR_VECTOR), aligned(_Alignof(T)), may_alias));

static void PASTE(spread, S)(const void *src, size_t n, const void *middle, void *apart,
                             void *squares) {
    /* two accumulators of each lane: half a strip where a whole one fills the registers */
    enum {
        EACH = TSR_VECTOR / sizeof(T),
        STRIP = TSR_STRIP_OF(sizeof(T)) / (TSR_VECTOR < 64 ? 2 : 1),
        FAR = 2048, /* elements ahead that are asked for into the second-level cache */
        NEAR = 512  /* and into the first-level one */
    };
    const T *from = src, m = *(const T *)middle;
    T *first = apart, *second = squares;
    size_t whole = n / TSR_FOLD_LANES * TSR_FOLD_LANES;
    for (size_t j = 0; j < TSR_FOLD_LANES; j += STRIP * EACH) {
        PASTE(vector, S) a[STRIP], b[STRIP];
        TSR_UNROLL_STRIP
        for (size_t i = 0; i < STRIP; i++) {
            a[i] = *(const PASTE(memory, S) *)(first + j + i * EACH);
            b[i] = *(const PASTE(memory, S) *)(second + j + i * EACH);
        }
        for (const T *at = from + j; at < from + whole; at += TSR_FOLD_LANES) {
            TSR_UNROLL_STRIP
            for (size_t i = 0; i < STRIP * TSR_VECTOR; i += 64) {
                __builtin_prefetch((const char *)(at + FAR) + i, 0, 2);
                __builtin_prefetch((const char *)(at + NEAR) + i, 0, 3);
            }
            TSR_UNROLL_STRIP
            for (size_t i = 0; i < STRIP; i++) {
                PASTE(vector, S) d = *(const PASTE(memory, S) *)(at + i * EACH) - m;
                a[i] += d;
                b[i] += d * d;
            }
        }
        TSR_UNROLL_STRIP
        for (size_t i = 0; i < STRIP; i++) {
            *(PASTE(memory, S) *)(first + j + i * EACH) = a[i];
            *(PASTE(memory, S) *)(second + j + i * EACH) = b[i];
        }
    }
    for (size_t i = whole; i < n; i++) {
        const T d = from[i] - m;
        first[i - whole] += d;
        second[i - whole] += d * d;
    }
}

#undef PASTE_
#undef PASTE
#undef T
#undef S
