/* Which dtype two dtypes meet in, and which conversions are safe.
 *
 * NumPy 2 promotes along a lattice: the result is the smallest dtype that holds both, where an
 * integer asks for a floating type with enough mantissa (int16 with float16 is float32, int32 with
 * float32 is float64), and uint64 with a signed integer is float64. PyTorch promotes by category:
 * bool, integer, floating, complex; the higher category wins as it is, and only within a category
 * sizes matter. bfloat16 is to NumPy's lattice one more floating type of 16 bits; with float16 it
 * gives float32. uint64 with a signed integer has no common integer type: on torch, where the
 * category may not change, it gives int64 (PyTorch itself refuses the pair). */
#include "../tessera.h"

static bool is_integer(char kind) {
    return kind == 'u' || kind == 'i';
}

static int category(char kind) {
    return kind == 'b' ? 0 : is_integer(kind) ? 1 : kind == 'f' ? 2 : 3;
}

static tsr_dtype signed_of_size(int size) {
    return size <= 1 ? TSR_INT8 : size == 2 ? TSR_INT16 : size == 4 ? TSR_INT32 : TSR_INT64;
}

static tsr_dtype complex_of(tsr_dtype component) {
    return component == TSR_FLOAT64 ? TSR_COMPLEX128 : TSR_COMPLEX64;
}

/* Both integer, distinct. */
static tsr_dtype integers(tsr_face face, tsr_dtype a, tsr_dtype b) {
    const tsr_dtype_info *x = tsr_dtype_describe(a), *y = tsr_dtype_describe(b);
    if (x->kind == y->kind)
        return x->itemsize > y->itemsize ? a : b;
    tsr_dtype sign = x->kind == 'i' ? a : b, plain = x->kind == 'i' ? b : a;
    int ssize = tsr_dtype_describe(sign)->itemsize, psize = tsr_dtype_describe(plain)->itemsize;
    if (ssize > psize)
        return sign;
    if (psize == 8)
        return face == TSR_FACE_NUMPY ? TSR_FLOAT64 : TSR_INT64;
    return signed_of_size(psize * 2);
}

/* Both floating, distinct. */
static tsr_dtype floats(tsr_dtype a, tsr_dtype b) {
    int x = tsr_dtype_describe(a)->itemsize, y = tsr_dtype_describe(b)->itemsize;
    return x == y ? TSR_FLOAT32 : x > y ? a : b;
}

/* NumPy: the smallest floating type, at least `floating`, that is trusted with an integer dtype. */
static tsr_dtype float_for(tsr_dtype integer, tsr_dtype floating) {
    int size = tsr_dtype_describe(integer)->itemsize;
    tsr_dtype least = size == 1 ? floating : size == 2 ? TSR_FLOAT32 : TSR_FLOAT64;
    return least == floating ? floating : floats(least, floating);
}

tsr_dtype tsr_dtype_promote(tsr_face face, tsr_dtype a, tsr_dtype b) {
    if (a == b)
        return a;
    const tsr_dtype_info *x = tsr_dtype_describe(a), *y = tsr_dtype_describe(b);
    int cx = category(x->kind), cy = category(y->kind);
    tsr_dtype low = cx < cy ? a : b, high = cx < cy ? b : a;
    char low_kind = tsr_dtype_describe(low)->kind, high_kind = tsr_dtype_describe(high)->kind;
    if (cx == cy && cx == 1)
        return integers(face, a, b);
    if (cx == cy && cx == 2)
        return floats(a, b);
    if (cx == cy)
        return TSR_COMPLEX128;
    if (low_kind == 'b')
        return high;
    tsr_dtype component = tsr_dtype_describe(high)->component;
    if (is_integer(low_kind) && face == TSR_FACE_TORCH)
        return high;
    if (is_integer(low_kind))
        component = float_for(low, component);
    else if (component != low)
        component = floats(component, low);
    return high_kind == 'c' ? complex_of(component) : component;
}

/* The highest category first, so that integers meet it one by one and not their common type. */
tsr_dtype tsr_dtype_promote_set(tsr_face face, uint32_t set) {
    tsr_dtype result = TSR_DTYPE_COUNT;
    uint32_t rest = set & (set - 1);
    if (set != 0 && (rest & (rest - 1)) == 0) { /* one or two */
        tsr_dtype first = (tsr_dtype)__builtin_ctz(set);
        return rest == 0 ? first : tsr_dtype_promote(face, first, (tsr_dtype)__builtin_ctz(rest));
    }
    for (int c = 3; c >= 0; c--)
        for (int d = 0; d < TSR_DTYPE_COUNT; d++)
            if ((set >> d & 1) != 0 && category(tsr_dtype_describe((tsr_dtype)d)->kind) == c)
                result = result == TSR_DTYPE_COUNT ? (tsr_dtype)d
                                                   : tsr_dtype_promote(face, result, (tsr_dtype)d);
    return result;
}

bool tsr_dtype_can_cast(tsr_dtype from, tsr_dtype to, tsr_casting casting) {
    if (from == to || casting == TSR_CAST_UNSAFE)
        return true;
    if (casting == TSR_CAST_NO)
        return false;
    if (tsr_dtype_promote(TSR_FACE_NUMPY, from, to) == to)
        return true;
    if (casting == TSR_CAST_SAFE)
        return false;
    static const char order[] = "buifc";
    int rank[2] = {0, 0};
    tsr_dtype pair[2] = {from, to};
    for (int i = 0; i < 2; i++)
        while (order[rank[i]] != tsr_dtype_describe(pair[i])->kind)
            rank[i]++;
    return rank[0] <= rank[1];
}

tsr_dtype tsr_dtype_meet(tsr_face face, tsr_dtype default_float, uint32_t arrays,
                         uint32_t zero_dimensional, int numbers) {
    tsr_dtype full = tsr_dtype_promote_set(face, arrays);
    tsr_dtype zero_d = tsr_dtype_promote_set(face, zero_dimensional);
    tsr_dtype result = full != TSR_DTYPE_COUNT ? full : zero_d;
    if (full != TSR_DTYPE_COUNT && zero_d != TSR_DTYPE_COUNT) {
        char full_kind = tsr_dtype_describe(full)->kind;
        char zero_kind = tsr_dtype_describe(zero_d)->kind;
        if (full_kind == 'f' && zero_kind == 'c') /* complex, but no wider than the full operands */
            result = tsr_dtype_promote(face, full, TSR_COMPLEX64);
        else if (category(zero_kind) > category(full_kind))
            result = tsr_dtype_promote(face, full, zero_d);
    }
    int had = result == TSR_DTYPE_COUNT ? -1 : category(tsr_dtype_describe(result)->kind);
    if (numbers <= had)
        return result;
    if (numbers == 3)
        return had == 2 ? complex_of(result) : complex_of(default_float);
    return numbers == 2 ? default_float : numbers == 1 ? TSR_INT64 : TSR_BOOL;
}
