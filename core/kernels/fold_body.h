/* One fold of one type: elements T, JOIN(a, x) of two vectors and ONE(a, x) of two elements, where
 * a is what came first. Defines walk_NAME, the loop that all else calls, and fold_NAME, end_NAME
 * and rows_NAME as the kernel table wants them; PARTS numbers are an element (2: complex, part by
 * part), whose functions are those with _parts. Where QUICK(a, x) is defined, it is JOIN but for
 * NaN in x (x86/extreme.h). NAME, T, JOIN, ONE and QUICK are undefined at the end.
 *
 * The vector types of the compiler, as wide as the level's registers, say what is meant better than
 * any loop would: accumulators that stay in registers while memory goes by. */

#define OF_(a, b)  a##_##b
#define OF__(a, b) OF_(a, b)
#define OF(name)   OF__(name, NAME)

typedef T OF(vector) __attribute__((vector_size(TSR_VECTOR)));
typedef T OF(memory) __attribute__((vector_size(TSR_VECTOR), aligned(_Alignof(T)), may_alias));
typedef T OF(part) __attribute__((vector_size(16), aligned(_Alignof(T)), may_alias));
enum {
    OF(each) = TSR_VECTOR / sizeof(T),
    OF(few) = 16 / sizeof(T),
    OF(strip) = TSR_STRIP_OF(sizeof(T))
};

static inline OF(vector) OF(join)(OF(vector) a, OF(vector) x) {
    return JOIN(a, x);
}

#ifdef QUICK
/* A strip of the walk without NaN. Whether there was one. */
static inline bool OF(quick)(const char *at, int64_t stride, size_t rows, OF(vector) * a) {
    PASTE(tsr_seen, S) seen[OF(strip) / 2];
    TSR_UNROLL_STRIP
    for (int i = 0; i < OF(strip) / 2; i++)
        seen[i] = PASTE(TSR_NONE, S);
    const int64_t ahead = tsr_fold_ahead(stride) * stride;
    for (size_t r = 0; r < rows; r++, at += stride) {
        TSR_UNROLL_STRIP
        for (int i = 0; i < OF(strip) * TSR_VECTOR; i += 64)
            __builtin_prefetch(at + ahead + i);
        TSR_UNROLL_STRIP
        for (int i = 0; i < OF(strip); i += 2) {
            const OF(vector) x = *(const OF(memory) *)(at + i * TSR_VECTOR);
            const OF(vector) y = *(const OF(memory) *)(at + (i + 1) * TSR_VECTOR);
            a[i] = QUICK(a[i], x);
            a[i + 1] = QUICK(a[i + 1], y);
            seen[i / 2] = PASTE(TSR_SEE, S)(seen[i / 2], x, y);
        }
    }
    bool any = false;
    TSR_UNROLL_STRIP
    for (int i = 0; i < OF(strip) / 2; i++)
        any |= PASTE(TSR_SEEN, S)(seen[i]);
    return any;
}
#endif

/* acc[j] = start[j] (op) src[0][j] (op) ... (op) src[rows - 1][j]; acc may be start. */
static void OF(walk)(const char *src, int64_t stride, size_t rows, size_t n, const void *start,
                     void *acc) {
    const T *from = start;
    T *to = acc;
    size_t j = 0;
    const int64_t until = tsr_fold_ahead(stride);
    for (; j + OF(strip) * OF(each) <= n; j += OF(strip) * OF(each)) {
        const char *at = src + j * sizeof(T);
        OF(vector) a[OF(strip)];
        TSR_UNROLL_STRIP
        for (int i = 0; i < OF(strip); i++)
            a[i] = *(const OF(memory) *)(from + j + (size_t)i * OF(each));
        size_t left = rows;
        const char *ahead = at + until * stride;
        bool more = j + 2 * OF(strip) * OF(each) <= n; /* a strip beside this one */
#ifdef QUICK
        left = OF(quick)(at, stride, rows, a) ? rows : 0;
#endif
        for (size_t r = 0; r < left; r++, at += stride, ahead += stride) {
            if (more && r + (size_t)until == left)
                ahead = src + j * sizeof(T) + OF(strip) * TSR_VECTOR;
            TSR_UNROLL_STRIP
            for (int i = 0; i < OF(strip) * TSR_VECTOR; i += 64)
                __builtin_prefetch(ahead + i);
            TSR_UNROLL_STRIP
            for (int i = 0; i < OF(strip); i++)
                a[i] = OF(join)(a[i], *(const OF(memory) *)(at + i * TSR_VECTOR));
        }
        TSR_UNROLL_STRIP
        for (int i = 0; i < OF(strip); i++)
            *(OF(memory) *)(to + j + (size_t)i * OF(each)) = a[i];
    }
    for (; j + OF(each) <= n; j += OF(each)) {
        const char *at = src + j * sizeof(T);
        OF(vector) a = *(const OF(memory) *)(from + j);
        for (size_t r = 0; r < rows; r++, at += stride)
            a = OF(join)(a, *(const OF(memory) *)at);
        *(OF(memory) *)(to + j) = a;
    }
    for (; j < n; j++) {
        const char *at = src + j * sizeof(T);
        T a = from[j];
        for (size_t r = 0; r < rows; r++, at += stride) {
            T x = *(const T *)at;
            a = (T)ONE(a, x);
        }
        to[j] = a;
    }
}

static void OF(fold)(const void *src, size_t n, void *lanes) {
    tsr_fold_walk(OF(walk), src, n, 1, sizeof(T), lanes);
}

/* to[i] = from[i] (op) from[i + h], i < h. */
static inline void OF(halve)(const T *from, T *to, size_t h) {
    size_t i = 0;
    for (; i + OF(each) <= h; i += OF(each))
        *(OF(memory) *)(to + i) =
            OF(join)(*(const OF(memory) *)(from + i), *(const OF(memory) *)(from + h + i));
    for (; i + OF(few) <= h; i += OF(few)) {
        const OF(part) a = *(const OF(part) *)(from + i), x = *(const OF(part) *)(from + h + i);
        *(OF(part) *)(to + i) = JOIN(a, x);
    }
    for (; i < h; i++) {
        const T a = from[i], x = from[h + i];
        to[i] = (T)ONE(a, x);
    }
}

/* The lanes, whose elements are `parts` numbers, pairwise into one. */
static inline void OF(end_of)(const void *lanes, size_t parts, void *result) {
    T room[TSR_FOLD_LANES];
    OF(halve)(lanes, room, TSR_FOLD_LANES / 2 * parts);
    for (size_t h = TSR_FOLD_LANES / 4 * parts; h >= parts; h /= 2)
        OF(halve)(room, room, h);
    memcpy(result, room, parts * sizeof(T));
}

static void OF(end)(const void *lanes, void *result) {
    OF(end_of)(lanes, 1, result);
}

static void OF(rows)(const char *src, int64_t stride, size_t rows, size_t n, void *acc) {
    OF(walk)(src + stride, stride, rows - 1, n, src, acc);
}

#ifdef PARTS
static void OF(fold_parts)(const void *src, size_t n, void *lanes) {
    tsr_fold_walk(OF(walk), src, n, 2, sizeof(T), lanes);
}

static void OF(end_parts)(const void *lanes, void *result) {
    OF(end_of)(lanes, 2, result);
}

static void OF(rows_parts)(const char *src, int64_t stride, size_t rows, size_t n, void *acc) {
    OF(walk)(src + stride, stride, rows - 1, n * 2, src, acc);
}
#endif

#undef OF_
#undef OF__
#undef OF
#undef NAME
#undef T
#undef JOIN
#undef ONE
#undef QUICK
