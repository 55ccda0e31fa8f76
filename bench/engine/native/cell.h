/* Back-propagation through time for stacks of recurrent members, in single precision on one thread.

   One call is a whole pass, forward or backward, over all members and steps: member by member, so that its weights
   stay in cache. All arrays are dense, the last axis fastest, with these sizes:

     E members, T steps, B sequences, I inputs, H units, N = gates x H pre-activations
     x (E, T, B, I)   U (E, I, N)   b (E, N)   W (E, H, N)   states (E, B, H)   out (E, T, B, H)

   Every forward pass takes the sizes, its scalars, its inputs (x, parameters, first states), and where the outputs and
   what is kept for the way back go; `keep` 0 says that there is no way back, and then what is
   kept has room for one step a member.
   Every backward pass takes the same, and then d_out (E, given, B, H), the gradient of the last `given` steps' outputs,
   and where the gradient of each input goes; that of x may be NULL. Each returns 0, or 1 if memory ran out.
   The equations are those of the Python classes of the same names, which the tests hold against these. */

#ifndef CELL_H
#define CELL_H

#include <stdlib.h>

#include "product.h"

enum { CHUNK = 1 << 16 }; /* floats of gradient that are gathered for one product */

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
static inline void chunk_weights(const Chunk *c, const float *packs, long n, const float *start, const float *out, float *d_W) {
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

#endif
