/**
 * In-place Cholesky factor of a symmetric positive definite matrix, row-major n x n: on return the lower triangle
 * holds L with A = L L'. Returns false when A is not positive definite to working precision.
 */
export function choleskyInPlace(matrix: Float64Array, n: number): boolean {
  for (let j = 0; j < n; j += 2) {
    if (!factorDiagonal(matrix, n, j)) return false
    const hasSecond = j + 1 < n
    if (hasSecond) {
      factorRow(matrix, n, j + 1, j, 1)
      if (!factorDiagonal(matrix, n, j + 1)) return false
    }
    // Two columns of four rows at a time: their sums do not wait for each other and share what is loaded.
    let i = j + 2
    for (; i + 3 < n; i += 4) factorFourRows(matrix, n, i, j)
    for (; i < n; i++) factorRow(matrix, n, i, j, 2)
  }
  return true
}

/** The pivot of a row whose entries before it are done; false where it is not positive. */
function factorDiagonal(matrix: Float64Array, n: number, j: number): boolean {
  const row = j * n
  let diagonal = matrix[row + j]
  for (let k = 0; k < j; k++) diagonal -= matrix[row + k] * matrix[row + k]
  if (!(diagonal > 0)) return false
  matrix[row + j] = Math.sqrt(diagonal)
  return true
}

/** `columns` columns from `j` on of the factor's row `i`. */
function factorRow(matrix: Float64Array, n: number, i: number, j: number, columns: number): void {
  const row = i * n
  for (let column = j; column < j + columns; column++) {
    let sum = matrix[row + column]
    for (let k = 0; k < column; k++) sum -= matrix[row + k] * matrix[column * n + k]
    matrix[row + column] = sum / matrix[column * n + column]
  }
}

/** Columns j and j + 1 of the factor in rows i to i + 3. */
function factorFourRows(matrix: Float64Array, n: number, i: number, j: number): void {
  const [a, b, c, d] = [i * n, (i + 1) * n, (i + 2) * n, (i + 3) * n]
  const [first, second] = [j * n, (j + 1) * n]
  let s0 = matrix[a + j]
  let s1 = matrix[b + j]
  let s2 = matrix[c + j]
  let s3 = matrix[d + j]
  let t0 = matrix[a + j + 1]
  let t1 = matrix[b + j + 1]
  let t2 = matrix[c + j + 1]
  let t3 = matrix[d + j + 1]
  for (let k = 0; k < j; k++) {
    const s = matrix[first + k]
    const t = matrix[second + k]
    const v0 = matrix[a + k]
    const v1 = matrix[b + k]
    const v2 = matrix[c + k]
    const v3 = matrix[d + k]
    s0 -= v0 * s
    s1 -= v1 * s
    s2 -= v2 * s
    s3 -= v3 * s
    t0 -= v0 * t
    t1 -= v1 * t
    t2 -= v2 * t
    t3 -= v3 * t
  }
  const pivot = matrix[first + j]
  const next = matrix[second + j + 1]
  const shared = matrix[second + j]
  matrix[a + j] = s0 /= pivot
  matrix[b + j] = s1 /= pivot
  matrix[c + j] = s2 /= pivot
  matrix[d + j] = s3 /= pivot
  matrix[a + j + 1] = (t0 - s0 * shared) / next
  matrix[b + j + 1] = (t1 - s1 * shared) / next
  matrix[c + j + 1] = (t2 - s2 * shared) / next
  matrix[d + j + 1] = (t3 - s3 * shared) / next
}

/** Solves L x = b in place. */
export function forwardSolve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const row = i * n
    let sum = b[i]
    for (let k = 0; k < i; k++) sum -= factor[row + k] * b[k]
    b[i] = sum / factor[row + i]
  }
}

/** Solves L' x = b in place. */
export function backwardSolve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = n - 1; i >= 0; i--) {
    const value = b[i] / factor[i * n + i]
    b[i] = value
    for (let k = 0; k < i; k++) b[k] -= factor[i * n + k] * value
  }
}

/** Solves A x = b for a factored A; b is overwritten with x. */
export function choleskySolve(factor: Float64Array, n: number, b: Float64Array): void {
  forwardSolve(factor, n, b)
  backwardSolve(factor, n, b)
}
