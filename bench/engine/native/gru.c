/* GRU: blocks r, z, n; the product h W_n has a bias of its own */

#include "cell.h"

/* gates (E, T, B, 3H) and products (E, T, B, H), that is h W_n + bias, are kept for the way back. */
int gru_forward(
    long E, long T, long B, long I, long H, int keep, const float *x, const float *U, const float *b, const float *W,
    const float *bias, const float *start, float *out, float *gates, float *products
) {
    Sizes s = {E, T, B, I, H, 3 * H};
    float *pu = scratch(packed(I, s.N)), *pw = scratch(packed(H, s.N)), *back = scratch(B * s.N);
    int failed = !pu || !pw || !back;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H, *offset = bias + e * H;
        pack(U + e * I * s.N, s.N, I, s.N, pu);
        pack(W + e * H * s.N, s.N, H, s.N, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *q0 = gates + kept * s.N, *next = out + at * H, *m0 = products + kept * H;
            drive(&s, x + at * I, pu, b + e * s.N, q0);
            product(B, s.N, H, h, H, 1, pw, back, s.N, 0);
            for (long r0 = 0; r0 < B; r0++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r0 * H + j;
                    float *q = q0 + r0 * s.N + j;
                    const float *p = back + r0 * s.N + j;
                    vec r = sigmoid(get(q, n) + get(p, n)), z = sigmoid(get(q + H, n) + get(p + H, n));
                    vec m = get(p + 2 * H, n) + get(offset + j, n), c = hyperbolic(get(q + 2 * H, n) + r * m);
                    put(q, r, n), put(q + H, z, n), put(q + 2 * H, c, n), put(m0 + k, m, n);
                    put(next + k, c + z * (get(h + k, n) - c), n);
                }
            h = next;
        }
    }
    free(pu), free(pw), free(back);
    return failed;
}

int gru_backward(
    long E, long T, long B, long I, long H, long given, const float *x, const float *U, const float *b,
    const float *W, const float *bias, const float *start, const float *out, const float *gates, const float *products,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_bias, float *d_start
) {
    (void)b, (void)bias;
    Sizes s = {E, T, B, I, H, 3 * H};
    Chunk c;
    long held = chunk_steps(&s) * B;
    float *pw = scratch(packed(s.N, H)), *back = scratch(held * s.N), *packs = scratch(packed(held, s.N));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw || !back || !packs;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dw = d_W + e * H * s.N, *doffset = d_bias + e * H;
        const float *outs = out + e * T * B * H;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * s.N) * 4);
        memset(doffset, 0, (size_t)H * 4);
        pack_transposed(W + e * H * s.N, s.N, s.N, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                long at = (e * T + t) * B;
                const float *q0 = gates + at * s.N, *m0 = products + at * H;
                const float *h0 = t ? out + (at - B) * H : start + e * B * H;
                float *d0 = chunk_at(&c, t), *p0 = back + (t - c.first) * B * s.N;
                from_above(&s, e, t, given, d_out, dh);
                for (long r0 = 0; r0 < B; r0++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r0 * H + j;
                        const float *q = q0 + r0 * s.N + j;
                        float *d = d0 + r0 * s.N + j, *p = p0 + r0 * s.N + j;
                        vec r = get(q, n), z = get(q + H, n), m = get(q + 2 * H, n), g = get(dh + k, n);
                        vec kept = g * z, d_z = g * (get(h0 + k, n) - m) * z * (1.0f - z);
                        vec d_n = (g - kept) * (1.0f - m * m), d_r = d_n * get(m0 + k, n) * r * (1.0f - r);
                        put(d, d_r, n), put(d + H, d_z, n), put(d + 2 * H, d_n, n);
                        put(p, d_r, n), put(p + H, d_z, n), put(p + 2 * H, d_n * r, n);
                        put(dh + k, kept, n);
                    }
                product(B, H, s.N, p0, s.N, 1, pw, dh, H, 1);
            }
            chunk_inputs(&c);
            long rows = (c.end - c.first) * B;
            pack(back, s.N, rows, s.N, packs);
            add_rows(back + 2 * H, rows, s.N, H, doffset);
            chunk_weights(&c, packs, s.N, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw), free(back), free(packs);
    return failed;
}
