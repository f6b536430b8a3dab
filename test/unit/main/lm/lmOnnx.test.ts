import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIntegerDecoder } from '../../../../src/core/lm/integer/integerDecoder'
import { decoderFromOnnx } from '../../../../src/core/lm/onnx/decoderFromOnnx'
import { bytePieces, writeTokenizer } from '../../../../src/core/lm/tokenizer'
import type { OnnxModel, OnnxNode } from '../../../../src/core/model/onnx'
import { loadDecoder } from '../../../../src/main/lm/boardDecoder'
import { continueText } from '../../../../src/main/lm/continueText'
import { loadLm } from '../../../../src/main/lm/lmFiles'
import { compareWithOnnx } from '../../../../src/main/lm/lmOnnx'
import { quantizeBySchemes } from '../../../../src/main/lm/lmSchemes'
import { decodeForRewriting, encodeOnnx } from '../../../../src/main/model/onnxFile'
import { onnxAccess } from '../../../../src/main/model/onnxAccess'
import { simulatedSession } from './simulatedSession'

/** Decoders of seeded random values exported by PyTorch: scripts/train/decoderFixtures.py. */
const fixture = (name: string): string => path.join('test/fixtures/lm', `${name}.onnx`)
const graphOf = async (name: string): Promise<OnnxModel> => await onnxAccess.read(fixture(name))

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lmOnnx-'))
  const letters = [...' abcdefghij'].map((text, at) => ({ score: -at, bytes: Buffer.from(text) }))
  copyFileSync(fixture('halves'), path.join(folder, 'halves.onnx'))
  writeFileSync(path.join(folder, 'tokenizer.bin'), writeTokenizer([...bytePieces(), ...letters]))
  writeFileSync(path.join(folder, 'texts.txt'), 'abc def\nhij bad\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The model with one node changed. */
const changed = (model: OnnxModel, name: string, change: (node: OnnxNode) => OnnxNode): OnnxModel => {
  expect(model.nodes.filter((node) => node.name === name)).toHaveLength(1)
  return { ...model, nodes: model.nodes.map((node) => (node.name === name ? change(node) : node)) }
}

describe('decoders from ONNX', () => {
  const sizes = { dim: 16, hiddenDim: 24, layers: 2, heads: 4, kvHeads: 2 }
  it.each([
    ['halves', { vocabulary: 270, sequenceLength: 256, tied: false }],
    ['neighbours', { vocabulary: 40, sequenceLength: 12, tied: true }],
    ['fused', { vocabulary: 40, sequenceLength: 256, tied: false }]
  ])('reads "%s" and gives the logits of onnxruntime on random tokens', async (name, own) => {
    const graph = await graphOf(name)
    const model = decoderFromOnnx(graph)
    expect(model.config).toMatchObject({ ...sizes, ...own })
    for (const seed of [1, 2, 3]) {
      const { largest, difference } = await compareWithOnnx(
        await onnxAccess.open(fixture(name)),
        graph,
        model,
        seed
      )
      expect(largest).toBeGreaterThan(1)
      expect(difference).toBeLessThan(1e-5)
    }
  })

  it('keeps angles and epsilon that are not the usual ones, and only those', async () => {
    const [fused, halves] = [await graphOf('fused'), await graphOf('halves')].map(
      (graph) => decoderFromOnnx(graph).config
    )
    expect(fused.epsilon).toBeCloseTo(1e-6, 10)
    // Base 500,000, heads of 4: 1 and 500000^(-1/2).
    expect(fused.angles?.map((angle) => Math.round(angle * 1e6) / 1e6)).toEqual([1, 0.001414])
    expect([halves.angles, halves.epsilon]).toEqual([undefined, undefined])
  })

  it('makes the same tokens on the simulator as on the host, in two schemes', async () => {
    const loaded = await loadLm({ model: 'halves.onnx', calibration: 'texts.txt' }, folder, onnxAccess)
    const signal = new AbortController().signal
    for (const { lm } of await quantizeBySchemes(loaded, ['w8a8', 'w4a8,wo=w2a8,kv=4'])) {
      const board = await loadDecoder(simulatedSession(false), lm, { signal })
      const options = { tokens: 24, toTheEnd: true, signal }
      let steps = 0
      for await (const { equal } of continueText(
        board,
        createIntegerDecoder(lm),
        loaded.tokenizer,
        'ab',
        options
      )) {
        expect(equal).toBe(true)
        steps++
      }
      expect(steps).toBe(27)
    }
  })

  it.each([
    ['bias', '/layers.0/attention/q/MatMul', /bias/],
    ['gelu', '/layers.0/forward_block/Erf', /no such operator/],
    ['layernorm', '/layers.0/first/Div', /root mean square norm/],
    ['unmasked', '/layers.0/attention/MatMul', /causal mask/],
    ['unrotated', '/layers.0/attention/q/MatMul', /not rotated/]
  ])('refuses "%s" with the node and a hint', async (name, node, message) => {
    const graph = await graphOf(name)
    const refused = (): unknown => decoderFromOnnx(graph)
    expect(refused).toThrow(message)
    expect(refused).toThrow(`"${node}"`)
    expect(refused).toThrow(
      expect.objectContaining({ code: 'model.unsupportedOperator', hint: expect.stringContaining('RMSNorm') })
    )
  })

  it('refuses the input of another kind of model, and a batch', async () => {
    const graph = await graphOf('halves')
    const rename = (name: string): OnnxModel => ({
      ...graph,
      inputs: graph.inputs.map((value) => (value.name === 'attention_mask' ? { ...value, name } : value))
    })
    expect(() => decoderFromOnnx(rename('pixel_values'))).toThrow('no input like "pixel_values"')
    const batch = graph.inputs.map((value) => ({ ...value, dims: [2, 12] }))
    expect(() => decoderFromOnnx({ ...graph, inputs: batch })).toThrow('[2,12]')
  })

  it('notices where a graph computes something else than a Llama-style decoder', async () => {
    const graph = await graphOf('neighbours')
    const residual = graph.nodes.find(
      ({ opType, name }) => opType === 'Add' && name.startsWith('/layers.0/')
    )!
    const twice = changed(graph, residual.name, (node) => ({
      ...node,
      inputs: [node.inputs[1], node.inputs[1]]
    }))
    expect(() => decoderFromOnnx(twice)).toThrow(/Node /)
    const sigmoid = graph.nodes.find(({ opType }) => opType === 'Sigmoid')!
    const hyperbolic = changed(graph, sigmoid.name, (node) => ({ ...node, opType: 'Tanh' }))
    expect(() => decoderFromOnnx(hyperbolic)).toThrow(`"${sigmoid.name}" (Tanh)`)
  })

  it('compares a file with its own graph: a changed weight is seen', async () => {
    const graph = decodeForRewriting(readFileSync(fixture('neighbours')))
    const model = decoderFromOnnx(graph)
    const other = path.join(folder, 'other.onnx')
    const initializers = graph.initializers.map((tensor, at) =>
      tensor.data instanceof Float32Array && tensor.dims.length === 2
        ? { ...tensor, data: tensor.data.map((value) => value * (at % 2 === 0 ? 1.5 : 1)) }
        : tensor
    )
    writeFileSync(other, encodeOnnx({ ...graph, initializers }))
    const { difference } = await compareWithOnnx(await onnxAccess.open(other), graph, model)
    expect(difference).toBeGreaterThan(0.1)
  })
})
