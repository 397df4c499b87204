/* From runs to kernels. A run is a loop that takes multiples of a line of 64 bytes; what drives it
 * gives it the last elements in a padded copy. The bodies are in math_drive.c, once a level. */
#ifndef TSR_MATH_DRIVE_H
#define TSR_MATH_DRIVE_H

#include "../level.h"

enum { TSR_F32_LANES = 16, TSR_F64_LANES = 8, TSR_MATH_CHUNK = 256 };

typedef void tsr_run_f32(const float *s, float *d, size_t n);
typedef void tsr_run_f64(const double *s, double *d, size_t n);
typedef void tsr_run_pair_f32(const float *a, const float *b, float *d, size_t n);
typedef void tsr_run_pair_f64(const double *a, const double *b, double *d, size_t n);

/* Puts m elements of a chunk in their place. Not by memcpy, which compilers expand to a string
 * instruction that takes as long as some vectors of arithmetic. */
#define TSR_MATH_PUT(TYPE, d, chunk, m)                                                            \
    do {                                                                                           \
        TYPE *restrict put_ = (d);                                                                 \
        for (size_t j = 0; j < (m); j++) {                                                         \
            put_[j] = (chunk)[j];                                                                  \
        }                                                                                          \
    } while (0)

#define tsr_drive_f32 TSR_KERNEL_ENTRY(drive_f32)
#define tsr_drive_f64 TSR_KERNEL_ENTRY(drive_f64)
void tsr_drive_f32(tsr_run_f32 *run, const void *src, void *dst, size_t n);
void tsr_drive_f64(tsr_run_f64 *run, const void *src, void *dst, size_t n);

#define tsr_drive_pair_f32 TSR_KERNEL_ENTRY(drive_pair_f32)
#define tsr_drive_pair_f64 TSR_KERNEL_ENTRY(drive_pair_f64)
void tsr_drive_pair_f32(tsr_run_pair_f32 *run, const void *a, const void *b, void *dst, size_t n);
void tsr_drive_pair_f64(tsr_run_pair_f64 *run, const void *a, const void *b, void *dst, size_t n);

#endif
