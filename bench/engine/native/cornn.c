/* coRNN: z' = z + dt (tanh(x U + b + y W + z V) - gamma y - epsilon z), y' = y + dt z' */

#include "cell.h"

/* forces (E, T, B, H), that is the tanh, and velocities z (E, T, B, H) are kept for the way back. */
int cornn_forward(
    long E, long T, long B, long I, long H, int keep, float dt, float gamma, float epsilon, const float *x,
    const float *U, const float *b, const float *W, const float *V, const float *start, const float *start_z,
    float *out, float *forces, float *velocities
) {
    Sizes s = {E, T, B, I, H, H};
    float *pu = scratch(packed(I, H)), *pw = scratch(packed(H, H)), *pv = scratch(packed(H, H));
    int failed = !pu || !pw || !pv;
    for (long e = 0; !failed && e < E; e++) {
        const float *y = start + e * B * H, *z = start_z + e * B * H;
        pack(U + e * I * H, H, I, H, pu);
        pack(W + e * H * H, H, H, H, pw);
        pack(V + e * H * H, H, H, H, pv);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *a = forces + kept * H, *next = out + at * H, *next_z = velocities + kept * H;
            drive(&s, x + at * I, pu, b + e * H, a);
            product(B, H, H, y, H, 1, pw, a, H, 1);
            product(B, H, H, z, H, 1, pv, a, H, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    vec force = hyperbolic(get(a + k, n)), old = get(y + k, n), v = get(z + k, n);
                    v += dt * (force - gamma * old - epsilon * v);
                    put(a + k, force, n);
                    put(next_z + k, v, n);
                    put(next + k, old + dt * v, n);
                }
            y = next, z = next_z;
        }
    }
    free(pu), free(pw), free(pv);
    return failed;
}

/* d_start_z holds the gradient of the last velocity, and takes that of the first. */
int cornn_backward(
    long E, long T, long B, long I, long H, long given, float dt, float gamma, float epsilon, const float *x,
    const float *U, const float *b, const float *W, const float *V, const float *start, const float *start_z,
    const float *out, const float *forces, const float *velocities,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_V, float *d_start, float *d_start_z
) {
    (void)b;
    Sizes s = {E, T, B, I, H, H};
    Chunk c;
    float *pw = scratch(packed(H, H)), *pv = scratch(packed(H, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw || !pv;
    for (long e = E; !failed && e-- > 0;) { /* the last is still in cache */
        float *dy = d_start + e * B * H, *dz = d_start_z + e * B * H, *dw = d_W + e * H * H, *dv = d_V + e * H * H;
        const float *outs = out + e * T * B * H, *zs = velocities + e * T * B * H;
        memset(dy, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * H) * 4);
        memset(dv, 0, (size_t)(H * H) * 4);
        pack_transposed(W + e * H * H, H, H, H, pw);
        pack_transposed(V + e * H * H, H, H, H, pv);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                const float *a = forces + (e * T + t) * B * H;
                float *delta = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dy);
                for (long k = 0; k < B * H; k += LANES) {
                    long n = B * H - k;
                    vec force = get(a + k, n), g_y = get(dy + k, n), g_z = get(dz + k, n) + dt * g_y;
                    put(delta + k, dt * g_z * (1.0f - force * force), n);
                    put(dy + k, g_y - dt * gamma * g_z, n);
                    put(dz + k, g_z - dt * epsilon * g_z, n);
                }
                product(B, H, H, delta, H, 1, pw, dy, H, 1);
                product(B, H, H, delta, H, 1, pv, dz, H, 1);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, H, start + e * B * H, outs, dw);
            chunk_weights(&c, c.packs, H, start_z + e * B * H, zs, dv);
        }
    }
    chunk_free(&c), free(pw), free(pv);
    return failed;
}
