/* Whether two arrays have a byte in common, exactly.
 *
 * The bytes of an array are base + sum of stride[i] * x[i] + p with 0 <= x[i] < shape[i] and
 * 0 <= p < itemsize. Setting the bytes of two arrays equal, mirroring dimensions so that every
 * coefficient is positive, and moving all to one side gives one bounded equation
 *
 *      sum of c[k] * z[k] == d,     0 <= z[k] <= most[k],     c[k] > 0
 *
 * which is solved by depth-first search from the largest coefficient down. At each level the rest
 * of the equation leaves an interval of candidates, and only every (g / gcd(c, g))-th of them, g
 * being the gcd of the coefficients below, can work. Layouts met in practice have nested strides,
 * where the interval holds one or two candidates; the problem in general is NP-hard, so the search
 * has a budget, and an undecided answer is "yes". (The idea is NumPy's solve_may_share_memory.) */
#include "overlap.h"
#include "../base/checked.h"

#include <stdlib.h>

enum { TERMS = 2 * (TSR_MAX_DIMS + 1), BUDGET = 200000 };

typedef struct equation {
    int terms;
    int64_t c[TERMS], most[TERMS];
    int64_t gcd[TERMS + 1];   /* of c[k] ... */
    int64_t reach[TERMS + 1]; /* sum of c[k] * most[k] ... */
    int64_t budget;
} equation;

static int64_t gcd_of(int64_t a, int64_t b) {
    while (b != 0) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* The smallest z >= 0 with c * z == d modulo g, or -1; *period is the distance to the next. */
static int64_t first_solution(int64_t c, int64_t d, int64_t g, int64_t *period) {
    int64_t common = gcd_of(c % g, g);
    *period = g / common;
    if (d % common != 0)
        return -1;
    /* Inverse of c / common modulo period by the extended Euclidean algorithm. */
    int64_t r0 = *period, r1 = (c / common) % *period, t0 = 0, t1 = 1;
    while (r1 != 0) {
        int64_t q = r0 / r1, r = r0 - q * r1, t = t0 - q * t1;
        r0 = r1, r1 = r, t0 = t1, t1 = t;
    }
    int64_t inverse = t0 < 0 ? t0 + *period : t0;
    return (int64_t)((unsigned __int128)(d / common % *period) * (uint64_t)inverse %
                     (uint64_t)*period);
}

static bool solvable(equation *e, int k, int64_t d) {
    if (d == 0)
        return true;
    if (d < 0 || d > e->reach[k] || d % e->gcd[k] != 0)
        return false;
    if (k == e->terms - 1)
        return d / e->c[k] <= e->most[k];
    int64_t below = e->reach[k + 1];
    int64_t low = d > below ? (d - below + e->c[k] - 1) / e->c[k] : 0;
    int64_t high = d / e->c[k] < e->most[k] ? d / e->c[k] : e->most[k];
    int64_t period, first = first_solution(e->c[k], d, e->gcd[k + 1], &period);
    if (first < 0)
        return false;
    if (low > first)
        first += (low - first + period - 1) / period * period;
    for (int64_t z = first; z <= high; z += period) {
        if (--e->budget < 0)
            return true;
        if (solvable(e, k + 1, d - z * e->c[k]))
            return true;
    }
    return false;
}

static void add_term(equation *e, int64_t c, int64_t most) {
    if (c == 0 || most <= 0)
        return;
    for (int i = 0; i < e->terms; i++)
        if (e->c[i] == c) {
            e->most[i] += most;
            return;
        }
    int at = e->terms++;
    for (; at > 0 && e->c[at - 1] < c; at--)
        e->c[at] = e->c[at - 1], e->most[at] = e->most[at - 1];
    e->c[at] = c;
    e->most[at] = most;
}

static void add_array(equation *e, const tsr_array *a) {
    for (int i = 0; i < a->ndim; i++)
        add_term(e, llabs(tsr_strides_of(a)[i]), tsr_shape_of(a)[i] - 1);
    add_term(e, 1, a->itemsize - 1);
}

tsr_range tsr_array_range(const tsr_array *a) {
    int64_t low, high;
    tsr_extent(a->ndim, tsr_shape_of(a), tsr_strides_of(a), a->itemsize, &low, &high);
    uintptr_t base = (uintptr_t)tsr_data_of(a);
    return (tsr_range){base + (uintptr_t)low, base + (uintptr_t)high};
}

bool tsr_array_shares(const tsr_array *a, const tsr_array *b, bool exact) {
    if (a->size == 0 || b->size == 0)
        return false;
    tsr_range x = tsr_array_range(a), y = tsr_array_range(b);
    if (x.low >= y.high || y.low >= x.high)
        return false;
    if (!exact)
        return true;
    /* Both sides counted upwards from the lowest byte of x; the terms of y are mirrored, so that
     * its unknowns count down from y's last byte. */
    equation e = {.budget = BUDGET};
    add_array(&e, a);
    add_array(&e, b);
    int64_t d = (int64_t)(y.high - 1 - x.low);
    e.gcd[e.terms] = 0;
    e.reach[e.terms] = 0;
    for (int k = e.terms; k-- > 0;) {
        e.gcd[k] = gcd_of(e.c[k], e.gcd[k + 1]);
        e.reach[k] = e.reach[k + 1] + e.c[k] * e.most[k];
    }
    if (e.terms == 0)
        return d == 0;
    return solvable(&e, 0, d);
}

bool tsr_same_elements(const tsr_array *a, const tsr_array *b) {
    if (tsr_data_of(a) != tsr_data_of(b) || a->itemsize != b->itemsize ||
        a->swapped != b->swapped || !tsr_has_shape(a, b->ndim, tsr_shape_of(b)))
        return false;
    for (int i = 0; i < a->ndim; i++)
        if (tsr_shape_of(a)[i] > 1 && tsr_strides_of(a)[i] != tsr_strides_of(b)[i])
            return false;
    return true;
}
