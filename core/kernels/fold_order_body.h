/* Both folds of fold_order.c for elements of type E, with names that end in S, which know NaN
 * where FLOATING is defined. All are undefined at the end. */

#define PASTE_(a, b) a##_##b
#define PASTE(a, b)  PASTE_(a, b)

#ifdef FLOATING
#define NAME PASTE(max, S)
#define T    E
#define JOIN MORE_OR_NAN
#if defined(__x86_64__)
#define QUICK PASTE(TSR_MORE, S)
#endif
#define ONE(a, x) ((((x) > (a) || (x) != (x)) && (a) == (a)) ? (x) : (a))
#include "fold_body.h"
#define NAME PASTE(min, S)
#define T    E
#define JOIN LESS_OR_NAN
#if defined(__x86_64__)
#define QUICK PASTE(TSR_LESS, S)
#endif
#define ONE(a, x) ((((x) < (a) || (x) != (x)) && (a) == (a)) ? (x) : (a))
#include "fold_body.h"
#else
#define NAME      PASTE(max, S)
#define T         E
#define JOIN      MORE
#define ONE(a, x) ((x) > (a) ? (x) : (a))
#include "fold_body.h"
#define NAME      PASTE(min, S)
#define T         E
#define JOIN      LESS
#define ONE(a, x) ((x) < (a) ? (x) : (a))
#include "fold_body.h"
#endif

#undef PASTE_
#undef PASTE
#undef E
#undef S
