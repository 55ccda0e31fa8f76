/* A selective scan: h' = exp(d A) h + v b, y = sum over n of c_n h_n, one sequence after the other. Shapes:

     d, v, y (E, T, B, H)   b, c (E, T, B, N)   A (E, N, H)   start, end (E, B, N, H)

   Nothing is kept for the way back, which runs each sequence anew: the states of one fit the cache, those of all do
   not. */

#include "cell.h"
#include "lanes.h"

int selective_forward(
    long E, long T, long B, long H, long N, const float *d, const float *v, const float *b, const float *c,
    const float *A, const float *start, float *y, float *end
) {
    for (long e = 0; e < E; e++)
        for (long i = 0; i < B; i++) {
            float *h = end + (e * B + i) * N * H;
            memcpy(h, start + (e * B + i) * N * H, (size_t)(N * H) * 4);
            for (long t = 0; t < T; t++) {
                long at = (e * T + t) * B + i;
                const float *in = b + at * N, *out = c + at * N;
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j;
                    vec step = get(d + at * H + j, n), value = get(v + at * H + j, n), read = {0};
                    for (long k = 0; k < N; k++) {
                        float *own = h + k * H + j;
                        vec now = power(step * get(A + (e * N + k) * H + j, n)) * get(own, n) + value * all(in[k]);
                        put(own, now, n);
                        read += now * all(out[k]);
                    }
                    put(y + at * H + j, read, n);
                }
            }
        }
    return 0;
}

int selective_backward(
    long E, long T, long B, long H, long N, const float *d, const float *v, const float *b, const float *c,
    const float *A, const float *start, const float *d_y, const float *d_end, float *d_d, float *d_v, float *d_b,
    float *d_c, float *d_A, float *d_start
) {
    long size = N * H;
    float *states = scratch((T + 1) * size), *factors = scratch(T * size), *sums = scratch(2 * N * LANES);
    int failed = !states || !factors || !sums;
    if (!failed) memset(d_A, 0, (size_t)(E * size) * 4);
    for (long e = 0; !failed && e < E; e++)
        for (long i = 0; i < B; i++) {
            float *g0 = d_start + (e * B + i) * size;
            memcpy(states, start + (e * B + i) * size, (size_t)size * 4);
            memcpy(g0, d_end + (e * B + i) * size, (size_t)size * 4);
            for (long t = 0; t < T; t++) {
                long at = (e * T + t) * B + i;
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j;
                    vec step = get(d + at * H + j, n), value = get(v + at * H + j, n);
                    for (long k = 0; k < N; k++) {
                        long own = k * H + j;
                        vec factor = power(step * get(A + e * size + own, n));
                        put(factors + t * size + own, factor, n);
                        put(states + (t + 1) * size + own,
                            factor * get(states + t * size + own, n) + value * all(b[at * N + k]), n);
                    }
                }
            }
            for (long t = T; t-- > 0;) {
                long at = (e * T + t) * B + i;
                memset(sums, 0, (size_t)(2 * N * LANES) * 4);
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j;
                    vec step = get(d + at * H + j, n), value = get(v + at * H + j, n);
                    vec above = get(d_y + at * H + j, n), of_step = {0}, of_value = {0};
                    for (long k = 0; k < N; k++) {
                        long own = k * H + j;
                        float *to_b = sums + 2 * k * LANES, *to_c = to_b + LANES;
                        vec g = get(g0 + own, n) + above * all(c[at * N + k]);
                        vec factor = get(factors + t * size + own, n);
                        vec exponent = g * factor * get(states + t * size + own, n);
                        of_value += g * all(b[at * N + k]);
                        of_step += exponent * get(A + e * size + own, n);
                        put(to_b, get(to_b, LANES) + g * value, LANES);
                        put(to_c, get(to_c, LANES) + above * get(states + (t + 1) * size + own, n), LANES);
                        put(d_A + e * size + own, get(d_A + e * size + own, n) + exponent * step, n);
                        put(g0 + own, g * factor, n);
                    }
                    put(d_d + at * H + j, of_step, n);
                    put(d_v + at * H + j, of_value, n);
                }
                for (long k = 0; k < N; k++) {
                    d_b[at * N + k] = total(get(sums + 2 * k * LANES, LANES));
                    d_c[at * N + k] = total(get(sums + (2 * k + 1) * LANES, LANES));
                }
            }
        }
    free(states), free(factors), free(sums);
    return failed;
}
