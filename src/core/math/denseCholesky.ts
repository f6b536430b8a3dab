/**
 * Dense symmetric positive definite systems in row-major Float64Array, for layer reconstruction (reconstruct.ts).
 */

/** Replaces the lower triangle of `matrix` [size][size] by L with L Lᵀ = matrix; false when not positive definite. */
export function factorise(matrix: Float64Array, size: number): boolean {
  for (let row = 0; row < size; row++) {
    const rowAt = row * size
    for (let column = 0; column <= row; column++) {
      const columnAt = column * size
      let sum = matrix[rowAt + column]
      for (let k = 0; k < column; k++) sum -= matrix[rowAt + k] * matrix[columnAt + k]
      if (column === row) {
        if (!(sum > 0)) return false
        matrix[rowAt + row] = Math.sqrt(sum)
      } else {
        matrix[rowAt + column] = sum / matrix[columnAt + column]
      }
    }
  }
  return true
}

/** Solves L Lᵀ x = b in place; `values` holds b, then x, at positions start .. start + size. */
export function solveFactorised(factor: Float64Array, size: number, values: Float64Array, start = 0): void {
  for (let row = 0; row < size; row++) {
    let sum = values[start + row]
    for (let k = 0; k < row; k++) sum -= factor[row * size + k] * values[start + k]
    values[start + row] = sum / factor[row * size + row]
  }
  for (let row = size - 1; row >= 0; row--) {
    const value = values[start + row] / factor[row * size + row]
    values[start + row] = value
    for (let k = 0; k < row; k++) values[start + k] = values[start + k] - factor[row * size + k] * value
  }
}
