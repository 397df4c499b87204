/* The kernels of every level that this machine runs, against scalar references written here.
 *
 * Each kernel writes into a buffer whose surroundings are known, and the whole buffer is compared
 * with one that the reference wrote: a byte too many is as wrong as a byte too few. The references
 * use the C library's arithmetic (ldexp, nearbyint) where the kernels use bits, so that an error
 * would have to be made twice.
 *
 * Built with the kernel objects of core/kernels/kernels.mk and -lm. */
#include "../../core/base/cpu.h"
#include "../../core/dtype/ctypes.h"
#include "../../core/dtype/half.h"
#include "../../core/kernels/kernels.h"
#include "check.h"
#include "random.h"

#include <math.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

static const struct {
    const char *name;
    size_t size;
    char kind;
    tsr_dtype component;
} types[] = {
#define TSR_DTYPE(NAME, name, ctype, kind, typestr, digits, COMPONENT, ...)                        \
    {#name, sizeof(ctype), kind, TSR_##COMPONENT},
#include "../../core/dtype/dtypes.def"
};

/* Room for n items with guards, on a line of 64 bytes; both buffers start with the same bytes. */
enum { GUARD = 64 };

static unsigned char *buffer(size_t bytes) {
    size_t size = (bytes + 2 * GUARD + 63) / 64 * 64;
    unsigned char *b = aligned_alloc(64, size);
    if (!b) {
        exit(2);
    }
    for (size_t i = 0; i < size; i++) {
        b[i] = (unsigned char)(i * 37 + 11);
    }
    return b;
}

/* ---- references ---- */

typedef struct format {
    int keep, bias;
} format;

static const format f16 = {10, 15}, bf16 = {7, 127};

static format format_of(tsr_dtype t) {
    return t == TSR_FLOAT16 ? f16 : bf16;
}

static double decode(format f, uint16_t h) {
    int exponent = (h & 0x7fff) >> f.keep, mantissa = h & ((1 << f.keep) - 1);
    int top = 0x7fff >> f.keep;
    double m = exponent ? mantissa + (1 << f.keep) : mantissa;
    double x = ldexp(m, (exponent ? exponent : 1) - f.bias - f.keep);
    if (exponent == top) {
        x = mantissa ? NAN : INFINITY;
    }
    return copysign(x, (h & 0x8000) ? -1 : 1);
}

/* Not for NaN. */
static uint16_t encode(format f, double x) {
    unsigned sign = signbit(x) ? 0x8000 : 0;
    unsigned infinity = (0x7fffu << f.keep) & 0x7fff;
    double a = fabs(x);
    if (a == 0) {
        return (uint16_t)sign;
    }
    int e = isinf(a) ? 5000 : ilogb(a);
    if (e > f.bias) {
        return (uint16_t)(sign | infinity);
    }
    e = e < 1 - f.bias ? 1 - f.bias : e;
    double units = nearbyint(ldexp(a, f.keep - e));
    /* units carries the implicit bit, or more after rounding up; the addition settles both. */
    unsigned bits = ((unsigned)(e + f.bias - 1) << f.keep) + (unsigned)units;
    return (uint16_t)(sign | (bits > infinity ? infinity : bits));
}

typedef struct number {
    char kind; /* i, u, f */
    int64_t i;
    uint64_t u;
    double re, im;
} number;

#define GET(NAME, ctype, KIND, FIELD)                                                              \
    case TSR_##NAME: {                                                                             \
        ctype v;                                                                                   \
        memcpy(&v, at, sizeof v);                                                                  \
        x.kind = KIND;                                                                             \
        x.FIELD = v;                                                                               \
        break;                                                                                     \
    }

static number get(tsr_dtype t, const void *at) {
    number x = {0};
    uint16_t h;
    switch (t) {
        GET(UINT8, uint8_t, 'u', u)
        GET(UINT16, uint16_t, 'u', u)
        GET(UINT32, uint32_t, 'u', u)
        GET(UINT64, uint64_t, 'u', u)
        GET(INT8, int8_t, 'i', i)
        GET(INT16, int16_t, 'i', i)
        GET(INT32, int32_t, 'i', i)
        GET(INT64, int64_t, 'i', i)
        GET(FLOAT32, float, 'f', re)
        GET(FLOAT64, double, 'f', re)
    case TSR_BOOL:
        x.kind = 'u';
        x.u = *(const uint8_t *)at != 0;
        break;
    case TSR_FLOAT16:
    case TSR_BFLOAT16:
        memcpy(&h, at, 2);
        x.kind = 'f';
        x.re = decode(format_of(t), h);
        break;
    default:
        x = get(types[t].component, at);
        x.im = get(types[t].component, (const char *)at + types[t].size / 2).re;
    }
    return x;
}

static uint64_t to_integer(number x, int bits, bool is_signed) {
    if (x.kind != 'f') {
        return x.kind == 'u' ? x.u : (uint64_t)x.i;
    }
    double high = ldexp(1, is_signed ? bits - 1 : bits), low = is_signed ? -high : 0;
    uint64_t max = UINT64_MAX >> (64 - (is_signed ? bits - 1 : bits));
    if (isnan(x.re)) {
        return 0;
    }
    double whole = trunc(x.re);
    if (whole >= high) {
        return max;
    }
    if (whole <= low) {
        return is_signed ? ~max : 0;
    }
    return whole < 0 ? (uint64_t)(int64_t)whole : (uint64_t)whole;
}

static float to_float(number x) {
    return x.kind == 'u' ? (float)x.u : x.kind == 'i' ? (float)x.i : (float)x.re;
}

static double to_double(number x) {
    return x.kind == 'u' ? (double)x.u : x.kind == 'i' ? (double)x.i : x.re;
}

static void put(tsr_dtype t, void *at, number x) {
    size_t size = types[t].size;
    if (t == TSR_BOOL) {
        *(uint8_t *)at = x.kind == 'u'   ? x.u != 0
                         : x.kind == 'i' ? x.i != 0
                                         : x.re != 0 || x.im != 0;
    } else if (types[t].kind == 'i' || types[t].kind == 'u') {
        uint64_t r = to_integer(x, (int)size * 8, types[t].kind == 'i');
        memcpy(at, &r, size);
    } else if (size == 2) {
        double v = x.kind == 'f' ? x.re : (double)to_float(x);
        uint16_t h = isnan(v) ? 0x7fff : encode(format_of(t), v);
        memcpy(at, &h, 2);
    } else if (t == TSR_FLOAT32) {
        float v = to_float(x);
        memcpy(at, &v, 4);
    } else if (t == TSR_FLOAT64) {
        double v = to_double(x);
        memcpy(at, &v, 8);
    } else {
        number imaginary = {.kind = 'f', .re = x.im};
        put(types[t].component, at, x);
        put(types[t].component, (char *)at + size / 2, imaginary);
    }
}

/* The same bytes, or NaNs in the same places. */
static bool same(tsr_dtype t, const void *a, const void *b) {
    size_t size = types[t].size;
    if (memcmp(a, b, size) == 0) {
        return true;
    }
    if (types[t].kind != 'f' && types[t].kind != 'c') {
        return false;
    }
    tsr_dtype part = types[t].component;
    if (part != t) {
        return same(part, a, b) &&
               same(part, (const char *)a + size / 2, (const char *)b + size / 2);
    }
    return isnan(get(t, a).re) && isnan(get(t, b).re);
}

/* A value of a dtype that is worth trying: edges of all widths, and noise of all magnitudes. */
static void sample(tsr_dtype t, void *at) {
    if (types[t].component != t) {
        sample(types[t].component, at);
        sample(types[t].component, (char *)at + types[t].size / 2);
        return;
    }
    uint64_t r = random64(), noise = random64();
    static const int powers[] = {0, 7, 8, 15, 16, 24, 31, 32, 53, 63, 64};
    int power = powers[(r >> 8) % (sizeof powers / sizeof *powers)];
    if (types[t].kind == 'f' && r % 4 != 0) {
        double v = ldexp(1, power);
        double step = ldexp(v, t == TSR_FLOAT64 ? -53 : -24);
        v += step * (double)((int)(r >> 16 & 7) - 3);
        v += (r >> 20 & 1) ? 0.5 : 0;
        v = r % 4 == 1 ? (double)(int64_t)noise * ldexp(1, -(int)(r >> 24 & 127)) : v;
        v = (r >> 32 & 63) ? v : (double)NAN;
        v = (r >> 38 & 63) ? v : (double)INFINITY;
        number x = {.kind = 'f', .re = (r >> 44 & 1) ? -v : v};
        put(t, at, x);
    } else {
        uint64_t edge = (power < 64 ? (uint64_t)1 << power : 0) + (r >> 16 & 3) - 1;
        noise = r % 4 == 0      ? noise
                : r % 4 == 1    ? noise >> (r >> 24 & 63)
                : (r >> 40 & 1) ? edge
                                : 0 - edge;
        memcpy(at, &noise, types[t].size);
    }
}

/* ---- conversions ---- */

static void run_path(const tsr_kernels *k, int from, int to, const void *src, void *dst, size_t n) {
    _Alignas(64) char step[2][256 * 16];
    const void *at = src;
    int count = 0;
    while (from != to) {
        int next = k->via[from][to];
        CHECK_OR(k->convert[from][next] && ++count <= 3, "%s: path from %s to %s at %s", k->level,
                 types[from].name, types[to].name, types[next].name);
        void *out = next == to ? dst : step[count & 1];
        k->convert[from][next](at, out, n);
        at = out;
        from = next;
    }
}

static void test_convert(const tsr_kernels *k, tsr_dtype from, tsr_dtype to) {
    size_t size = types[to].size;
    for (size_t round = 0; round < 400; round++) {
        size_t n = round <= 200 ? round : 200, bad = n;
        unsigned char *src = buffer(n * types[from].size), *dst = buffer(n * size);
        unsigned char *want = buffer(n * size);
        for (size_t i = 0; i < n; i++) {
            sample(from, src + GUARD + i * types[from].size);
            put(to, want + GUARD + i * size, get(from, src + GUARD + i * types[from].size));
        }
        run_path(k, (int)from, (int)to, src + GUARD, dst + GUARD, n);
        for (size_t i = n; i-- > 0;) {
            bad = same(to, dst + GUARD + i * size, want + GUARD + i * size) ? bad : i;
        }
        bool guards = memcmp(dst, want, GUARD) == 0 &&
                      memcmp(dst + GUARD + n * size, want + GUARD + n * size, GUARD) == 0;
        CHECK_OR(bad == n && guards, "%s: %s to %s, n %zu: element %zu", k->level, types[from].name,
                 types[to].name, n, bad);
        free(src);
        free(dst);
        free(want);
    }
}

/* ---- half and bfloat16, bit by bit, in every mode of the machine ---- */

enum { SAMPLE = 1 << 20 };

typedef struct halves {
    uint16_t all[65536];
    float f32_of[2][65536];
    double f64_of[2][65536];
    float f32[SAMPLE];
    double f64[SAMPLE];
    uint16_t from_f32[2][SAMPLE], from_f64[2][SAMPLE];
} halves;

static uint16_t encode_nan(format f, uint64_t bits) {
    unsigned infinity = (0x7fffu << f.keep) & 0x7fff;
    unsigned payload = (unsigned)(bits >> (52 - f.keep)) & ((1u << f.keep) - 1);
    return (uint16_t)((bits >> 48 & 0x8000) | infinity | 1u << (f.keep - 1) | payload);
}

static void prepare(halves *h) {
    for (int f = 0; f < 2; f++) {
        format form = f ? bf16 : f16;
        for (unsigned i = 0; i < 65536; i++) {
            double x = decode(form, (uint16_t)i);
            uint64_t bits = (uint64_t)(i & 0x8000) << 48 | (uint64_t)0x7ff8 << 48 |
                            (uint64_t)(i & ((1u << form.keep) - 1)) << (52 - form.keep);
            h->all[i] = (uint16_t)i;
            h->f64_of[f][i] = isnan(x) ? tsr_f64_of(bits) : x;
            bits = (uint64_t)(i & 0x8000) << 16 | 0x7fc00000 |
                   (uint64_t)(i & ((1u << form.keep) - 1)) << (23 - form.keep);
            h->f32_of[f][i] = isnan(x) ? tsr_f32_of((uint32_t)bits) : (float)x;
        }
    }
    /* Every number of both formats, the middle to the next, their neighbours; then noise. */
    for (uint32_t i = 0; i < SAMPLE; i++) {
        uint32_t near = i / 16 & 0x7fff, sign = i >> 19;
        format form = (i & 8) ? bf16 : f16;
        double low = decode(form, (uint16_t)near), high = decode(form, (uint16_t)(near + 1));
        double x = isinf(high) ? 1.5 * low : (low + high) / 2;
        x = ((i & 4) && !isinf(high)) ? ((i & 1) ? low : (double)nextafterf((float)low, INFINITY))
                                      : x;
        uint32_t bits32 = tsr_f32_bits((float)x) + ((i & 4) ? 0 : (i & 3) - 1);
        uint64_t bits64 = tsr_f64_bits(x) + ((i & 4) ? 0 : (i & 3) - 1);
        if (i % 16 == 15) {
            bits32 = (uint32_t)random64();
            bits64 = random64();
            bits64 = (near & 1) ? bits64 : (bits64 >> 4 & 0x1ffffffffffffff) + 0x3700000000000000;
            bits64 = (near & 6) ? bits64 : bits64 | (uint64_t)0x7ff0 << 48;
        }
        h->f32[i] = tsr_f32_of(bits32 ^ sign << 31);
        h->f64[i] = tsr_f64_of(bits64 ^ (uint64_t)sign << 63);
        for (int f = 0; f < 2; f++) {
            format to = f ? bf16 : f16;
            uint64_t nan32 = (uint64_t)(bits32 & 0x7fffff) << 29 | (uint64_t)(bits32 >> 31 ^ sign)
                                                                       << 63;
            h->from_f32[f][i] =
                isnan(h->f32[i]) ? encode_nan(to, nan32) : encode(to, (double)h->f32[i]);
            h->from_f64[f][i] =
                isnan(h->f64[i]) ? encode_nan(to, tsr_f64_bits(h->f64[i])) : encode(to, h->f64[i]);
        }
    }
}

static void test_bytes(const tsr_kernels *k, int from, int to, const void *src, const void *want,
                       size_t n, const char *mode) {
    size_t size = types[to].size, i = 0;
    unsigned char *dst = aligned_alloc(64, n * 16);
    for (size_t done = 0; done < n; done += 250) {
        size_t m = n - done < 250 ? n - done : 250;
        run_path(k, from, to, (const char *)src + done * types[from].size, dst + done * size, m);
    }
    while (i < n && memcmp(dst + i * size, (const char *)want + i * size, size) == 0) {
        i++;
    }
    CHECK_OR(i == n, "%s, %s: %s to %s: element %zu", k->level, mode, types[from].name,
             types[to].name, i);
    free(dst);
}

static void test_halves(const tsr_kernels *k, const halves *h, const char *mode) {
    for (int f = 0; f < 2; f++) {
        int t = f ? TSR_BFLOAT16 : TSR_FLOAT16;
        test_bytes(k, t, TSR_FLOAT32, h->all, h->f32_of[f], 65536, mode);
        test_bytes(k, t, TSR_FLOAT64, h->all, h->f64_of[f], 65536, mode);
        test_bytes(k, TSR_FLOAT32, t, h->f32, h->from_f32[f], SAMPLE, mode);
        test_bytes(k, TSR_FLOAT64, t, h->f64, h->from_f64[f], SAMPLE, mode);
    }
}

static void test_modes(const tsr_kernels *k, const halves *h) {
    test_halves(k, h, "default mode");
#if defined(__SSE2__)
    static const unsigned modes[] = {0x8040, 0x2000, 0x6000, 0xe040};
    static const char *const names[] = {"FTZ and DAZ", "round down", "round to zero", "both"};
    const unsigned flags = 0x3f; /* sticky exception flags; nobody is promised those */
    unsigned saved = _mm_getcsr();
    for (int i = 0; i < 4; i++) {
        _mm_setcsr(saved | modes[i]);
        test_halves(k, h, names[i]);
        CHECK_OR(((_mm_getcsr() ^ (saved | modes[i])) & ~flags) == 0, "%s: MXCSR changed",
                 k->level);
    }
    _mm_setcsr(saved);
#endif
}

/* ---- moves ---- */

static void test_move_at(const tsr_kernels *k, int row, int64_t ss, int64_t ds, int64_t n,
                         int64_t off) {
    int64_t item = 1 << row, rows = 3;
    int64_t span_s = item + llabs(ss) * (n ? n - 1 : 0),
            span_d = item + llabs(ds) * (n ? n - 1 : 0);
    size_t bytes_s = (size_t)(span_s * rows + off), bytes_d = (size_t)(span_d * rows + off);
    unsigned char *src = buffer(bytes_s), *dst = buffer(bytes_d), *want = buffer(bytes_d);
    for (size_t i = 0; i < bytes_s; i++) {
        src[GUARD + i] = (unsigned char)random64();
    }
    const char *s = (char *)src + GUARD + off + (ss < 0 ? span_s - item : 0);
    int64_t start = GUARD + off + (ds < 0 ? span_d - item : 0);
    k->move[row](s, span_s, ss, (char *)dst + start, span_d, ds, rows, n);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < n; j++) {
            memcpy(want + start + i * span_d + j * ds, s + i * span_s + j * ss, (size_t)item);
        }
    }
    CHECK_OR(memcmp(dst, want, bytes_d + 2 * GUARD) == 0,
             "%s: move %d bytes, strides %d %d, n %d, offset %d", k->level, (int)item, (int)ss,
             (int)ds, (int)n, (int)off);
    free(src);
    free(dst);
    free(want);
}

static void test_move(const tsr_kernels *k) {
    for (int row = 0; row < TSR_ITEM_COUNT; row++) {
        int64_t item = 1 << row;
        for (int64_t ss = -4; ss <= 5; ss++) {
            for (int64_t ds = -3; ds <= 3; ds++) {
                for (int64_t n = 0; n <= 200; n += (ds == 1 || n < 20) ? 1 : 13) {
                    if (ds != 0) {
                        test_move_at(k, row, ss * item, ds * item, n, n % 3);
                    }
                }
            }
        }
        test_move_at(k, row, 3 * item + 1, item, 50, 1);
        test_move_at(k, row, item, item + 3, 50, 1);
        test_move_at(k, row, -item - 1, -item - 5, 50, 2);
    }
}

/* ---- transposes ---- */

static void test_transpose_at(const tsr_kernels *k, int row, int64_t rows, int64_t cols,
                              int64_t pad, int64_t off, int flip) {
    int64_t item = 1 << row, ss = cols * item + pad, ds = rows * item + pad;
    size_t bytes_s = (size_t)(ss * rows + off), bytes_d = (size_t)(ds * cols + off);
    unsigned char *src = buffer(bytes_s), *dst = buffer(bytes_d), *want = buffer(bytes_d);
    for (size_t i = 0; i + 8 <= bytes_s; i += 8) {
        uint64_t r = random64();
        memcpy(src + GUARD + i, &r, 8);
    }
    const unsigned char *s = src + GUARD + off;
    int64_t start = GUARD + off;
    if (flip & 1 && rows) {
        s += ss * (rows - 1);
        ss = -ss;
    }
    if (flip & 2 && cols) {
        start += ds * (cols - 1);
        ds = -ds;
    }
    bool past = rows * cols * item > 1 << 20 || random64() % 2;
    k->transpose[row]((const char *)s, ss, (char *)dst + start, ds, rows, cols, past);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            memcpy(want + start + j * ds + i * item, s + i * ss + j * item, (size_t)item);
        }
    }
    CHECK_OR(memcmp(dst, want, bytes_d + 2 * GUARD) == 0,
             "%s: transpose %d bytes, %d x %d, pad %d, offset %d", k->level, (int)item, (int)rows,
             (int)cols, (int)pad, (int)off);
    free(src);
    free(dst);
    free(want);
}

static void test_transpose(const tsr_kernels *k) {
    static const int64_t sizes[] = {63, 64, 65, 127, 128, 129, 200};
    for (int row = 0; row < TSR_ITEM_COUNT; row++) {
        for (int64_t rows = 0; rows <= 40; rows++) {
            for (int64_t cols = 0; cols <= 40; cols++) {
                test_transpose_at(k, row, rows, cols, (rows + cols) % 3 * 5, cols % 4,
                                  (int)rows & 3);
            }
        }
        for (int i = 0; i < 49; i++) {
            test_transpose_at(k, row, sizes[i / 7], sizes[i % 7], i % 3 * 3, i % 2, i & 3);
        }
        /* Large enough for writes past the cache: aligned, off by some items, off by a byte. */
        int64_t item = 1 << row, rows = 2048, cols = (9 << 20) / (rows * item) + 3;
        test_transpose_at(k, row, rows, cols, 0, 0, 0);
        test_transpose_at(k, row, rows - 64, cols, 64 * item, item, 2);
        test_transpose_at(k, row, rows, cols, 0, 1, 1);
    }
}

/* ---- the rest ---- */

static void test_make(const tsr_kernels *k) {
    for (size_t n = 0; n <= 200; n++) {
        for (int row = 0; row < TSR_ITEM_COUNT; row++) {
            for (int uniform = 0; uniform < 2; uniform++) {
                size_t item = (size_t)1 << row;
                unsigned char value[16], *dst = buffer(n * item), *want = buffer(n * item);
                for (size_t i = 0; i < 16; i++) {
                    value[i] = (unsigned char)(uniform ? 7 : random64());
                }
                k->fill[row](value, dst + GUARD, n);
                for (size_t i = 0; i < n * item; i++) {
                    want[GUARD + i] = value[i % item];
                }
                CHECK_OR(memcmp(dst, want, n * item + 2 * GUARD) == 0, "%s: fill %zu bytes, n %zu",
                         k->level, item, n);
                free(dst);
                free(want);
            }
        }
        unsigned char *dst = buffer(n * 8), *want = buffer(n * 8);
        static const int64_t firsts[] = {
            0, 1000, -7, 9007199254740990, -9007199254740993, INT64_MAX - 300};
        for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++) {
            double start = 0.1, step = (f & 1) ? 0.3 : -1e-3;
            int64_t istart = (int64_t)random64(), istep = (int64_t)random64();
            k->ramp_f64(start, step, firsts[f], (double *)(void *)(dst + GUARD), n);
            for (size_t i = 0; i < n; i++) {
                volatile double product = (double)(firsts[f] + (int64_t)i) * step;
                double x = start + product;
                memcpy(want + GUARD + 8 * i, &x, 8);
            }
            CHECK_OR(memcmp(dst, want, n * 8 + 2 * GUARD) == 0, "%s: ramp_f64, n %zu", k->level, n);
            k->ramp_i64(istart, istep, firsts[f], (int64_t *)(void *)(dst + GUARD), n);
            for (size_t i = 0; i < n; i++) {
                uint64_t x = (uint64_t)istart + ((uint64_t)firsts[f] + i) * (uint64_t)istep;
                memcpy(want + GUARD + 8 * i, &x, 8);
            }
            CHECK_OR(memcmp(dst, want, n * 8 + 2 * GUARD) == 0, "%s: ramp_i64, n %zu", k->level, n);
        }
        free(dst);
        free(want);
    }
}

static void subtract(tsr_dtype t, const void *a, const void *b, void *out) {
    number x = get(t, a), y = get(t, b);
    x.u -= y.u;
    x.i = (int64_t)((uint64_t)x.i - (uint64_t)y.i);
    x.re = (t == TSR_FLOAT64 || t == TSR_COMPLEX128) ? x.re - y.re
                                                     : (double)((float)x.re - (float)y.re);
    x.im = t == TSR_COMPLEX128 ? x.im - y.im : (double)((float)x.im - (float)y.im);
    put(t, out, x);
}

static void test_subtract(const tsr_kernels *k) {
    for (tsr_dtype t = 0; t < TSR_DTYPE_COUNT; t++) {
        size_t size = types[t].size;
        tsr_kernel_binary *run = k->binary[TSR_BIN_SUBTRACT][t];
        bool none = t == TSR_BOOL || t == TSR_BFLOAT16, may = t == TSR_FLOAT16;
        CHECK_OR(may || (run == NULL) == none, "%s: subtract %s", k->level, types[t].name);
        for (size_t n = 0; n <= 600 && run != NULL; n += n < 200 ? 1 : 57) {
            for (int place = 0; place < 3; place++) {
                unsigned char *a = buffer(n * size), *b = buffer(n * size),
                              *want = buffer(n * size);
                unsigned char *dst = place == 0 ? buffer(n * size) : place == 1 ? a : b;
                size_t bad = n;
                for (size_t i = GUARD; i < GUARD + n * size; i += size) {
                    sample(t, a + i);
                    sample(t, b + i);
                    subtract(t, a + i, b + i, want + i);
                }
                run(a + GUARD, b + GUARD, dst + GUARD, n);
                for (size_t i = 0; i < n; i++) {
                    bad = same(t, dst + GUARD + i * size, want + GUARD + i * size) ? bad : i;
                }
                bool guards = memcmp(dst, want, GUARD) == 0 &&
                              memcmp(dst + GUARD + n * size, want + GUARD + n * size, GUARD) == 0;
                CHECK_OR(bad == n && guards, "%s: subtract %s, n %zu, place %d: element %zu",
                         k->level, types[t].name, n, place, bad);
                if (place == 0) {
                    free(dst);
                }
                free(a);
                free(b);
                free(want);
            }
        }
    }
}

/* Whether a stands before b; false where one is a NaN. */
static bool is_less(number a, number b) {
    return a.kind == 'f' ? a.re < b.re : a.kind == 'i' ? a.i < b.i : a.u < b.u;
}

/* NaN of any of the three is one; of two equal zeros the one named first stays. */
static void limit(tsr_dtype t, const void *x, const void *low, const void *high, void *out) {
    const number a = get(t, x), b = get(t, low), c = get(t, high);
    const void *more = isnan(a.re) || !(is_less(a, b) || isnan(b.re)) ? x : low;
    const number m = get(t, more);
    memcpy(out, isnan(m.re) || !(is_less(c, m) || isnan(c.re)) ? more : high, types[t].size);
}

static void test_limit(const tsr_kernels *k) {
    for (tsr_dtype t = 0; t < TSR_DTYPE_COUNT; t++) {
        size_t size = types[t].size;
        bool none =
            t == TSR_BOOL || types[t].component != t || t == TSR_FLOAT16 || t == TSR_BFLOAT16;
        CHECK_OR((k->limit[t] == NULL) == none, "%s: limit %s", k->level, types[t].name);
        for (size_t n = 0; n <= 300 && !none; n += n < 140 ? 1 : 57) {
            for (int place = 0; place < 4; place++) { /* dst is apart, or an operand */
                unsigned char *in[3], *want = buffer(n * size), *apart = buffer(n * size);
                for (int i = 0; i < 3; i++) {
                    in[i] = buffer(n * size);
                    for (size_t j = 0; j < n; j++) {
                        sample(t, in[i] + GUARD + j * size);
                    }
                }
                for (size_t j = GUARD; j < GUARD + n * size; j += size) {
                    limit(t, in[0] + j, in[1] + j, in[2] + j, want + j);
                }
                unsigned char *dst = place == 3 ? apart : in[place];
                k->limit[t](in[0] + GUARD, in[1] + GUARD, in[2] + GUARD, dst + GUARD, n);
                bool good = memcmp(dst, want, GUARD) == 0 &&
                            memcmp(dst + GUARD + n * size, want + GUARD + n * size, GUARD) == 0;
                for (size_t j = GUARD; j < GUARD + n * size; j += size) {
                    good = good && same(t, dst + j, want + j);
                }
                CHECK_OR(good, "%s: limit %s, n %zu, place %d", k->level, types[t].name, n, place);
                for (int i = 0; i < 3; i++) {
                    free(in[i]);
                }
                free(want);
                free(apart);
            }
        }
    }
}

int main(void) {
    static const char *const levels[] = {"base", "v2", "v3", "v4"};
    static tsr_kernels k;
    halves *h = malloc(sizeof *h);
    if (!h) {
        return 2;
    }
    prepare(h);
    CHECK_OR(!tsr_kernels_select("v9", &k) && !tsr_kernels_select("", &k),
             "an unknown level was accepted");
    CHECK_OR(tsr_kernels_select(NULL, &k) &&
                 strcmp(k.level, tsr_cpu_level_name(tsr_cpu_detect())) == 0,
             "the default is not the best level");
    for (int i = 0; i < 4; i++) {
        bool runs = tsr_kernels_select(levels[i], &k);
        CHECK_OR(runs == (i <= (int)tsr_cpu_detect()), "level %s is wrongly selectable or not",
                 levels[i]);
        if (!runs) {
            continue;
        }
        CHECK_OR(strcmp(k.level, levels[i]) == 0, "level %s calls itself %s", levels[i], k.level);
        for (tsr_dtype from = 0; from < TSR_DTYPE_COUNT; from++) {
            for (tsr_dtype to = 0; to < TSR_DTYPE_COUNT; to++) {
                if (from != to) {
                    test_convert(&k, from, to);
                }
            }
        }
        test_modes(&k, h);
        test_move(&k);
        test_transpose(&k);
        test_make(&k);
        test_subtract(&k);
        test_limit(&k);
    }
    free(h);
    return report();
}
