import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIntegerDecoder } from '../../../../src/core/lm/integer/integerDecoder'
import { decoderFromOnnx } from '../../../../src/core/lm/onnx/decoderFromOnnx'
import { bytePieces, writeTokenizer } from '../../../../src/core/lm/tokenizer'
import { constantOf } from '../../../../src/core/model/constants/numbers'
import { int, type OnnxModel, type OnnxNode } from '../../../../src/core/model/onnx/onnx'
import { loadDecoder } from '../../../../src/main/lm/boardDecoder'
import { continueText } from '../../../../src/main/lm/continueText'
import { loadLm } from '../../../../src/main/lm/lmFiles'
import { comparedTokens, compareWithOnnx, loadOnnxDecoder } from '../../../../src/main/lm/lmOnnx'
import { quantizeBySchemes } from '../../../../src/main/lm/lmSchemes'
import { decodeForRewriting, encodeOnnx } from '../../../../src/main/model/files/onnxFile'
import { onnxAccess } from '../../../../src/main/model/files/onnxAccess'
import { simulatedSession } from '../../../unit/main/lm/simulatedSession'

/** Decoders of seeded random values exported by PyTorch: scripts/train/decoderFixtures.py, transformersFixtures.py. */
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
    ['fused', { vocabulary: 40, sequenceLength: 256, tied: false }],
    // By the newer exporter: positions by CumSum and GatherND, NaN behind the softmax replaced.
    ['transformers', { vocabulary: 270, sequenceLength: 256, tied: false }]
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
        loaded.tokenizer.encode('ab'),
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

  it('refuses a window of the mask that is longer than the traced sequence', async () => {
    const graph = decodeForRewriting(readFileSync(fixture('halves')))
    const node = (opType: string, inputs: string[], output: string, attributes = {}): OnnxNode => ({
      ...{ name: output, domain: '', opType, inputs, outputs: [output], attributes }
    })
    const windowed = (length: number): OnnxModel => {
      const constants = { one: 1, two: 2, length, low: -1e9, none: 0 }
      const nodes = [
        node('Cast', ['position_ids'], 'window.places', { to: int(1) }),
        node('Unsqueeze', ['window.places', 'window.two'], 'window.rows'),
        node('Unsqueeze', ['window.places', 'window.one'], 'window.columns'),
        node('Sub', ['window.rows', 'window.columns'], 'window.distance'),
        node('GreaterOrEqual', ['window.distance', 'window.length'], 'window.far'),
        node('Where', ['window.far', 'window.low', 'window.none'], 'window.mask'),
        ...graph.nodes.flatMap((each) => {
          if (each.opType !== 'Softmax') return [each]
          const masked = `${each.outputs[0]}.windowed`
          return [node('Add', [each.inputs[0], 'window.mask'], masked), { ...each, inputs: [masked] }]
        })
      ]
      const initializers = Object.entries(constants).map(([name, value]) => ({
        ...constantOf(name === 'one' || name === 'two' ? 'int64' : 'float32', [], [value]),
        ...(name === 'one' || name === 'two' ? { dims: [1] } : {}),
        name: `window.${name}`
      }))
      return { ...graph, nodes, initializers: [...graph.initializers, ...initializers] }
    }
    const load = async (length: number): Promise<unknown> => {
      const file = path.join(folder, 'windowed.onnx')
      writeFileSync(file, encodeOnnx(windowed(length)))
      return await loadOnnxDecoder(file, onnxAccess)
    }
    await expect(load(1000)).resolves.toMatchObject({ config: sizes })
    for (const length of [16, 100])
      await expect(load(length)).rejects.toMatchObject({
        ...{ code: 'model.invalid', message: expect.stringContaining('differ from those of its own graph') }
      })
  })

  it('says why onnxruntime does not run or open a file', async () => {
    const failing = (open: () => Promise<never>) =>
      loadOnnxDecoder(fixture('halves'), { read: onnxAccess.read, open })
    await expect(failing(() => Promise.reject(new Error('no such type')))).rejects.toMatchObject({
      ...{ code: 'model.invalid', message: expect.stringMatching(/cannot open .*: no such type/) }
    })
    let released = 0
    const session = {
      outputNames: ['logits'],
      run: () => Promise.reject(new Error('indices out of range')),
      release: () => Promise.resolve(void released++)
    }
    await expect(failing(() => Promise.resolve(session as never))).rejects.toMatchObject({
      ...{ code: 'model.invalid', message: expect.stringMatching(/on 256 tokens: indices out of range/) }
    })
    expect(released).toBe(1)
  })

  it('compares the whole sequence of a small model, 12 tokens of a large one', async () => {
    const { config } = decoderFromOnnx(await graphOf('halves'))
    expect(comparedTokens(config)).toBe(256)
    expect(comparedTokens({ ...config, dim: 1024, hiddenDim: 4096, layers: 24 })).toBe(12)
    expect(comparedTokens({ ...config, sequenceLength: 8 })).toBe(8)
  })

  it.each(['halves', 'neighbours'])('compares no more tokens of "%s" than can be afforded', async (name) => {
    const graph = await graphOf(name)
    const session = await onnxAccess.open(fixture(name))
    const { tokens, largest, difference } = await compareWithOnnx(
      session,
      graph,
      decoderFromOnnx(graph),
      1,
      5
    )
    expect(tokens).toBe(5)
    expect(largest).toBeGreaterThan(1)
    expect(difference).toBeLessThan(1e-5)
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
