import { describe, expect, it } from 'vitest'
import { weightedLayerNames } from '@core/model/graph'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { createHostFits } from '@main/model/hostFits'
import type { FitsMessage } from '@main/threads/fitMessages'
import type { ThreadChannel } from '@main/threads/threadChannel'
import { plainNetwork, someImages } from '../../../support/smallNetworks'

const graph = plainNetwork()
const scheme = uniformScheme(weightedLayerNames(graph), 8, 8)
const rangesOf = () => ({
  ...measureActivationRanges(graph, someImages(graph, 64)),
  nameOf: (text: string) => text
})

/** A line whose other end the test is. */
function testLine() {
  const posted: FitsMessage[] = []
  let take: (message: FitsMessage) => void = () => undefined
  let onLook: (message: Extract<FitsMessage, { kind: 'look' }>) => void = () => undefined
  const line: ThreadChannel<FitsMessage> = {
    post(message) {
      posted.push(message)
      if (message.kind === 'look') onLook(message)
    },
    onMessage: (handler) => (take = handler)
  }
  return {
    ...{ line, posted },
    send: (message: FitsMessage) => take(message),
    reply: (by: typeof onLook) => (onLook = by)
  }
}

/** What one process made known of the scheme. */
function madeElsewhere() {
  const { line, posted } = testLine()
  const fits = createHostFits(line, () => 0).join('content', rangesOf())
  const network = quantizeNetwork(fits.ranges, scheme)
  return { network, made: posted.flatMap((message) => (message.kind === 'made' ? [message] : [])) }
}

describe('fits of other processes', () => {
  it('are looked for at once, kept, and not made known again', async () => {
    const { network, made } = madeElsewhere()
    expect(made).toHaveLength(scheme.length)
    const here = testLine()
    here.reply(({ id, content, keys }) => {
      expect(content).toBe('content')
      expect(keys).toEqual(made.map(({ key }) => key))
      here.send({ kind: 'found', id, fits: made.map(({ fit }) => fit) })
    })
    const fits = createHostFits(here.line, () => 0).join('content', rangesOf())
    await fits.look(scheme)
    expect(quantizeNetwork(fits.ranges, scheme)).toEqual(network)
    expect(here.posted.map(({ kind }) => kind)).toEqual(['look'])
    await fits.look(scheme)
    expect(here.posted).toHaveLength(1)
  })

  it('that no other process has are made here and made known', async () => {
    const here = testLine()
    here.reply(({ id, keys }) => here.send({ kind: 'found', id, fits: keys.map(() => null) }))
    const fits = createHostFits(here.line, () => 0).join('content', rangesOf())
    await fits.look(scheme)
    quantizeNetwork(fits.ranges, scheme)
    expect(here.posted.map(({ kind }) => kind)).toEqual(['look', ...scheme.map(() => 'made')])
  })

  it('are no longer waited for once replies stay away', async () => {
    const here = testLine()
    const fits = createHostFits(here.line, () => 0).join('content', rangesOf())
    for (let at = 0; at < 8; at++) await fits.look(scheme)
    const waited = fits.look(scheme)
    // Resolved without a timer: within the microtasks of this turn.
    let isDone = false
    void waited.then(() => (isDone = true))
    for (let at = 0; at < 10; at++) await Promise.resolve()
    expect(isDone).toBe(true)
    quantizeNetwork(fits.ranges, scheme)
    expect(here.posted.filter(({ kind }) => kind === 'look')).toHaveLength(9)
  })

  it('are not waited for without end; a late reply serves the next scheme, one for another thread serves none', async () => {
    const { made } = madeElsewhere()
    const here = testLine()
    const fits = createHostFits(here.line, () => 0).join('content', rangesOf())
    await fits.look(scheme)
    const [look] = here.posted
    if (look?.kind !== 'look') expect.unreachable('no look was posted')
    here.send({ kind: 'found', id: 'of another thread', fits: made.map(({ fit }) => fit) })
    await fits.look(scheme)
    expect(here.posted).toHaveLength(2)
    here.send({ kind: 'found', id: look.id, fits: made.map(({ fit }) => fit) })
    await fits.look(scheme)
    expect(here.posted).toHaveLength(2)
  })
})
