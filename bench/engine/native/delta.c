/* The gated delta rule: S' = f (S - beta k r^T) + k u^T with r = S^T k, and o = S'^T q. Shapes:

     q, k (E, T, B, heads, K)   u, o (E, T, B, heads, V)   beta, f (E, T, B, heads)   start, end (E, B, heads, K, V)

   Nothing is kept for the way back, which runs each head of each sequence anew: the states of one fit the cache, those
   of all do not. There each matrix is held beside its transpose, so that every sum runs along rows. */

#include "cell.h"
#include "lanes.h"

static long whole(long n) { return (n + LANES - 1) / LANES * LANES; }

INLINE vec row(const float *p) { return get(p, LANES); }

/* a (rows, columns) to b, its rows `stride` apart. */
static void spread(const float *a, long rows, long columns, float *b, long stride) {
    for (long i = 0; i < rows; i++) memcpy(b + i * stride, a + i * columns, (size_t)columns * 4);
}

static void turn(const float *a, long rows, long columns, float *b, long stride) { /* transposed */
    for (long i = 0; i < rows; i++)
        for (long j = 0; j < columns; j++) b[j * stride + i] = a[i * columns + j];
}

/* S (K, V) after a step, from the one before; w takes u - f beta r, and r what the memory held of the key. */
INLINE void advance(
    long K, long wide, const float *key, const float *u, float beta, float f, const float *before, float *S, float *w,
    float *r
) {
    for (long j = 0; j < wide; j += LANES) {
        vec held = {0}, kept = all(f);
        for (long a = 0; a < K; a++) held += all(key[a]) * row(before + a * wide + j);
        vec new = row(u + j) - all(f * beta) * held;
        put(r + j, held, LANES), put(w + j, new, LANES);
        for (long a = 0; a < K; a++) put(S + a * wide + j, kept * row(before + a * wide + j) + all(key[a]) * new, LANES);
    }
}

/* sums (columns) += or = the rows of `matrix`, weighed. */
INLINE void weigh(long rows, long wide, const float *weights, const float *matrix, float *sums, int add) {
    for (long j = 0; j < wide; j += LANES) {
        vec s = add ? row(sums + j) : (vec){0};
        for (long a = 0; a < rows; a++) s += all(weights[a]) * row(matrix + a * wide + j);
        put(sums + j, s, LANES);
    }
}

/* matrix = f matrix + a b^T */
INLINE void add_outer(long rows, long wide, float f, const float *a, const float *b, float *matrix) {
    for (long i = 0; i < rows; i++)
        for (long j = 0; j < wide; j += LANES)
            put(matrix + i * wide + j, all(f) * row(matrix + i * wide + j) + all(a[i]) * row(b + j), LANES);
}

int delta_forward(
    long E, long T, long B, long heads, long K, long V, const float *q, const float *k, const float *u,
    const float *beta, const float *f, const float *start, float *o, float *end
) {
    long wide = whole(V);
    float *S = calloc((size_t)(K * wide + 4 * wide), 4), *w = S + K * wide, *r = w + wide, *value = r + wide;
    if (!S) return 1;
    for (long e = 0; e < E; e++)
        for (long i = 0; i < B * heads; i++) {
            spread(start + (e * B * heads + i) * K * V, K, V, S, wide);
            for (long t = 0; t < T; t++) {
                long at = (e * T + t) * B * heads + i;
                memcpy(value, u + at * V, (size_t)V * 4);
                advance(K, wide, k + at * K, value, beta[at], f[at], S, S, w, r);
                weigh(K, wide, q + at * K, S, value + wide, 0);
                memcpy(o + at * V, value + wide, (size_t)V * 4);
            }
            for (long a = 0; a < K; a++)
                memcpy(end + ((e * B * heads + i) * K + a) * V, S + a * wide, (size_t)V * 4);
        }
    free(S);
    return 0;
}

/* Rows that are filled up with zeros, so that whole vectors can be read. */
typedef struct { float *query, *key, *value, *above, *d_query, *d_key, *d_value, *d_held; } Rows;

int delta_backward(
    long E, long T, long B, long heads, long K, long V, const float *q, const float *k, const float *u,
    const float *beta, const float *f, const float *start, const float *d_o, const float *d_end, float *d_q,
    float *d_k, float *d_u, float *d_beta, float *d_f, float *d_start
) {
    long wide = whole(V), tall = whole(K), size = K * wide, turned = V * tall, longest = wide > tall ? wide : tall;
    float *S = calloc((size_t)((T + 1) * (size + turned) + 2 * T * wide + size + turned + 8 * longest), 4);
    if (!S) return 1;
    float *R = S + (T + 1) * size, *w = R + (T + 1) * turned, *r = w + T * wide, *G = r + T * wide, *H = G + size;
    float *own[8];
    for (int i = 0; i < 8; i++) own[i] = H + turned + i * longest;
    Rows x = {own[0], own[1], own[2], own[3], own[4], own[5], own[6], own[7]};
    for (long e = 0; e < E; e++)
        for (long i = 0; i < B * heads; i++) {
            long first = (e * B * heads + i) * K * V;
            spread(start + first, K, V, S, wide), turn(start + first, K, V, R, tall);
            spread(d_end + first, K, V, G, wide), turn(d_end + first, K, V, H, tall);
            for (long t = 0; t < T; t++) {
                long at = (e * T + t) * B * heads + i;
                memcpy(x.value, u + at * V, (size_t)V * 4), memcpy(x.key, k + at * K, (size_t)K * 4);
                advance(K, wide, x.key, x.value, beta[at], f[at], S + t * size, S + (t + 1) * size, w + t * wide, r + t * wide);
                memcpy(R + (t + 1) * turned, R + t * turned, (size_t)turned * 4);
                add_outer(V, tall, f[at], w + t * wide, x.key, R + (t + 1) * turned);
            }
            for (long t = T; t-- > 0;) {
                long at = (e * T + t) * B * heads + i;
                const float *before = S + t * size, *held = r + t * wide;
                memcpy(x.query, q + at * K, (size_t)K * 4), memcpy(x.key, k + at * K, (size_t)K * 4);
                memcpy(x.above, d_o + at * V, (size_t)V * 4);
                add_outer(K, wide, 1.0f, x.query, x.above, G), add_outer(V, tall, 1.0f, x.above, x.query, H);
                weigh(V, tall, x.above, R + (t + 1) * turned, x.d_query, 0);
                weigh(K, wide, x.key, G, x.d_value, 0);
                vec of_f = {0}, of_beta = {0};
                for (long j = 0; j < wide; j += LANES) {
                    vec above = row(x.d_value + j), product = above * row(held + j);
                    put(x.d_held + j, all(-f[at] * beta[at]) * above, LANES);
                    of_beta -= product;
                    of_f -= all(beta[at]) * product;
                    for (long a = 0; a < K; a++) of_f += row(G + a * wide + j) * row(before + a * wide + j);
                }
                weigh(V, tall, w + t * wide, H, x.d_key, 0), weigh(V, tall, x.d_held, R + t * turned, x.d_key, 1);
                add_outer(K, wide, f[at], x.key, x.d_held, G), add_outer(V, tall, f[at], x.d_held, x.key, H);
                memcpy(d_q + at * K, x.d_query, (size_t)K * 4), memcpy(d_k + at * K, x.d_key, (size_t)K * 4);
                memcpy(d_u + at * V, x.d_value, (size_t)V * 4);
                d_beta[at] = f[at] * total(of_beta), d_f[at] = total(of_f);
            }
            for (long a = 0; a < K; a++) memcpy(d_start + first + a * V, G + a * wide, (size_t)V * 4);
        }
    free(S);
    return 0;
}
