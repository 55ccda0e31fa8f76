/* JANET: blocks f, m: h' = sigma(s) h + sigma(beta - s) tanh(.), with s and the tanh's argument of x and h */

#include "cell.h"

/* gates (E, T, B, 2H) are kept for the way back: s itself, of which two sigmoids are needed, and the tanh. */
int janet_forward(
    long E, long T, long B, long I, long H, int keep, float beta, const float *x, const float *U, const float *b,
    const float *W, const float *start, float *out, float *gates
) {
    Sizes s = {E, T, B, I, H, 2 * H};
    float *pu = scratch(packed(I, s.N)), *pw = scratch(packed(H, s.N));
    int failed = !pu || !pw;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H;
        pack(U + e * I * s.N, s.N, I, s.N, pu);
        pack(W + e * H * s.N, s.N, H, s.N, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *q0 = gates + kept * s.N, *next = out + at * H;
            drive(&s, x + at * I, pu, b + e * s.N, q0);
            product(B, s.N, H, h, H, 1, pw, q0, s.N, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    float *q = q0 + r * s.N + j;
                    vec a = get(q, n), m = hyperbolic(get(q + H, n));
                    put(q + H, m, n);
                    put(next + k, sigmoid(a) * get(h + k, n) + sigmoid(beta - a) * m, n);
                }
            h = next;
        }
    }
    free(pu), free(pw);
    return failed;
}

int janet_backward(
    long E, long T, long B, long I, long H, long given, float beta, const float *x, const float *U, const float *b,
    const float *W, const float *start, const float *out, const float *gates,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_start
) {
    (void)b;
    Sizes s = {E, T, B, I, H, 2 * H};
    Chunk c;
    float *pw = scratch(packed(s.N, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dw = d_W + e * H * s.N;
        const float *outs = out + e * T * B * H;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * s.N) * 4);
        pack_transposed(W + e * H * s.N, s.N, s.N, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                const float *q0 = gates + (e * T + t) * B * s.N;
                const float *h0 = t ? outs + (t - 1) * B * H : start + e * B * H;
                float *d0 = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dh);
                for (long r = 0; r < B; r++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r * H + j;
                        const float *q = q0 + r * s.N + j;
                        float *d = d0 + r * s.N + j;
                        vec a = get(q, n), m = get(q + H, n), f = sigmoid(a), i = sigmoid(beta - a), g = get(dh + k, n);
                        put(d, g * (get(h0 + k, n) * f * (1.0f - f) - m * i * (1.0f - i)), n);
                        put(d + H, g * i * (1.0f - m * m), n);
                        put(dh + k, g * f, n);
                    }
                product(B, H, s.N, d0, s.N, 1, pw, dh, H, 1);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, s.N, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw);
    return failed;
}
