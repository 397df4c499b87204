/* The vector math of every level that this machine runs.
 *
 * float64 results are compared with MPFR on random arguments, hard ones (thresholds of the
 * algorithms, neighbours of 1 and of multiples of pi/2, huge and subnormal numbers) and special
 * values; float32 results with the C library's double functions, MPFR deciding where it is close.
 * All levels must give the bits of the lowest one; any length, in place or not, the bits of the
 * whole block.
 *
 * test_math prints what fails. With names of functions and -n COUNT it prints the largest errors
 * that it met, too. Built with the kernel objects, -lmpfr and -lm. */
#include "check.h"
#include "math_reference.h"
#include "random.h"

enum { LEVELS = 4, F32_STEP = 12289 };

static tsr_kernels tables[LEVELS];
static int levels;
static bool verbose;

static void *room(size_t bytes) {
    void *p = calloc(1, bytes);
    if (!p) {
        exit(2);
    }
    return p;
}

/* ---- arguments ---- */

static const double special[] = {
    0.0,
    -0.0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    0.5,
    -0.5,
    0.25,
    1.5,
    -1.5,
    2.5,
    4,
    8,
    10,
    100,
    1000,
    1e22,
    INFINITY,
    -INFINITY,
    NAN,
    0x1p-1074,
    -0x1p-1074,
    0x1p-1022,
    -0x1p-1022,
    0x1.fffffffffffffp-1023,
    0x1.fffffffffffffp1023,
    -0x1.fffffffffffffp1023,
    0x1p-149,
    0x1p-126,
    0x1.fffffep127,
    0x1p52,
    0x1p53,
    0x1.8p52,
    0x1p51,
    0x1p63,
    0x1p64,
    0x1p31,
    0x1p-60,
    -0x1p-60,
    0x1p-54,
    0x1p-53,
    0x1p-28,
    0x1p-27,
    -0x1p-30,
    0x1p28,
    0x1p500,
    0x1p-500,
    0x1p1000,
    0x1p1023,
    0.34657359027997264,
    1.0397207708399179,
    0.55,
    0.84,
    28,
    27.226017111108362,
    26.54,
    22,
    18.7,
    -40,
    -36.7,
    -37.5,
    709.782712893384,
    709.7827128933841,
    710.4758600739439,
    710.475860073944,
    -708.3964185322641,
    -745.1332191019411,
    -745.1332191019412,
    -745.13321910194122,
    1024,
    1023.9999999999999,
    -1022,
    -1074,
    -1075,
    -1074.9999999999998,
    88.72283172607422,
    -103.97208,
    0.7071067811865475,
    0.7071067811865476,
    1.4142135623730951,
    1.414213562373095,
    0.41421356237309503,
    2.414213562373095,
    0.9999999999999999,
    1.0000000000000002,
    -0.9999999999999999,
    0.999999940395,
    0x1p20,
    1048576.5,
    1e5,
    1e15,
    6381956970095103.0 * 0x1p797,
    5.319372648326541e+255,
    1e300,
    3.141592653589793,
    1.5707963267948966,
    0.7853981633974483,
    4.71238898038469,
    6.283185307179586,
    2.356194490192345,
    -3.141592653589793,
    -1.5707963267948966,
    355,
    103993,
    5419351,
    411557987,
};
enum { SPECIALS = sizeof special / sizeof *special };

/* Fills x with n arguments for a function: the special values and their neighbours first. */
static void arguments(double *x, size_t n, double low, double high) {
    for (size_t i = 0; i < n; i++) {
        const size_t s = i / 9;
        if (s < SPECIALS) {
            const uint64_t bits = tsr_f64_bits(special[s]) + i % 9 - 4;
            const bool inner = isfinite(special[s]) && special[s] != 0;
            x[i] = inner ? tsr_f64_of(bits) : special[s];
            continue;
        }
        switch (i % 8) {
        case 0:
            x[i] = tsr_f64_of(random64());
            break;
        case 1:
            x[i] = 1 + random_between(-1, 1) * pow(2, random_between(-40, 0));
            break;
        case 2: /* next to a multiple of pi/2 */
            x[i] = (double)(random64() >> (44 + random64() % 20)) * 1.5707963267948966;
            x[i] = tsr_f64_of(tsr_f64_bits(x[i]) + random64() % 5 - 2);
            break;
        case 3:
            x[i] = ((random64() & 1) ? -1 : 1) * pow(2, random_between(-30, 10));
            break;
        default:
            x[i] = random_between(low, high);
        }
    }
}

/* ---- float64 against MPFR ---- */

/* The bits of a NaN are nobody's business. */
static bool same(const void *a, const void *b, size_t size) {
    if (memcmp(a, b, size) == 0) {
        return true;
    }
    double x, y;
    float v, w;
    memcpy(size == 8 ? (void *)&x : &v, a, size);
    memcpy(size == 8 ? (void *)&y : &w, b, size);
    return size == 8 ? isnan(x) && isnan(y) : isnan(v) && isnan(w);
}

static void same_bits(const char *name, int level, const void *a, const void *b, size_t n,
                      size_t size) {
    size_t i = 0;
    while (i < n && same((const char *)a + i * size, (const char *)b + i * size, size)) {
        i++;
    }
    CHECK_OR(i == n, "%s: level %s differs from base at element %zu", name, tables[level].level, i);
}

static void test_f64(const math_case *c, size_t n) {
    double *x = room(n * 8), *y = room(n * 8), *z = room(n * 8);
    arguments(x, n, c->low, c->high);
    tables[0].unary[c->function][TSR_FLOAT64](x, y, n);
    double worst = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        const double off = unary_off(c, x[i], y[i], format_f64);
        CHECK_OR(off <= 2, "%s(%a) = %a: %g units off", c->name, x[i], y[i], off);
        if (off > worst) {
            worst = off;
            at = x[i];
        }
    }
    for (int l = 1; l < levels; l++) {
        tables[l].unary[c->function][TSR_FLOAT64](x, z, n);
        same_bits(c->name, l, y, z, n, 8);
    }
    if (verbose) {
        printf("%-8s float64 %.4f at %a\n", c->name, worst, at);
    }
    free(x);
    free(y);
    free(z);
}

/* ---- float32 against double ---- */

static void test_f32(const math_case *c) {
    const size_t n = ((uint64_t)1 << 32) / F32_STEP + 9 * SPECIALS;
    float *x = room(n * 4), *y = room(n * 4), *z = room(n * 4);
    for (size_t i = 0; i < n; i++) {
        if (i < 9 * SPECIALS) {
            const float s = (float)special[i / 9];
            const bool inner = isfinite(s) && s != 0;
            x[i] = inner ? tsr_f32_of(tsr_f32_bits(s) + (uint32_t)(i % 9) - 4) : s;
        } else {
            x[i] = tsr_f32_of((uint32_t)(i * F32_STEP));
        }
    }
    tables[0].unary[c->function][TSR_FLOAT32](x, y, n);
    double worst = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        double off = float_off(y[i], c->reference((double)x[i]));
        if (off == HUGE_VAL) {
            off = unary_off(c, (double)x[i], (double)y[i], format_f32);
        }
        CHECK_OR(off <= 1, "%s(%af) = %af: %g units off", c->name, (double)x[i], (double)y[i], off);
        if (off > worst) {
            worst = off;
            at = (double)x[i];
        }
    }
    for (int l = 1; l < levels; l++) {
        tables[l].unary[c->function][TSR_FLOAT32](x, z, n);
        same_bits(c->name, l, y, z, n, 4);
    }
    if (verbose) {
        printf("%-8s float32 %.4f at %a\n", c->name, worst, at);
    }
    free(x);
    free(y);
    free(z);
}

/* ---- lengths, places ---- */

static void test_lengths(const math_case *c) {
    enum { N = 600, GUARD = 16 };
    static const size_t sizes[] = {4, 8};
    static const tsr_dtype dtypes[] = {TSR_FLOAT32, TSR_FLOAT64};
    for (int l = 0; l < levels; l++) {
        for (int t = 0; t < 2; t++) {
            const size_t size = sizes[t];
            tsr_kernel_unary *run = tables[l].unary[c->function][dtypes[t]];
            _Alignas(64) unsigned char x[N * 8], all[N * 8], y[(N + GUARD) * 8];
            for (size_t i = 0; i < N; i++) {
                const double v = random_between(c->low, c->high);
                const float f = (float)v;
                memcpy(x + i * size, size == 8 ? (const void *)&v : &f, size);
            }
            run(x, all, N);
            for (size_t n = 0; n <= N; n += n < 70 ? 1 : 53) {
                memset(y, 0x5a, sizeof y);
                run(x, y, n);
                bool clean = memcmp(y, all, n * size) == 0;
                for (size_t i = n * size; i < (n + GUARD) * size; i++) {
                    clean = clean && y[i] == 0x5a;
                }
                memcpy(y, x, n * size);
                run(y, y, n);
                CHECK_OR(clean && memcmp(y, all, n * size) == 0,
                         "%s: %zu elements of %zu bytes differ at %s", c->name, n, size,
                         tables[l].level);
            }
        }
    }
}

/* Of powers, logarithms of floats are whole numbers. */
static void test_powers(void) {
    enum { N = 11 };
    float x[N], y[N];
    for (int l = 0; l < levels; l++) {
        for (int e = -121; e <= 117; e += N) {
            for (int i = 0; i < N; i++) {
                x[i] = ldexpf(1, e + i);
            }
            tables[l].unary[TSR_FN_LOG2][TSR_FLOAT32](x, y, N);
            for (int i = 0; i < N; i++) {
                CHECK_OR(y[i] == (float)(e + i), "log2(%af) = %af", (double)x[i], (double)y[i]);
            }
        }
        for (int i = 0; i < N; i++) {
            x[i] = (float)pow(10, i);
        }
        tables[l].unary[TSR_FN_LOG10][TSR_FLOAT32](x, y, N);
        for (int i = 0; i < N; i++) {
            CHECK_OR(y[i] == (float)i, "log10(%af) = %af", (double)x[i], (double)y[i]);
        }
    }
}

/* ---- pairs ---- */

/* Powers that leave the range, however little or far, of bases near 1, where the logarithm's second
 * part is largest beside the first. */
static void test_power_range(void) {
    enum { N = 120 };
    double x[N], up[N], down[N], z[N];
    for (double base = 0.875; base < 1.25; base += base == 1 - 0x1p-11 ? 0x1p-10 : 0x1p-11) {
        for (int i = 0; i < N; i++) {
            x[i] = base;
            up[i] = (710 + 0.5 * (i + 1)) / log(base);
            down[i] = (-745.5 - 0.5 * (i + 1)) / log(base);
        }
        for (int l = 0; l < levels; l++) {
            tables[l].pairs[TSR_FN_POW - TSR_FN_FIRST_PAIR][TSR_FLOAT64](x, up, z, N);
            for (int i = 0; i < N; i++) {
                CHECK_OR(z[i] == INFINITY, "pow(%a, %a) = %a", base, up[i], z[i]);
            }
            tables[l].pairs[TSR_FN_POW - TSR_FN_FIRST_PAIR][TSR_FLOAT64](x, down, z, N);
            for (int i = 0; i < N; i++) {
                CHECK_OR(z[i] == 0, "pow(%a, %a) = %a", base, down[i], z[i]);
            }
        }
    }
}

static void test_pair(const math_pair_case *c, size_t n) {
    double *x = room(n * 8), *y = room(n * 8), *z = room(n * 8), *w = room(n * 8);
    float *p = room(n * 4), *q = room(n * 4), *r = room(n * 4), *s = room(n * 4);
    for (size_t i = 0; i < n; i++) {
        if (i < SPECIALS * SPECIALS) {
            x[i] = special[i / SPECIALS];
            y[i] = special[i % SPECIALS];
        } else if (c->function == TSR_FN_POW) {
            x[i] = pow(2, random_between(-20, 20));
            x[i] = i % 3 == 0 ? 1 + random_between(-1, 1) * pow(2, random_between(-30, 0)) : x[i];
            y[i] = random_between(-1075, 1025) / fabs(log2(x[i])); /* the whole range of results */
            y[i] = i % 5 == 0 ? random_between(-8, 8) : y[i];
        } else {
            x[i] = random_between(-1, 1) * pow(2, random_between(-3, 3));
            y[i] = random_between(-1, 1);
            const double scale = i % 4 ? 1 : pow(2, random_between(-1080, 1020));
            x[i] *= scale;
            y[i] *= scale;
        }
        p[i] = (float)x[i];
        q[i] = (float)((c->function == TSR_FN_POW && i >= SPECIALS * SPECIALS) ? y[i] / 8 : y[i]);
    }
    tables[0].pairs[c->function - TSR_FN_FIRST_PAIR][TSR_FLOAT64](x, y, z, n);
    tables[0].pairs[c->function - TSR_FN_FIRST_PAIR][TSR_FLOAT32](p, q, r, n);
    double worst = 0, worst32 = 0;
    for (size_t i = 0; i < n; i++) {
        const double off = pair_off(c, x[i], y[i], z[i], format_f64);
        CHECK_OR(off <= 2, "%s(%a, %a) = %a: %g units off", c->name, x[i], y[i], z[i], off);
        worst = off > worst ? off : worst;
        double off32 = float_off(r[i], c->reference((double)p[i], (double)q[i]));
        if (off32 == HUGE_VAL) {
            off32 = pair_off(c, (double)p[i], (double)q[i], (double)r[i], format_f32);
        }
        CHECK_OR(off32 <= 1, "%s(%af, %af) = %af: %g units off", c->name, (double)p[i],
                 (double)q[i], (double)r[i], off32);
        worst32 = off32 > worst32 ? off32 : worst32;
    }
    for (int l = 1; l < levels; l++) {
        tables[l].pairs[c->function - TSR_FN_FIRST_PAIR][TSR_FLOAT64](x, y, w, n);
        same_bits(c->name, l, z, w, n, 8);
        tables[l].pairs[c->function - TSR_FN_FIRST_PAIR][TSR_FLOAT32](p, q, s, n);
        same_bits(c->name, l, r, s, n, 4);
    }
    for (int l = 0; l < levels; l++) { /* short, and into either argument */
        for (size_t m = 0; m < 40; m++) {
            memcpy(w, x + 7, 41 * 8);
            tables[l].pairs[c->function - TSR_FN_FIRST_PAIR][TSR_FLOAT64](w, y + 7, w, m);
            CHECK_OR(memcmp(w, z + 7, m * 8) == 0 && memcmp(w + m, x + 7 + m, 8) == 0,
                     "%s: %zu elements into the first argument", c->name, m);
            memcpy(s, q + 7, 41 * 4);
            tables[l].pairs[c->function - TSR_FN_FIRST_PAIR][TSR_FLOAT32](p + 7, s, s, m);
            CHECK_OR(memcmp(s, r + 7, m * 4) == 0 && memcmp(s + m, q + 7 + m, 4) == 0,
                     "%s: %zu elements into the second argument", c->name, m);
        }
    }
    if (verbose) {
        printf("%-8s float64 %.4f float32 %.4f\n", c->name, worst, worst32);
    }
    free(x);
    free(y);
    free(z);
    free(w);
    free(p);
    free(q);
    free(r);
    free(s);
}

static bool wanted(const char *name, int argc, char **argv) {
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            i++;
            continue;
        }
        any = true;
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return !any;
}

int main(int argc, char **argv) {
    static const char *const names[LEVELS] = {"base", "v2", "v3", "v4"};
    size_t n = 5000;
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "-n") == 0) {
            n = strtoul(argv[i + 1], NULL, 10);
            verbose = true;
        }
    }
    while (levels < LEVELS && tsr_kernels_select(names[levels], &tables[levels])) {
        levels++;
    }
    for (int i = 0; i < UNARY_CASES; i++) {
        if (wanted(unary_cases[i].name, argc, argv)) {
            test_f64(&unary_cases[i], n);
            test_f32(&unary_cases[i]);
            test_lengths(&unary_cases[i]);
        }
    }
    test_powers();
    test_power_range();
    for (int i = 0; i < PAIR_CASES; i++) {
        if (wanted(pair_cases[i].name, argc, argv)) {
            test_pair(&pair_cases[i], SPECIALS * SPECIALS + n);
        }
    }
    for (tsr_dtype t = 0; t < TSR_DTYPE_COUNT; t++) { /* nothing for others */
        const bool real = t == TSR_FLOAT32 || t == TSR_FLOAT64;
        if (t == TSR_COMPLEX64 || t == TSR_COMPLEX128) {
            continue; /* test_special.c */
        }
        for (int f = 0; f < TSR_FN_FIRST_PAIR; f++) {
            CHECK_OR((tables[0].unary[f][t] != NULL) == real, "unary function %d, dtype %d", f,
                     (int)t);
        }
        for (int f = 0; f < TSR_FN_PAIRS; f++) {
            CHECK_OR((tables[0].pairs[f][t] != NULL) == real, "pair function %d, dtype %d", f,
                     (int)t);
        }
    }
    mpfr_free_cache();
    return report();
}
