/* The C types of elements that the language has no portable name for. */
#ifndef TSR_DTYPE_CTYPES_H
#define TSR_DTYPE_CTYPES_H

typedef struct tsr_c64 {
    float re, im;
} tsr_c64;

typedef struct tsr_c128 {
    double re, im;
} tsr_c128;

#endif
