/* MGU: blocks f, n; the gate acts before the product */

#include "cell.h"

int mgu_forward(
    long E, long T, long B, long I, long H, int keep, const float *x, const float *U, const float *b, const float *W,
    const float *start, float *out, float *gates
) {
    Sizes s = {E, T, B, I, H, 2 * H};
    float *pu = scratch(packed(I, s.N)), *pf = scratch(packed(H, H)), *pn = scratch(packed(H, H));
    float *passed = scratch(B * H);
    int failed = !pu || !pf || !pn || !passed;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H, *w = W + e * H * s.N;
        pack(U + e * I * s.N, s.N, I, s.N, pu);
        pack(w, s.N, H, H, pf);
        pack(w + H, s.N, H, H, pn);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *q0 = gates + kept * s.N, *next = out + at * H;
            drive(&s, x + at * I, pu, b + e * s.N, q0);
            product(B, H, H, h, H, 1, pf, q0, s.N, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    vec f = sigmoid(get(q0 + r * s.N + j, n));
                    put(q0 + r * s.N + j, f, n);
                    put(passed + k, f * get(h + k, n), n);
                }
            product(B, H, H, passed, H, 1, pn, q0 + H, s.N, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    float *q = q0 + r * s.N + j;
                    vec m = hyperbolic(get(q + H, n)), old = get(h + k, n);
                    put(q + H, m, n);
                    put(next + k, old + get(q, n) * (m - old), n);
                }
            h = next;
        }
    }
    free(pu), free(pf), free(pn), free(passed);
    return failed;
}

int mgu_backward(
    long E, long T, long B, long I, long H, long given, const float *x, const float *U, const float *b,
    const float *W, const float *start, const float *out, const float *gates,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_start
) {
    (void)b;
    Sizes s = {E, T, B, I, H, 2 * H};
    Chunk c;
    float *pf = scratch(packed(H, H)), *pn = scratch(packed(H, H)), *ds = scratch(B * H), *passed = scratch(B * H);
    float *packs = scratch(packed(chunk_steps(&s) * B, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pf || !pn || !ds || !passed || !packs;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dw = d_W + e * H * s.N;
        const float *outs = out + e * T * B * H, *w = W + e * H * s.N;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * s.N) * 4);
        pack_transposed(w, s.N, H, H, pf);
        pack_transposed(w + H, s.N, H, H, pn);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                long at = (e * T + t) * B;
                const float *q0 = gates + at * s.N, *h0 = t ? out + (at - B) * H : start + e * B * H;
                float *d0 = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dh);
                for (long r = 0; r < B; r++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r * H + j;
                        const float *q = q0 + r * s.N + j;
                        vec f = get(q, n), m = get(q + H, n);
                        put(d0 + r * s.N + H + j, get(dh + k, n) * f * (1.0f - m * m), n);
                        put(passed + k, f * get(h0 + k, n), n);
                    }
                product(B, H, H, d0 + H, s.N, 1, pn, ds, H, 0);
                for (long r = 0; r < B; r++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r * H + j;
                        const float *q = q0 + r * s.N + j;
                        vec f = get(q, n), old = get(h0 + k, n), g = get(dh + k, n), d = get(ds + k, n);
                        put(d0 + r * s.N + j, (g * (get(q + H, n) - old) + d * old) * f * (1.0f - f), n);
                        put(dh + k, g * (1.0f - f) + d * f, n);
                    }
                product(B, H, H, d0, s.N, 1, pf, dh, H, 1);
                pack(d0 + H, s.N, B, H, packs);
                product(H, H, B, passed, 1, H, packs, dw + H, s.N, 1);
            }
            chunk_inputs(&c);
            pack(c.deltas, s.N, (c.end - c.first) * B, H, packs);
            chunk_weights(&c, packs, H, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pf), free(pn), free(ds), free(passed), free(packs);
    return failed;
}
