/*
 * The linear algebra of fitting weights, as WebAssembly with 128-bit vectors (`npm run fit-wasm` builds it). Sums are added in
 * the order of the plain loops, one lane per column or channel, so that results are theirs bit for bit. Written for clang without
 * a library; nothing is contracted to fused operations, which WebAssembly does not have.
 */
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))

typedef unsigned char byte;

static inline v128_t load(const double *p) { return wasm_v128_load(p); }
static inline void store(double *p, v128_t v) { wasm_v128_store(p, v); }
static inline v128_t splat(const double *p) { return wasm_v128_load64_splat(p); }
static inline v128_t less(v128_t sum, v128_t a, v128_t b) { return wasm_f64x2_sub(sum, wasm_f64x2_mul(a, b)); }
static inline v128_t plus(v128_t sum, v128_t a, v128_t b) { return wasm_f64x2_add(sum, wasm_f64x2_mul(a, b)); }

/** Row `row` minus row `done` of T, times what the latter has in column `row`, over the columns from `from` to `row`. */
static void subtractRow(double *t, int n, int row, int done, int from) {
  double *to = t + (long)row * n;
  const double *other = t + (long)done * n;
  const double factor = other[row];
  const v128_t factors = wasm_f64x2_splat(factor);
  int i = from;
  for (; i + 1 <= row; i += 2) store(to + i, less(load(to + i), factors, load(other + i)));
  for (; i <= row; i++) to[i] = to[i] - factor * other[i];
}

/** Takes the square root of the pivot and divides the row by it. Returns 0 where it is not positive. */
static int finishRow(double *t, int n, int row) {
  double *own = t + (long)row * n;
  const double pivot = own[row];
  if (!(pivot > 0)) return 0;
  const double root = __builtin_sqrt(pivot);
  const v128_t roots = wasm_f64x2_splat(root);
  int i = 0;
  for (; i + 1 < row; i += 2) store(own + i, wasm_f64x2_div(load(own + i), roots));
  for (; i < row; i++) own[i] = own[i] / root;
  own[row] = root;
  return 1;
}

/** Four rows from `row` downwards minus all finished rows behind them, in columns i to i + 3. */
static inline void subtractFinished(double *t, int n, int row, int i) {
  v128_t a0, a1, b0, b1, c0, c1, d0, d1;
  double *a = t + (long)row * n + i;
  double *b = a - n;
  double *c = b - n;
  double *d = c - n;
  a0 = load(a), a1 = load(a + 2), b0 = load(b), b1 = load(b + 2);
  c0 = load(c), c1 = load(c + 2), d0 = load(d), d1 = load(d + 2);
  for (int k = n - 1; k > row; k--) {
    const double *own = t + (long)k * n;
    const v128_t x = load(own + i), y = load(own + i + 2);
    const v128_t fa = splat(own + row), fb = splat(own + row - 1), fc = splat(own + row - 2), fd = splat(own + row - 3);
    a0 = less(a0, fa, x), a1 = less(a1, fa, y);
    b0 = less(b0, fb, x), b1 = less(b1, fb, y);
    c0 = less(c0, fc, x), c1 = less(c1, fc, y);
    d0 = less(d0, fd, x), d1 = less(d1, fd, y);
  }
  store(a, a0), store(a + 2, a1), store(b, b0), store(b + 2, b1);
  store(c, c0), store(c + 2, c1), store(d, d0), store(d + 2, d1);
}

/**
 * T with C = T' T, lower triangular, over the covariance C [n][n]; what stands above the diagonal becomes 0. Returns 0 where C is
 * not positive definite.
 */
EXPORT(factorise) int factorise(double *t, int n) {
  int row = n - 1;
  for (; row >= 3; row -= 4) {
    int i = 0;
    for (; i + 3 <= row; i += 4) subtractFinished(t, n, row, i);
    for (int r = row; r > row - 4; r--)
      for (int k = n - 1; k > row; k--) subtractRow(t, n, r, k, i);
    for (int r = row; r > row - 4; r--) {
      for (int k = row; k > r; k--) subtractRow(t, n, r, k, 0);
      if (!finishRow(t, n, r)) return 0;
    }
  }
  for (; row >= 0; row--) {
    for (int k = n - 1; k > row; k--) subtractRow(t, n, row, k, 0);
    if (!finishRow(t, n, row)) return 0;
  }
  for (int r = 0; r < n; r++)
    for (int i = r + 1; i < n; i++) t[(long)r * n + i] = 0;
  return 1;
}

/** Values of one tap, [4]: two vectors. */
static inline void divideRow(double *values, int row, double divisor) {
  const v128_t inverse = wasm_f64x2_splat(1 / divisor);
  double *own = values + row * 4;
  store(own, wasm_f64x2_mul(load(own), inverse));
  store(own + 2, wasm_f64x2_mul(load(own + 2), inverse));
}

static inline void subtractValues(double *values, int to, int from, double factor) {
  const v128_t factors = wasm_f64x2_splat(factor);
  double *own = values + to * 4;
  const double *other = values + from * 4;
  store(own, less(load(own), factors, load(other)));
  store(own + 2, less(load(own + 2), factors, load(other + 2)));
}

/** Solves T' y = b in place; values [n][4]. */
static void solveTransposed(const double *t, int n, double *values) {
  int row = n - 1;
  for (; row >= 3; row -= 4) {
    const double *a = t + (long)row * n;
    const double *b = a - n;
    const double *c = b - n;
    const double *d = c - n;
    divideRow(values, row, a[row]);
    for (int r = row - 1; r > row - 4; r--) {
      for (int k = row; k > r; k--) subtractValues(values, r, k, t[(long)k * n + r]);
      divideRow(values, r, t[(long)r * n + r]);
    }
    const double *v = values + (row - 3) * 4;
    const v128_t d0 = load(v), d1 = load(v + 2), c0 = load(v + 4), c1 = load(v + 6);
    const v128_t b0 = load(v + 8), b1 = load(v + 10), a0 = load(v + 12), a1 = load(v + 14);
    double *to = values;
    for (int k = 0; k < row - 3; k++, to += 4) {
      const v128_t fa = splat(a + k), fb = splat(b + k), fc = splat(c + k), fd = splat(d + k);
      store(to, less(less(less(less(load(to), fa, a0), fb, b0), fc, c0), fd, d0));
      store(to + 2, less(less(less(less(load(to + 2), fa, a1), fb, b1), fc, c1), fd, d1));
    }
  }
  for (; row >= 0; row--) {
    divideRow(values, row, t[(long)row * n + row]);
    for (int k = 0; k < row; k++) subtractValues(values, k, row, t[(long)row * n + k]);
  }
}

/** What is done with a row's product with the columns before it. */
enum finish { solving, multiplying, rounding };

typedef struct {
  enum finish finish;
  /** Of T: factor of the row's own value. */
  double own;
  const double *wanted;
  v128_t scale[2];
  /** 0 where codes are one bit: their sign. */
  double high;
  v128_t squares[2];
} context;

static inline v128_t codesOf(v128_t left, v128_t scale, double high) {
  if (high == 0) {
    const v128_t isHigh = wasm_f64x2_gt(left, wasm_f64x2_splat(0));
    return wasm_v128_bitselect(wasm_f64x2_splat(1), wasm_f64x2_splat(-1), isHigh);
  }
  const v128_t code = wasm_f64x2_floor(wasm_f64x2_add(wasm_f64x2_div(left, scale), wasm_f64x2_splat(0.5)));
  return wasm_f64x2_pmin(wasm_f64x2_pmax(code, wasm_f64x2_splat(-high - 1)), wasm_f64x2_splat(high));
}

static inline void finishValues(context *of, double *values, double *out, int row, const v128_t before[2]) {
  const v128_t own = wasm_f64x2_splat(of->own);
  for (int half = 0; half < 2; half++) {
    double *to = out + row * 4 + 2 * half;
    const double *value = values + row * 4 + 2 * half;
    if (of->finish == solving) {
      store(to, wasm_f64x2_mul(wasm_f64x2_sub(load(value), before[half]), wasm_f64x2_splat(1 / of->own)));
    } else if (of->finish == multiplying) {
      store(to, plus(before[half], own, load(value)));
    } else {
      const v128_t left = wasm_f64x2_div(less(load(of->wanted + row * 4 + 2 * half), of->scale[half], before[half]), own);
      const v128_t code = codesOf(left, of->scale[half], of->high);
      store(to, code);
      const v128_t sum = plus(before[half], own, code);
      of->squares[half] = plus(of->squares[half], sum, sum);
    }
  }
}

/** Goes through the rows of T in turn, [n][4] `values` to `out`; the two are one where a row needs those before it finished. */
static inline void forRows(const double *t, int n, context *of, double *values, double *out) {
  for (int row = 0; row < n; row += 4) {
    const int rows = n - row < 4 ? n - row : 4;
    v128_t before[4][2];
    const double *a = t + (long)row * n;
    // Behind the last row there is none: it is read several times.
    const double *b = rows > 1 ? a + n : a;
    const double *c = rows > 2 ? b + n : b;
    const double *d = rows > 3 ? c + n : c;
    v128_t a0 = wasm_f64x2_splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
    const double *v = values;
    for (int k = 0; k < row; k++, v += 4) {
      const v128_t x = load(v), y = load(v + 2);
      const v128_t fa = splat(a + k), fb = splat(b + k), fc = splat(c + k), fd = splat(d + k);
      a0 = plus(a0, fa, x), a1 = plus(a1, fa, y);
      b0 = plus(b0, fb, x), b1 = plus(b1, fb, y);
      c0 = plus(c0, fc, x), c1 = plus(c1, fc, y);
      d0 = plus(d0, fd, x), d1 = plus(d1, fd, y);
    }
    before[0][0] = a0, before[0][1] = a1, before[1][0] = b0, before[1][1] = b1;
    before[2][0] = c0, before[2][1] = c1, before[3][0] = d0, before[3][1] = d1;
    for (int r = 0; r < rows; r++) {
      const double *own = t + (long)(row + r) * n;
      for (int k = 0; k < r; k++) {
        const v128_t factor = splat(own + row + k);
        const double *done = values + (row + k) * 4;
        before[r][0] = plus(before[r][0], factor, load(done));
        before[r][1] = plus(before[r][1], factor, load(done + 2));
      }
      of->own = own[row + r];
      finishValues(of, values, out, row + r, before[r]);
    }
  }
}

/** (T' T) x = b for groups of four channels: values [groups][n][4] b to x; `wanted` takes T x. */
EXPORT(solve) void solve(const double *t, int n, int groups, double *values, double *wanted) {
  for (int group = 0; group < groups; group++) {
    double *own = values + (long)group * n * 4;
    double *between = wanted + (long)group * n * 4;
    solveTransposed(t, n, own);
    for (long at = 0; at < (long)n * 4; at++) between[at] = own[at];
    context of = {.finish = solving};
    forRows(t, n, &of, own, own);
  }
}

/** T x of groups of four channels; both [groups][n][4]. */
EXPORT(multiply) void multiply(const double *t, int n, int groups, double *values, double *out) {
  for (int group = 0; group < groups; group++) {
    context of = {.finish = multiplying};
    forRows(t, n, &of, values + (long)group * n * 4, out + (long)group * n * 4);
  }
}

/**
 * Codes q, tap after tap, such that scale * T q stays near `wanted`, [groups][n][4]; `scales` and `squares` (|T q|^2) [groups][4].
 * `high`: largest code, 0 for signs.
 */
EXPORT(roundCodes)
void roundCodes(const double *t, int n, int groups, const double *wanted, const double *scales, double high, double *codes, double *squares) {
  for (int group = 0; group < groups; group++) {
    const v128_t none = wasm_f64x2_splat(0);
    context of = {
      .finish = rounding,
      .wanted = wanted + (long)group * n * 4,
      .scale = {load(scales + group * 4), load(scales + group * 4 + 2)},
      .high = high,
      .squares = {none, none}
    };
    double *own = codes + (long)group * n * 4;
    forRows(t, n, &of, own, own);
    store(squares + group * 4, of.squares[0]);
    store(squares + group * 4 + 2, of.squares[1]);
  }
}

#define STEPS 60

/** Attempts, in sixtieths of the largest value: coarse steps first, so that most others are given up early. */
static inline int attemptAt(int position) { return STEPS - 6 * (position % 10) - position / 10; }

/** Errors of two scales; both above `limit` once one knows that they will be. */
static inline v128_t squaredErrors(const double *values, const double *weights, int count, v128_t scale, double high, double limit) {
  const v128_t inverse = wasm_f64x2_div(wasm_f64x2_splat(1), scale);
  const v128_t low = wasm_f64x2_splat(-high - 1), top = wasm_f64x2_splat(high), half = wasm_f64x2_splat(0.5);
  v128_t error = wasm_f64x2_splat(0);
  for (int from = 0; from < count; from += 12) {
    const int end = from + 12 < count ? from + 12 : count;
    for (int k = from; k < end; k++) {
      const v128_t value = splat(values + k);
      const v128_t near = wasm_f64x2_floor(wasm_f64x2_add(wasm_f64x2_mul(value, inverse), half));
      const v128_t level = wasm_f64x2_pmin(wasm_f64x2_pmax(near, low), top);
      const v128_t miss = less(value, scale, level);
      error = wasm_f64x2_add(error, wasm_f64x2_mul(wasm_f64x2_mul(splat(weights + k), miss), miss));
    }
    if (wasm_f64x2_extract_lane(error, 0) > limit && wasm_f64x2_extract_lane(error, 1) > limit) break;
  }
  return error;
}

/** Scale of least weighted squared error of one channel; see weightQuantizer.ts. `high`: largest code, 0 for signs. */
static double scaleOf(const double *values, const double *weights, int count, double high) {
  double largest = 0, weighted = 0, total = 0;
  for (int k = 0; k < count; k++) {
    const double magnitude = __builtin_fabs(values[k]);
    if (magnitude > largest) largest = magnitude;
    weighted += weights[k] * magnitude;
    total += weights[k];
  }
  if (largest == 0) return 1e-8;
  if (high == 0) return total > 0 && weighted > 0 ? weighted / total : largest;
  const double top = high == 1 ? high : high + 0.5;
  double bestError = __builtin_inf(), bestScale = largest / top;
  int bestAttempt = STEPS + 1;
  for (int position = 0; position < STEPS; position += 2) {
    const int attempts[2] = {attemptAt(position), attemptAt(position + 1)};
    const double scales[2] = {(largest / top) * attempts[0] / STEPS, (largest / top) * attempts[1] / STEPS};
    const v128_t errors = squaredErrors(values, weights, count, wasm_f64x2_make(scales[0], scales[1]), high, bestError);
    const double found[2] = {wasm_f64x2_extract_lane(errors, 0), wasm_f64x2_extract_lane(errors, 1)};
    for (int lane = 0; lane < 2; lane++)
      if (found[lane] < bestError || (found[lane] == bestError && attempts[lane] < bestAttempt))
        bestError = found[lane], bestScale = scales[lane], bestAttempt = attempts[lane];
  }
  double product = 0, square = 0;
  for (int k = 0; k < count; k++) {
    const double near = __builtin_floor(values[k] / bestScale + 0.5);
    const double code = near < -high - 1 ? -high - 1 : near > high ? high : near;
    product += weights[k] * values[k] * code;
    square += weights[k] * code * code;
  }
  return square > 0 && product > 0 ? product / square : bestScale;
}

/** Scales of `channels` rows of `count` values; all rows have the same weights. */
EXPORT(chooseScales)
void chooseScales(const double *values, const double *weights, int channels, int count, double high, double *scales) {
  for (int channel = 0; channel < channels; channel++)
    scales[channel] = scaleOf(values + (long)channel * count, weights, count, high);
}

/**
 * Real inputs without the mean of each tap: bytes and `reals` [rows][taps], `mean` [taps]. A byte means
 * (byte - 128 + zero) * scale, rounded to float32.
 */
EXPORT(centre) void centre(const byte *bytes, int rows, int taps, double scale, double zero, float *reals, double *mean) {
  float levels[256];
  for (int value = 0; value < 256; value++) levels[value] = (float)((value - 128 + zero) * scale);
  for (int tap = 0; tap < taps; tap++) mean[tap] = 0;
  for (int row = 0; row < rows; row++) {
    const byte *own = bytes + (long)row * taps;
    float *to = reals + (long)row * taps;
    for (int tap = 0; tap < taps; tap++) to[tap] = levels[own[tap]];
    int tap = 0;
    for (; tap + 1 < taps; tap += 2)
      store(mean + tap, wasm_f64x2_add(load(mean + tap), wasm_f64x2_promote_low_f32x4(wasm_v128_load64_zero(to + tap))));
    if (tap < taps) mean[tap] += to[tap];
  }
  for (int tap = 0; tap < taps; tap++) mean[tap] = mean[tap] / rows;
  for (int row = 0; row < rows; row++) {
    float *own = reals + (long)row * taps;
    int tap = 0;
    for (; tap + 1 < taps; tap += 2) {
      const v128_t value = wasm_f64x2_promote_low_f32x4(wasm_v128_load64_zero(own + tap));
      wasm_v128_store64_lane(own + tap, wasm_f32x4_demote_f64x2_zero(wasm_f64x2_sub(value, load(mean + tap))), 0);
    }
    if (tap < taps) own[tap] = (float)(own[tap] - mean[tap]);
  }
}

/** What fitting keeps of one channel of a depthwise layer, whose channels are fitted by themselves; channelFits.ts. */
typedef struct {
  double *damping, *targetMean;
  /** [taps]; `order` holds the taps as numbers, `fitted` and the three above it lie in the order of the taps, `wanted` in `order`. */
  double *inputMean, *importance, *cross, *fitted, *order, *wanted;
  /** [taps][taps]; its first number is 0 where there is none. */
  double *factor;
} channelFit;

static channelFit fitAt(double *fits, int taps, int channel) {
  double *own = fits + (long)channel * (2 + 6 * taps + taps * taps);
  double *rows = own + 2;
  return (channelFit){
    own, own + 1, rows, rows + taps, rows + 2 * taps, rows + 3 * taps, rows + 4 * taps, rows + 5 * taps, rows + 6 * taps
  };
}

/** Taps by their variance, the largest first; equal ones stay in their order. */
static void sortTaps(const double *variance, int taps, double *order) {
  for (int tap = 0; tap < taps; tap++) {
    int to = tap;
    for (; to > 0 && variance[(int)order[to - 1]] < variance[tap]; to--) order[to] = order[to - 1];
    order[to] = tap;
  }
}

/** Puts values of one channel into the first of four lanes; the others hold 0. */
static void toLanes(const double *values, int count, double *to) {
  for (int at = 0; at < count * 4; at++) to[at] = at % 4 == 0 ? values[at / 4] : 0;
}

/** Order, damping and factor of a channel from the sums of products of its bytes, [taps][taps], over so many rows. */
static void factoriseChannel(channelFit fit, int taps, const float *squares, double scale, int rows, double ridge) {
  double sum = 0;
  for (int tap = 0; tap < taps; tap++) {
    fit.importance[tap] = (squares[tap * taps + tap] * scale * scale) / rows;
    sum += fit.importance[tap];
  }
  sortTaps(fit.importance, taps, fit.order);
  const double mean = sum / taps;
  *fit.damping = ridge * (mean == 0 || mean != mean ? 1 : mean);
  for (int i = 0; i < taps; i++) {
    for (int j = 0; j <= i; j++)
      fit.factor[i * taps + j] = fit.factor[j * taps + i] =
        (squares[(int)fit.order[i] * taps + (int)fit.order[j]] * scale * scale) / rows;
    fit.factor[i * taps + i] += *fit.damping;
  }
  if (!factorise(fit.factor, taps)) fit.factor[0] = 0;
}

/** Fits a channel's weights, where `isRefitted`, and finds T times them; `lanes` has room for two arrays [taps][4]. */
static void refitChannel(channelFit fit, int taps, int isRefitted, double *lanes) {
  if (fit.factor[0] == 0) return;
  double *products = lanes + taps * 4;
  for (int at = 0; at < taps; at++) {
    const int tap = fit.order[at];
    fit.wanted[at] = isRefitted ? fit.cross[tap] + *fit.damping * fit.fitted[tap] : fit.fitted[tap];
  }
  toLanes(fit.wanted, taps, lanes);
  if (isRefitted) solve(fit.factor, taps, 1, lanes, products);
  else multiply(fit.factor, taps, 1, lanes, products);
  for (int at = 0; at < taps; at++) {
    fit.wanted[at] = products[at * 4];
    if (isRefitted) fit.fitted[(int)fit.order[at]] = lanes[at * 4];
  }
}

/**
 * Moments of all channels of a depthwise layer and the weights fitted to them. Means [channels][taps], sums of products
 * [channels][taps][taps] and with the target [channels][taps] are those of channelSums.ts; weights [taps][channels].
 */
EXPORT(fitChannels)
void fitChannels(double *fits, int channels, int taps, const float *means, const float *squares, const float *cross, const double *targetMeans, const float *weights, int rows, double scale, double zero, double ridge, int isRefitted, double *lanes) {
  for (int channel = 0; channel < channels; channel++) {
    const channelFit fit = fitAt(fits, taps, channel);
    const long first = (long)channel * taps;
    *fit.targetMean = targetMeans[channel];
    for (int tap = 0; tap < taps; tap++) {
      fit.inputMean[tap] = (means[first + tap] - 128.0 + zero) * scale;
      fit.cross[tap] = (cross[first + tap] * scale) / rows;
      fit.fitted[tap] = weights[tap * channels + channel];
      fit.wanted[tap] = 0;
    }
    factoriseChannel(fit, taps, squares + first * taps, scale, rows, ridge);
    refitChannel(fit, taps, isRefitted, lanes);
  }
}

static double nearestCode(double value, double scale, double high) {
  if (high == 0) return value > 0 ? 1 : -1;
  const double code = __builtin_floor(value / scale + 0.5);
  return code < -high - 1 ? -high - 1 : code > high ? high : code;
}

/** Codes of a channel, [taps]. Returns the mean square of its centred sums, in units of codes. */
static double roundChannel(channelFit fit, int taps, double scale, double high, double *codes, double *lanes) {
  double norm = 0;
  if (fit.factor[0] == 0) {
    for (int at = 0; at < taps; at++) {
      const int tap = fit.order[at];
      codes[tap] = nearestCode(fit.fitted[tap], scale, high);
      norm += codes[tap] * codes[tap] * fit.importance[tap];
    }
    return norm;
  }
  double *rounded = lanes + taps * 4;
  const double scales[4] = {scale, 1, 1, 1};
  double squares[4];
  toLanes(fit.wanted, taps, lanes);
  roundCodes(fit.factor, taps, 1, lanes, scales, high, rounded, squares);
  for (int at = 0; at < taps; at++) {
    const double code = rounded[at * 4];
    codes[(int)fit.order[at]] = code;
    norm += code * code;
  }
  const double square = squares[0] - *fit.damping * norm;
  return square > 0 ? square : 0;
}

/**
 * Codes [taps][channels], scales and biases of all channels that fitChannels fitted; `high`: largest code, 0 for signs. `lanes` has
 * room for two arrays [taps][4] and one [taps].
 */
EXPORT(roundChannels)
void roundChannels(double *fits, int channels, int taps, double high, int isScaled, signed char *codes, double *scales, double *bias, double *lanes) {
  double *own = lanes + taps * 8;
  for (int channel = 0; channel < channels; channel++) {
    const channelFit fit = fitAt(fits, taps, channel);
    const double scale = scaleOf(fit.fitted, fit.importance, taps, high);
    const double square = roundChannel(fit, taps, scale, high, own, lanes);
    double product = 0, sumMean = 0;
    for (int tap = 0; tap < taps; tap++) {
      codes[tap * channels + channel] = own[tap];
      sumMean += own[tap] * fit.inputMean[tap];
      product += own[tap] * fit.cross[tap];
    }
    const double best = product / square;
    // A channel whose sums are constant or turn the wrong way says nothing about its scale.
    scales[channel] = isScaled && best > scale / 4 && best < scale * 4 ? best : scale;
    bias[channel] = *fit.targetMean - scales[channel] * sumMean;
  }
}
