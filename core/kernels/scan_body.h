/* One running sum or product: scan_NAME over numbers F, PARTS of them an element. JOIN(a, x) takes
 * two vectors, WITHIN(identity, v) makes a vector of its own running sums, LAST(v) repeats its last
 * element. All are undefined at the end. */

#define OF_(a, b)  a##_##b
#define OF__(a, b) OF_(a, b)
#define OF(name)   OF__(name, NAME)

typedef F OF(vector) __attribute__((vector_size(16)));
typedef F OF(memory) __attribute__((vector_size(16), aligned(_Alignof(F)), may_alias));
enum { OF(each) = 16 / sizeof(F), OF(block) = 4 * OF(each) };

/* One block of four vectors; gives what the next one goes on from. */
static inline OF(vector) OF(step)(const F *s, F *d, OF(vector) carry) {
    const OF(vector) identity = IDENTITY - (OF(vector)){0};
    OF(vector) v[4];
    TSR_UNROLL_STRIP
    for (int i = 0; i < 4; i++) {
        v[i] = *(const OF(memory) *)(s + i * OF(each));
        v[i] = WITHIN(identity, v[i]);
    }
    v[1] = JOIN(LAST(v[0]), v[1]);
    v[3] = JOIN(LAST(v[2]), v[3]);
    v[2] = JOIN(LAST(v[1]), v[2]);
    v[3] = JOIN(LAST(v[1]), v[3]);
    TSR_UNROLL_STRIP
    for (int i = 0; i < 4; i++)
        *(OF(memory) *)(d + i * OF(each)) = JOIN(carry, v[i]);
    return JOIN(carry, LAST(v[3]));
}

static void OF(scan)(const void *src, void *dst, size_t n, void *carry) {
    const F *s = src;
    F *d = dst, start[OF(each)], room[OF(block)] = {0};
    size_t count = n * PARTS, i = 0;
    if (n == 0)
        return;
    for (size_t j = 0; j < OF(each); j++)
        start[j] = ((const F *)carry)[j % PARTS];
    OF(vector) from = *(const OF(memory) *)start;
    for (; i + OF(block) <= count; i += OF(block))
        from = OF(step)(s + i, d + i, from);
    if (i < count) {
        memcpy(room, s + i, (count - i) * sizeof(F));
        OF(step)(room, room, from);
        memcpy(d + i, room, (count - i) * sizeof(F));
    }
    memcpy(carry, d + count - PARTS, PARTS * sizeof(F));
}

#undef OF_
#undef OF__
#undef OF
#undef NAME
#undef F
#undef PARTS
#undef JOIN
#undef IDENTITY
#undef WITHIN
#undef LAST
