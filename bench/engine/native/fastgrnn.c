/* FastGRNN: gate and candidate share one product; zeta and nu (E), squashed already */

#include "cell.h"

int fastgrnn_forward(
    long E, long T, long B, long I, long H, int keep, const float *x, const float *U, const float *b, const float *W,
    const float *zeta, const float *nu, const float *start, float *out, float *gates
) {
    Sizes s = {E, T, B, I, H, H};
    float *pu = scratch(packed(I, H)), *pw = scratch(packed(H, H)), *a = scratch(B * H);
    int failed = !pu || !pw || !a;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H, *bias = b + e * 2 * H;
        pack(U + e * I * H, H, I, H, pu);
        pack(W + e * H * H, H, H, H, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *q0 = gates + kept * 2 * H, *next = out + at * H;
            drive(&s, x + at * I, pu, NULL, a);
            product(B, H, H, h, H, 1, pw, a, H, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    float *q = q0 + r * 2 * H + j;
                    vec z = sigmoid(get(a + k, n) + get(bias + j, n)), m = hyperbolic(get(a + k, n) + get(bias + H + j, n));
                    put(q, z, n), put(q + H, m, n);
                    put(next + k, (zeta[e] * (1.0f - z) + nu[e]) * m + z * get(h + k, n), n);
                }
            h = next;
        }
    }
    free(pu), free(pw), free(a);
    return failed;
}

int fastgrnn_backward(
    long E, long T, long B, long I, long H, long given, const float *x, const float *U, const float *b,
    const float *W, const float *zeta, const float *nu, const float *start, const float *out, const float *gates,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_zeta, float *d_nu, float *d_start
) {
    (void)b;
    Sizes s = {E, T, B, I, H, H};
    Chunk c;
    float *pw = scratch(packed(H, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dw = d_W + e * H * H, *db = d_b + e * 2 * H;
        const float *outs = out + e * T * B * H;
        double sum_zeta = 0, sum_nu = 0;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * H) * 4);
        memset(db, 0, (size_t)(2 * H) * 4);
        pack_transposed(W + e * H * H, H, H, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, NULL); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                long at = (e * T + t) * B;
                const float *q0 = gates + at * 2 * H, *h0 = t ? out + (at - B) * H : start + e * B * H;
                float *delta = chunk_at(&c, t);
                vec by_zeta = {0}, by_nu = {0};
                from_above(&s, e, t, given, d_out, dh);
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j;
                    vec by_z = get(db + j, n), by_n = get(db + H + j, n);
                    for (long r = 0; r < B; r++) {
                        long k = r * H + j;
                        const float *q = q0 + r * 2 * H + j;
                        vec z = get(q, n), m = get(q + H, n), g = get(dh + k, n);
                        vec a_z = g * (get(h0 + k, n) - zeta[e] * m) * z * (1.0f - z);
                        vec a_n = g * (zeta[e] * (1.0f - z) + nu[e]) * (1.0f - m * m);
                        by_zeta += g * (1.0f - z) * m;  /* lanes past H hold g = 0 */
                        by_nu += g * m;
                        by_z += a_z, by_n += a_n;
                        put(delta + k, a_z + a_n, n);
                        put(dh + k, g * z, n);
                    }
                    put(db + j, by_z, n), put(db + H + j, by_n, n);
                }
                for (int i = 0; i < LANES; i++) sum_zeta += by_zeta[i], sum_nu += by_nu[i];
                product(B, H, H, delta, H, 1, pw, dh, H, 1);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, H, start + e * B * H, outs, dw);
        }
        d_zeta[e] = (float)sum_zeta, d_nu[e] = (float)sum_nu;
    }
    chunk_free(&c), free(pw);
    return failed;
}
