/* Functions of vectors that a few cells need beside those of vector.h. */

#ifndef LANES_H
#define LANES_H

#include "vector.h"

INLINE vec power(vec v) { /* e^v */
    vec whole, rest = exponential(clamp(v, 87.0f), &whole);
    return whole * rest + whole;
}

INLINE float total(vec v) { /* of its lanes, in their order */
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}

#endif
