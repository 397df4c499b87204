/* Every float through every unary function: the long form of test_math, not part of the test
 * command. It takes minutes a function.
 *
 *     make build/spec/math_sweep && build/spec/math_sweep [LEVEL [NAME...]]
 *
 * Results are compared with the C library's double function, MPFR deciding near one unit and at the
 * edges of the format. The largest error of each function is printed. */
#include "math_reference.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 1 << 16 };

static long sweep(const math_case *c, tsr_kernel_unary *run) {
    static float x[CHUNK], y[CHUNK];
    double worst = 0, at = 0;
    long bad = 0;
    for (uint64_t start = 0; start < (uint64_t)1 << 32; start += CHUNK) {
        for (uint32_t i = 0; i < CHUNK; i++) {
            x[i] = tsr_f32_of((uint32_t)start + i);
        }
        run(x, y, CHUNK);
        for (int i = 0; i < CHUNK; i++) {
            const double reference = c->reference((double)x[i]);
            double off = float_off(y[i], reference);
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
    printf("%-8s %.4f at %a, %ld beyond 1\n", c->name, worst, at, bad);
    fflush(stdout);
    return bad;
}

int main(int argc, char **argv) {
    static tsr_kernels k;
    if (!tsr_kernels_select(argc > 1 ? argv[1] : NULL, &k)) {
        printf("math_sweep: this machine has no level %s\n", argv[1]);
        return 2;
    }
    long bad = 0;
    for (int i = 0; i < UNARY_CASES; i++) {
        bool wanted = argc < 3;
        for (int a = 2; a < argc; a++) {
            wanted = wanted || strcmp(argv[a], unary_cases[i].name) == 0;
        }
        if (wanted) {
            bad += sweep(&unary_cases[i], k.unary[unary_cases[i].function][TSR_FLOAT32]);
        }
    }
    mpfr_free_cache();
    return bad != 0;
}
