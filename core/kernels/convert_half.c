/* float16 and bfloat16 to and from float32 and float64.
 *
 * From float64 directly, in one rounding; bfloat16 to float64 directly, because by way of float32
 * its subnormals would depend on the mode of the thread. Everything else passes through float32. */
#include "level.h"

#include "half_block.h"

static void f16_f32(const void *src, void *dst, size_t n) {
    tsr_f16_block_to_f32(src, dst, n);
}

static void f32_f16(const void *src, void *dst, size_t n) {
    tsr_f16_block_from_f32(src, dst, n);
}

static void f64_f16(const void *src, void *dst, size_t n) {
    tsr_f16_block_from_f64(src, dst, n);
}

static void bf16_f32(const void *src, void *dst, size_t n) {
    tsr_bf16_block_to_f32(src, dst, n);
}

static void f32_bf16(const void *src, void *dst, size_t n) {
    tsr_bf16_block_from_f32(src, dst, n);
}

static void f64_bf16(const void *src, void *dst, size_t n) {
    tsr_bf16_block_from_f64(src, dst, n);
}

TSR_CONVERT_LOOP(bf16_f64, uint16_t, double, tsr_bf16_to_f64(x))

static const tsr_convert_row rows[] = {
    {TSR_FLOAT16, TSR_FLOAT32, f16_f32},   {TSR_FLOAT32, TSR_FLOAT16, f32_f16},
    {TSR_FLOAT64, TSR_FLOAT16, f64_f16},   {TSR_BFLOAT16, TSR_FLOAT32, bf16_f32},
    {TSR_FLOAT32, TSR_BFLOAT16, f32_bf16}, {TSR_FLOAT64, TSR_BFLOAT16, f64_bf16},
    {TSR_BFLOAT16, TSR_FLOAT64, bf16_f64},
};

void TSR_KERNEL_ENTRY(convert_half)(tsr_kernels *k) {
    tsr_lay_converts(k, rows, sizeof rows / sizeof *rows);
}
