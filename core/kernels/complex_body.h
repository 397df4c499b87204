/* The body of complex.c for one complex dtype: T of parts F, with names that end in S;
 * EACH_PAIR(X) is X(0), X(2) ... for a vector of F. All are
 * undefined at the end. */

#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
#define OF(name)     PASTE(name, S)

typedef struct OF(block_) {
    F re[BLOCK], im[BLOCK];
} OF(block_);

static inline void OF(part_)(const T *z, OF(block_) * to, size_t n) {
    for (size_t i = 0; i < n; i++)
        to->re[i] = z[i].re, to->im[i] = z[i].im;
}

static inline void OF(join_)(const OF(block_) * from, T *z, size_t n) {
    for (size_t i = 0; i < n; i++)
        z[i] = (T){from->re[i], from->im[i]};
}

typedef F OF(vector_) __attribute__((vector_size(WIDTH)));

/* Pairs of parts (re, im): x y.re + (x.im, x.re) (-y.im, y.im). */
static inline OF(vector_) OF(product_)(OF(vector_) x, OF(vector_) y) {
    const OF(vector_) re = __builtin_shufflevector(y, y, EACH_PAIR(FIRSTS));
    const OF(vector_) im = __builtin_shufflevector(y, y, EACH_PAIR(SECONDS));
    const OF(vector_) turned = __builtin_shufflevector(x, x, EACH_PAIR(SWAPPED));
    const OF(vector_) minus = {EACH_PAIR(MINUS)};
    return x * re + turned * (im * minus);
}

static void OF(multiply_)(const void *a, const void *b, void *dst, size_t n) {
    const size_t bytes = n * sizeof(T), whole = bytes - bytes % WIDTH;
    OF(vector_) x = {0}, y = {0};
    for (size_t at = 0; at < whole; at += WIDTH) {
        memcpy(&x, (const char *)a + at, WIDTH);
        memcpy(&y, (const char *)b + at, WIDTH);
        x = OF(product_)(x, y);
        memcpy((char *)dst + at, &x, WIDTH);
    }
    if (whole < bytes) {
        memcpy(&x, (const char *)a + whole, bytes - whole);
        memcpy(&y, (const char *)b + whole, bytes - whole);
        x = OF(product_)(x, y);
        memcpy((char *)dst + whole, &x, bytes - whole);
    }
}

static void OF(square_)(const void *src, void *dst, size_t n) {
    OF(multiply_)(src, src, dst, n);
}

/* The divisor is its larger part times (1 + small * ratio); to divide by 0 is to divide both parts
 * by +0, that is, to multiply them by infinity. */
static void OF(divide_)(const void *a, const void *b, void *dst, size_t n) {
    OF(block_) x, y, z;
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t m = n - at < BLOCK ? n - at : BLOCK;
        OF(part_)((const T *)a + at, &x, m);
        OF(part_)((const T *)b + at, &y, m);
        for (size_t i = 0; i < m; i++) {
            F re = y.re[i], im = y.im[i], p = x.re[i], q = x.im[i];
            bool first = (re < 0 ? -re : re) >= (im < 0 ? -im : im), zero = (re == 0) & (im == 0);
            F big = first ? re : im, small = first ? im : re, ratio = small / big;
            F scale = 1 / (big + small * ratio);
            F up = first ? p + q * ratio : p * ratio + q;
            F down = first ? q - p * ratio : q * ratio - p;
            z.re[i] = zero ? p * (F)INFINITY : up * scale;
            z.im[i] = zero ? q * (F)INFINITY : down * scale;
        }
        OF(join_)(&z, (T *)dst + at, m);
    }
}

static void OF(reciprocal_)(const void *src, void *dst, size_t n) {
    const T *s = src;
    T *d = dst;
    for (size_t i = 0; i < n; i++) {
        F re = s[i].re, im = s[i].im;
        bool first = (im < 0 ? -im : im) <= (re < 0 ? -re : re);
        F ratio = first ? im / re : re / im, part = first ? re + im * ratio : re * ratio + im;
        d[i] = first ? (T){1 / part, -ratio / part} : (T){ratio / part, -1 / part};
    }
}

TSR_BIN(OF(maximum_), T, T, (OF(tsr_is_nan_)(x) || OF(tsr_in_order_)(y, x)) ? x : y)
TSR_BIN(OF(minimum_), T, T, (OF(tsr_is_nan_)(x) || OF(tsr_in_order_)(x, y)) ? x : y)
TSR_BIN(OF(fmax_), T, T, (OF(tsr_is_nan_)(y) || OF(tsr_in_order_)(y, x)) ? x : y)
TSR_BIN(OF(fmin_), T, T, (OF(tsr_is_nan_)(y) || OF(tsr_in_order_)(x, y)) ? x : y)

#undef EACH_PAIR
#undef PASTE_
#undef PASTE
#undef OF
#undef T
#undef F
#undef S
