/* Every elementwise kernel gives the same bits on every level that runs here, NaN as NaN. Compilers
 * are inventive about floating arithmetic: a fused multiply-add on one level alone shows here. */
#include "../../core/kernels/kernels.h"

#include "../../core/base/cpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 600, ITEM = 16 };

static int failures;
static uint64_t state = 88172645463325252u;

static uint64_t random64(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static double draw(void) {
    static const double special[] = {0.0,    -0.0,  1,    -1,       2,         -2, 0.5,
                                     1e-310, 1e-40, 3e38, INFINITY, -INFINITY, NAN};
    uint64_t r = random64();
    if (r % 4 == 0)
        return special[r / 4 % (sizeof special / sizeof *special)];
    double x = (double)(int64_t)random64() / 9.2e18;
    return r % 4 == 1 ? x * 1e6 : x * 4;
}

static bool is_double(tsr_dtype t) {
    return t == TSR_FLOAT64 || t == TSR_COMPLEX128;
}

static bool is_float(tsr_dtype t) {
    return t == TSR_FLOAT32 || t == TSR_COMPLEX64;
}

/* Random bytes of integers, with short ones and equals; parts of the other dtypes. */
static void fill(tsr_dtype t, unsigned char *to) {
    for (size_t i = 0; i < MOST * ITEM; i += 8) {
        uint64_t bits = random64() % 3 == 0 ? random64() % 3 - 1 : random64();
        memcpy(to + i, &bits, 8);
    }
    for (size_t i = 0; i < MOST * ITEM / 8 && is_double(t); i++) {
        double x = draw();
        memcpy(to + i * 8, &x, 8);
    }
    for (size_t i = 0; i < MOST * ITEM / 4 && is_float(t); i++) {
        float x = (float)draw();
        memcpy(to + i * 4, &x, 4);
    }
    for (size_t i = 0; i < MOST * ITEM && t == TSR_BOOL; i++)
        to[i] &= 1;
}

static bool same(tsr_dtype t, const unsigned char *a, const unsigned char *b) {
    if (memcmp(a, b, MOST * ITEM) == 0)
        return true;
    for (size_t i = 0; i < MOST * ITEM; i += is_double(t) ? 8 : 4) {
        double x, y;
        float p, q;
        memcpy(&x, a + i, 8), memcpy(&y, b + i, 8);
        memcpy(&p, a + i, 4), memcpy(&q, b + i, 4);
        bool nan = is_double(t) ? isnan(x) && isnan(y) : is_float(t) && isnan(p) && isnan(q);
        if (!nan && memcmp(a + i, b + i, is_double(t) ? 8 : 4) != 0)
            return false;
    }
    return true;
}

static void check(bool good, const char *level, const char *kind, int kernel, int dtype, size_t n) {
    if (!good && failures++ < 20)
        printf("%s: %s kernel %d, dtype %d, %zu elements: other bits than base\n", level, kind,
               kernel, dtype, n);
}

static void compare(const tsr_kernels *base, const tsr_kernels *k, tsr_dtype t, size_t n) {
    static unsigned char a[MOST * ITEM + 8], b[MOST * ITEM + 8], x[MOST * ITEM + 8],
        y[MOST * ITEM + 8];
    for (int op = 0; op < TSR_BIN_COUNT; op++) {
        if (base->binary[op][t] == NULL)
            continue;
        fill(t, a), fill(t, b);
        memset(x, 0, sizeof x), memset(y, 0, sizeof y);
        base->binary[op][t](a, b, x, n);
        k->binary[op][t](a, b, y, n);
        check(same(t, x, y), k->level, "binary", op, (int)t, n);
    }
    for (int op = 0; op < TSR_UN_COUNT; op++) {
        if (base->simple[op][t] == NULL)
            continue;
        fill(t, a);
        memset(x, 0, sizeof x), memset(y, 0, sizeof y);
        base->simple[op][t](a, x, n);
        k->simple[op][t](a, y, n);
        check(same(t, x, y), k->level, "unary", op, (int)t, n);
    }
}

int main(void) {
    static const char *const levels[] = {"v2", "v3", "v4"};
    static const size_t sizes[] = {1, 3, 8, 63, 64, 65, 200, 599};
    static tsr_kernels base, k;
    if (!tsr_kernels_select("base", &base))
        return 2;
    for (int i = 0; i < 3 && tsr_kernels_select(levels[i], &k); i++)
        for (int t = 0; t < TSR_DTYPE_COUNT; t++)
            for (int s = 0; s < 8; s++)
                compare(&base, &k, (tsr_dtype)t, sizes[s]);
    printf("%d differences\n", failures);
    return failures != 0;
}
