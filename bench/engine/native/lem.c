/* LEM: blocks s, r, c, m: z' = z + s (c - z), y' = y + r (m - y); s = dt sigma(.), r = dt sigma(.), c = tanh(.) see y,
   and m = tanh(.) sees z' */

#include "cell.h"

/* gates (E, T, B, 4H) and memories z (E, T, B, H) are kept for the way back. */
int lem_forward(
    long E, long T, long B, long I, long H, int keep, float dt, const float *x, const float *U, const float *b,
    const float *W, const float *start, const float *start_z, float *out, float *gates, float *memories
) {
    Sizes s = {E, T, B, I, H, 4 * H};
    float *pu = scratch(packed(I, s.N)), *py = scratch(packed(H, 3 * H)), *pz = scratch(packed(H, H));
    int failed = !pu || !py || !pz;
    for (long e = 0; !failed && e < E; e++) {
        const float *y = start + e * B * H, *z = start_z + e * B * H, *w = W + e * H * s.N;
        pack(U + e * I * s.N, s.N, I, s.N, pu);
        pack(w, s.N, H, 3 * H, py);
        pack(w + 3 * H, s.N, H, H, pz);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *q0 = gates + kept * s.N, *next = out + at * H, *next_z = memories + kept * H;
            drive(&s, x + at * I, pu, b + e * s.N, q0);
            product(B, 3 * H, H, y, H, 1, py, q0, s.N, 1);
            for (long r0 = 0; r0 < B; r0++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r0 * H + j;
                    float *q = q0 + r0 * s.N + j;
                    vec step = dt * sigmoid(get(q, n)), rate = dt * sigmoid(get(q + H, n));
                    vec c = hyperbolic(get(q + 2 * H, n)), old = get(z + k, n);
                    put(q, step, n), put(q + H, rate, n), put(q + 2 * H, c, n);
                    put(next_z + k, old + step * (c - old), n);
                }
            product(B, H, H, next_z, H, 1, pz, q0 + 3 * H, s.N, 1);
            for (long r0 = 0; r0 < B; r0++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r0 * H + j;
                    float *q = q0 + r0 * s.N + j;
                    vec m = hyperbolic(get(q + 3 * H, n)), old = get(y + k, n);
                    put(q + 3 * H, m, n);
                    put(next + k, old + get(q + H, n) * (m - old), n);
                }
            y = next, z = next_z;
        }
    }
    free(pu), free(py), free(pz);
    return failed;
}

/* d_start_z holds the gradient of the last memory, and takes that of the first. */
int lem_backward(
    long E, long T, long B, long I, long H, long given, float dt, const float *x, const float *U, const float *b,
    const float *W, const float *start, const float *start_z, const float *out, const float *gates,
    const float *memories, const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_start,
    float *d_start_z
) {
    (void)b;
    Sizes s = {E, T, B, I, H, 4 * H};
    Chunk c;
    float *py = scratch(packed(3 * H, H)), *pz = scratch(packed(H, H));
    float *packs = scratch(packed(chunk_steps(&s) * B, 3 * H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !py || !pz || !packs;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dy = d_start + e * B * H, *dz = d_start_z + e * B * H, *dw = d_W + e * H * s.N;
        const float *outs = out + e * T * B * H, *zs = memories + e * T * B * H, *w = W + e * H * s.N;
        memset(dy, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * s.N) * 4);
        pack_transposed(w, s.N, 3 * H, H, py);
        pack_transposed(w + 3 * H, s.N, H, H, pz);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                const float *q0 = gates + (e * T + t) * B * s.N;
                const float *y0 = t ? outs + (t - 1) * B * H : start + e * B * H;
                const float *z0 = t ? zs + (t - 1) * B * H : start_z + e * B * H;
                float *d0 = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dy);
                for (long r0 = 0; r0 < B; r0++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r0 * H + j;
                        const float *q = q0 + r0 * s.N + j;
                        float *d = d0 + r0 * s.N + j;
                        vec rate = get(q + H, n), m = get(q + 3 * H, n), g = get(dy + k, n);
                        put(d + H, g * (m - get(y0 + k, n)) * rate * (1.0f - rate / dt), n);
                        put(d + 3 * H, g * rate * (1.0f - m * m), n);
                        put(dy + k, g * (1.0f - rate), n);
                    }
                product(B, H, H, d0 + 3 * H, s.N, 1, pz, dz, H, 1);
                for (long r0 = 0; r0 < B; r0++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r0 * H + j;
                        const float *q = q0 + r0 * s.N + j;
                        float *d = d0 + r0 * s.N + j;
                        vec step = get(q, n), cand = get(q + 2 * H, n), g = get(dz + k, n);
                        put(d, g * (cand - get(z0 + k, n)) * step * (1.0f - step / dt), n);
                        put(d + 2 * H, g * step * (1.0f - cand * cand), n);
                        put(dz + k, g * (1.0f - step), n);
                    }
                product(B, H, 3 * H, d0, s.N, 1, py, dy, H, 1);
            }
            chunk_inputs(&c);
            long rows = (c.end - c.first) * B;
            pack(c.deltas, s.N, rows, 3 * H, packs);
            chunk_weights(&c, packs, 3 * H, start + e * B * H, outs, dw);
            pack(c.deltas + 3 * H, s.N, rows, H, packs);
            product(H, H, rows, zs + c.first * B * H, 1, H, packs, dw + 3 * H, s.N, 1);
        }
    }
    chunk_free(&c), free(py), free(pz), free(packs);
    return failed;
}
