/* Quotients are correctly rounded at every level: one over every float, every float over those
 * whose bits are all ones, pairs whose quotient lies as near as can be to the middle between two
 * numbers, and a great many others.
 *
 * a / b is as near to a middle as (2 q + 1) * b, where q is the quotient's significand, is to a
 * multiple of a power of two: with the inverse of b modulo that power, q is found for each small
 * distance. */
#include "../../core/kernels/kernels.h"
#include "check.h"

#include <math.h>
#include <string.h>

/* SHIFT numbers on, a pair takes another of the ways that a kernel has for its vectors. */
enum { PAIRS = 1 << 14, SHIFT = 16, MOST = 31 };

static tsr_kernels kernels;
static uint64_t state;

static uint64_t random_bits(void) {
    state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#define DIVISION(T, S, DTYPE)                                                                      \
    static T a_##S[PAIRS + SHIFT], b_##S[PAIRS + SHIFT], out_##S[PAIRS + SHIFT];                   \
    static size_t count_##S;                                                                       \
    static void flush_##S(void) {                                                                  \
        size_t n = count_##S;                                                                      \
        for (size_t i = 0; i < SHIFT; i++) /* once more, before the first */                       \
            a_##S[n + i] = a_##S[i], b_##S[n + i] = b_##S[i];                                      \
        for (size_t from = 0; from <= SHIFT; from += SHIFT) {                                      \
            kernels.binary[TSR_BIN_DIVIDE][DTYPE](a_##S + from, b_##S + from, out_##S, n);         \
            size_t wrong = n;                                                                      \
            for (size_t i = n; i-- > 0;) {                                                         \
                volatile T expected = a_##S[from + i] / b_##S[from + i];                           \
                T e = expected, o = out_##S[i];                                                    \
                if (memcmp(&e, &o, sizeof e) != 0 && !(e != e && o != o))                          \
                    wrong = i;                                                                     \
            }                                                                                      \
            CHECK_OR(wrong == n, "%s: %a / %a is %a", kernels.level,                               \
                     (double)a_##S[from + wrong % n], (double)b_##S[from + wrong % n],             \
                     (double)out_##S[wrong % n]);                                                  \
        }                                                                                          \
        count_##S = 0;                                                                             \
    }                                                                                              \
    static void divide_##S(T x, T y) {                                                             \
        a_##S[count_##S] = x;                                                                      \
        b_##S[count_##S] = y;                                                                      \
        if (++count_##S == PAIRS)                                                                  \
            flush_##S();                                                                           \
    }
DIVISION(float, f32, TSR_FLOAT32)
DIVISION(double, f64, TSR_FLOAT64)

/* A number of [1, 2) with these bits behind the point. */
static float float_of(uint64_t bits) {
    uint32_t word = UINT32_C(0x3f800000) | (uint32_t)(bits & 0x7fffff);
    float x;
    memcpy(&x, &word, sizeof x);
    return x;
}

static double double_of(uint64_t bits) {
    uint64_t word = UINT64_C(0x3ff0000000000000) | (bits & UINT64_C(0xfffffffffffff));
    double x;
    memcpy(&x, &word, sizeof x);
    return x;
}

static void all_significands(void) {
    const float ones = 0x1.fffffep0f;
    for (uint64_t i = 0; i < 1 << 23; i++)
        divide_f32(1, float_of(i)), divide_f32(float_of(i), ones);
    flush_f32();
    for (int i = 0; i < 1 << 20; i++)
        divide_f64(double_of(random_bits()), 0x1.fffffffffffffp0);
    for (int i = 0; i < 4096; i++) {
        divide_f64(1 + i * 0x1p-52, 0x1.fffffffffffffp0);
        divide_f64(2 - i * 0x1p-52, 0x1.fffffffffffffp0);
        divide_f64(1, 2 - i * 0x1p-52);
        divide_f64(1, 1 + i * 0x1p-52);
    }
    flush_f64();
}

/* The inverse of an odd number modulo 2^64. */
static uint64_t inverse(uint64_t b) {
    uint64_t x = b;
    for (int i = 0; i < 6; i++)
        x *= 2 - b * x;
    return x;
}

/* Pairs of `bits` bits each whose quotient is near the middle: c of 2^(bits + 1) or 2^bits parts
 * away. */
static long hard_pairs(int bits, long tries) {
    long found = 0;
    for (long t = 0; t < tries; t++) {
        uint64_t b = (random_bits() >> (65 - bits) | UINT64_C(1) << (bits - 1)) | 1;
        uint64_t back = inverse(b);
        for (int64_t c = -MOST; c <= MOST; c += 2)
            for (int modulus = bits; modulus <= bits + 1; modulus++) {
                uint64_t twice = (uint64_t)c * back & ((UINT64_C(1) << modulus) - 1);
                if (modulus == bits)
                    twice |= UINT64_C(1) << bits;
                if (twice >> bits != 1)
                    continue;
                unsigned __int128 product = (unsigned __int128)twice * b;
                product -= (unsigned __int128)(__int128)c;
                uint64_t a = (uint64_t)(product >> modulus);
                if (a >> bits != 0 || a >> (bits - 1) == 0 ||
                    product != (unsigned __int128)a << modulus)
                    continue;
                found++;
                if (bits == 24)
                    divide_f32((float)a * 0x1p-24f, (float)b * 0x1p-24f);
                else
                    divide_f64((double)a * 0x1p-53, (double)b * 0x1p-53);
            }
    }
    flush_f32();
    flush_f64();
    return found;
}

static void random_pairs(void) {
    for (int i = 0; i < 1 << 22; i++) {
        uint64_t r = random_bits(), s = random_bits();
        int e = (int)(r >> 58) - 32, f = (int)(s >> 58) - 32;
        divide_f32(ldexpf(float_of(r), e / 2), -ldexpf(float_of(s), f / 2));
        divide_f64(-ldexp(double_of(r), e * 4), ldexp(double_of(s), f * 4));
    }
    flush_f32();
    flush_f64();
}

/* One of each kind among ordinary numbers, and exponents up to the bounds and beyond. */
static void kinds(void) {
    static const double some[] = {0.0,      -0.0,     INFINITY,  -INFINITY, NAN,       1,
                                  0x1p-149, 0x1p-126, 0x1p127,   0x1p-1074, 0x1p-1022, 0x1p1023,
                                  0x1p-40,  0x1p-41,  0x1p60,    0x1p61,    0x1p-400,  0x1p-401,
                                  0x1p500,  0x1p501,  0x1.8p-39, 0x1.8p59};
    size_t n = sizeof some / sizeof *some;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            for (int k = 0; k < 31; k++) {
                bool here = k == 7;
                divide_f32(here ? (float)some[i] : 5, here ? (float)some[j] : 3);
                divide_f64(here ? some[i] : 5, here ? some[j] : 3);
            }
    for (int e = -1070; e < 1024; e++)
        for (int f = -1070; f < 1024; f += 17) {
            divide_f64(ldexp(0x1.3456789abcdefp0, e), ldexp(0x1.fedcba9876543p0, f));
            if (e >= -148 && e < 128 && f >= -148 && f < 128)
                divide_f32(ldexpf(0x1.34567ap0f, e), ldexpf(0x1.fedcbap0f, f));
        }
    flush_f32();
    flush_f64();
}

int main(void) {
    static const char *const names[] = {"base", "v2", "v3", "v4"};
    int levels = 0;
    for (int i = 0; i < 4; i++) {
        if (!tsr_kernels_select(names[i], &kernels))
            continue;
        levels++;
        state = 1;
        kinds();
        all_significands();
        CHECK(hard_pairs(24, 20000) > 100000);
        CHECK(hard_pairs(53, 20000) > 100000);
        random_pairs();
    }
    CHECK(levels > 0);
    return report();
}
