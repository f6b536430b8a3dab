import { describe, expect, it } from 'vitest'
import type { OnnxValue } from '@core/model/onnx/onnx'
import { keyValueCache } from '@main/workload/runner/keyValueCache'
import { stageTimes } from '@main/workload/runner/stageTimes'
import type { Subject } from '@main/workload/runner/subject'
import type { Feeds } from '@main/workload/runner/testRows'
import { printed } from './runnerNetwork'

const ids: OnnxValue = { name: 'ids', elementType: 'int64', dims: ['batch', 'tokens'] }
const cache: OnnxValue[] = ['key', 'value'].map((kind) => ({
  ...{ name: `past_key_values.0.${kind}`, elementType: 'float32' },
  dims: ['batch', 2, 'past', 4]
}))
const scores: OnnxValue = { name: 'logits', elementType: 'float32', dims: null }

/** A network that only keeps what it is fed; its samples hold six tokens. */
function networkOf(inputs: readonly OnnxValue[], outputs: readonly OnnxValue[] = [scores]) {
  const passes: Feeds[] = []
  let released = 0
  const session = {
    run: (feeds: Feeds) => {
      passes.push(feeds)
      return Promise.resolve(
        Object.fromEntries(outputs.map(({ name }) => [name, `${name} of ${passes.length}`]))
      )
    },
    release: () => Promise.resolve(void released++)
  }
  const model = { inputs, outputs, nodes: [], initializers: [] }
  const subject = {
    ...{ network: { model }, file: model, cache: keyValueCache(model), batch: 3 },
    test: { test: [{ inputs: { ids: [7, 8, 9, 10, 11, 12] } }, { inputs: { ids: [1, 2, 3, 4, 5, 6] } }] },
    testBatches: [{ x: 'three samples' }],
    open: () => Promise.resolve(session)
  }
  const lengths = (): unknown[] => passes.map((feeds) => feeds['ids']?.dims)
  return { subject: subject as unknown as Subject, passes, lengths, released: () => released }
}
const request = (knobs: Record<string, number>, outputTokens?: number, repetitions = 1) => ({
  ...{ do: 'latency' as const, id: 'a', knobs, outputTokens, repetitions }
})

/** What a language model offers whose samples hold six tokens: prompt and output share them. */
const offerOfSix = {
  stages: ['prefill', 'decode'],
  knobs: [
    { name: 'batch', is: { min: 1, max: 16 } },
    { name: 'promptTokens', is: { min: 1, max: 5 } },
    { name: 'outputTokens', is: { min: 1, max: 5 } }
  ],
  limits: [{ sumOf: ['promptTokens', 'outputTokens'], max: 6 }]
}

describe('stages of a language model without a cache', () => {
  it('are offered up to the tokens of the test samples together', async () => {
    const { offer, note } = await stageTimes(networkOf([ids]).subject, 'perplexity', printed().print)
    expect(offer).toEqual(offerOfSix)
    expect(note).toContain('a pass over all tokens before it')
  })

  it('pass over the prompt, then over one token more for each that is decoded, after two rounds to warm up', async () => {
    const { subject, lengths, passes } = networkOf([ids])
    const { print, events } = printed()
    const { measure } = await stageTimes(subject, 'perplexity', print)
    await measure(request({ batch: 3, promptTokens: 4 }, 2, 2))
    const round = [4, 5, 6].map((tokens) => [3, tokens])
    expect(lengths()).toEqual([...round, ...round, ...round, ...round])
    // Samples are repeated where there are fewer than the batch.
    expect([...(passes[0]!['ids']!.data as BigInt64Array)].map(Number)).toEqual([
      ...[7, 8, 9, 10],
      ...[1, 2, 3, 4],
      ...[7, 8, 9, 10]
    ])
    expect(events).toHaveLength(2)
    for (const event of events) {
      expect(event).toMatchObject({ event: 'stages', id: 'a' })
      const { prefill } = event['stagesMs'] as { prefill: number }
      const times = [prefill, ...(event['decodePerTokenMs'] as number[])]
      expect(times).toHaveLength(3)
      expect(times.every((ms) => ms > 0)).toBe(true)
    }
  })

  it('take one sample and the whole window where nothing is said', async () => {
    const { subject, lengths } = networkOf([ids])
    const { print, events } = printed()
    await (await stageTimes(subject, 'perplexity', print)).measure(request({}))
    expect(lengths()).toEqual([
      [1, 6],
      [1, 6],
      [1, 6]
    ])
    expect(events[0]).not.toHaveProperty('decodePerTokenMs')
  })

  it.each([
    [{ batch: 0, promptTokens: 3 }, 1],
    [{ batch: 1, promptTokens: 0 }, 1],
    [{ batch: 1, promptTokens: 4 }, 3],
    [{ batch: NaN, promptTokens: 4 }, 1]
  ])('are not measured at %j with %d output tokens', async (knobs, outputTokens) => {
    const { measure } = await stageTimes(networkOf([ids]).subject, 'perplexity', printed().print)
    await expect(measure(request(knobs, outputTokens))).rejects.toMatchObject({ code: 'input.invalid' })
  })

  it('are the prompt alone for a classifier of text, which decodes nothing', async () => {
    const { subject, lengths } = networkOf([ids])
    const { offer, note, measure } = await stageTimes(subject, 'accuracy', printed().print)
    expect(offer).toEqual({
      stages: ['prefill'],
      knobs: [
        { name: 'batch', is: { min: 1, max: 16 } },
        { name: 'promptTokens', is: { min: 1, max: 6 } }
      ],
      limits: []
    })
    expect(note).toContain('over all tokens')
    await measure(request({ promptTokens: 6 }))
    expect(lengths()[0]).toEqual([1, 6])
    await expect(measure(request({ promptTokens: 3 }, 1))).rejects.toMatchObject({ code: 'input.invalid' })
  })

  it('name the batch that the file fixes', async () => {
    const { subject } = networkOf([{ ...ids, dims: [4, 'tokens'] }])
    const { offer } = await stageTimes(subject, 'perplexity', printed().print)
    expect(offer.knobs[0]).toEqual({ name: 'batch', is: { values: [4] } })
  })
})

it('other networks have one stage, a forward pass of a batch of test samples', async () => {
  const { subject, passes, released } = networkOf([{ name: 'x', elementType: 'float32', dims: ['batch', 3] }])
  const { print, events } = printed()
  const { offer, measure } = await stageTimes(subject, 'accuracy', print)
  expect(offer).toEqual({ knobs: [{ name: 'batch', is: { values: [3] } }], stages: ['forward'], limits: [] })
  await measure(request({ batch: 3 }, undefined, 4))
  expect(passes).toEqual(Array.from({ length: 6 }, () => ({ x: 'three samples' })))
  expect(events.map((event) => Object.keys(event['stagesMs'] as object))).toEqual(
    Array.from({ length: 4 }, () => ['forward'])
  )
  expect(released()).toBe(1)
})

describe('stages of a language model with a cache', () => {
  const presents = cache.map(({ name }) => ({ ...scores, name: name.replace('past_key_values', 'present') }))
  const cached = () => networkOf([ids, ...cache], [scores, ...presents])

  it('are offered so that prompt and output fit the tokens of the samples', async () => {
    const { offer, note } = await stageTimes(cached().subject, 'perplexity', printed().print)
    expect(offer).toEqual(offerOfSix)
    expect(note).toContain('one pass per token')
  })

  it('pass over the prompt with an empty cache, then over one token each with the cache of the pass before', async () => {
    const { subject, passes, lengths } = cached()
    const { print, events } = printed()
    await (await stageTimes(subject, 'perplexity', print)).measure(request({ batch: 2, promptTokens: 3 }, 2))
    expect(lengths().slice(0, 3)).toEqual([
      [2, 3],
      [2, 1],
      [2, 1]
    ])
    const tokens = passes.slice(0, 3).map((feeds) => [...(feeds['ids']!.data as BigInt64Array)].map(Number))
    expect(tokens).toEqual([
      [7, 8, 9, 1, 2, 3],
      [10, 4],
      [11, 5]
    ])
    const pasts = passes.map((feeds) => feeds['past_key_values.0.key'] as unknown)
    expect((pasts[0] as { dims: number[] }).dims).toEqual([2, 2, 0, 4])
    expect(pasts.slice(1, 3)).toEqual(['present.0.key of 1', 'present.0.key of 2'])
    // Every round begins with an empty cache again.
    expect((pasts[3] as { dims: number[] }).dims).toEqual([2, 2, 0, 4])
    expect([passes.length, events.length]).toEqual([9, 1])
    expect((events[0]!['decodePerTokenMs'] as number[]).length).toBe(2)
  })

  it('take one sample and all tokens but one where nothing is said', async () => {
    const { subject, lengths } = cached()
    await (await stageTimes(subject, 'perplexity', printed().print)).measure(request({}))
    expect(lengths()[0]).toEqual([1, 5])
  })

  it.each([
    [{ batch: 0, promptTokens: 3 }, 1],
    [{ batch: 1, promptTokens: 0 }, 1],
    [{ batch: 1, promptTokens: 3 }, -1],
    [{ batch: 1, promptTokens: 3 }, 4]
  ])('are not measured at %j with %d output tokens', async (knobs, outputTokens) => {
    const { measure } = await stageTimes(cached().subject, 'perplexity', printed().print)
    await expect(measure(request(knobs, outputTokens))).rejects.toMatchObject({ code: 'input.invalid' })
  })
})
