/* Conversions among integers and bool, and from everything real to bool.
 *
 * In two's complement an integer conversion is a matter of widths: narrowing keeps the low bits
 * whatever the signs, widening depends on the sign of the source alone, and equal widths are a
 * copy. 22 loops therefore serve the 56 pairs. A bool in memory counts as true when its byte is not
 * 0.
 *
 * A floating value is true unless it is a zero, which is asked of its bits: a subnormal is not
 * equal to 0 even on a thread that runs with denormals-are-zero. */
#include "level.h"

#include "../dtype/half.h"

#include <string.h>

TSR_CONVERT_LOOP(narrow_16_8, uint16_t, uint8_t, x)
TSR_CONVERT_LOOP(narrow_32_8, uint32_t, uint8_t, x)
TSR_CONVERT_LOOP(narrow_32_16, uint32_t, uint16_t, x)
TSR_CONVERT_LOOP(narrow_64_8, uint64_t, uint8_t, x)
TSR_CONVERT_LOOP(narrow_64_16, uint64_t, uint16_t, x)
TSR_CONVERT_LOOP(narrow_64_32, uint64_t, uint32_t, x)

TSR_CONVERT_LOOP(widen_s8_16, int8_t, int16_t, x)
TSR_CONVERT_LOOP(widen_s8_32, int8_t, int32_t, x)
TSR_CONVERT_LOOP(widen_s8_64, int8_t, int64_t, x)
TSR_CONVERT_LOOP(widen_s16_32, int16_t, int32_t, x)
TSR_CONVERT_LOOP(widen_s16_64, int16_t, int64_t, x)
TSR_CONVERT_LOOP(widen_s32_64, int32_t, int64_t, x)
TSR_CONVERT_LOOP(widen_u8_16, uint8_t, uint16_t, x)
TSR_CONVERT_LOOP(widen_u8_32, uint8_t, uint32_t, x)
TSR_CONVERT_LOOP(widen_u8_64, uint8_t, uint64_t, x)
TSR_CONVERT_LOOP(widen_u16_32, uint16_t, uint32_t, x)
TSR_CONVERT_LOOP(widen_u16_64, uint16_t, uint64_t, x)
TSR_CONVERT_LOOP(widen_u32_64, uint32_t, uint64_t, x)

static void copy_8(const void *src, void *dst, size_t n) {
    memcpy(dst, src, n);
}

static void copy_16(const void *src, void *dst, size_t n) {
    memcpy(dst, src, n * 2);
}

static void copy_32(const void *src, void *dst, size_t n) {
    memcpy(dst, src, n * 4);
}

static void copy_64(const void *src, void *dst, size_t n) {
    memcpy(dst, src, n * 8);
}

TSR_CONVERT_LOOP(truth_8, uint8_t, uint8_t, x != 0)
TSR_CONVERT_LOOP(truth_16, uint16_t, uint8_t, x != 0)
TSR_CONVERT_LOOP(truth_32, uint32_t, uint8_t, x != 0)
TSR_CONVERT_LOOP(truth_64, uint64_t, uint8_t, x != 0)
TSR_CONVERT_LOOP(truth_half, uint16_t, uint8_t, (x & 0x7fff) != 0)
TSR_CONVERT_LOOP(truth_f32, float, uint8_t, (tsr_f32_bits(x) & 0x7fffffffu) != 0)
TSR_CONVERT_LOOP(truth_f64, double, uint8_t, (tsr_f64_bits(x) & 0x7fffffffffffffffu) != 0)

TSR_CONVERT_LOOP(bool_16, uint8_t, uint16_t, x != 0)
TSR_CONVERT_LOOP(bool_32, uint8_t, uint32_t, x != 0)
TSR_CONVERT_LOOP(bool_64, uint8_t, uint64_t, x != 0)
TSR_CONVERT_LOOP(bool_f16, uint8_t, uint16_t, x != 0 ? 0x3c00 : 0)
TSR_CONVERT_LOOP(bool_bf16, uint8_t, uint16_t, x != 0 ? 0x3f80 : 0)
TSR_CONVERT_LOOP(bool_f32, uint8_t, float, x != 0 ? 1.0f : 0.0f)
TSR_CONVERT_LOOP(bool_f64, uint8_t, double, x != 0 ? 1.0 : 0.0)

#define ONE(FROM, TO, RUN)                                                                         \
    { TSR_##FROM, TSR_##TO, RUN }
#define SAME(BITS) ONE(INT##BITS, UINT##BITS, copy_##BITS), ONE(UINT##BITS, INT##BITS, copy_##BITS)
#define NARROW(A, B)                                                                               \
    ONE(INT##A, INT##B, narrow_##A##_##B), ONE(INT##A, UINT##B, narrow_##A##_##B),                 \
        ONE(UINT##A, INT##B, narrow_##A##_##B), ONE(UINT##A, UINT##B, narrow_##A##_##B)
#define WIDEN(A, B)                                                                                \
    ONE(INT##A, INT##B, widen_s##A##_##B), ONE(INT##A, UINT##B, widen_s##A##_##B),                 \
        ONE(UINT##A, INT##B, widen_u##A##_##B), ONE(UINT##A, UINT##B, widen_u##A##_##B)
#define TRUTH(BITS)          ONE(INT##BITS, BOOL, truth_##BITS), ONE(UINT##BITS, BOOL, truth_##BITS)
#define FROM_BOOL(BITS, RUN) ONE(BOOL, INT##BITS, RUN), ONE(BOOL, UINT##BITS, RUN)

static const tsr_convert_row rows[] = {
    SAME(8),
    SAME(16),
    SAME(32),
    SAME(64),
    NARROW(16, 8),
    NARROW(32, 8),
    NARROW(32, 16),
    NARROW(64, 8),
    NARROW(64, 16),
    NARROW(64, 32),
    WIDEN(8, 16),
    WIDEN(8, 32),
    WIDEN(8, 64),
    WIDEN(16, 32),
    WIDEN(16, 64),
    WIDEN(32, 64),
    TRUTH(8),
    TRUTH(16),
    TRUTH(32),
    TRUTH(64),
    ONE(FLOAT16, BOOL, truth_half),
    ONE(BFLOAT16, BOOL, truth_half),
    ONE(FLOAT32, BOOL, truth_f32),
    ONE(FLOAT64, BOOL, truth_f64),
    FROM_BOOL(8, truth_8),
    FROM_BOOL(16, bool_16),
    FROM_BOOL(32, bool_32),
    FROM_BOOL(64, bool_64),
    ONE(BOOL, FLOAT16, bool_f16),
    ONE(BOOL, BFLOAT16, bool_bf16),
    ONE(BOOL, FLOAT32, bool_f32),
    ONE(BOOL, FLOAT64, bool_f64),
};

void TSR_KERNEL_ENTRY(convert_integer)(tsr_kernels *k) {
    tsr_lay_converts(k, rows, sizeof rows / sizeof *rows);
}
