/* Between decimal.c, which makes digits, and decimal_text.c, which lays them out. */
#ifndef TSR_DECIMAL_DIGITS_H
#define TSR_DECIMAL_DIGITS_H

#include "../tessera.h"

/* A number of some dtype, mantissa * 2^exponent. */
typedef struct parts {
    enum { FINITE, INFINITE, NOT_A_NUMBER } kind;
    bool negative;
    bool uneven; /* the number below is half as far away as the one above */
    uint64_t mantissa;
    int exponent; /* of the mantissa's lowest bit */
} parts;

/* Takes a number apart by its bits alone; `value` is rounded to the dtype when it does not belong
 * to it. */
parts tsr_decimal_parts(tsr_dtype dtype, double value);

/* The 309 digits before the point and as many after it as may be asked for, or the 767 of the
 * longest exact double. */
enum { MOST_DIGITS = TSR_DECIMAL_LIMIT + 310 };

typedef struct digits {
    int count;
    int exponent; /* of ten, for the first digit */
    char digit[MOST_DIGITS];
} digits;

/* Where to stop: both in digits, -1 for no bound, counted after the point or in all. */
typedef struct cut {
    bool unique, fractional;
    int most, least;
} cut;

/* Digits of a finite number. */
void tsr_decimal_digits(digits *d, const parts *p, cut c);

#endif
