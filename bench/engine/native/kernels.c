/* Back-propagation through time for stacks of recurrent members, in single precision on one thread.

   One call is a whole pass, forward or backward, over all members and steps: member by member, so that its weights
   stay in cache. All arrays are dense, the last axis fastest, with these sizes:

     E members, T steps, B sequences, I inputs, H units, N = gates x H pre-activations
     x (E, T, B, I)   U (E, I, N)   b (E, N)   W (E, H, N)   states (E, B, H)   out (E, T, B, H)

   Every forward pass takes the sizes, its scalars, its inputs (x, parameters, first states), and where the outputs and
   what is kept for the way back go; `keep` 0 says that there is no way back, and then what is kept has
   room for one step a member.
   Every backward pass takes the same, and then d_out (E, given, B, H), the gradient of the last `given` steps' outputs,
   and where the gradient of each input goes; that of x may be NULL. Each returns 0, or 1 if memory ran out.
   The equations are those of the Python classes of the same names, which the tests hold against these. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16, ROWS = 8 };
#elif defined(__AVX2__)
enum { LANES = 8, ROWS = 4 };
#else
enum { LANES = 4, ROWS = 4 };
#endif
/* Columns of a packed panel; its rows that fit the first cache; floats of gradient gathered for one product. */
enum { PANEL = 2 * LANES, DEPTH = 128, CHUNK = 1 << 16 };

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
typedef float loose __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
#define INLINE static inline __attribute__((always_inline))

/* ---- vectors */

INLINE vec all(float s) { return s - (vec){0}; }

INLINE vec get(const float *p, long n) {
    if (n >= LANES) return *(const loose *)p;
    vec v = {0};
    memcpy(&v, p, (size_t)n * 4);
    return v;
}

INLINE void put(float *p, vec v, long n) {
    if (n >= LANES) *(loose *)p = v;
    else memcpy(p, &v, (size_t)n * 4);
}

INLINE vec pick(ivec mask, vec yes, vec no) { return (vec)(((ivec)yes & mask) | ((ivec)no & ~mask)); }

INLINE vec clamp(vec v, float limit) {  /* not a number stays so */
    v = pick(v > all(limit), all(limit), v);
    return pick(v < all(-limit), all(-limit), v);
}

/* e^v - 1 = power * rest + (power - 1): power is 2^n for n next to v / ln 2, rest is e^(v - n ln 2) - 1 by its series. */
INLINE vec exponential(vec v, vec *power) {
    const vec shift = all(12582912.0f);  /* 1.5 * 2^23: adding it rounds to a whole number, in the low bits */
    vec shifted = v * all(1.44269504f) + shift, n = shifted - shift;
    vec r = v - n * all(0.693359375f) + n * all(2.12194440e-4f);
    vec p = all(1.0f / 5040);
    p = p * r + all(1.0f / 720);
    p = p * r + all(1.0f / 120);
    p = p * r + all(1.0f / 24);
    p = p * r + all(1.0f / 6);
    p = p * r + all(0.5f);
    *power = (vec)((((ivec)shifted - 0x4B400000) + 127) << 23);
    return p * (r * r) + r;
}

INLINE vec sigmoid(vec v) {
    vec power, rest = exponential(clamp(-v, 87.0f), &power);
    return 1.0f / (1.0f + (power * rest + power));
}

INLINE vec hyperbolic(vec v) {
    vec power, rest = exponential(clamp(v + v, 40.0f), &power), e = power * rest + (power - 1.0f);
    return e / (e + 2.0f);
}

/* ---- products */

/* Columns [0, n) of b (k, stride) in panels of PANEL columns, zeros beyond n. */
static void pack(const float *b, long stride, long k, long n, float *panels) {
    for (long j = 0; j < n; j += PANEL)
        for (long i = 0; i < k; i++, panels += PANEL) {
            long width = n - j < PANEL ? n - j : PANEL;
            memcpy(panels, b + i * stride + j, (size_t)width * 4);
            if (width < PANEL) memset(panels + width, 0, (size_t)(PANEL - width) * 4);
        }
}

static void pack_transposed(const float *b, long stride, long k, long n, float *panels) {  /* of b (n, stride) */
    for (long j = 0; j < n; j += PANEL)
        for (long i = 0; i < k; i++)
            for (long c = 0; c < PANEL; c++) *panels++ = j + c < n ? b[(j + c) * stride + i] : 0.0f;
}

static long packed(long k, long n) { return (n + PANEL - 1) / PANEL * PANEL * k; }

INLINE void tile(int rows, const float *a, long ar, long ac, const float *b, long k, float *c, long cs, long n, int add) {
    vec sums[ROWS][2];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < 2; j++)
            sums[i][j] = add && n > j * LANES ? get(c + i * cs + j * LANES, n - j * LANES) : (vec){0};
    for (long p = 0; p < k; p++, b += PANEL, a += ac) {
        vec left = *(const loose *)b, right = *(const loose *)(b + LANES);
        for (int i = 0; i < rows; i++) {
            vec s = all(a[i * ar]);
            sums[i][0] += s * left;
            sums[i][1] += s * right;
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < 2; j++)
            if (n > j * LANES) put(c + i * cs + j * LANES, sums[i][j], n - j * LANES);
}

/* c (m, n; rows cs apart) = a b, or c + a b; a's element (i, p) is a[i ar + p ac]; b is packed. */
static void product(
    long m, long n, long k, const float *a, long ar, long ac, const float *b, float *c, long cs, int add
) {
    for (long j = 0; j < n; j += PANEL)
        for (long done = 0; done < k; done += DEPTH) {
            long i = 0, width = n - j, depth = k - done < DEPTH ? k - done : DEPTH;
            const float *from = a + done * ac;
            float *to = c + j;
            int more = add || done;
            if (width >= PANEL)
                for (; i + ROWS <= m; i += ROWS) tile(ROWS, from + i * ar, ar, ac, b, depth, to + i * cs, cs, PANEL, more);
            for (; i + 4 <= m; i += 4) tile(4, from + i * ar, ar, ac, b, depth, to + i * cs, cs, width, more);
            for (; i < m; i++) tile(1, from + i * ar, ar, ac, b, depth, to + i * cs, cs, width, more);
            b += depth * PANEL;
        }
}

static void add_rows(const float *rows, long count, long stride, long n, float *sum) {
    for (long j = 0; j < n; j += LANES) {
        vec s = get(sum + j, n - j);
        for (long i = 0; i < count; i++) s += get(rows + i * stride + j, n - j);
        put(sum + j, s, n - j);
    }
}

/* ---- what all cells share */

typedef struct { long E, T, B, I, H, N; } Sizes;

static void *scratch(long floats) { return malloc((size_t)(floats > 0 ? floats : 1) * 4); }

/* The input's part of the pre-activations: z (B, N) = b + x U, with U packed; without b where it is NULL. */
INLINE void drive(const Sizes *s, const float *x, const float *U, const float *b, float *z) {
    if (b)
        for (long i = 0; i < s->B; i++) memcpy(z + i * s->N, b, (size_t)s->N * 4);
    product(s->B, s->N, s->I, x, s->I, 1, U, z, s->N, b != NULL);
}

/* Gradients of pre-activations, a chunk of steps at a time, and the products that they enter. */
typedef struct {
    const Sizes *s;
    long steps, first, end;  /* held at most; those held now are [first, end) */
    float *deltas, *packs, *U;  /* (steps, B, N); packed; U transposed and packed, or NULL */
    const float *x;
    float *d_x, *d_U, *d_b;
} Chunk;

static long chunk_steps(const Sizes *s) {
    long steps = CHUNK / (s->B * s->N);
    return steps < 1 ? 1 : steps > s->T ? s->T : steps;
}

static int chunk_make(Chunk *c, const Sizes *s, int inputs_too) {
    memset(c, 0, sizeof *c);
    c->s = s;
    c->steps = chunk_steps(s);
    c->deltas = scratch(c->steps * s->B * s->N);
    c->packs = scratch(packed(c->steps * s->B, s->N));
    c->U = inputs_too ? scratch(packed(s->N, s->I)) : NULL;
    return !c->deltas || !c->packs || (inputs_too && !c->U);
}

static void chunk_free(Chunk *c) { free(c->deltas), free(c->packs), free(c->U); }

static void chunk_begin(
    Chunk *c, long e, const float *x, const float *U, float *d_x, float *d_U, float *d_b
) {
    const Sizes *s = c->s;
    c->x = x + e * s->T * s->B * s->I;
    c->d_x = d_x ? d_x + e * s->T * s->B * s->I : NULL;
    c->d_U = d_U + e * s->I * s->N;
    c->d_b = d_b ? d_b + e * s->N : NULL;
    memset(c->d_U, 0, (size_t)(s->I * s->N) * 4);
    if (c->d_b) memset(c->d_b, 0, (size_t)s->N * 4);
    if (c->d_x) pack_transposed(U + e * s->I * s->N, s->N, s->N, s->I, c->U);
    c->end = s->T;
    c->first = s->T > c->steps ? s->T - c->steps : 0;
}

INLINE float *chunk_at(Chunk *c, long t) { return c->deltas + (t - c->first) * c->s->B * c->s->N; }

/* The input's products of the steps held; leaves them packed. */
static void chunk_inputs(Chunk *c) {
    const Sizes *s = c->s;
    long rows = (c->end - c->first) * s->B;
    const float *x = c->x + c->first * s->B * s->I;
    pack(c->deltas, s->N, rows, s->N, c->packs);
    product(s->I, s->N, rows, x, 1, s->I, c->packs, c->d_U, s->N, 1);
    if (c->d_b) add_rows(c->deltas, rows, s->N, s->N, c->d_b);
    if (c->d_x) product(rows, s->I, s->N, c->deltas, s->N, 1, c->U, c->d_x + c->first * s->B * s->I, s->I, 0);
}

/* d_W (H, n of N columns) += sum of h_{t-1}^T delta_t over the steps held, which are packed by rows of n columns. */
static void chunk_weights(const Chunk *c, const float *packs, long n, const float *start, const float *out, float *d_W) {
    const Sizes *s = c->s;
    long skip = c->first == 0 ? s->B : 0, rows = (c->end - c->first) * s->B;
    const float *before = out + (c->first - (skip == 0)) * s->B * s->H;
    for (long j = 0; j < n; j += PANEL) {  /* a panel at a time, since its first step may have another matrix */
        const float *panel = packs + j * rows;
        long width = n - j < PANEL ? n - j : PANEL;
        if (skip) product(s->H, width, s->B, start, 1, s->H, panel, d_W + j, s->N, 1);
        product(s->H, width, rows - skip, before, 1, s->H, panel + skip * PANEL, d_W + j, s->N, 1);
    }
}

static void chunk_next(Chunk *c) {
    c->end = c->first;
    c->first = c->first > c->steps ? c->first - c->steps : 0;
}

/* dh (B, H) += the gradient that the output of step t has from above, if any. */
INLINE void from_above(const Sizes *s, long e, long t, long given, const float *d_out, float *dh) {
    long at = t - (s->T - given), count = s->B * s->H;
    if (at < 0) return;
    const float *from = d_out + (e * given + at) * count;
    for (long i = 0; i < count; i++) dh[i] += from[i];
}

/* ---- Elman: h' = carry h + scale f(z) */

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
    for (long e = 0; !failed && e < E; e++) {
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

/* ---- LSTM: blocks i, f, g, o */

/* gates (E, T, B, 4H) and cells (E, T, B, H) are kept for the way back. */
int lstm_forward(
    long E, long T, long B, long I, long H, int keep, const float *x, const float *U, const float *b, const float *W,
    const float *start, const float *start_c, float *out, float *gates, float *cells
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
            drive(&s, x + at * I, pu, b + e * s.N, z);
            product(B, s.N, H, h, H, 1, pw, z, s.N, 1);
            for (long r = 0; r < B; r++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r * H + j;
                    float *q = z + r * s.N + j;
                    vec i = sigmoid(get(q, n)), f = sigmoid(get(q + H, n));
                    vec g = hyperbolic(get(q + 2 * H, n)), o = sigmoid(get(q + 3 * H, n));
                    vec cell = f * get(c + k, n) + i * g;
                    put(q, i, n), put(q + H, f, n), put(q + 2 * H, g, n), put(q + 3 * H, o, n);
                    put(next_c + k, cell, n);
                    put(next + k, o * hyperbolic(cell), n);
                }
            h = next, c = next_c;
        }
    }
    free(pu), free(pw);
    return failed;
}

/* d_start_c holds the gradient of the last cell state, and takes that of the first. */
int lstm_backward(
    long E, long T, long B, long I, long H, long given, const float *x, const float *U, const float *b,
    const float *W, const float *start, const float *start_c, const float *out, const float *gates, const float *cells,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_start, float *d_start_c
) {
    (void)b;
    Sizes s = {E, T, B, I, H, 4 * H};
    Chunk c;
    float *pw = scratch(packed(s.N, H));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw;
    for (long e = 0; !failed && e < E; e++) {
        float *dh = d_start + e * B * H, *dc = d_start_c + e * B * H, *dw = d_W + e * H * s.N;
        const float *outs = out + e * T * B * H;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * s.N) * 4);
        pack_transposed(W + e * H * s.N, s.N, s.N, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                long at = (e * T + t) * B;
                const float *z = gates + at * s.N, *cell = cells + at * H;
                const float *before = t ? cell - B * H : start_c + e * B * H;
                float *delta = chunk_at(&c, t);
                from_above(&s, e, t, given, d_out, dh);
                for (long r = 0; r < B; r++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r * H + j;
                        const float *q = z + r * s.N + j;
                        float *d = delta + r * s.N + j;
                        vec i = get(q, n), f = get(q + H, n), g = get(q + 2 * H, n), o = get(q + 3 * H, n);
                        vec squashed = hyperbolic(get(cell + k, n)), d_h = get(dh + k, n);
                        vec d_c = get(dc + k, n) + d_h * o * (1.0f - squashed * squashed);
                        put(d, d_c * g * i * (1.0f - i), n);
                        put(d + H, d_c * get(before + k, n) * f * (1.0f - f), n);
                        put(d + 2 * H, d_c * i * (1.0f - g * g), n);
                        put(d + 3 * H, d_h * squashed * o * (1.0f - o), n);
                        put(dc + k, d_c * f, n);
                    }
                product(B, H, s.N, delta, s.N, 1, pw, dh, H, 0);
            }
            chunk_inputs(&c);
            chunk_weights(&c, c.packs, s.N, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw);
    return failed;
}

/* ---- GRU: blocks r, z, n; the product h W_n has a bias of its own */

/* gates (E, T, B, 3H) and products (E, T, B, H), that is h W_n + bias, are kept for the way back. */
int gru_forward(
    long E, long T, long B, long I, long H, int keep, const float *x, const float *U, const float *b, const float *W,
    const float *bias, const float *start, float *out, float *gates, float *products
) {
    Sizes s = {E, T, B, I, H, 3 * H};
    float *pu = scratch(packed(I, s.N)), *pw = scratch(packed(H, s.N)), *back = scratch(B * s.N);
    int failed = !pu || !pw || !back;
    for (long e = 0; !failed && e < E; e++) {
        const float *h = start + e * B * H, *offset = bias + e * H;
        pack(U + e * I * s.N, s.N, I, s.N, pu);
        pack(W + e * H * s.N, s.N, H, s.N, pw);
        for (long t = 0; t < T; t++) {
            long at = (e * T + t) * B, kept = keep ? at : e * B;
            float *q0 = gates + kept * s.N, *next = out + at * H, *m0 = products + kept * H;
            drive(&s, x + at * I, pu, b + e * s.N, q0);
            product(B, s.N, H, h, H, 1, pw, back, s.N, 0);
            for (long r0 = 0; r0 < B; r0++)
                for (long j = 0; j < H; j += LANES) {
                    long n = H - j, k = r0 * H + j;
                    float *q = q0 + r0 * s.N + j;
                    const float *p = back + r0 * s.N + j;
                    vec r = sigmoid(get(q, n) + get(p, n)), z = sigmoid(get(q + H, n) + get(p + H, n));
                    vec m = get(p + 2 * H, n) + get(offset + j, n), c = hyperbolic(get(q + 2 * H, n) + r * m);
                    put(q, r, n), put(q + H, z, n), put(q + 2 * H, c, n), put(m0 + k, m, n);
                    put(next + k, c + z * (get(h + k, n) - c), n);
                }
            h = next;
        }
    }
    free(pu), free(pw), free(back);
    return failed;
}

int gru_backward(
    long E, long T, long B, long I, long H, long given, const float *x, const float *U, const float *b,
    const float *W, const float *bias, const float *start, const float *out, const float *gates, const float *products,
    const float *d_out, float *d_x, float *d_U, float *d_b, float *d_W, float *d_bias, float *d_start
) {
    (void)b, (void)bias;
    Sizes s = {E, T, B, I, H, 3 * H};
    Chunk c;
    long held = chunk_steps(&s) * B;
    float *pw = scratch(packed(s.N, H)), *back = scratch(held * s.N), *packs = scratch(packed(held, s.N));
    int failed = chunk_make(&c, &s, d_x != NULL) || !pw || !back || !packs;
    for (long e = 0; !failed && e < E; e++) {
        float *dh = d_start + e * B * H, *dw = d_W + e * H * s.N, *doffset = d_bias + e * H;
        const float *outs = out + e * T * B * H;
        memset(dh, 0, (size_t)(B * H) * 4);
        memset(dw, 0, (size_t)(H * s.N) * 4);
        memset(doffset, 0, (size_t)H * 4);
        pack_transposed(W + e * H * s.N, s.N, s.N, H, pw);
        for (chunk_begin(&c, e, x, U, d_x, d_U, d_b); c.end > 0; chunk_next(&c)) {
            for (long t = c.end - 1; t >= c.first; t--) {
                long at = (e * T + t) * B;
                const float *q0 = gates + at * s.N, *m0 = products + at * H;
                const float *h0 = t ? out + (at - B) * H : start + e * B * H;
                float *d0 = chunk_at(&c, t), *p0 = back + (t - c.first) * B * s.N;
                from_above(&s, e, t, given, d_out, dh);
                for (long r0 = 0; r0 < B; r0++)
                    for (long j = 0; j < H; j += LANES) {
                        long n = H - j, k = r0 * H + j;
                        const float *q = q0 + r0 * s.N + j;
                        float *d = d0 + r0 * s.N + j, *p = p0 + r0 * s.N + j;
                        vec r = get(q, n), z = get(q + H, n), m = get(q + 2 * H, n), g = get(dh + k, n);
                        vec kept = g * z, d_z = g * (get(h0 + k, n) - m) * z * (1.0f - z);
                        vec d_n = (g - kept) * (1.0f - m * m), d_r = d_n * get(m0 + k, n) * r * (1.0f - r);
                        put(d, d_r, n), put(d + H, d_z, n), put(d + 2 * H, d_n, n);
                        put(p, d_r, n), put(p + H, d_z, n), put(p + 2 * H, d_n * r, n);
                        put(dh + k, kept, n);
                    }
                product(B, H, s.N, p0, s.N, 1, pw, dh, H, 1);
            }
            chunk_inputs(&c);
            long rows = (c.end - c.first) * B;
            pack(back, s.N, rows, s.N, packs);
            add_rows(back + 2 * H, rows, s.N, H, doffset);
            chunk_weights(&c, packs, s.N, start + e * B * H, outs, dw);
        }
    }
    chunk_free(&c), free(pw), free(back), free(packs);
    return failed;
}

/* ---- MGU: blocks f, n; the gate acts before the product */

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
    for (long e = 0; !failed && e < E; e++) {
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

/* ---- FastGRNN: gate and candidate share one product; zeta and nu (E), squashed already */

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
    for (long e = 0; !failed && e < E; e++) {
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

/* ---- minGRU: blocks z, n, both of the input alone */

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
    for (long e = 0; !failed && e < E; e++) {
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
