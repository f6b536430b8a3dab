import { describe, expect, it } from 'vitest'
import { valuesRead, withValuesRead, type OnnxGraph, type OnnxNode } from '@core/model/onnx/onnx'

/** Values that branches and bodies take from the graph around them, by hand. */
const node = (opType: string, inputs: string[], outputs: string[], body?: OnnxGraph): OnnxNode => ({
  ...{ name: opType, opType, domain: '', inputs, outputs },
  attributes: body === undefined ? {} : { body: { kind: 'graph', value: body } }
})
const graph = (nodes: OnnxNode[], inputs: string[], outputs: string[], weights: string[] = []): OnnxGraph => {
  const value = (name: string) => ({ name, elementType: 'float32' as const, dims: null })
  const initializers = weights.map((name) => ({ name, dims: [1], data: Float32Array.of(1) }))
  return { name: 'body', nodes, inputs: inputs.map(value), outputs: outputs.map(value), initializers }
}
const deep = graph([node('Mul', ['x', 'outer'], ['deepest'])], [], ['deepest'])
const body = graph(
  [
    node('Add', ['turn', 'around'], ['x']),
    node('Mul', ['x', 'weight'], ['y']),
    node('If', ['flag'], ['z'], deep)
  ],
  ['turn'],
  ['y', 'passedOn'],
  ['weight']
)
const loop = node('Loop', ['count', ''], ['out'], body)

describe('graphs inside operators', () => {
  it('read their inputs, and from around what nothing inside them makes', () => {
    expect(valuesRead(loop)).toEqual(['count', '', 'around', 'flag', 'outer', 'passedOn'])
    expect(valuesRead(node('Add', ['a', 'b'], ['c']))).toEqual(['a', 'b'])
  })

  it('read other values by new names, at every depth, and keep their own', () => {
    const renamed = withValuesRead(loop, (name) => (name === '' ? name : `new/${name}`))
    expect(valuesRead(renamed)).toEqual([
      'new/count',
      '',
      'new/around',
      'new/flag',
      'new/outer',
      'new/passedOn'
    ])
    const inside = renamed.attributes['body']!
    if (inside.kind !== 'graph') throw new Error('no graph')
    expect(inside.value.nodes.map(({ inputs }) => inputs)).toEqual([
      ['turn', 'new/around'],
      ['x', 'weight'],
      ['new/flag']
    ])
    expect(inside.value.outputs.map(({ name }) => name)).toEqual(['y', 'new/passedOn'])
  })
})
