/* Clockwork: of several modules of units, module k computes tanh(x U + b + h W) at each step, counted from 1, that 2^k
   divides, and keeps its units at others. So the units that are active at a step are the first ones. */

#include "cell.h"

/* Units that are active at step t, counted from 0, of H in `clocks` parts as even as may be. */
INLINE long active(long t, long clocks, long H) {
    long last = 0;
    while (last + 1 < clocks && (t + 1) % (2L << last) == 0) last++;
    return (last + 1) * H / clocks;
}

/* Only the outputs are needed on the way back. */
int clockwork_forward(
    long E, long T, long B, long I, long H, int keep, int clocks, const float *x, const float *U, const float *b,
    const float *W, const float *start, float *out
) {
    (void)keep;
    float *pu = scratch(packed(I, H)), *pw = scratch(packed(H, H));
    int failed = !pu || !pw;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H;
        pack(U + e * I * H, H, I, H, pu);
        pack(W + e * H * H, H, H, H, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, width = active(t, clocks, H);
            float *next = out + at * H;
            memcpy(next, h, (size_t)(B * H) * 4);
            for (long r = 0; r < B; r++) memcpy(next + r * H, b + e * H, (size_t)width * 4);
            product(B, width, I, x + at * I, I, 1, pu, next, H, 1);
            product(B, width, H, h, H, 1, pw, next, H, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < width; j += LANES)
                    put(next + r * H + j, hyperbolic(get(next + r * H + j, width - j)), width - j);
            h = next;
        }
    }
    free(pu), free(pw);
    return failed;
}

int clockwork_backward(
    long E, long T, long B, long I, long H, long given, int clocks, const float *x, const float *U, const float *b,
    const float *W, const float *start, const float *out,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_start
) {
    (void)b;
    Sizes s = {E, T, B, I, H, H};
    Chunk c;
    float *pw = scratch(packed(H, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dw = d_W + e * H * H;
        const float *outs = out + e * T * B * H;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * H) * 4);
        pack_transposed(W + e * H * H, H, H, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                const float *h = outs + t * B * H;
                float *delta = chunk_at(&c, t);
                long width = active(t, clocks, H);
                from_above(&s, e, t, given, d_out, dh);
                memset(delta, 0, (size_t)(B * H) * 4);
                for (long r = 0; r < B; r++)
                    for (long j = 0; j < width; j += LANES) {
                        long n = width - j, k = r * H + j;
                        vec value = get(h + k, n);
                        put(delta + k, get(dh + k, n) * (1.0f - value * value), n);
                        put(dh + k, all(0.0f), n);
                    }
                product(B, H, H, delta, H, 1, pw, dh, H, 1);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, H, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw);
    return failed;
}
