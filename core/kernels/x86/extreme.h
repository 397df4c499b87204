/* The larger and the smaller of two vectors of floating numbers by the machine's instruction, which
 * gives its second operand where neither is larger: with what came first as the second one, of two
 * zeros the first stays, and so does a NaN. A NaN that arrives is lost; it is looked for apart.
 *
 * For S = f32 and f64: TSR_MORE_S(a, x) and TSR_LESS_S(a, x); tsr_seen_S, which is TSR_NONE_S until
 * TSR_SEE_S(seen, x, y) meets a NaN in x or y; TSR_SEEN_S(seen), whether it did; TSR_SPOIL_S(a, x,
 * y), which is a, but a NaN where x or y is one. */
#ifndef TSR_X86_EXTREME_H
#define TSR_X86_EXTREME_H

#if defined(__AVX512F__)
#include <immintrin.h>
#define TSR_MORE_f32(a, x) _mm512_max_ps(x, a)
#define TSR_LESS_f32(a, x) _mm512_min_ps(x, a)
#define TSR_MORE_f64(a, x) _mm512_max_pd(x, a)
#define TSR_LESS_f64(a, x) _mm512_min_pd(x, a)
/* The bits of lanes without a NaN so far: a comparison under a mask does the conjunction, too. */
#define TSR_NONE_f32            0xffff
#define TSR_NONE_f64            0xff
#define TSR_SEE_f32(seen, x, y) _mm512_mask_cmp_ps_mask(seen, x, y, _CMP_ORD_Q)
#define TSR_SEE_f64(seen, x, y) _mm512_mask_cmp_pd_mask(seen, x, y, _CMP_ORD_Q)
#define TSR_SEEN_f32(seen)      ((seen) != TSR_NONE_f32)
#define TSR_SEEN_f64(seen)      ((seen) != TSR_NONE_f64)
#define TSR_SPOIL_f32(a, x, y)  _mm512_mask_add_ps(a, _mm512_cmp_ps_mask(x, y, _CMP_UNORD_Q), x, y)
#define TSR_SPOIL_f64(a, x, y)  _mm512_mask_add_pd(a, _mm512_cmp_pd_mask(x, y, _CMP_UNORD_Q), x, y)
typedef __mmask16 tsr_seen_f32;
typedef __mmask8 tsr_seen_f64;

#elif defined(__AVX2__)
#include <immintrin.h>
#define TSR_MORE_f32(a, x)      _mm256_max_ps(x, a)
#define TSR_LESS_f32(a, x)      _mm256_min_ps(x, a)
#define TSR_MORE_f64(a, x)      _mm256_max_pd(x, a)
#define TSR_LESS_f64(a, x)      _mm256_min_pd(x, a)
#define TSR_NONE_f32            _mm256_setzero_ps()
#define TSR_NONE_f64            _mm256_setzero_pd()
#define TSR_SEE_f32(seen, x, y) _mm256_or_ps(seen, _mm256_cmp_ps(x, y, _CMP_UNORD_Q))
#define TSR_SEE_f64(seen, x, y) _mm256_or_pd(seen, _mm256_cmp_pd(x, y, _CMP_UNORD_Q))
#define TSR_SEEN_f32(seen)      (_mm256_movemask_ps(seen) != 0)
#define TSR_SEEN_f64(seen)      (_mm256_movemask_pd(seen) != 0)
#define TSR_SPOIL_f32(a, x, y)  _mm256_or_ps(a, _mm256_cmp_ps(x, y, _CMP_UNORD_Q))
#define TSR_SPOIL_f64(a, x, y)  _mm256_or_pd(a, _mm256_cmp_pd(x, y, _CMP_UNORD_Q))
typedef __m256 tsr_seen_f32;
typedef __m256d tsr_seen_f64;

#else
#include <emmintrin.h>
#define TSR_MORE_f32(a, x)      _mm_max_ps(x, a)
#define TSR_LESS_f32(a, x)      _mm_min_ps(x, a)
#define TSR_MORE_f64(a, x)      _mm_max_pd(x, a)
#define TSR_LESS_f64(a, x)      _mm_min_pd(x, a)
#define TSR_NONE_f32            _mm_setzero_ps()
#define TSR_NONE_f64            _mm_setzero_pd()
#define TSR_SEE_f32(seen, x, y) _mm_or_ps(seen, _mm_cmpunord_ps(x, y))
#define TSR_SEE_f64(seen, x, y) _mm_or_pd(seen, _mm_cmpunord_pd(x, y))
#define TSR_SEEN_f32(seen)      (_mm_movemask_ps(seen) != 0)
#define TSR_SEEN_f64(seen)      (_mm_movemask_pd(seen) != 0)
#define TSR_SPOIL_f32(a, x, y)  _mm_or_ps(a, _mm_cmpunord_ps(x, y))
#define TSR_SPOIL_f64(a, x, y)  _mm_or_pd(a, _mm_cmpunord_pd(x, y))
typedef __m128 tsr_seen_f32;
typedef __m128d tsr_seen_f64;
#endif

#endif
