/* Elman: h' = carry h + scale f(z) */

#include "cell.h"

enum { TANH, RELU, SIGMOID, SOFTSIGN, IDENTITY, GELU, LEAKY };

INLINE vec size_of(vec v) { return pick(v < all(0), -v, v); }

INLINE vec gauss(vec v) {  /* the normal distribution function */
    for (int i = 0; i < LANES; i++) v[i] = 0.5f * erfcf(-0.70710678f * v[i]);
    return v;
}

INLINE vec activate(int kind, float slope, vec z, vec *derivative) {
    vec y;
    switch (kind) {
    case TANH: y = hyperbolic(z); *derivative = 1.0f - y * y; return y;
    case RELU: *derivative = pick(z > all(0), all(1), all(0)); return pick(z <= all(0), all(0), z);
    case LEAKY: *derivative = pick(z > all(0), all(1), all(slope)); return pick(z > all(0), z, slope * z);
    case SIGMOID: y = sigmoid(z); *derivative = y * (1.0f - y); return y;
    case SOFTSIGN: y = 1.0f / (1.0f + size_of(z)); *derivative = y * y; return z * y;
    case GELU: {
        vec power, rest = exponential(clamp(-0.5f * z * z, 87.0f), &power);
        y = gauss(z);
        *derivative = y + z * (0.39894228f * (power * rest + power));
        return z * y;
    }
    default: *derivative = all(1); return z;
    }
}

INLINE vec derivative_of(int kind, float slope, vec y) {
    switch (kind) {
    case TANH: return 1.0f - y * y;
    case RELU: return pick(y > all(0), all(1), all(0));
    case LEAKY: return pick(y > all(0), all(1), all(slope));
    case SIGMOID: return y * (1.0f - y);
    case SOFTSIGN: y = 1.0f - size_of(y); return y * y;
    default: return all(1);
    }
}

INLINE void elman_points(
    int kind, float slope, float carry, float scale, long count, const float *h, float *out, float *slopes
) {
    int plain = carry == 0.0f && scale == 1.0f;
    for (long i = 0; i < count; i += LANES) {
        long n = count - i;
        vec d, a = activate(kind, slope, get(out + i, n), &d);
        if (slopes) put(slopes + i, d, n);
        put(out + i, plain ? a : carry * get(h + i, n) + scale * a, n);
    }
}

INLINE void elman_deltas(int kind, float slope, float scale, long count, const float *dh, const float *known, int slopes, float *delta) {
    for (long i = 0; i < count; i += LANES) {
        long n = count - i;
        vec d = slopes ? get(known + i, n) : derivative_of(kind, slope, get(known + i, n));
        put(delta + i, scale * d * get(dh + i, n), n);
    }
}

#define EACH_KIND(CALL) \
    switch (kind) { \
    case TANH: CALL(TANH); break; \
    case RELU: CALL(RELU); break; \
    case SIGMOID: CALL(SIGMOID); break; \
    case SOFTSIGN: CALL(SOFTSIGN); break; \
    case GELU: CALL(GELU); break; \
    case LEAKY: CALL(LEAKY); break; \
    default: CALL(IDENTITY); \
    }

/* slopes (E, T, B, H) takes f'(z); NULL for a plain network whose f' follows from f. */
int elman_forward(
    long E, long T, long B, long I, long H, int keep, int kind, float slope, float carry, float scale,
    const float *x, const float *U, const float *b, const float *W, const float *start, float *out, float *slopes
) {
    Sizes s = {E, T, B, I, H, H};
    float *pu = scratch(packed(I, H)), *pw = scratch(packed(H, H));
    int failed = !pu || !pw;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H;
        pack(U + e * I * H, H, I, H, pu);
        pack(W + e * H * H, H, H, H, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B;
            float *z = out + at * H;
            drive(&s, x + at * I, pu, b + e * H, z);
            product(B, H, H, h, H, 1, pw, z, H, 1);
#define POINTS(KIND) elman_points(KIND, slope, carry, scale, B * H, h, z, keep && slopes ? slopes + at * H : NULL)
            EACH_KIND(POINTS)
            h = z;
        }
    }
    free(pu), free(pw);
    return failed;
}

int elman_backward(
    long E, long T, long B, long I, long H, long given, int kind, float slope, float carry, float scale,
    const float *x, const float *U, const float *b, const float *W, const float *start, const float *out,
    const float *slopes, const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_start
) {
    (void)b;
    Sizes s = {E, T, B, I, H, H};
    Chunk c;
    float *pw = scratch(packed(H, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dh = d_start + e * B * H, *dw = d_W + e * H * H;
        const float *outs = out + e * T * B * H, *known = slopes ? slopes + e * T * B * H : outs;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * H) * 4);
        pack_transposed(W + e * H * H, H, H, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                float *delta = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dh);
#define DELTAS(KIND) elman_deltas(KIND, slope, scale, B * H, dh, known + t * B * H, slopes != NULL, delta)
                EACH_KIND(DELTAS)
                if (carry != 0.0f)
                    for (long i = 0; i < B * H; i++) dh[i] *= carry;
                product(B, H, H, delta, H, 1, pw, dh, H, carry != 0.0f);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, H, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw);
    return failed;
}
