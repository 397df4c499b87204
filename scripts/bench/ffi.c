/* The loops of ffi.lua in C, as a C programmer writes them. */
#include <stdint.h>

double bench_sum(const double *p, int64_t n);
void bench_scale(double *p, int64_t n);
void bench_axpy(double *p, const double *q, int64_t n);
double bench_rows(const double *p, int64_t rows, int64_t columns);
double bench_columns(const double *p, int64_t rows, int64_t columns);
double bench_bytes(const uint8_t *p, int64_t n);

double bench_sum(const double *p, int64_t n) {
    double s = 0;
    for (int64_t i = 0; i < n; i++)
        s += p[i];
    return s;
}

void bench_scale(double *p, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        p[i] = p[i] * 1.0000001;
}

void bench_axpy(double *p, const double *q, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        p[i] = p[i] * 0.5 + q[i];
}

double bench_rows(const double *p, int64_t rows, int64_t columns) {
    double s = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            s += p[i * columns + j];
    return s;
}

double bench_columns(const double *p, int64_t rows, int64_t columns) {
    double s = 0;
    for (int64_t j = 0; j < columns; j++)
        for (int64_t i = 0; i < rows; i++)
            s += p[i * columns + j];
    return s;
}

double bench_bytes(const uint8_t *p, int64_t n) {
    double s = 0;
    for (int64_t i = 0; i < n; i++)
        s += p[i];
    return s;
}
