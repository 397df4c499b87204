/* Singular values, by Jacobi rotations from one side (Hestenes; Demmel and Veselic, "Jacobi's
 * method is more accurate than QR", 1992).
 *
 * The columns of a matrix are turned in pairs until each is at right angles to all others; what
 * their lengths are then, are the singular values. A pair with lengths a, b (squared) and product g
 * is turned by the angle whose tangent is the smaller root t of t^2 + 2 z t - 1 = 0, z = (b - a) /
 * 2g. Complex columns are first multiplied by the phase that makes their product real.
 *
 * All is computed in double, over a copy whose largest part is scaled to 1, so that no square
 * overflows. The work is columns^2 * rows for each of some ten sweeps: for matrices up to some
 * hundred columns. */
#include "elementwise.h"

#include "../base/context.h"
#include "../base/executor.h"
#include "../loop/engine.h"

#include <math.h>
#include <string.h>

enum { SWEEPS = 60, SECTION = 1 << 16 /* numbers between two looks at the cancel flag */ };
#define ENOUGH 1e-15 /* the cosine of an angle that counts as a right one */

/* `count` columns of `length` numbers, each of `parts` doubles. */
typedef struct columns {
    const tsr_context *context;
    double *at;
    int64_t count, length, parts;
    tsr_status status; /* once it was told to stop, nothing of it is of use */
} columns;

static double *column(const columns *m, int64_t i) {
    return m->at + i * m->length * m->parts;
}

/* Whether to go on from number i of n, and where the section from there ends. */
static bool section(columns *m, int64_t i, int64_t n, int64_t *end) {
    if (m->status == TSR_OK)
        m->status = tsr_interrupted(m->context);
    *end = n - i < SECTION ? n : i + SECTION;
    return i < n && m->status == TSR_OK;
}

/* Squared lengths of two columns, and their product. */
static void products(columns *m, int64_t p, int64_t q, double *a, double *b, double g[2]) {
    const double *x = column(m, p), *y = column(m, q);
    int64_t n = m->length * m->parts;
    *a = *b = g[0] = g[1] = 0;
    for (int64_t i = 0, end; section(m, i, n, &end);)
        for (; i < end; i++) {
            *a += x[i] * x[i];
            *b += y[i] * y[i];
            g[0] += x[i] * y[i];
        }
    for (int64_t i = 0, end; m->parts == 2 && section(m, i, n, &end);)
        for (; i < end; i += 2)
            g[1] += x[i] * y[i + 1] - x[i + 1] * y[i];
}

/* Column q times the conjugate of g / |g|, so that its product with p becomes |g|. */
static void remove_phase(columns *m, int64_t q, const double g[2], double size) {
    double *y = column(m, q), re = g[0] / size, im = -g[1] / size;
    for (int64_t i = 0, end; section(m, i, 2 * m->length, &end);)
        for (; i < end; i += 2) {
            double u = y[i] * re - y[i + 1] * im;
            y[i + 1] = y[i] * im + y[i + 1] * re;
            y[i] = u;
        }
}

static void turn(columns *m, int64_t p, int64_t q, double c, double s) {
    double *x = column(m, p), *y = column(m, q);
    for (int64_t i = 0, end; section(m, i, m->length * m->parts, &end);)
        for (; i < end; i++) {
            double u = c * x[i] - s * y[i];
            y[i] = s * x[i] + c * y[i];
            x[i] = u;
        }
}

/* Whether the pair had to be turned. */
static bool turn_pair(columns *m, int64_t p, int64_t q) {
    double a, b, g[2];
    products(m, p, q, &a, &b, g);
    double size = m->parts == 2 ? hypot(g[0], g[1]) : fabs(g[0]);
    if (!(size > ENOUGH * sqrt(a) * sqrt(b)))
        return false;
    if (m->parts == 2)
        remove_phase(m, q, g, size);
    double z = (b - a) / (2 * (m->parts == 2 ? size : g[0]));
    double t = (z < 0 ? -1 : 1) / (fabs(z) + sqrt(1 + z * z)), c = 1 / sqrt(1 + t * t);
    turn(m, p, q, c, c * t);
    return true;
}

/* Divides by the largest part, which it returns; NaN when a part is not finite. */
static double scale_down(columns *m) {
    int64_t n = m->count * m->length * m->parts;
    double most = 0;
    for (int64_t i = 0, end; section(m, i, n, &end);)
        for (; i < end; i++) {
            if (!isfinite(m->at[i]))
                return NAN;
            most = fabs(m->at[i]) > most ? fabs(m->at[i]) : most;
        }
    for (int64_t i = 0, end; most > 0 && section(m, i, n, &end);)
        for (; i < end; i++)
            m->at[i] /= most;
    return most;
}

static double length_of(columns *m, int64_t which) {
    double square = 0, *x = column(m, which);
    for (int64_t i = 0, end; section(m, i, m->length * m->parts, &end);)
        for (; i < end; i++)
            square += x[i] * x[i];
    return sqrt(square);
}

/* The singular values of one matrix, largest first, into `values`. The columns are used up. */
static tsr_status solve(columns *m, double *values, tsr_error *err) {
    double scale = scale_down(m);
    bool turned = !isnan(scale);
    for (int sweep = 0; turned && sweep < SWEEPS; sweep++) {
        turned = false;
        for (int64_t p = 0; p + 1 < m->count && m->status == TSR_OK; p++)
            for (int64_t q = p + 1; q < m->count && m->status == TSR_OK; q++)
                turned |= turn_pair(m, p, q);
    }
    for (int64_t i = 0; i < m->count && m->status == TSR_OK; i++) {
        double value = scale * length_of(m, i);
        int64_t at = i; /* insertion: there are few */
        for (; at > 0 && values[at - 1] < value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
    return m->status == TSR_OK ? TSR_OK : tsr_interruption(m->status, err);
}

/* The matrices one after the other, each column contiguous, no more columns than rows, in double.
 */
static tsr_status column_major(tsr_context *context, const tsr_array *a, tsr_array **out,
                               tsr_error *err) {
    int last = a->ndim - 1;
    bool complex = tsr_category((tsr_dtype)a->dtype) == 3;
    tsr_dtype work = complex ? TSR_COMPLEX128 : TSR_FLOAT64;
    if (tsr_shape_of(a)[last] > tsr_shape_of(a)[last - 1]) /* the rows are the columns then */
        return tsr_clone(context, a, work, TSR_ORDER_C, out, err);
    tsr_array *turned;
    tsr_status status = tsr_view_swap(a, last - 1, last, &turned, err);
    if (status == TSR_OK)
        status = tsr_clone(context, turned, work, TSR_ORDER_C, out, err);
    tsr_array_release(turned);
    return status;
}

tsr_status tsr_singular_values(tsr_context *context, const tsr_array *a, tsr_array **result,
                               tsr_error *err) {
    *result = NULL;
    tsr_dtype dtype = (tsr_dtype)a->dtype;
    if (a->ndim < 2)
        return tsr_error_set(err, TSR_ESHAPE, "needs at least 2 dimensions, the shape is %v",
                             (int)a->ndim, tsr_shape_of(a));
    if (tsr_category(dtype) < 2)
        return tsr_error_set(err, TSR_EDTYPE, "does not take %t operands", (int)dtype);
    tsr_array *work = NULL, *values = NULL;
    tsr_status status = column_major(context, a, &work, err);
    if (status != TSR_OK)
        return status;
    int last = a->ndim - 1;
    columns m = {.context = context,
                 .count = tsr_shape_of(work)[last - 1],
                 .length = tsr_shape_of(work)[last],
                 .parts = work->dtype == TSR_COMPLEX128 ? 2 : 1};
    status = tsr_array_new(context, TSR_FLOAT64, last, tsr_shape_of(work), false, &values, err);
    int64_t matrices = status == TSR_OK && m.count > 0 ? values->size / m.count : 0;
    matrices = tsr_estimating(context) ? 0 : matrices;
    for (int64_t i = 0; i < matrices && status == TSR_OK; i++) {
        m.at = (double *)(void *)tsr_data_of(work) + i * m.count * m.length * m.parts;
        double *to = (double *)(void *)tsr_data_of(values) + i * m.count;
        status = solve(&m, to, err);
    }
    if (status == TSR_OK)
        status = tsr_clone(context, values, tsr_dtype_describe(dtype)->component, TSR_ORDER_C,
                           result, err);
    tsr_array_release(values);
    tsr_array_release(work);
    return status;
}
