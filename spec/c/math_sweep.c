/* Every float through every unary function: the long form of test_math, not part of the test
 * command. It takes minutes a function.
 *
 *     make build/spec/math_sweep && build/spec/math_sweep [LEVEL [NAME...]]
 *
 * Results are compared with the C library's double function, by vectors where it has it so
 * (libmvec, within 4 units of a double), MPFR deciding near one unit and at the edges of the
 * format, and bit for bit with those of the other levels that this machine has; with those of
 * levels without a fused multiply-add, which take far longer, for one float in 64. The largest
 * error of each function is printed. */
#include "math_reference.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 1 << 16, SLOW = 1 << 10, LEVELS = 4 };

static const char *const levels[LEVELS] = {"base", "v2", "v3", "v4"};

#if defined(__x86_64__) && defined(__GLIBC__)
#include <immintrin.h>

#define VECTORS(X)                                                                                 \
    X(exp)                                                                                         \
    X(exp2)                                                                                        \
    X(expm1)                                                                                       \
    X(sinh)                                                                                        \
    X(cosh)                                                                                        \
    X(tanh)                                                                                        \
    X(log)                                                                                         \
    X(log2)                                                                                        \
    X(log10)                                                                                       \
    X(log1p)                                                                                       \
    X(asinh)                                                                                       \
    X(acosh)                                                                                       \
    X(atanh)                                                                                       \
    X(sin)                                                                                         \
    X(cos)                                                                                         \
    X(tan)                                                                                         \
    X(asin)                                                                                        \
    X(acos)                                                                                        \
    X(atan)                                                                                        \
    X(erf)                                                                                         \
    X(erfc)                                                                                        \
    X(cbrt)
#define DECLARE(name) __m256d _ZGVdN4v_##name(__m256d);
#define NAME(name)    {#name, _ZGVdN4v_##name},
VECTORS(DECLARE)

static const struct {
    const char *name;
    __m256d (*run)(__m256d);
} vectors[] = {VECTORS(NAME)};

/* Whether there was such a function. */
__attribute__((target("avx2"))) static bool refer_by_vectors(const char *name, const float *x,
                                                             double *reference) {
    size_t at = 0, count = sizeof vectors / sizeof *vectors;
    while (at < count && strcmp(vectors[at].name, name) != 0) {
        at++;
    }
    if (at == count || !__builtin_cpu_supports("avx2")) {
        return false;
    }
    for (int i = 0; i < CHUNK; i += 4) {
        const __m256d y = vectors[at].run(_mm256_cvtps_pd(_mm_loadu_ps(x + i)));
        _mm256_storeu_pd(reference + i, y);
    }
    return true;
}
#else
static bool refer_by_vectors(const char *name, const float *x, double *reference) {
    (void)name, (void)x, (void)reference;
    return false;
}
#endif

static void refer(const math_case *c, const float *x, double *reference) {
    if (refer_by_vectors(c->name, x, reference)) {
        return;
    }
    for (int i = 0; i < CHUNK; i++) {
        reference[i] = c->reference((double)x[i]);
    }
}

/* How many results of `run` differ from y, of n; what kind of NaN one is does not count. */
static long differing(tsr_kernel_unary *run, const float *x, const float *y, size_t n) {
    static float other[CHUNK];
    long count = 0;
    run(x, other, n);
    for (size_t i = 0; i < n; i++) {
        const bool nan = isnan(y[i]) && isnan(other[i]);
        count += tsr_f32_bits(y[i]) != tsr_f32_bits(other[i]) && !nan;
    }
    return count;
}

/* runs[0] is checked, and the others, up to a NULL, against it, those that are slow in parts. */
static long sweep(const math_case *c, tsr_kernel_unary *const *runs, const bool *slow) {
    static float x[CHUNK], y[CHUNK];
    static double reference[CHUNK];
    double worst = 0, at = 0;
    long bad = 0, differ = 0;
    for (uint64_t start = 0; start < (uint64_t)1 << 32; start += CHUNK) {
        for (uint32_t i = 0; i < CHUNK; i++) {
            x[i] = tsr_f32_of((uint32_t)start + i);
        }
        runs[0](x, y, CHUNK);
        for (int i = 1; runs[i] != NULL; i++) {
            differ += differing(runs[i], x, y, slow[i] ? SLOW : CHUNK);
        }
        refer(c, x, reference);
        for (int i = 0; i < CHUNK; i++) {
            double off = float_off(y[i], reference[i]);
            if (off == HUGE_VAL) {
                off = unary_off(c, (double)x[i], (double)y[i], format_f32);
            }
            if (off > worst) {
                worst = off;
                at = (double)x[i];
            }
            if (off > 1 && bad++ < 5) {
                printf("%s(%af) = %af: %g units off\n", c->name, (double)x[i], (double)y[i], off);
            }
        }
    }
    printf("%-8s %.4f at %a, %ld beyond 1, %ld unlike other levels\n", c->name, worst, at, bad,
           differ);
    fflush(stdout);
    return bad + differ;
}

int main(int argc, char **argv) {
    static tsr_kernels k[LEVELS + 1];
    int count = 1;
    if (!tsr_kernels_select(argc > 1 ? argv[1] : NULL, &k[0])) {
        printf("math_sweep: this machine has no level %s\n", argv[1]);
        return 2;
    }
    for (int i = 0; i < LEVELS; i++) {
        if (strcmp(levels[i], k[0].level) != 0 && tsr_kernels_select(levels[i], &k[count])) {
            count++;
        }
    }
    long bad = 0;
    for (int i = 0; i < UNARY_CASES; i++) {
        bool wanted = argc < 3;
        for (int a = 2; a < argc; a++) {
            wanted = wanted || strcmp(argv[a], unary_cases[i].name) == 0;
        }
        if (wanted) {
            tsr_kernel_unary *runs[LEVELS + 2] = {NULL};
            bool slow[LEVELS + 2] = {false};
            for (int level = 0; level < count; level++) {
                runs[level] = k[level].unary[unary_cases[i].function][TSR_FLOAT32];
                slow[level] = k[level].level[0] == 'b' || k[level].level[1] == '2';
            }
            bad += sweep(&unary_cases[i], runs, slow);
        }
    }
    mpfr_free_cache();
    return bad != 0;
}
