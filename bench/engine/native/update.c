/* What follows a backward pass, for all parameters of E members at once: array k of each list is (E, widths[k]), dense. */

#include "vector.h"

typedef double wide __attribute__((vector_size(LANES * 8)));

/* norms (E): the Euclidean norm of all numbers of a member, added up in double precision. */
int norms(long count, long E, const long *widths, float *const *values, float *norms) {
    for (long e = 0; e < E; e++) {
        double total = 0;
        for (long k = 0; k < count; k++) {
            const float *from = values[k] + e * widths[k];
            wide sum = {0};
            for (long i = 0; i < widths[k]; i += LANES) {
                wide v = __builtin_convertvector(get(from + i, widths[k] - i), wide);
                sum += v * v;
            }
            for (int i = 0; i < LANES; i++) total += sum[i];
        }
        norms[e] = (float)sqrt(total);
    }
    return 0;
}

/* One step of Adam (Kingma & Ba 2015, algorithm 1) at the learning rate of each member, with AdamW's decay (Loshchilov &
   Hutter 2019, algorithm 2). share1, share2: 1 - beta, what a new gradient weighs in the moments; first, second: 1 - beta^t,
   which make up for moments that began at 0. */
int adam(
    long count, long E, const long *widths, float share1, float share2, float eps, float decay, float first, float second,
    const float *rates, float *const *gs, float *const *ms, float *const *vs, float *const *ps
) {
    float root = sqrtf(second);
    for (long k = 0; k < count; k++)
        for (long e = 0; e < E; e++) {
            long at = e * widths[k];
            float rate = rates[e] / first, left = 1.0f - rates[e] * decay;
            float *restrict m = ms[k] + at, *restrict v = vs[k] + at, *restrict p = ps[k] + at;
            const float *restrict g = gs[k] + at;
            for (long i = 0; i < widths[k]; i++) {
                m[i] += share1 * (g[i] - m[i]);
                v[i] += share2 * (g[i] * g[i] - v[i]);
                p[i] = left * p[i] - rate * m[i] / (sqrtf(v[i]) / root + eps);
            }
        }
    return 0;
}
