import { describe, expect, it } from 'vitest'
import { weightedLayerNames } from '@core/model/graph'
import { createByteCache, type ByteCache } from '@core/quant/quantize/byteCache'
import { measureActivationRanges, type ActivationRanges } from '@core/quant/quantize/calibration'
import { runFit, runPlain, type ArithmeticRequest } from '@core/quant/quantize/fitEngine'
import { quantizing, quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import type { QuantizedNetwork } from '@core/quant/quantizedNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { createOrtFitEngine } from '@main/model/onnxruntime/ortFitEngine'
import { schemeScores } from '@main/model/accuracy/schemeAccuracy'
import { createFitExchange, type FitMessage } from '@main/model/sharedFits'
import type { ThreadChannel } from '@main/threads/threadChannel'
import { plainNetwork, residualNetwork, someImages, wideNetwork } from '../../../support/smallNetworks'

/** Channels of threads; what one posts reaches the others as a copy. `sent` counts messages. */
function createThreads(): { open: () => ThreadChannel<FitMessage>; sent: FitMessage[] } {
  const handlers: ((message: FitMessage) => void)[] = []
  const sent: FitMessage[] = []
  const open = (): ThreadChannel<FitMessage> => {
    const own = handlers.length
    handlers.push(() => undefined)
    return {
      post(message) {
        sent.push(message)
        for (const [at, handler] of handlers.entries()) if (at !== own) handler(structuredClone(message))
      },
      onMessage: (handler) => void (handlers[own] = handler)
    }
  }
  return { open, sent }
}

describe.each([
  ['plain', plainNetwork()],
  ['residual', residualNetwork()],
  // More taps than are rounded at once: its moments hold the inputs, which go to onnxruntime out of shared memory.
  ['wide', wideNetwork()]
] as const)('fits of the %s network in several threads', (_, graph) => {
  const pixels = someImages(graph, 64)
  const layers = weightedLayerNames(graph)
  const scheme = uniformScheme(layers, 4, 8)
  const measured = (): ActivationRanges => measureActivationRanges(graph, pixels)

  /** The network, and what had to be computed for it. */
  async function fitted(ranges: ActivationRanges, wanted = scheme): Promise<[QuantizedNetwork, string[]]> {
    const kinds: string[] = []
    const engine = createOrtFitEngine()
    const network = await runFit(quantizing(ranges, wanted), {
      carryOut(request: ArithmeticRequest) {
        kinds.push(request.kind)
        return engine.carryOut(request)
      },
      end: () => engine.end()
    })
    return [network, kinds]
  }

  /** Names of the layers that were run over the items for a scheme. */
  async function layersRun(ranges: ActivationRanges, wanted: typeof scheme): Promise<string[]> {
    const names: string[] = []
    const engine = createOrtFitEngine({ minVisits: 0 })
    await runFit(quantizing(ranges, wanted), {
      carryOut(request: ArithmeticRequest) {
        if (request.kind === 'layers') names.push(...request.layers.map(({ name }) => name))
        return engine.carryOut(request)
      },
      end: () => engine.end()
    })
    return names
  }

  it('are computed once, and give the network that a thread alone gives', async () => {
    const { open } = createThreads()
    const [first, second] = [createFitExchange(open()), createFitExchange(open())]
    const a = first.join('network', measured())
    const b = second.join('network', measured())
    const [alone] = await fitted(measured())
    const [made, computed] = await fitted(a.ranges)
    const [taken, repeated] = await fitted(b.ranges)
    expect(computed).toContain('product')
    expect(repeated).toEqual([])
    expect(taken).toEqual(made)
    expect(made).toEqual(alone)
  })

  it('serve another scheme that needs the moments of the first alone', () => {
    const { open } = createThreads()
    const [first, second] = [createFitExchange(open()), createFitExchange(open())]
    const a = first.join('network', measured())
    const b = second.join('network', measured())
    const changed = scheme.map((entry, at) =>
      at === layers.length - 1 ? { ...entry, weightBits: 2 as const } : entry
    )
    runPlain(quantizing(a.ranges, scheme))
    const network = runPlain(quantizing(b.ranges, changed))
    expect(network).toEqual(quantizeNetwork(measured(), changed))
  })

  it('pass on the codes of every layer, for schemes that write its sums in another format', () => {
    const { open } = createThreads()
    const [first, second] = [createFitExchange(open()), createFitExchange(open())]
    const [own, other] = [measured(), measured()]
    const keys: string[] = []
    const { roundedCache } = own
    const a = first.join('network', {
      ...own,
      roundedCache: {
        get: (key) => roundedCache.get(key),
        set(key, value, sizeBytes) {
          keys.push(key)
          roundedCache.set(key, value, sizeBytes)
        }
      }
    })
    second.join('network', other)
    runPlain(quantizing(a.ranges, scheme))
    expect(keys).toHaveLength(layers.length)
    for (const key of keys) expect(other.roundedCache.get(key)).toEqual(roundedCache.get(key))
  })

  it('run no layer over the items that another thread has run', async () => {
    const { open } = createThreads()
    const [first, second] = [createFitExchange(open()), createFitExchange(open())]
    const [a, b] = [first.join('network', measured()), second.join('network', measured())]
    const narrower = scheme.map((entry, at) =>
      at === layers.length - 1 ? { ...entry, activationBits: 4 as const } : entry
    )
    const one = measured()
    await layersRun(one, scheme)
    await layersRun(a.ranges, scheme)
    expect(await layersRun(b.ranges, narrower)).toEqual(await layersRun(one, narrower))
  })

  it('send no output that is too large for the caches', async () => {
    const { open, sent } = createThreads()
    const [first, second] = [createFitExchange(open()), createFitExchange(open())]
    const small = { ...measured(), codesCache: createByteCache(1024) }
    const a = first.join('network', small)
    second.join('network', measured())
    await fitted(a.ranges)
    const kinds = sent.map(({ kind }) => kind)
    expect(kinds).toContain('layer')
    expect(kinds).not.toContain('codes')
  })

  it('serve another width of every layer through onnxruntime', async () => {
    const { open } = createThreads()
    const [first, second] = [createFitExchange(open()), createFitExchange(open())]
    const threads = [first.join('network', measured()), second.join('network', measured())]
    const other = uniformScheme(layers, 2, 8)
    await fitted(threads[0].ranges)
    const [alone] = await fitted(measured(), other)
    for (const { ranges } of threads) expect((await fitted(ranges, other))[0]).toEqual(alone)
  })

  it('stay in their thread without an equal, for other content and after leaving', () => {
    const { open, sent } = createThreads()
    const [first, second] = [createFitExchange(open()), createFitExchange(open())]
    const a = first.join('network', measured())
    runPlain(quantizing(a.ranges, scheme))
    expect(sent).toHaveLength(1)
    const b = second.join('another network', measured())
    runPlain(quantizing(b.ranges, scheme))
    expect(sent).toHaveLength(2)
    a.leave()
    second.join('network', measured())
    runPlain(quantizing(a.ranges, uniformScheme(layers, 2, 8)))
    expect(sent).toHaveLength(3)
  })
})

describe('outputs over judged items in several threads', () => {
  const graph = plainNetwork()
  const layers = weightedLayerNames(graph)
  const count = 300
  const images = { count, pixels: someImages(graph, count, 99), labels: new Uint8Array(count) }
  const ranges = measureActivationRanges(graph, someImages(graph, 48))
  const eight = quantizeNetwork(ranges, uniformScheme(layers, 8, 8))
  // Differs in the last layer, so that it goes on from an output of the other.
  const changed = quantizeNetwork(
    ranges,
    uniformScheme(layers, 8, 8).with(-1, { layer: layers.at(-1)!, weightBits: 2, activationBits: 8 })
  )
  /** Where outputs are kept, and how many a thread found there. */
  function finding(cache: ByteCache) {
    let found = 0
    const get = (key: string): Uint8Array | undefined => {
      const bytes = cache.get(key)
      if (bytes !== undefined) found++
      return bytes
    }
    return { cache: { ...cache, get }, found: () => found }
  }

  it('are found by another thread, which gives the scores of one alone', async () => {
    const { open } = createThreads()
    const [first, second] = [createFitExchange(open()), createFitExchange(open())]
    const a = first.joinOutputs('network', createByteCache(2 ** 26))
    const b = finding(second.joinOutputs('network', createByteCache(2 ** 26)).cache)
    await schemeScores(eight, images, { cache: a.cache, items: 'search' })
    const scores = await schemeScores(changed, images, { cache: b.cache, items: 'search' })
    expect(b.found()).toBeGreaterThan(0)
    expect(scores).toEqual(await schemeScores(changed, images))
  })

  it('are not those of other content, nor of a thread that left', async () => {
    const { open, sent } = createThreads()
    const [first, second] = [createFitExchange(open()), createFitExchange(open())]
    const a = first.joinOutputs('network', createByteCache(2 ** 26))
    const b = second.joinOutputs('another network', createByteCache(2 ** 26))
    await schemeScores(eight, images, { cache: a.cache, items: 'search' })
    expect(sent).toHaveLength(2)
    b.leave()
    const c = finding(second.joinOutputs('network', createByteCache(2 ** 26)).cache)
    a.leave()
    await schemeScores(changed, images, { cache: c.cache, items: 'search' })
    expect(c.found()).toBe(0)
  })
})
