/* Square roots are correctly rounded at every level: of every float, and of the doubles that are
 * hard.
 *
 * A vector root that is computed (core/kernels/x86/root.h) is wrong by less than 2^-51 units in the
 * last place before it is rounded. In units of the last place let sqrt(x) be s, 2^52 <= s < 2^53,
 * so that x = s^2 is a multiple of 2^52 (of 2^53 from 2^105 on), and let k + 1/2 be the middle
 * between two numbers next to s. Then |s - (k + 1/2)| = |x - k^2 - k - 1/4| / (s + k + 1/2), so it
 * can only round wrongly where x = k^2 + k + c with |c| of a few units: where k^2 + k + c is a
 * multiple of 2^52 (2^53). For even c there are two k modulo 2^52 with that, none for odd c, which
 * are found bit by bit. All with |c| <= MOST are tried; 8 would do. */
#include "../../core/kernels/kernels.h"
#include "check.h"

#include <math.h>
#include <string.h>

/* More numbers than a kernel takes at once, of which some go another way than others. */
enum { LANES = 40 };
enum { MOST = 500, FLOATS = 1 << 16, SHIFT = 16 };

static tsr_kernels kernels;

static void root_of(double x) {
    double in[LANES + 1], out[LANES + 1], expected = sqrt(x);
    for (int i = 0; i <= LANES; i++)
        in[i] = x;
    kernels.unary[TSR_FN_SQRT][TSR_FLOAT64](in, out, LANES + 1);
    int same = 0;
    for (int i = 0; i <= LANES; i++)
        same += memcmp(&out[i], &expected, 8) == 0;
    CHECK_OR(same == LANES + 1, "%s: sqrt(%a) is %a, not %a", kernels.level, x, out[0], expected);
}

/* The numbers k below 2^bits whose k^2 + k + c is a multiple of 2^bits; returns how many. */
static int solve(int bits, int64_t c, uint64_t *k) {
    int count = 0;
    for (uint64_t start = 0; start < 2; start++)
        if ((c & 1) == 0)
            k[count++] = start;
    for (int bit = 1; bit < bits; bit++) {
        int before = count;
        for (int i = 0; i < before; i++) { /* one of the two ways to go on */
            uint64_t low = k[i], rest = low * low + low + (uint64_t)c;
            if ((rest >> bit & 1) != 0)
                low |= UINT64_C(1) << bit;
            rest = low * low + low + (uint64_t)c;
            CHECK((rest & ((UINT64_C(2) << bit) - 1)) == 0);
            k[i] = low;
        }
    }
    return count;
}

static void hard_doubles(void) {
    long before = passed;
    for (int above = 0; above < 2; above++)
        for (int64_t c = -MOST; c <= MOST; c++) {
            uint64_t found[2];
            int bits = 52 + above, count = solve(bits, c, found);
            for (int i = 0; i < count; i++) {
                uint64_t k = found[i] | (above ? 0 : UINT64_C(1) << 52);
                if (k >> 52 == 0) /* s would be too small; above, the other half of the k */
                    continue;
                unsigned __int128 x = (unsigned __int128)k * k + k + (unsigned __int128)(__int128)c;
                if ((x >> 105 != 0) != above)
                    continue;
                double root = (double)(uint64_t)(x >> bits);
                for (int scale = -900; scale <= 800; scale += 170)
                    root_of(ldexp(root, scale + bits - 104));
            }
        }
    CHECK(passed - before > 5000);
}

static void hard_kinds(void) {
    static const double kinds[] = {0.0,       -0.0,      INFINITY,
                                   1,         4,         0x1p-1074,
                                   0x1p-1022, 0x1p-1021, 0x1p-961,
                                   0x1p-960,  0x1p-959,  0x1.fffffffffffffp-961,
                                   0x1p1023,  0x1p-149,  0x1.fffffffffffffp1023,
                                   0x3p-1074};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        root_of(kinds[i]);
    static const double none[] = {-1, -INFINITY, NAN, -0x1p-1074, -0x1p1023, -0x1p-970};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        double in[LANES], out[LANES];
        float narrow[2 * LANES], made[2 * LANES];
        for (int j = 0; j < LANES; j++)
            in[j] = j == 3 ? none[i] : 9; /* and its neighbours are what they are */
        for (int j = 0; j < 2 * LANES; j++)
            narrow[j] = j == 5 ? (float)none[i] : 9;
        kernels.unary[TSR_FN_SQRT][TSR_FLOAT64](in, out, LANES);
        kernels.unary[TSR_FN_SQRT][TSR_FLOAT32](narrow, made, 2 * LANES);
        for (int j = 0; j < LANES; j++)
            CHECK(j == 3 ? isnan(out[j]) : out[j] == 3);
        for (int j = 0; j < 2 * LANES; j++)
            CHECK(j == 5 ? isnan(made[j]) || narrow[j] == 0 : made[j] == 3);
    }
}

/* Every float of the interval [1, 4), beyond which only the exponent changes, of the lowest and the
 * highest exponents, and of those around the bound of what is computed. */
static void all_floats(void) {
    static float in[FLOATS], out[FLOATS];
    long wrong = 0, seen = 0;
    for (uint64_t first = 0; first < UINT64_C(0x7f800000); first += FLOATS) {
        unsigned exponent = (unsigned)(first >> 23);
        bool edge = exponent < 2 || exponent > 252 || (exponent > 25 && exponent < 29);
        if (!edge && exponent != 127 && exponent != 128)
            continue;
        for (uint32_t i = 0; i < FLOATS; i++) {
            uint32_t bits = (uint32_t)first + i;
            memcpy(&in[i], &bits, 4);
        }
        for (int from = 0; from <= SHIFT; from += SHIFT) { /* another place in a kernel's turn */
            kernels.unary[TSR_FN_SQRT][TSR_FLOAT32](in + from, out, FLOATS - SHIFT);
            for (int i = 0; i < FLOATS - SHIFT; i++, seen++) {
                float expected = sqrtf(in[from + i]);
                wrong += memcmp(&expected, &out[i], 4) != 0;
            }
        }
    }
    CHECK_OR(wrong == 0 && seen > 140000000, "%s: %ld of %ld roots of floats are wrong",
             kernels.level, wrong, seen);
}

int main(void) {
    static const char *const names[] = {"base", "v2", "v3", "v4"};
    int levels = 0;
    for (int i = 0; i < 4; i++) {
        if (!tsr_kernels_select(names[i], &kernels))
            continue;
        levels++;
        hard_kinds();
        hard_doubles();
        all_floats();
    }
    CHECK(levels > 0);
    return report();
}
