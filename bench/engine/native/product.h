/* Products of matrices small enough to stay in cache: blocks of rows times packed panels of columns. */

#ifndef PRODUCT_H
#define PRODUCT_H

#include "vector.h"

enum { PANEL = 2 * LANES, DEPTH = 128 }; /* columns of a panel; rows of it that fit the first cache */


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

#endif
