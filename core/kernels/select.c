/* Fills a kernel table for a level.
 *
 * The portable level is laid first and each higher level up to the wanted one over it, so that a
 * level need not have every row. Then the paths of the conversions that have no kernel of their own
 * are worked out once: complex numbers meet the rest through their component dtype, the 16-bit
 * floating dtypes through float32. No path has more than three steps, and none rounds a value twice
 * that a direct conversion is promised for.
 *
 * This file is compiled once, without special flags: it runs before the machine is known. */
#include "level.h"

#include "../base/cpu.h"

#include <string.h>

#define LAY(level, file) TSR_KERNEL_ENTRY_(level, file)(k);

static void lay_base(tsr_kernels *k) {
    TSR_KERNEL_FILES(LAY, base)
    TSR_KERNEL_MATH_FILES(LAY, base)
    TSR_KERNEL_ONCE_FILES(LAY, base)
}

#if defined(__x86_64__)
static void lay_v2(tsr_kernels *k) {
    TSR_KERNEL_FILES(LAY, v2)
}

static void lay_v3(tsr_kernels *k) {
    TSR_KERNEL_FILES(LAY, v3)
    TSR_KERNEL_MATH_FILES(LAY, v3)
}

static void lay_v4(tsr_kernels *k) {
    TSR_KERNEL_FILES(LAY, v4)
    TSR_KERNEL_MATH_FILES(LAY, v4)
}

static void (*const layers[])(tsr_kernels *) = {lay_base, lay_v2, lay_v3, lay_v4};
_Static_assert(sizeof layers / sizeof *layers == TSR_CPU_LEVEL_COUNT, "a layer for each level");
#else
static void (*const layers[])(tsr_kernels *) = {lay_base};
#endif

static const uint8_t components[TSR_DTYPE_COUNT] = {
#define TSR_DTYPE(NAME, name, ctype, kind, typestr, digits, COMPONENT, ...)                        \
    [TSR_##NAME] = TSR_##COMPONENT,
#include "../dtype/dtypes.def"
};

/* The dtype that `from` is converted to first on its way to `to`. */
static int next_step(const tsr_kernels *k, int from, int to) {
    if (from == to || k->convert[from][to]) {
        return to;
    }
    if (components[from] != from) {
        return components[from];
    }
    if (components[to] != to) {
        return next_step(k, from, components[to]);
    }
    return TSR_FLOAT32;
}

bool tsr_kernels_select(const char *level, tsr_kernels *out) {
    int best = (int)tsr_cpu_detect();
    int wanted = best;
    if (level) {
        wanted = 0;
        while (wanted <= best && strcmp(tsr_cpu_level_name((tsr_cpu_level)wanted), level) != 0) {
            wanted++;
        }
        if (wanted > best) {
            return false;
        }
    }
    memset(out, 0, sizeof *out);
    for (int fold = 0; fold < TSR_FOLD_COUNT; fold++) {
        for (int dtype = 0; dtype < TSR_DTYPE_COUNT; dtype++) {
            out->fold_to[fold][dtype] = (uint8_t)dtype;
        }
    }
    for (int i = 0; i <= wanted; i++) {
        layers[i](out);
    }
    out->level = tsr_cpu_level_name((tsr_cpu_level)wanted);
    for (int from = 0; from < TSR_DTYPE_COUNT; from++) {
        for (int to = 0; to < TSR_DTYPE_COUNT; to++) {
            out->via[from][to] = (uint8_t)next_step(out, from, to);
        }
    }
    return true;
}
