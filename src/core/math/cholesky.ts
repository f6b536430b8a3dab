/**
 * In-place Cholesky factor of a symmetric positive definite matrix, row-major n x n: on return the lower triangle
 * holds L with A = L L'. Returns false when A is not positive definite to working precision.
 */
export function choleskyInPlace(matrix: Float64Array, n: number): boolean {
  for (let j = 0; j < n; j++) {
    const rowJ = j * n
    let diagonal = matrix[rowJ + j]
    for (let k = 0; k < j; k++) diagonal -= matrix[rowJ + k] * matrix[rowJ + k]
    if (!(diagonal > 0)) return false
    const pivot = Math.sqrt(diagonal)
    matrix[rowJ + j] = pivot
    // Four rows at a time: their sums do not wait for each other.
    let i = j + 1
    for (; i + 3 < n; i += 4) factorFourRows(matrix, i * n, n, rowJ, j, pivot)
    for (; i < n; i++) {
      const rowI = i * n
      let sum = matrix[rowI + j]
      for (let k = 0; k < j; k++) sum -= matrix[rowI + k] * matrix[rowJ + k]
      matrix[rowI + j] = sum / pivot
    }
  }
  return true
}

/** Column j of the factor in the rows that begin at `row`, row + n, row + 2 n and row + 3 n. */
function factorFourRows(
  matrix: Float64Array,
  row: number,
  n: number,
  rowJ: number,
  j: number,
  pivot: number
): void {
  const [b, c, d] = [row + n, row + 2 * n, row + 3 * n]
  let s0 = matrix[row + j]
  let s1 = matrix[b + j]
  let s2 = matrix[c + j]
  let s3 = matrix[d + j]
  for (let k = 0; k < j; k++) {
    const value = matrix[rowJ + k]
    s0 -= matrix[row + k] * value
    s1 -= matrix[b + k] * value
    s2 -= matrix[c + k] * value
    s3 -= matrix[d + k] * value
  }
  matrix[row + j] = s0 / pivot
  matrix[b + j] = s1 / pivot
  matrix[c + j] = s2 / pivot
  matrix[d + j] = s3 / pivot
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
