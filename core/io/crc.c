/* CRC-32: the remainder of the data, as a polynomial over GF(2), by 0x104C11DB7, lowest bits first.
 *
 * Eight bytes at a time by tables; the k-th tells what a byte comes to that is followed by k
 * others. Where the processor multiplies polynomials (PCLMULQDQ), 64 bytes at a time instead: four
 * 16-byte accumulators are moved past the next 64 bytes by multiplying their halves with x^n mod P,
 * then made one, then reduced by Barrett's method (Gopal et al., "Fast CRC computation for generic
 * polynomials using PCLMULQDQ", 2009). With 512-bit registers it is 256 bytes at a time, by four
 * times four accumulators. Tables are ten and thirty times slower. */
#include "crc.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

static tsr_crc_way find_way(const tsr_context *context) {
    unsigned a, b, c, d, wanted = bit_PCLMUL | bit_SSE4_1;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & wanted) != wanted)
        return TSR_CRC_TABLES;
    bool wide = strcmp(tsr_context_isa(context), "v4") == 0 &&
                __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c & bit_VPCLMULQDQ) != 0;
    return wide ? TSR_CRC_FOLDS_512 : TSR_CRC_FOLDS_128;
}

#define MOVED(x, k)                                                                                \
    _mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00), _mm_clmulepi64_si128(x, k, 0x11))
#define MOVED_512(x, k, next)                                                                      \
    _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(x, k, 0x00),                                \
                              _mm512_clmulepi64_epi128(x, k, 0x11), next, 0x96)

__attribute__((target("sse4.1,pclmul"))) static __m128i load(const unsigned char *at) {
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* What stands in the accumulators, followed by `bytes` bytes, a multiple of 16. */
__attribute__((target("sse4.1,pclmul"))) static uint32_t
fold_on(__m128i *x, const unsigned char *at, size_t bytes) {
    const __m128i by64 = _mm_set_epi64x(0x01C6E41596, 0x0154442BD4);
    const __m128i by16 = _mm_set_epi64x(0x00CCAA009E, 0x01751997D0);
    const __m128i by8 = _mm_set_epi64x(0, 0x0163CD6124);
    const __m128i barrett = _mm_set_epi64x(0x01F7011641, 0x01DB710641);
    const __m128i low = _mm_setr_epi32(~0, 0, ~0, 0);
    for (; bytes >= 64; at += 64, bytes -= 64)
        for (int i = 0; i < 4; i++)
            x[i] = _mm_xor_si128(MOVED(x[i], by64), load(at + 16 * i));
    __m128i all = x[0];
    for (int i = 1; i < 4; i++)
        all = _mm_xor_si128(MOVED(all, by16), x[i]);
    for (; bytes >= 16; at += 16, bytes -= 16)
        all = _mm_xor_si128(MOVED(all, by16), load(at));
    all = _mm_xor_si128(_mm_srli_si128(all, 8), _mm_clmulepi64_si128(all, by16, 0x10));
    all = _mm_xor_si128(_mm_srli_si128(all, 4),
                        _mm_clmulepi64_si128(_mm_and_si128(all, low), by8, 0x00));
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(all, low), barrett, 0x10);
    quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low), barrett, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(all, quotient), 1);
}

/* `bytes` is at least 64 and a multiple of 16; `value` is inverted, and so is the result. */
__attribute__((target("sse4.1,pclmul"))) static uint32_t
fold_128(uint32_t value, const unsigned char *at, size_t bytes) {
    __m128i x[4];
    for (int i = 0; i < 4; i++)
        x[i] = load(at + 16 * i);
    x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int)value));
    return fold_on(x, at + 64, bytes - 64);
}

/* The same for at least 256 bytes. */
__attribute__((target("avx512f,sse4.1,pclmul,vpclmulqdq"))) static uint32_t
fold_512(uint32_t value, const unsigned char *at, size_t bytes) {
    const __m512i by256 = _mm512_broadcast_i32x4(_mm_set_epi64x(0x01322D1430, 0x011542778A));
    const __m512i by64 = _mm512_broadcast_i32x4(_mm_set_epi64x(0x01C6E41596, 0x0154442BD4));
    __m512i x[4];
    for (int i = 0; i < 4; i++)
        x[i] = _mm512_loadu_si512(at + 64 * i);
    x[0] = _mm512_xor_si512(x[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)value)));
    for (at += 256, bytes -= 256; bytes >= 256; at += 256, bytes -= 256)
        for (int i = 0; i < 4; i++)
            x[i] = MOVED_512(x[i], by256, _mm512_loadu_si512(at + 64 * i));
    for (int i = 1; i < 4; i++)
        x[i] = MOVED_512(x[i - 1], by64, x[i]);
    __m128i last[4];
    memcpy(last, &x[3], sizeof last);
    return fold_on(last, at, bytes);
}

static uint32_t fold(tsr_crc_way way, uint32_t value, const unsigned char *at, size_t bytes) {
    return way == TSR_CRC_FOLDS_512 && bytes >= 256 ? fold_512(value, at, bytes)
                                                    : fold_128(value, at, bytes);
}
#else
static tsr_crc_way find_way(const tsr_context *context) {
    (void)context;
    return TSR_CRC_TABLES;
}

static uint32_t fold(tsr_crc_way way, uint32_t value, const unsigned char *at, size_t bytes) {
    (void)way;
    (void)at;
    (void)bytes;
    return value;
}
#endif

void tsr_crc_start(tsr_crc *crc, const tsr_context *context) {
    crc->way = find_way(context);
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t r = i;
        for (int bit = 0; bit < 8; bit++)
            r = r >> 1 ^ (0xEDB88320 & (0 - (r & 1)));
        crc->table[0][i] = r;
    }
    for (int k = 1; k < 8; k++)
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t before = crc->table[k - 1][i];
            crc->table[k][i] = before >> 8 ^ crc->table[0][before & 0xFF];
        }
}

uint32_t tsr_crc_more(const tsr_crc *crc, uint32_t value, const void *data, size_t bytes) {
    const unsigned char *at = data;
    uint32_t r = ~value;
    if (crc->way != TSR_CRC_TABLES && bytes >= 64) {
        size_t n = bytes & ~(size_t)15;
        r = fold(crc->way, r, at, n);
        at += n;
        bytes -= n;
    }
    for (; bytes >= 8; at += 8, bytes -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        word ^= r;
        r = 0;
        for (int k = 0; k < 8; k++)
            r ^= crc->table[7 - k][word >> 8 * k & 0xFF];
    }
    for (; bytes > 0; bytes--)
        r = r >> 8 ^ crc->table[0][(r ^ *at++) & 0xFF];
    return ~r;
}
