import { ints, textAttribute, type OnnxNode } from '../onnx/onnx'
import { badShape, dimsAt, unsupported, type OperatorReader } from '../onnx/importState'
import { createMacro, type Macro } from './macro'

/** An operand with a letter for each of its axes. */
interface Operand {
  readonly name: string
  readonly letters: readonly string[]
  readonly sizes: ReadonlyMap<string, number>
}

/**
 * Einsum of two operands as a product of matrices: letters of both and the result are axes in front, letters of both alone are
 * summed over.
 * @throws AppError model.unsupportedOperator for an ellipsis, a letter twice in one operand, other numbers of operands, and
 * letters of one operand that the result has not
 */
export function einsumReader(read: OperatorReader): OperatorReader {
  return (state, node) => {
    const equation = textAttribute(node, 'equation', '').replaceAll(' ', '')
    const [left = '', right] = equation.split('->')
    const terms = left.split(',').map((term) => [...term])
    const isPlain = terms.every((term) => new Set(term).size === term.length) && !equation.includes('.')
    if (!isPlain || terms.length !== 2 || right === undefined)
      throw unsupported(
        node,
        `the equation "${equation}" is not supported`,
        'Write it as products of two tensors.'
      )
    const operands = terms.map((letters, position): Operand => {
      const dims = dimsAt(state, node, position)
      if (dims.length !== letters.length)
        throw badShape(node, `[${dims.join(', ')}] has not the axes "${letters.join('')}"`)
      return {
        name: node.inputs[position],
        letters,
        sizes: new Map(letters.map((letter, axis) => [letter, dims[axis]]))
      }
    })
    bindProduct(node, createMacro(state, node, read), operands as [Operand, Operand], [...right])
  }
}

function bindProduct(
  node: OnnxNode,
  macro: Macro,
  [a, b]: [Operand, Operand],
  result: readonly string[]
): void {
  const both = a.letters.filter((letter) => b.letters.includes(letter))
  const front = both.filter((letter) => result.includes(letter))
  const summed = both.filter((letter) => !result.includes(letter))
  const own = [a, b].map(({ letters }) => letters.filter((letter) => !both.includes(letter))) as [
    string[],
    string[]
  ]
  if (own.flat().some((letter) => !result.includes(letter)))
    throw unsupported(node, 'it sums over an axis of one operand alone', 'Sum over it in front.')
  const sizeOf = (letter: string): number => a.sizes.get(letter) ?? b.sizes.get(letter) ?? 1
  const count = (letters: readonly string[]): number =>
    letters.reduce((product, letter) => product * sizeOf(letter), 1)
  const matrix = (
    { name, letters }: Operand,
    rows: readonly string[],
    columns: readonly string[]
  ): string => {
    const order = [...front, ...rows, ...columns].map((letter) => letters.indexOf(letter))
    const turned = macro.add('Transpose', [name], { perm: ints(order) })
    return macro.add('Reshape', [turned, macro.shape([...front.map(sizeOf), count(rows), count(columns)])])
  }
  const product = macro.add('MatMul', [matrix(a, own[0], summed), matrix(b, summed, own[1])])
  const made = [...front, ...own[0], ...own[1]]
  const shaped = macro.add('Reshape', [product, macro.shape(made.map(sizeOf))])
  macro.bind(macro.add('Transpose', [shaped], { perm: ints(result.map((letter) => made.indexOf(letter))) }))
}
