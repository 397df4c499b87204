/* core/dtype/decimal.h against the C library's printf and strtod, and against texts of NumPy.
 *
 * Fixed, exponential and general notation must be what printf writes. Shortest digits must read
 * back as the same number (for the 16-bit dtypes: lie within half the distance to the neighbours),
 * and no shorter ones may do so. Everything is checked again with flush-to-zero and
 * denormals-are-zero set. The last line of the output is "N passed, N failed"; the status is 0 when
 * none failed.
 */
#include "../../core/tessera.h"
#include "check.h"
#include "random.h"

#include <math.h>
#include <string.h>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

static void check(bool ok, const char *what, double value, const char *got, const char *wanted) {
    CHECK_OR(ok, "FAILED %s of %a: got \"%s\", wanted \"%s\"", what, value, got, wanted);
}

static double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t to_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Numbers of every sort: any bits, few decimals, ties between decimals, integers, subnormals. */
static double random_double(void) {
    double value = 0;
    int r = (int)(random64() % 1000000), shift = (int)(random64() % 52);
    uint64_t any = random64();
    switch (random64() % 6) {
    case 0:
        value = from_bits(any);
        break;
    case 1:
        value = r / 1000.0;
        break;
    case 2:
        value = ldexp(r, -shift / 2);
        break;
    case 3:
        value = (double)(any >> shift);
        break;
    case 4:
        value = from_bits(any >> (12 + shift));
        break;
    default:
        value = r * pow(10, shift - 26);
        break;
    }
    return (random64() & 1) ? -value : value;
}

typedef size_t writer(double value, int digits, char *out, size_t room);

static void check_printf(const char *format, writer *write, double value, int digits) {
    static char got[TSR_DECIMAL_ROOM + 1], wanted[TSR_DECIMAL_ROOM + 1];
    size_t length = write(value, digits, got, TSR_DECIMAL_ROOM);
    got[length] = 0;
    snprintf(wanted, sizeof wanted, format, digits, isnan(value) ? fabs(value) : value);
    check(strcmp(got, wanted) == 0, format, value, got, wanted);
}

static void test_printf(void) {
    static const double special[] = {0.0,
                                     -0.0,
                                     0.5,
                                     1.5,
                                     2.5,
                                     0.125,
                                     1e22,
                                     1e23,
                                     5e-324,
                                     1e-323,
                                     9.5,
                                     99.5,
                                     0.05,
                                     9.9999,
                                     1e15,
                                     1e16,
                                     1e17,
                                     999999.5,
                                     1e-5,
                                     0.0001,
                                     INFINITY,
                                     NAN,
                                     -INFINITY,
                                     2.2250738585072014e-308,
                                     1.7976931348623157e308};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        for (int digits = 0; digits <= 30; digits++) {
            check_printf("%.*f", tsr_decimal_fixed, special[i], digits);
            check_printf("%.*e", tsr_decimal_exp, special[i], digits);
            check_printf("%.*g", tsr_decimal_general, special[i], digits);
        }
    for (int i = 0; i < 150000; i++) {
        double value = random_double();
        int digits = (int)(random64() % (i % 50 ? 20 : 1200));
        check_printf("%.*f", tsr_decimal_fixed, value, digits);
        check_printf("%.*e", tsr_decimal_exp, value, digits);
        check_printf("%.*g", tsr_decimal_general, value, digits);
    }
}

/* The shortest digits of `value` as d.ddde+xx; returns how many digits there are. */
static int shortest(tsr_dtype dtype, double value, char *out) {
    tsr_decimal_style style = TSR_DECIMAL_SHORTEST;
    size_t length = tsr_decimal_scientific(dtype, value, &style, out, 63);
    out[length] = 0;
    return (int)strcspn(out + (out[0] == '-'), "e") - 1;
}

static void test_shortest_64(double value) {
    char got[64], wanted[64];
    int digits = shortest(TSR_FLOAT64, value, got), least = 1;
    do
        snprintf(wanted, sizeof wanted, "%.*e", least - 1, value);
    while (strtod(wanted, NULL) != value && ++least < 18);
    check(to_bits(strtod(got, NULL)) == to_bits(value), "float64 read back", value, got, wanted);
    check(digits <= least, "float64 shortest", value, got, wanted);
}

static void test_shortest_32(float value) {
    char got[64], wanted[64];
    int digits = shortest(TSR_FLOAT32, (double)value, got), least = 1;
    do
        snprintf(wanted, sizeof wanted, "%.*e", least - 1, (double)value);
    while (strtof(wanted, NULL) != value && ++least < 10);
    check(strtof(got, NULL) == value, "float32 read back", (double)value, got, wanted);
    check(digits <= least, "float32 shortest", (double)value, got, wanted);
}

/* All numbers of a 16-bit dtype of `width` bits of mantissa, by the interval that each one owns. */
static void test_shortest_16(tsr_dtype dtype, int width) {
    int bias = (1 << (15 - width)) - 1;
    for (int bits = 1; bits < (0x8000 >> (16 - width)) * (2 * bias + 1); bits++) {
        int fraction = bits & ((1 << (width - 1)) - 1), biased = bits >> (width - 1);
        int mantissa = biased ? fraction | 1 << (width - 1) : fraction;
        int exponent = (biased ? biased : 1) - bias - width + 1;
        double value = ldexp(mantissa, exponent), half = ldexp(0.5, exponent);
        double low = value - ((fraction == 0 && biased > 1) ? half / 2 : half), high = value + half;
        bool even = mantissa % 2 == 0;
        char got[64], wanted[64];
        int digits = shortest(dtype, value, got), least = 1;
        for (; least < 10; least++) {
            snprintf(wanted, sizeof wanted, "%.*e", least - 1, value);
            double read = strtod(wanted, NULL);
            if (even ? low <= read && read <= high : low < read && read < high)
                break;
        }
        double read = strtod(got, NULL);
        bool ok = even ? low <= read && read <= high : low < read && read < high;
        check(ok && digits <= least, "shortest of 16 bits", value, got, wanted);
    }
}

static void test_shortest(void) {
    for (int e = 1; e < 2047; e++) { /* powers of two, whose neighbours are at two distances */
        test_shortest_64(from_bits((uint64_t)e << 52));
        test_shortest_64(from_bits(((uint64_t)e << 52) + 1));
        test_shortest_64(from_bits(((uint64_t)e << 52) - 1));
    }
    for (int i = 0; i < 200000; i++) {
        double value = random_double();
        if (isfinite(value) && value != 0)
            test_shortest_64(value);
        float narrow = (float)value;
        if (isfinite(narrow) && narrow != 0)
            test_shortest_32(narrow);
    }
    test_shortest_16(TSR_FLOAT16, 11);
    test_shortest_16(TSR_BFLOAT16, 8);
}

/* Texts of numpy.format_float_positional and format_float_scientific. */
static void test_styles(void) {
    static const struct {
        bool scientific;
        tsr_dtype dtype;
        double value;
        tsr_decimal_style style;
        const char *text;
    } cases[] = {
        {0, TSR_FLOAT32, 3.14159265, {-1, -1, -1, -1, -1, 1, 1, 0, TSR_TRIM_KEEP}, "3.1415927"},
        {0, TSR_FLOAT16, 3.14159265, {-1, -1, -1, -1, -1, 1, 1, 0, TSR_TRIM_KEEP}, "3.14"},
        {0, TSR_FLOAT16, 0.3, {10, -1, -1, -1, -1, 0, 1, 0, TSR_TRIM_KEEP}, "0.3000488281"},
        {1,
         TSR_FLOAT32,
         1.23e24,
         {15, -1, -1, -1, -1, 0, 1, 0, TSR_TRIM_KEEP},
         "1.230000071797338e+24"},
        {1, TSR_FLOAT32, 1.23e24, {-1, -1, -1, -1, 4, 1, 1, 0, TSR_TRIM_KEEP}, "1.23e+0024"},
        {0, TSR_FLOAT64, 1.0, {-1, -1, -1, -1, -1, 1, 1, 0, TSR_TRIM_KEEP}, "1."},
        {0, TSR_FLOAT64, 1.0, {-1, -1, -1, -1, -1, 1, 1, 0, TSR_TRIM_ZERO}, "1.0"},
        {0, TSR_FLOAT64, 1.0, {-1, -1, -1, -1, -1, 1, 1, 0, TSR_TRIM_ALL}, "1"},
        {0, TSR_FLOAT64, 1.0, {-1, -1, 4, 3, -1, 1, 1, 0, TSR_TRIM_ALL}, "   1    "},
        {0, TSR_FLOAT64, 1.5, {-1, -1, 4, 3, -1, 1, 1, 1, TSR_TRIM_POINT}, "  +1.5  "},
        {0, TSR_FLOAT64, 0.0006, {3, 3, -1, -1, -1, 1, 1, 0, TSR_TRIM_KEEP}, "0.001"},
        {0, TSR_FLOAT64, 0.0004, {3, 3, -1, -1, -1, 1, 1, 0, TSR_TRIM_KEEP}, "0.000"},
        {0, TSR_FLOAT64, 9.96, {1, -1, -1, -1, -1, 0, 1, 0, TSR_TRIM_KEEP}, "10.0"},
        {0, TSR_FLOAT64, 123456.0, {2, -1, -1, -1, -1, 0, 0, 0, TSR_TRIM_KEEP}, "120000."},
        {0, TSR_FLOAT64, 0.1, {-1, 5, -1, -1, -1, 1, 1, 0, TSR_TRIM_KEEP}, "0.10000"},
        {0, TSR_FLOAT64, -0.0, {-1, -1, -1, -1, -1, 1, 1, 0, TSR_TRIM_ZERO}, "-0.0"},
        {1, TSR_FLOAT64, 10.0, {-1, 3, -1, -1, -1, 1, 1, 0, TSR_TRIM_ALL}, "1.e+01"},
        {1, TSR_FLOAT64, 9.9996, {3, -1, 3, -1, 1, 0, 1, 0, TSR_TRIM_KEEP}, "  1.000e+1"},
        {1, TSR_FLOAT64, 5e-324, {-1, -1, -1, -1, -1, 1, 1, 0, TSR_TRIM_POINT}, "5.e-324"},
        {0, TSR_FLOAT64, -INFINITY, {-1, -1, -1, -1, -1, 1, 1, 1, TSR_TRIM_KEEP}, "-inf"},
        {0, TSR_FLOAT64, NAN, {-1, -1, -1, -1, -1, 1, 1, 1, TSR_TRIM_KEEP}, "nan"},
        {0, TSR_FLOAT16, 1e6, {-1, -1, -1, -1, -1, 1, 1, 0, TSR_TRIM_KEEP}, "inf"},
        {0, TSR_BFLOAT16, 3.14159, {-1, -1, -1, -1, -1, 1, 1, 0, TSR_TRIM_KEEP}, "3.14"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char got[64];
        size_t length = cases[i].scientific
                            ? tsr_decimal_scientific(cases[i].dtype, cases[i].value,
                                                     &cases[i].style, got, sizeof got - 1)
                            : tsr_decimal_positional(cases[i].dtype, cases[i].value,
                                                     &cases[i].style, got, sizeof got - 1);
        got[length] = 0;
        check(strcmp(got, cases[i].text) == 0, "style", cases[i].value, got, cases[i].text);
    }
}

/* The length does not depend on the room, and nothing is written beyond it. */
static void test_room(void) {
    char whole[TSR_DECIMAL_ROOM], cut[64];
    for (int i = 0; i < 2000; i++) {
        double value = random_double();
        size_t length = tsr_decimal_fixed(value, 7, whole, sizeof whole);
        size_t room = random64() % sizeof cut, n = room < length ? room : length;
        memset(cut, '#', sizeof cut);
        bool ok = tsr_decimal_fixed(value, 7, cut, room) == length && memcmp(cut, whole, n) == 0;
        for (size_t j = n; j < sizeof cut; j++)
            ok = ok && cut[j] == '#';
        check(ok, "room", value, "", "");
    }
    tsr_decimal_style style = {TSR_DECIMAL_LIMIT,
                               TSR_DECIMAL_LIMIT,
                               TSR_DECIMAL_LIMIT,
                               TSR_DECIMAL_LIMIT,
                               5,
                               true,
                               true,
                               true,
                               TSR_TRIM_KEEP};
    double extremes[] = {-1.7976931348623157e308, 5e-324, 0.1, 0};
    for (int i = 0; i < 4; i++) {
        style.unique = !style.unique;
        for (int k = 0; k < 2; k++)
            check((k ? tsr_decimal_scientific : tsr_decimal_positional)(
                      TSR_FLOAT64, extremes[i], &style, whole, sizeof whole) <= sizeof whole,
                  "longest", extremes[i], "", "");
    }
}

/* Subnormal numbers where the processor takes them for zero. The expected texts come first. */
static void test_flushing(void) {
#if defined(__SSE2__)
    enum { COUNT = 2000 };
    static char wanted[COUNT][64];
    static uint64_t bits[COUNT];
    for (int i = 0; i < COUNT; i++) {
        bits[i] = (random64() & (((uint64_t)1 << 52) - 1)) >> i % 51 | 1;
        snprintf(wanted[i], sizeof wanted[i], "%.16e", from_bits(bits[i]));
    }
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040);
    for (int i = 0; i < COUNT; i++) {
        char got[64];
        size_t length = tsr_decimal_exp(from_bits(bits[i]), 16, got, sizeof got - 1);
        got[length] = 0;
        check(strcmp(got, wanted[i]) == 0, "flushed", 0, got, wanted[i]);
    }
    _mm_setcsr(mode);
#endif
}

int main(void) {
    test_printf();
    test_shortest();
    test_styles();
    test_room();
    test_flushing();
    return report();
}
