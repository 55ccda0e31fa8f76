/* LSTM whose gates see the cell: blocks i, f, g, o; i and f see c_{t-1} by the first two blocks of P, o sees c_t by the third */

#include "cell.h"

/* gates (E, T, B, 4H) and cells (E, T, B, H) are kept for the way back. */
int peephole_forward(
    long E, long T, long B, long I, long H, int keep, const float *x, const float *U, const float *b, const float *W,
    const float *P, const float *start, const float *start_c, float *out, float *gates, float *cells
) {
    Sizes s = {E, T, B, I, H, 4 * H};
    float *pu = scratch(packed(I, s.N)), *pw = scratch(packed(H, s.N));
    int failed = !pu || !pw;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H, *c = start_c + e * B * H, *p0 = P + e * 3 * H;
        pack(U + e * I * s.N, s.N, I, s.N, pu);
        pack(W + e * H * s.N, s.N, H, s.N, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *z = gates + kept * s.N, *next = out + at * H, *next_c = cells + kept * H;
            drive(&s, x + at * I, pu, b + e * s.N, z);
            product(B, s.N, H, h, H, 1, pw, z, s.N, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    float *q = z + r * s.N + j;
                    const float *p = p0 + j;
                    vec old = get(c + k, n), g = hyperbolic(get(q + 2 * H, n));
                    vec i = sigmoid(get(q, n) + get(p, n) * old), f = sigmoid(get(q + H, n) + get(p + H, n) * old);
                    vec cell = f * old + i * g, o = sigmoid(get(q + 3 * H, n) + get(p + 2 * H, n) * cell);
                    put(q, i, n), put(q + H, f, n), put(q + 2 * H, g, n), put(q + 3 * H, o, n);
                    put(next_c + k, cell, n);
                    put(next + k, o * hyperbolic(cell), n);
                }
            h = next, c = next_c;
        }
    }
    free(pu), free(pw);
    return failed;
}

/* d_start_c holds the gradient of the last cell state, and takes that of the first. */
int peephole_backward(
    long E, long T, long B, long I, long H, long given, const float *x, const float *U, const float *b,
    const float *W, const float *P, const float *start, const float *start_c, const float *out, const float *gates,
    const float *cells, const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_P, float *d_start,
    float *d_start_c
) {
    (void)b;
    Sizes s = {E, T, B, I, H, 4 * H};
    Chunk c;
    float *pw = scratch(packed(s.N, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dc = d_start_c + e * B * H, *dw = d_W + e * H * s.N;
        const float *outs = out + e * T * B * H, *p0 = P + e * 3 * H;
        float *dp0 = d_P + e * 3 * H;
        memset(dp0, 0, (size_t)(3 * H) * 4);
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * s.N) * 4);
        pack_transposed(W + e * H * s.N, s.N, s.N, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                long at = (e * T + t) * B;
                const float *z = gates + at * s.N, *cell = cells + at * H;
                const float *before = t ? cell - B * H : start_c + e * B * H;
                float *delta = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dh);
                for (long r = 0; r < B; r++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r * H + j;
                        const float *q = z + r * s.N + j;
                        float *d = delta + r * s.N + j;
                        const float *p = p0 + j;
                        float *dp = dp0 + j;
                        vec i = get(q, n), f = get(q + H, n), g = get(q + 2 * H, n), o = get(q + 3 * H, n);
                        vec now = get(cell + k, n), old = get(before + k, n), squashed = hyperbolic(now);
                        vec d_h = get(dh + k, n), d_o = d_h * squashed * o * (1.0f - o);
                        vec d_c = get(dc + k, n) + d_h * o * (1.0f - squashed * squashed) + d_o * get(p + 2 * H, n);
                        vec d_i = d_c * g * i * (1.0f - i), d_f = d_c * old * f * (1.0f - f);
                        put(d, d_i, n), put(d + H, d_f, n), put(d + 2 * H, d_c * i * (1.0f - g * g), n);
                        put(d + 3 * H, d_o, n);
                        put(dc + k, d_c * f + d_i * get(p, n) + d_f * get(p + H, n), n);
                        put(dp, get(dp, n) + d_i * old, n), put(dp + H, get(dp + H, n) + d_f * old, n);
                        put(dp + 2 * H, get(dp + 2 * H, n) + d_o * now, n);
                    }
                product(B, H, s.N, delta, s.N, 1, pw, dh, H, 0);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, s.N, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw);
    return failed;
}
