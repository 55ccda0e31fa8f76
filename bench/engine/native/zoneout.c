/* LSTM with zoneout: blocks i, f, g, o; states stay what they were where Z is 1, if drawn, or else by the shares keep */

#include "cell.h"

/* Z (E, T, B, 2H) is for h, then for c; it is not read unless drawn. gates (E, T, B, 4H) and cells (E, T, B, H) are kept for the way back. */
int zoneout_forward(
    long E, long T, long B, long I, long H, int keep, int drawn, float keep_h, float keep_c, const float *x,
    const float *U, const float *b, const float *W, const float *Z, const float *start, const float *start_c,
    float *out, float *gates, float *cells
) {
    Sizes s = {E, T, B, I, H, 4 * H};
    float *pu = scratch(packed(I, s.N)), *pw = scratch(packed(H, s.N));
    int failed = !pu || !pw;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H, *c = start_c + e * B * H;
        pack(U + e * I * s.N, s.N, I, s.N, pu);
        pack(W + e * H * s.N, s.N, H, s.N, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *z = gates + kept * s.N, *next = out + at * H, *next_c = cells + kept * H;
            const float *stays = drawn ? Z + at * 2 * H : Z;
            drive(&s, x + at * I, pu, b + e * s.N, z);
            product(B, s.N, H, h, H, 1, pw, z, s.N, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    float *q = z + r * s.N + j;
                    vec i = sigmoid(get(q, n)), f = sigmoid(get(q + H, n));
                    vec g = hyperbolic(get(q + 2 * H, n)), o = sigmoid(get(q + 3 * H, n));
                    const float *p = stays + (drawn ? r * 2 * H + j : 0);
                    vec stay_h = drawn ? get(p, n) : all(keep_h), stay_c = drawn ? get(p + H, n) : all(keep_c);
                    vec old = get(c + k, n), cell = f * old + i * g, fresh = o * hyperbolic(cell);
                    put(q, i, n), put(q + H, f, n), put(q + 2 * H, g, n), put(q + 3 * H, o, n);
                    put(next_c + k, cell + stay_c * (old - cell), n);
                    put(next + k, fresh + stay_h * (get(h + k, n) - fresh), n);
                }
            h = next, c = next_c;
        }
    }
    free(pu), free(pw);
    return failed;
}

/* d_start_c holds the gradient of the last cell state, and takes that of the first; Z has none. */
int zoneout_backward(
    long E, long T, long B, long I, long H, long given, int drawn, float keep_h, float keep_c, const float *x,
    const float *U, const float *b, const float *W, const float *Z, const float *start, const float *start_c,
    const float *out, const float *gates, const float *cells,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_Z, float *d_start, float *d_start_c
) {
    (void)b, (void)d_Z;
    Sizes s = {E, T, B, I, H, 4 * H};
    Chunk c;
    float *pw = scratch(packed(s.N, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dc = d_start_c + e * B * H, *dw = d_W + e * H * s.N;
        const float *outs = out + e * T * B * H;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * s.N) * 4);
        pack_transposed(W + e * H * s.N, s.N, s.N, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                long at = (e * T + t) * B;
                const float *z = gates + at * s.N, *stays = drawn ? Z + at * 2 * H : Z;
                const float *before = t ? cells + (at - B) * H : start_c + e * B * H;
                float *delta = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dh);
                for (long r = 0; r < B; r++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r * H + j;
                        const float *q = z + r * s.N + j;
                        float *d = delta + r * s.N + j;
                        vec i = get(q, n), f = get(q + H, n), g = get(q + 2 * H, n), o = get(q + 3 * H, n);
                        const float *p = stays + (drawn ? r * 2 * H + j : 0);
                        vec stay_h = drawn ? get(p, n) : all(keep_h), stay_c = drawn ? get(p + H, n) : all(keep_c);
                        vec old = get(before + k, n);
                        vec squashed = hyperbolic(f * old + i * g), g_h = get(dh + k, n), g_c = get(dc + k, n);
                        vec d_h = g_h * (1.0f - stay_h);
                        vec d_c = g_c * (1.0f - stay_c) + d_h * o * (1.0f - squashed * squashed);
                        put(d, d_c * g * i * (1.0f - i), n);
                        put(d + H, d_c * old * f * (1.0f - f), n);
                        put(d + 2 * H, d_c * i * (1.0f - g * g), n);
                        put(d + 3 * H, d_h * squashed * o * (1.0f - o), n);
                        put(dc + k, g_c * stay_c + d_c * f, n);
                        put(dh + k, g_h * stay_h, n);
                    }
                product(B, H, s.N, delta, s.N, 1, pw, dh, H, 1);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, s.N, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw);
    return failed;
}
