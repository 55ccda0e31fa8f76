/* sLSTM: blocks i, f, z, o; the second state is c, n, m side by side */

#include "cell.h"
#include "lanes.h"

/* log(1 + v) = 2 artanh(v / (2 + v)) for 0 <= v <= 1 by its series, whose argument is at most 1/3. */
INLINE vec log_above_one(vec v) {
    vec s = v / (2.0f + v), q = s * s, p = all(1.0f / 13);
    p = p * q + all(1.0f / 11);
    p = p * q + all(1.0f / 9);
    p = p * q + all(1.0f / 7);
    p = p * q + all(1.0f / 5);
    p = p * q + all(1.0f / 3);
    p = p * q + all(1.0f);
    return 2.0f * s * p;
}

INLINE vec log_sigmoid(vec v) {
    vec size = pick(v > all(0), v, -v);
    return pick(v > all(0), all(0), v) - log_above_one(power(-size));
}

/* gates (E, T, B, 5H): i, f, z, o and what f's pre-activation is left of it, 1 - its sigmoid; memory (E, T, B, 3H). */
int slstm_forward(
    long E, long T, long B, long I, long H, int keep, const float *x, const float *U, const float *b, const float *W,
    const float *start, const float *start_memory, float *out, float *gates, float *memory
) {
    Sizes s = {E, T, B, I, H, 4 * H};
    float *pu = scratch(packed(I, s.N)), *pw = scratch(packed(H, s.N)), *z = scratch(B * s.N);
    int failed = !pu || !pw || !z;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H, *old = start_memory + e * B * 3 * H;
        pack(U + e * I * s.N, s.N, I, s.N, pu);
        pack(W + e * H * s.N, s.N, H, s.N, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *next = out + at * H, *new = memory + kept * 3 * H;
            drive(&s, x + at * I, pu, b + e * s.N, z);
            product(B, s.N, H, h, H, 1, pw, z, s.N, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j;
                    const float *q = z + r * s.N + j, *was = old + r * 3 * H + j;
                    float *is = new + r * 3 * H + j, *g = gates + (kept + r) * 5 * H + j;
                    vec raw_i = get(q, n), raw_f = get(q + H, n), m = get(was + 2 * H, n);
                    vec far = log_sigmoid(raw_f) + m, later = pick(raw_i > far, raw_i, far);
                    later = pick(later == later, later, raw_i + far); /* not a number stays so */
                    vec i = power(raw_i - later), f = power(far - later);
                    vec a = hyperbolic(get(q + 2 * H, n)), o = sigmoid(get(q + 3 * H, n));
                    vec c = f * get(was, n) + i * a, total = f * get(was + H, n) + i;
                    put(g, i, n), put(g + H, f, n), put(g + 2 * H, a, n), put(g + 3 * H, o, n);
                    put(g + 4 * H, sigmoid(-raw_f), n);
                    put(is, c, n), put(is + H, total, n), put(is + 2 * H, later, n);
                    put(next + r * H + j, o * c / total, n);
                }
            h = next, old = new;
        }
    }
    free(pu), free(pw), free(z);
    return failed;
}

/* d_start_memory holds the gradient of the last memory, and takes that of the first; m has none. */
int slstm_backward(
    long E, long T, long B, long I, long H, long given, const float *x, const float *U, const float *b,
    const float *W, const float *start, const float *start_memory, const float *out, const float *gates,
    const float *memory, const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_start,
    float *d_start_memory
) {
    (void)b;
    Sizes s = {E, T, B, I, H, 4 * H};
    Chunk c;
    float *pw = scratch(packed(s.N, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dm = d_start_memory + e * B * 3 * H, *dw = d_W + e * H * s.N;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * s.N) * 4);
        pack_transposed(W + e * H * s.N, s.N, s.N, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                long at = (e * T + t) * B;
                const float *now = memory + at * 3 * H, *before = t ? now - B * 3 * H : start_memory + e * B * 3 * H;
                float *delta = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dh);
                for (long r = 0; r < B; r++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r * 3 * H + j;
                        const float *g = gates + (at + r) * 5 * H + j;
                        float *d = delta + r * s.N + j;
                        vec i = get(g, n), f = get(g + H, n), a = get(g + 2 * H, n), o = get(g + 3 * H, n);
                        vec d_h = get(dh + r * H + j, n), share = 1.0f / get(now + k + H, n);
                        vec ratio = get(now + k, n) * share, above = d_h * o * share;
                        vec d_c = get(dm + k, n) + above, d_n = get(dm + k + H, n) - above * ratio;
                        put(d, (d_c * a + d_n) * i, n);
                        put(d + H, (d_c * get(before + k, n) + d_n * get(before + k + H, n)) * f * get(g + 4 * H, n), n);
                        put(d + 2 * H, d_c * i * (1.0f - a * a), n);
                        put(d + 3 * H, d_h * ratio * o * (1.0f - o), n);
                        put(dm + k, d_c * f, n), put(dm + k + H, d_n * f, n), put(dm + k + 2 * H, all(0), n);
                    }
                product(B, H, s.N, delta, s.N, 1, pw, dh, H, 0);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, s.N, start + e * B * H, out + e * T * B * H, dw);
        }
    }
    chunk_free(&c), free(pw);
    return failed;
}
