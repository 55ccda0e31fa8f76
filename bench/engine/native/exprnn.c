/* modReLU: h' = sign(z) max(|z| + b, 0), z = x U + h W */

#include "cell.h"

/* Only the outputs are needed on the way back: they tell the sign of z and where a unit is silent. */
int exprnn_forward(
    long E, long T, long B, long I, long H, int keep, const float *x, const float *U, const float *W, const float *bias,
    const float *start, float *out
) {
    (void)keep;
    Sizes s = {E, T, B, I, H, H};
    float *pu = scratch(packed(I, H)), *pw = scratch(packed(H, H));
    int failed = !pu || !pw;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H, *offset = bias + e * H;
        pack(U + e * I * H, H, I, H, pu);
        pack(W + e * H * H, H, H, H, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B;
            float *next = out + at * H;
            drive(&s, x + at * I, pu, NULL, next);
            product(B, H, H, h, H, 1, pw, next, H, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    vec z = get(next + k, n), b = get(offset + j, n), none = all(0.0f);
                    vec above = z + b, below = z - b;
                    vec positive = pick(above < none, none, above), negative = pick(below > none, none, below);
                    put(next + k, pick(z > none, positive, pick(z < none, negative, z)), n);
                }
            h = next;
        }
    }
    free(pu), free(pw);
    return failed;
}

int exprnn_backward(
    long E, long T, long B, long I, long H, long given, const float *x, const float *U, const float *W,
    const float *bias, const float *start, const float *out, const float *d_out, float *d_x, float *d_U, float *d_W,
    float *d_bias, float *d_start
) {
    (void)bias;
    Sizes s = {E, T, B, I, H, H};
    Chunk c;
    float *pw = scratch(packed(H, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dw = d_W + e * H * H, *doffset = d_bias + e * H;
        const float *outs = out + e * T * B * H;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * H) * 4);
        memset(doffset, 0, (size_t)H * 4);
        pack_transposed(W + e * H * H, H, H, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, NULL); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                const float *h = outs + t * B * H;
                float *delta = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dh);
                for (long r = 0; r < B; r++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r * H + j;
                        vec value = get(h + k, n), none = all(0.0f), g = pick(value == none, none, get(dh + k, n));
                        put(delta + k, g, n);
                        put(doffset + j, get(doffset + j, n) + pick(value < none, -g, g), n);
                    }
                product(B, H, H, delta, H, 1, pw, dh, H, 0);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, H, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw);
    return failed;
}
