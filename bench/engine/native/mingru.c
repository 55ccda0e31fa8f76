/* minGRU: blocks z, n, both of the input alone */

#include "cell.h"

int mingru_forward(
    long E, long T, long B, long I, long H, int keep, const float *x, const float *U, const float *b,
    const float *start, float *out, float *gates
) {
    Sizes s = {E, T, B, I, H, 2 * H};
    float *pu = scratch(packed(I, s.N));
    int failed = !pu;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H;
        pack(U + e * I * s.N, s.N, I, s.N, pu);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *q0 = gates + kept * s.N, *next = out + at * H;
            drive(&s, x + at * I, pu, b + e * s.N, q0);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    float *q = q0 + r * s.N + j;
                    vec z = sigmoid(get(q, n)), a = get(q + H, n), old = get(h + k, n);
                    vec m = pick(a >= all(0), a + 0.5f, sigmoid(a));
                    put(q, z, n), put(q + H, m, n);
                    put(next + k, old + z * (m - old), n);
                }
            h = next;
        }
    }
    free(pu);
    return failed;
}

int mingru_backward(
    long E, long T, long B, long I, long H, long given, const float *x, const float *U, const float *b,
    const float *start, const float *out, const float *gates,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_start
) {
    (void)b;
    Sizes s = {E, T, B, I, H, 2 * H};
    Chunk c;
    int failed = chunk_make(&c, &s, d_x != NULL);
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H;
        memset(dh, 0, (size_t)(B * H) * 4);
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
                        vec z = get(q, n), m = get(q + H, n), g = get(dh + k, n);
                        put(d0 + r * s.N + j, g * (m - get(h0 + k, n)) * z * (1.0f - z), n);
                        put(d0 + r * s.N + H + j, g * z * pick(m >= all(0.5f), all(1), m * (1.0f - m)), n);
                        put(dh + k, g * (1.0f - z), n);
                    }
            }
            chunk_inputs(&c);
        }
    }
    chunk_free(&c);
    return failed;
}
