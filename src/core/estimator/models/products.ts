import type { FeatureMatrix } from '../../regression/featureMatrix'

/** A product of columns, as their positions, ascending and possibly repeated; [] is the constant 1. */
export type Product = readonly number[]

/**
 * All products of columns up to a degree. A column of zeros and ones is not squared, and names of one knob, which
 * exclude each other, are only multiplied with numbers.
 */
export function productsUpTo(matrix: FeatureMatrix, degree: number): Product[] {
  const isName = matrix.names.map((name) => name.includes(' = '))
  const found: Product[] = []
  const extend = (product: number[], from: number): void => {
    if (product.length > 0) found.push(product)
    if (product.length === degree) return
    for (let at = from; at < matrix.columns.length; at++) {
      if (isName[at] && product.some((other) => isName[other])) continue
      extend([...product, at], at)
    }
  }
  extend([], 0)
  return found
}

/** Columns of products; the constant first where [] is requested. */
export function productColumns(matrix: FeatureMatrix, products: readonly Product[]): Float64Array[] {
  return products.map((product) => {
    const values = new Float64Array(matrix.count).fill(1)
    for (const at of product) {
      const column = matrix.columns[at]
      for (let row = 0; row < matrix.count; row++) values[row] *= column[row]
    }
    return values
  })
}
