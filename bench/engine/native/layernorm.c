/* Layer normalisation: h' = tanh(gain (a - mean a) / sqrt(var a + epsilon) + b), a = x U + h W, for each row a of units */

#include "cell.h"
#include "lanes.h"

/* The row a of H units, less its mean and over its deviation, as `normal`; returns one over the deviation. */
INLINE float normalise(const float *a, long H, float epsilon, float *normal) {
    vec sum = all(0.0f), squares = all(0.0f);
    for (long j = 0; j < H; j += LANES) sum += get(a + j, H - j);
    vec mean = all(total(sum) / (float)H);
    for (long j = 0; j < H; j += LANES) {
        put(normal + j, get(a + j, H - j) - mean, H - j);
        vec v = get(normal + j, H - j);
        squares += v * v;
    }
    float over = 1.0f / sqrtf(total(squares) / (float)H + epsilon);
    for (long j = 0; j < H; j += LANES) put(normal + j, get(normal + j, H - j) * over, H - j);
    return over;
}

/* a (E, T, B, H) is kept for the way back. */
int layernorm_forward(
    long E, long T, long B, long I, long H, int keep, float epsilon, const float *x, const float *U, const float *b,
    const float *W, const float *gain, const float *start, float *out, float *a
) {
    Sizes s = {E, T, B, I, H, H};
    float *pu = scratch(packed(I, H)), *pw = scratch(packed(H, H)), *normal = scratch(H);
    int failed = !pu || !pw || !normal;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H, *scale = gain + e * H, *offset = b + e * H;
        pack(U + e * I * H, H, I, H, pu);
        pack(W + e * H * H, H, H, H, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B;
            float *z = a + (keep ? at : e * B) * H, *next = out + at * H;
            drive(&s, x + at * I, pu, NULL, z);
            product(B, H, H, h, H, 1, pw, z, H, 1);
            for (long r = 0; r < B; r++) {
                normalise(z + r * H, H, epsilon, normal);
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j;
                    put(next + r * H + j, hyperbolic(get(scale + j, n) * get(normal + j, n) + get(offset + j, n)), n);
                }
            }
            h = next;
        }
    }
    free(pu), free(pw), free(normal);
    return failed;
}

int layernorm_backward(
    long E, long T, long B, long I, long H, long given, float epsilon, const float *x, const float *U, const float *b,
    const float *W, const float *gain, const float *start, const float *out, const float *a,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_gain, float *d_start
) {
    (void)b;
    Sizes s = {E, T, B, I, H, H};
    Chunk c;
    float *pw = scratch(packed(H, H)), *normal = scratch(H);
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw || !normal;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dw = d_W + e * H * H, *dscale = d_gain + e * H, *doffset = d_b + e * H;
        const float *outs = out + e * T * B * H, *scale = gain + e * H;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * H) * 4);
        memset(dscale, 0, (size_t)H * 4);
        memset(doffset, 0, (size_t)H * 4);
        pack_transposed(W + e * H * H, H, H, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, NULL); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                const float *h = outs + t * B * H, *z = a + (e * T + t) * B * H;
                float *delta = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dh);
                for (long r = 0; r < B; r++) {
                    float over = normalise(z + r * H, H, epsilon, normal), *d = delta + r * H;
                    vec sum = all(0.0f), along = all(0.0f);
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r * H + j;
                        vec value = get(h + k, n), g = get(dh + k, n) * (1.0f - value * value), v = get(normal + j, n);
                        put(dscale + j, get(dscale + j, n) + g * v, n);
                        put(doffset + j, get(doffset + j, n) + g, n);
                        g *= get(scale + j, n);
                        put(d + j, g, n);
                        sum += g, along += g * v;
                    }
                    vec mean = all(total(sum) / (float)H), slope = all(total(along) / (float)H);
                    for (long j = 0; j < H; j += LANES)
                        put(d + j, over * (get(d + j, H - j) - mean - slope * get(normal + j, H - j)), H - j);
                }
                product(B, H, H, delta, H, 1, pw, dh, H, 0);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, H, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw), free(normal);
    return failed;
}
