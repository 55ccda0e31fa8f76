/* Vectors as wide as the processor's, by the compiler's own extension, and the functions that gates need. */

#ifndef VECTOR_H
#define VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16, ROWS = 8 };
#elif defined(__AVX2__)
enum { LANES = 8, ROWS = 4 };
#else
enum { LANES = 4, ROWS = 4 };
#endif

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
typedef float loose __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
#define INLINE static inline __attribute__((always_inline))


INLINE vec all(float s) { return s - (vec){0}; }

INLINE vec get(const float *p, long n) {
    if (n >= LANES) return *(const loose *)p;
    vec v = {0};
    memcpy(&v, p, (size_t)n * 4);
    return v;
}

INLINE void put(float *p, vec v, long n) {
    if (n >= LANES) *(loose *)p = v;
    else memcpy(p, &v, (size_t)n * 4);
}

INLINE vec pick(ivec mask, vec yes, vec no) { return (vec)(((ivec)yes & mask) | ((ivec)no & ~mask)); }

INLINE vec clamp(vec v, float limit) {  /* not a number stays so */
    v = pick(v > all(limit), all(limit), v);
    return pick(v < all(-limit), all(-limit), v);
}

/* e^v - 1 = power * rest + (power - 1): power is 2^n for n next to v / ln 2, rest is e^(v - n ln 2) - 1 by its series. */
INLINE vec exponential(vec v, vec *power) {
    const vec shift = all(12582912.0f);  /* 1.5 * 2^23: adding it rounds to a whole number, in the low bits */
    vec shifted = v * all(1.44269504f) + shift, n = shifted - shift;
    vec r = v - n * all(0.693359375f) + n * all(2.12194440e-4f);
    vec p = all(1.0f / 5040);
    p = p * r + all(1.0f / 720);
    p = p * r + all(1.0f / 120);
    p = p * r + all(1.0f / 24);
    p = p * r + all(1.0f / 6);
    p = p * r + all(0.5f);
    *power = (vec)((((ivec)shifted - 0x4B400000) + 127) << 23);
    return p * (r * r) + r;
}

INLINE vec sigmoid(vec v) {
    vec power, rest = exponential(clamp(-v, 87.0f), &power);
    return 1.0f / (1.0f + (power * rest + power));
}

INLINE vec hyperbolic(vec v) {
    vec power, rest = exponential(clamp(v + v, 40.0f), &power), e = power * rest + (power - 1.0f);
    return e / (e + 2.0f);
}

#endif
