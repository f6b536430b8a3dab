/**
 * Quantile of Student's t distribution, for confidence intervals over few trials.
 *
 * The distribution function is the regularised incomplete beta function (Abramowitz and Stegun 26.7.1), evaluated by
 * its continued fraction with the modified Lentz method; the quantile is found by bisection, to 1e-10 of its value.
 *
 * @param probability 0..1, exclusive
 * @param degrees degrees of freedom, >= 1
 */
export function studentTQuantile(probability: number, degrees: number): number {
  if (!(probability > 0 && probability < 1))
    throw new RangeError(`probability ${probability} is not within 0..1`)
  if (!(degrees >= 1)) throw new RangeError(`${degrees} degrees of freedom`)
  if (probability < 0.5) return -studentTQuantile(1 - probability, degrees)
  if (probability === 0.5) return 0
  let high = 1
  while (studentTDistribution(high, degrees) < probability) high *= 2
  let low = high === 1 ? 0 : high / 2
  while (high - low > 1e-10 * high) {
    const middle = (low + high) / 2
    if (studentTDistribution(middle, degrees) < probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(T <= t) for t of any sign. */
export function studentTDistribution(t: number, degrees: number): number {
  const tail = incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2
  return t >= 0 ? 1 - tail : tail
}

/** Regularised incomplete beta function I_x(a, b). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges fast only below the mean of the distribution; above it, use the symmetry.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front =
    Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return front * fraction
}

function nonZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value
}

/** ln Gamma(x) for x > 0 by Stirling's series after shifting x above 10 (Abramowitz and Stegun 6.1.41). */
function logGamma(x: number): number {
  let shift = 0
  let z = x
  while (z < 10) {
    shift += Math.log(z)
    z++
  }
  const inverse = 1 / (z * z)
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift
}
