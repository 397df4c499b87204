/* Folds, positions and scans of every level, against naive loops that follow the order that
 * kernels.h states, element by element. Equal to one reference, the levels equal each other. NaN
 * counts as NaN whatever its bits. */
#include "../../core/dtype/ctypes.h"
#include "../../core/kernels/kernels.h"
#include "check.h"

#include <math.h>
#include <string.h>

enum { MOST = 9000, ITEM = 16, LANES = TSR_FOLD_LANES };

static uint64_t state = 88172645463325252u;

static uint64_t random64(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* ---- elements ---- */

/* How wild the numbers are: whole numbers, any size, zeros of both signs with a rare NaN, any size
 * and what is special. */
typedef enum mood { TAME, WIDE, ZEROS, WILD } mood;

static double draw(mood m) {
    static const double special[] = {0.0, -0.0, 1, -1, 3e38, INFINITY, -INFINITY, NAN};
    uint64_t r = random64();
    if (m == TAME)
        return (double)(r % 9) - 4;
    if (m == ZEROS)
        return r % 2000 == 0 ? NAN : r % 2 == 0 ? 0.0 : -0.0;
    if (m == WILD && r % 8 == 0)
        return special[r / 8 % 8];
    return ldexp((double)(int64_t)random64() / 9.3e18, (int)(r / 64 % 24) - 12);
}

#define PUT(F)                                                                                     \
    do {                                                                                           \
        F x = (F)draw(m);                                                                          \
        memcpy(to, &x, sizeof x);                                                                  \
    } while (0)

static void put(tsr_dtype component, mood m, unsigned char *to, size_t size) {
    uint64_t bits = (m == TAME || random64() % 4 == 0) ? random64() % 5 - 2 : random64();
    if (component == TSR_FLOAT32)
        PUT(float);
    else if (component == TSR_FLOAT64)
        PUT(double);
    else if (component == TSR_BOOL)
        *to = bits & 1;
    else
        memcpy(to, &bits, size);
}

static size_t size_of(tsr_dtype t) {
    return tsr_dtype_describe(t)->itemsize;
}

static void fill(tsr_dtype t, mood m, unsigned char *to, size_t n) {
    tsr_dtype component = tsr_dtype_describe(t)->component;
    size_t size = size_of(component);
    for (size_t i = 0; i < n * size_of(t) / size; i++)
        put(component, m, to + i * size, size);
}

static bool same_part(tsr_dtype component, const unsigned char *a, const unsigned char *b) {
    float p, q;
    double x, y;
    memcpy(&p, a, sizeof p), memcpy(&q, b, sizeof q);
    if (component == TSR_FLOAT32 && isnan(p) && isnan(q))
        return true;
    if (component == TSR_FLOAT64) {
        memcpy(&x, a, sizeof x), memcpy(&y, b, sizeof y);
        if (isnan(x) && isnan(y))
            return true;
    }
    return memcmp(a, b, size_of(component)) == 0;
}

static bool same(tsr_dtype t, const void *a, const void *b, size_t n) {
    tsr_dtype component = tsr_dtype_describe(t)->component;
    size_t size = size_of(component);
    for (size_t i = 0; i < n * size_of(t); i += size)
        if (!same_part(component, (const unsigned char *)a + i, (const unsigned char *)b + i))
            return false;
    return true;
}

/* ---- one join, by type ---- */

typedef void join(int fold, const void *a, const void *x, void *out);

#define EXTREME(fold, a, x, nan_a, nan_x, greater, less)                                           \
    ((fold) == TSR_FOLD_MAX    ? (((nan_a) || !((nan_x) || (greater))) ? (a) : (x))                \
     : (fold) == TSR_FOLD_MIN  ? (((nan_a) || !((nan_x) || (less))) ? (a) : (x))                   \
     : (fold) == TSR_FOLD_FMAX ? (((nan_x) || !((nan_a) || (greater))) ? (a) : (x))                \
                               : (((nan_x) || !((nan_a) || (less))) ? (a) : (x)))

#define JOIN(S, T, WIDE_)                                                                          \
    static void join_##S(int fold, const void *pa, const void *px, void *out) {                    \
        const T a = *(const T *)pa, x = *(const T *)px;                                            \
        *(T *)out = fold == TSR_FOLD_SUM    ? (T)((WIDE_)a + (WIDE_)x)                             \
                    : fold == TSR_FOLD_PROD ? (T)((WIDE_)a * (WIDE_)x)                             \
                                            : EXTREME(fold, a, x, a != a, x != x, x > a, x < a);   \
    }
JOIN(bool, uint8_t, uint64_t)
JOIN(u8, uint8_t, uint64_t)
JOIN(i8, int8_t, uint64_t)
JOIN(i16, int16_t, uint64_t)
JOIN(u16, uint16_t, uint64_t)
JOIN(i32, int32_t, uint64_t)
JOIN(u32, uint32_t, uint64_t)
JOIN(i64, int64_t, uint64_t)
JOIN(u64, uint64_t, uint64_t)
JOIN(f32, float, float)
JOIN(f64, double, double)

#define JOIN_COMPLEX(S, T)                                                                         \
    static bool more_##S(T a, T b) {                                                               \
        return a.re > b.re || (a.re == b.re && a.im > b.im);                                       \
    }                                                                                              \
    static void join_##S(int fold, const void *pa, const void *px, void *out) {                    \
        const T a = *(const T *)pa, x = *(const T *)px;                                            \
        const bool nan_a = isnan(a.re) || isnan(a.im), nan_x = isnan(x.re) || isnan(x.im);         \
        *(T *)out = fold == TSR_FOLD_SUM ? (T){a.re + x.re, a.im + x.im}                           \
                    : fold == TSR_FOLD_PROD                                                        \
                        ? (T){a.re * x.re - a.im * x.im, a.re * x.im + a.im * x.re}                \
                        : EXTREME(fold, a, x, nan_a, nan_x, more_##S(x, a), more_##S(a, x));       \
    }
JOIN_COMPLEX(c64, tsr_c64)
JOIN_COMPLEX(c128, tsr_c128)

static join *const joins[TSR_DTYPE_COUNT] = {
    [TSR_BOOL] = join_bool,      [TSR_UINT8] = join_u8,    [TSR_INT8] = join_i8,
    [TSR_INT16] = join_i16,      [TSR_UINT16] = join_u16,  [TSR_INT32] = join_i32,
    [TSR_UINT32] = join_u32,     [TSR_INT64] = join_i64,   [TSR_UINT64] = join_u64,
    [TSR_FLOAT32] = join_f32,    [TSR_FLOAT64] = join_f64, [TSR_COMPLEX64] = join_c64,
    [TSR_COMPLEX128] = join_c128};

static bool lanes_for(int fold, tsr_dtype t) {
    char kind = tsr_dtype_describe(t)->kind;
    if (t == TSR_FLOAT16 || t == TSR_BFLOAT16)
        return false;
    return fold > TSR_FOLD_PROD || kind == 'f' || kind == 'c' || t == TSR_INT64 || t == TSR_UINT64;
}

/* ---- order ---- */

static bool is_nan(tsr_dtype t, const void *x) {
    tsr_scalar v = tsr_scalar_load(t, x);
    return (v.dtype == TSR_FLOAT64 && isnan(v.as.f)) ||
           (v.dtype == TSR_COMPLEX128 && (isnan(v.as.c[0]) || isnan(v.as.c[1])));
}

#define SIGN(a, b) (((a) > (b)) - ((a) < (b)))

/* -1, 0, 1: how a stands to b, neither of which is NaN. */
static int order(tsr_dtype t, const void *a, const void *b) {
    tsr_scalar x = tsr_scalar_load(t, a), y = tsr_scalar_load(t, b);
    if (x.dtype == TSR_UINT64)
        return SIGN(x.as.u, y.as.u);
    if (x.dtype == TSR_FLOAT64)
        return SIGN(x.as.f, y.as.f);
    if (x.dtype == TSR_COMPLEX128 && x.as.c[0] == y.as.c[0])
        return SIGN(x.as.c[1], y.as.c[1]);
    if (x.dtype == TSR_COMPLEX128)
        return SIGN(x.as.c[0], y.as.c[0]);
    return SIGN(x.as.i, y.as.i);
}

static bool beats(int arg, tsr_dtype t, const void *a, const void *x) {
    if (is_nan(t, a) || is_nan(t, x))
        return !is_nan(t, a);
    return order(t, x, a) == (arg == TSR_ARG_MAX ? 1 : -1);
}

static bool equal(tsr_dtype t, const void *a, const void *x) {
    return (is_nan(t, a) || is_nan(t, x)) ? is_nan(t, a) && is_nan(t, x) : order(t, a, x) == 0;
}

/* ---- folds ---- */

static _Alignas(64) unsigned char src[MOST * ITEM + 64], copy[MOST * ITEM + 64],
    want[MOST * ITEM + 64], got[MOST * ITEM + 64];
static _Alignas(64) unsigned char lanes[2][LANES * ITEM];

static void start_lanes(int fold, tsr_dtype t, unsigned char *to) {
    for (size_t l = 0; l < LANES; l++)
        tsr_fold_identity((tsr_fold)fold, t, to + l * size_of(t));
}

static void end_naively(int fold, tsr_dtype t, unsigned char *l, void *result) {
    size_t size = size_of(t);
    for (size_t h = LANES / 2; h > 0; h /= 2)
        for (size_t i = 0; i < h; i++)
            joins[t](fold, l + i * size, l + (i + h) * size, l + i * size);
    memcpy(result, l, size);
}

static void check_fold(const tsr_kernels *k, int fold, tsr_dtype t, mood m, size_t n, size_t off) {
    size_t size = size_of(t), cut = n / 2 / LANES * LANES;
    unsigned char *s = src + off * size, x[ITEM] = {0}, y[ITEM] = {0};
    fill(t, m, s, n);
    start_lanes(fold, t, lanes[0]);
    memcpy(lanes[1], lanes[0], sizeof lanes[0]);
    for (size_t i = 0; i < n; i++) {
        unsigned char *lane = lanes[0] + i % LANES * size;
        joins[t](fold, lane, s + i * size, lane);
    }
    k->fold[fold][t](s, cut, lanes[1]);
    k->fold[fold][t](s + cut * size, n - cut, lanes[1]);
    CHECK_OR(same(t, lanes[0], lanes[1], LANES), "%s: fold %d, dtype %d: lanes of %zu", k->level,
             fold, (int)t, n);
    k->fold_end[fold][t](lanes[1], y);
    end_naively(fold, t, lanes[0], x);
    CHECK_OR(same(t, x, y, 1), "%s: fold %d, dtype %d: end of %zu", k->level, fold, (int)t, n);
}

/* Sums in wider lanes: only what comes out is promised. */
static void check_widening(const tsr_kernels *k, tsr_dtype t, size_t n) {
    tsr_dtype to = (tsr_dtype)k->fold_to[TSR_FOLD_SUM][t];
    char kind = tsr_dtype_describe(t)->kind;
    uint64_t sum = 0, out = 1;
    CHECK_OR(to == (kind == 'u' ? TSR_UINT64 : TSR_INT64), "%s: lanes of dtype %d", k->level,
             (int)t);
    fill(t, random64() % 2 ? TAME : WIDE, src, n);
    if (random64() % 4 == 0)
        memset(src, kind == 'b' ? 1 : random64() % 2 ? 0xff : 0x80, n * size_of(t));
    for (size_t i = 0; i < n; i++) {
        tsr_scalar v = tsr_scalar_load(t, src + i * size_of(t));
        sum += v.as.u;
    }
    start_lanes(TSR_FOLD_SUM, to, lanes[0]);
    k->fold[TSR_FOLD_SUM][t](src, n / 2 / LANES * LANES, lanes[0]);
    k->fold[TSR_FOLD_SUM][t](src + n / 2 / LANES * LANES * size_of(t), n - n / 2 / LANES * LANES,
                             lanes[0]);
    k->fold_end[TSR_FOLD_SUM][to](lanes[0], &out);
    CHECK_OR(out == sum, "%s: sum of %zu of dtype %d", k->level, n, (int)t);
}

static void check_rows(const tsr_kernels *k, int fold, tsr_dtype t, mood m, size_t rows, size_t n) {
    size_t size = size_of(t), gap = (n + 3) * size;
    bool back = random64() % 2 != 0;
    unsigned char *first = src + size + (back ? (rows - 1) * gap : 0);
    int64_t stride = (back ? -1 : 1) * (int64_t)gap;
    fill(t, m, src, rows * (n + 3) + 1);
    memset(got, 0x5a, (n + 2) * size), memset(want, 0x5a, (n + 2) * size);
    memcpy(want + size, first, n * size);
    for (size_t r = 1; r < rows; r++)
        for (size_t j = 0; j < n; j++)
            joins[t](fold, want + (j + 1) * size, first + (int64_t)r * stride + j * size,
                     want + (j + 1) * size);
    k->fold_rows[fold][t]((const char *)first, stride, rows, n, got + size);
    CHECK_OR(same(t, want, got, n + 2), "%s: rows of fold %d, dtype %d: %zu x %zu", k->level, fold,
             (int)t, rows, n);
}

/* A fold of one element and the kernel of two operands are one and the same. */
static void check_binary(const tsr_kernels *k, int fold, tsr_dtype t) {
    static const int ops[] = {TSR_BIN_ADD,     TSR_BIN_MULTIPLY, TSR_BIN_MAXIMUM,
                              TSR_BIN_MINIMUM, TSR_BIN_FMAX,     TSR_BIN_FMIN};
    fill(t, WILD, src, LANES), fill(t, WILD, lanes[0], LANES);
    k->binary[ops[fold]][t](lanes[0], src, want, LANES);
    k->fold[fold][t](src, LANES, lanes[0]);
    CHECK_OR(same(t, want, lanes[0], LANES), "%s: fold %d, dtype %d is not the binary kernel",
             k->level, fold, (int)t);
}

/* The first element to come into a lane is what the lane then holds, bit for bit; but a complex
 * product makes a zero of 0 * -x, and of two complex NaN FMAX and FMIN keep the lane's. */
static void check_identity(const tsr_kernels *k, int fold, tsr_dtype t) {
    bool product = fold == TSR_FOLD_PROD && tsr_dtype_describe(t)->kind == 'c';
    fill(t, product ? TAME : WILD, src, LANES);
    start_lanes(fold, t, lanes[0]);
    k->fold[fold][t](src, LANES, lanes[0]);
    for (size_t i = 0; i < LANES; i++) {
        unsigned char *x = src + i * size_of(t), *y = lanes[0] + i * size_of(t);
        bool loose = product || (fold >= TSR_FOLD_FMAX && is_nan(t, x));
        CHECK_OR(loose ? equal(t, x, y) : same(t, x, y, 1), "%s: identity of fold %d, dtype %d",
                 k->level, fold, (int)t);
    }
}

static void check_folds(const tsr_kernels *k, int fold, tsr_dtype t) {
    CHECK_OR((k->fold_rows[fold][t] != NULL) == lanes_for(fold, t), "%s: rows %d, dtype %d",
             k->level, fold, (int)t);
    if (!lanes_for(fold, t))
        return;
    for (size_t n = 0; n <= 300; n += n < 140 ? 1 : 7)
        for (int m = TAME; m <= WILD; m++)
            check_fold(k, fold, t, (mood)m, n, n % 5);
    for (int m = TAME; m <= WILD; m++)
        check_fold(k, fold, t, (mood)m, 4096, 1), check_fold(k, fold, t, (mood)m, 8999, 0);
    for (size_t n = 0; n <= 200; n += n < 70 ? 1 : 13)
        for (size_t rows = 1; rows <= TSR_FOLD_ROWS; rows += rows < 4 ? 1 : 14)
            check_rows(k, fold, t, (mood)(n % 4), rows, n);
    check_rows(k, fold, t, WILD, 6, 1400);
    for (int i = 0; i < 40; i++)
        check_binary(k, fold, t), check_identity(k, fold, t);
}

/* ---- truth, spreads ---- */

static bool is_true(tsr_dtype t, const void *x) {
    tsr_scalar v = tsr_scalar_load(t, x);
    if (v.dtype == TSR_FLOAT64)
        return v.as.f != 0;
    return v.dtype == TSR_COMPLEX128 ? v.as.c[0] != 0 || v.as.c[1] != 0 : v.as.u != 0;
}

/* n elements of which some, one or none are the odd ones out; the lane is begun already at times.
 */
static void check_truth(const tsr_kernels *k, tsr_dtype t, size_t n) {
    size_t size = size_of(t);
    unsigned char *s = src + n % 3 * size;
    for (int all = 0; all < 2; all++) {
        if (k->truth[all][t] == NULL)
            continue;
        bool begun = random64() % 8 == 0, wanted = all != begun;
        uint64_t rare = random64() % 3 * n;
        for (size_t i = 0; i < n; i++) {
            unsigned char *x = s + i * size;
            bool odd = rare > 0 && random64() % rare == 0;
            memset(x, 0, size);
            x[(size_t)(random64() % size)] =
                (unsigned char)(all != odd); /* +-0 with one bit more */
            if (!is_true(t, x) && random64() % 2 && tsr_dtype_describe(t)->kind == 'f')
                x[size - 1] = 0x80;
            wanted = all ? wanted && is_true(t, x) : wanted || is_true(t, x);
        }
        unsigned char lane = all != begun;
        k->truth[all][t](s, n, &lane);
        CHECK_OR(lane == wanted, "%s: truth %d of dtype %d, %zu", k->level, all, (int)t, n);
    }
}

/* The squares are folded as a sum is. */
static void check_spread(const tsr_kernels *k, tsr_dtype t, mood m, size_t n) {
    static _Alignas(64) unsigned char apart[2][LANES * ITEM];
    size_t size = size_of(t);
    unsigned char middle[ITEM], x[ITEM], *s = src + n % 3 * size;
    fill(t, m, s, n), fill(t, m, middle, 1);
    for (int i = 0; i < 2; i++)
        start_lanes(TSR_FOLD_SUM, t, lanes[i]), start_lanes(TSR_FOLD_SUM, t, apart[i]);
    for (size_t i = 0; i < n; i++) {
        size_t lane = i % LANES * size;
        k->binary[TSR_BIN_SUBTRACT][t](s + i * size, middle, x, 1);
        joins[t](TSR_FOLD_SUM, apart[0] + lane, x, apart[0] + lane);
        joins[t](TSR_FOLD_PROD, x, x, x);
        joins[t](TSR_FOLD_SUM, lanes[0] + lane, x, lanes[0] + lane);
    }
    k->spread[t](s, n, middle, apart[1], lanes[1]);
    CHECK_OR(same(t, apart[0], apart[1], LANES) && same(t, lanes[0], lanes[1], LANES),
             "%s: spread of dtype %d, %zu", k->level, (int)t, n);
}

/* ---- positions ---- */

static void check_find(const tsr_kernels *k, tsr_dtype t, size_t n) {
    unsigned char item[ITEM], *s = src + size_of(t);
    size_t size = size_of(t), wanted = 0;
    fill(t, WILD, s, n), fill(t, WILD, item, 1);
    if (n > 0 && random64() % 2)
        memcpy(item, s + random64() % n * size, size);
    while (wanted < n && !equal(t, item, s + wanted * size))
        wanted++;
    int64_t found = k->find[t](s, n, item);
    CHECK_OR(found == (wanted < n ? (int64_t)wanted : -1), "%s: find of dtype %d in %zu", k->level,
             (int)t, n);
}

static void check_arg_rows(const tsr_kernels *k, int arg, tsr_dtype t, size_t n) {
    static int64_t at[301], have[301];
    size_t size = size_of(t);
    fill(t, WILD, want, n + 1);
    memcpy(got, want, (n + 1) * size);
    memset(at, 0, sizeof at), memset(have, 0, sizeof have);
    for (int64_t row = 1; row < 6; row++) {
        fill(t, row % 2 ? WILD : TAME, src, n);
        for (size_t j = 0; j < n; j++)
            if (beats(arg, t, want + j * size, src + j * size))
                memcpy(want + j * size, src + j * size, size), at[j] = row;
        k->arg_rows[arg][t](src, row, got, have, n);
    }
    CHECK_OR(memcmp(at, have, sizeof at) == 0 && same(t, want, got, n + 1),
             "%s: arg rows %d of dtype %d, %zu", k->level, arg, (int)t, n);
}

/* ---- scans ---- */

/* Running sums of a block in Sklansky's order: both halves, then the last of the first half before
 * all of the second. */
static void scan_block(int fold, tsr_dtype t, unsigned char *s, size_t n) {
    size_t size = size_of(t), half = n / 2;
    if (n < 2)
        return;
    scan_block(fold, t, s, half);
    scan_block(fold, t, s + half * size, n - half);
    for (size_t i = half; i < n; i++)
        joins[t](fold, s + (half - 1) * size, s + i * size, s + i * size);
}

static size_t block_of(int fold, tsr_dtype t) {
    if (fold > TSR_FOLD_PROD || t == TSR_COMPLEX128 || (t == TSR_COMPLEX64 && fold != TSR_FOLD_SUM))
        return 1;
    return 64 / size_of(t);
}

static void scan_naively(int fold, tsr_dtype t, unsigned char *s, size_t n, unsigned char *carry) {
    size_t size = size_of(t), block = block_of(fold, t);
    static unsigned char room[16 * ITEM];
    for (size_t i = 0; i < n; i += block) {
        size_t m = n - i < block ? n - i : block;
        memset(room, 0, sizeof room);
        memcpy(room, s + i * size, m * size);
        scan_block(fold, t, room, block);
        for (size_t j = 0; j < m; j++)
            joins[t](fold, carry, room + j * size, s + (i + j) * size);
        memcpy(carry, s + (i + m - 1) * size, size);
    }
}

static void check_scan(const tsr_kernels *k, int fold, tsr_dtype t, mood m, size_t n) {
    size_t size = size_of(t), cut = n / 3 / TSR_SCAN_BLOCK * TSR_SCAN_BLOCK;
    unsigned char carry[ITEM], begun[ITEM], *s = src + size;
    fill(t, m, s, n), fill(t, m, carry, 1);
    memcpy(begun, carry, ITEM);
    memset(want, 0x5a, (n + 2) * size), memset(got, 0x5a, (n + 2) * size);
    memcpy(want + size, s, n * size);
    scan_naively(fold, t, want + size, n, begun);
    bool in_place = n % 2;
    if (in_place)
        memcpy(got + size, s, n * size), s = got + size;
    k->scan[fold][t](s, got + size, cut, carry);
    k->scan[fold][t](s + cut * size, got + (1 + cut) * size, n - cut, carry);
    CHECK_OR(same(t, want, got, n + 2), "%s: scan %d, dtype %d, %zu", k->level, fold, (int)t, n);
    CHECK_OR(same(t, begun, carry, 1), "%s: scan %d, dtype %d, %zu: carry", k->level, fold, (int)t,
             n);
}

static void check_scan_arg(const tsr_kernels *k, int arg, tsr_dtype t, size_t n) {
    static int64_t at[301];
    size_t size = size_of(t);
    unsigned char carry[ITEM], best[ITEM];
    int64_t where = -7, carry_at = -7;
    bool right = true;
    fill(t, n % 3 ? TAME : WILD, src, n), fill(t, TAME, carry, 1);
    memcpy(best, carry, ITEM), memcpy(copy, src, n * size);
    k->scan_arg[arg][t](src, n % 2 ? src : got, at, n / 2, carry, &carry_at, 5);
    k->scan_arg[arg][t](src + n / 2 * size, (n % 2 ? src : got) + n / 2 * size, at + n / 2,
                        n - n / 2, carry, &carry_at, 5 + (int64_t)(n / 2));
    for (size_t i = 0; i < n; i++) {
        const unsigned char *x = copy + i * size;
        if (beats(arg, t, best, x) || equal(t, best, x))
            memcpy(best, x, size), where = 5 + (int64_t)i;
        right = right && at[i] == where && same(t, (n % 2 ? src : got) + i * size, best, 1);
    }
    CHECK_OR(right && carry_at == where && same(t, carry, best, 1),
             "%s: scan arg %d, dtype %d, %zu", k->level, arg, (int)t, n);
}

/* Running sums are closer to the truth than plain order need be: within the roundings of a block
 * and of the blocks before it. */
static void check_accuracy(const tsr_kernels *k) {
    float *s = (float *)(void *)src, *d = (float *)(void *)got, carry = -0.0f;
    long double sum = 0, most = 0, worst = 0;
    fill(TSR_FLOAT32, WIDE, src, MOST);
    k->scan[TSR_FOLD_SUM][TSR_FLOAT32](s, d, MOST, &carry);
    for (size_t i = 0; i < MOST; i++) {
        sum += s[i];
        most = fmaxl(most, fabsl(sum));
        long double error = fabsl(d[i] - sum) / ((long double)(i / 16 + 5) * most * 0x1p-24L);
        worst = fmaxl(worst, error);
    }
    CHECK_OR(worst < 1, "%s: a running sum is off by %Lg of its bound", k->level, worst);
}

static void check_level(const tsr_kernels *k) {
    for (int i = 0; i < TSR_DTYPE_COUNT; i++) {
        tsr_dtype t = (tsr_dtype)i;
        bool narrow = lanes_for(TSR_FOLD_MAX, t) && !lanes_for(TSR_FOLD_SUM, t);
        for (int fold = 0; fold < TSR_FOLD_COUNT; fold++)
            check_folds(k, fold, t);
        for (size_t n = 0; n <= 300 && narrow; n++)
            check_widening(k, t, n), check_widening(k, t, n * 29);
        for (size_t n = 0; n <= 300; n++)
            check_truth(k, t, n), check_truth(k, t, n * 29);
        for (size_t n = 0; n <= 300 && k->spread[t] != NULL; n++)
            check_spread(k, t, (mood)(n % 4), n), check_spread(k, t, WIDE, n * 29);
        for (size_t n = 0; n <= 300 && joins[i] != NULL; n++) {
            check_find(k, t, n), check_find(k, t, n * 29);
            for (int arg = 0; arg < TSR_ARG_COUNT; arg++)
                check_arg_rows(k, arg, t, n), check_scan_arg(k, arg, t, n);
            for (int fold = 0; fold < TSR_FOLD_FMAX; fold++)
                for (int m = TAME; m <= WILD && lanes_for(fold, t); m++)
                    check_scan(k, fold, t, (mood)m, n);
        }
    }
    check_accuracy(k);
}

int main(void) {
    static const char *const levels[] = {"base", "v2", "v3", "v4"};
    static tsr_kernels k;
    for (int i = 0; i < 4 && tsr_kernels_select(levels[i], &k); i++)
        check_level(&k);
    return report();
}
