import { describe, expect, it } from 'vitest'
import type { ProxyKernelName } from '@shared/vocabulary'
import type { Proxy } from '@core/proxy/fit/proxy'
import { costTarget, type CostTargetDeps } from '@main/costs/costTarget'
import type { ProxySummary } from '@shared/contract/proxy'

const summary = (
  id: string,
  kernel: ProxyKernelName,
  boardId: string | null,
  pinned: boolean
): ProxySummary => ({ id, kernel, boardId, pinned }) as ProxySummary
const model = (id: string, unit: Proxy['unit'] = 'cycles'): Proxy => ({ id, unit }) as unknown as Proxy

function deps(summaries: ProxySummary[]): CostTargetDeps & { asked: unknown[] } {
  const asked: unknown[] = []
  return {
    asked,
    proxies: {
      list: async () => summaries,
      proxyById: async (id) => model(id),
      proxyFor: async (kernel, boardId) => {
        const found = summaries.find((one) => one.kernel === kernel && one.boardId === boardId && one.pinned)
        return found === undefined ? null : model(found.id)
      }
    },
    calibrations: {
      async points(...args) {
        asked.push(args)
        return { fewest: 1, most: 2 }
      }
    },
    buildOf: (boardId) => (boardId === 'a' ? 7 : null)
  }
}

const pinned = [
  summary('a-conv', 'conv2d', 'a', true),
  summary('a-matmul', 'matmul', 'a', true),
  summary('a-conv-old', 'conv2d', 'a', false),
  summary('file', 'conv2d', null, true)
]
const idsOf = (proxies: ReadonlyMap<ProxyKernelName, Proxy>): unknown[] =>
  [...proxies].map(([kernel, proxy]) => [kernel, (proxy as unknown as { id: string }).id])

describe('which proxies price a board', () => {
  it('takes the board of the first pinned proxy, and calibrates with the build that is connected', async () => {
    const needs = deps(pinned)
    const target = await costTarget(needs, { proxyId: null, boardId: null, modelId: 'm' })
    expect(target).toMatchObject({ boardId: 'a', unit: 'cycles', measured: { fewest: 1, most: 2 } })
    expect(idsOf(target.proxies).sort()).toEqual([
      ['conv2d', 'a-conv'],
      ['matmul', 'a-matmul']
    ])
    expect(needs.asked).toEqual([['a', 'm', 'cycles', 7]])
  })

  it('prefers the proxy asked for over the pinned one of its kernel, and reads no calibration without a model', async () => {
    const needs = deps(pinned)
    const target = await costTarget(needs, { proxyId: 'a-conv-old', boardId: null, modelId: null })
    expect(idsOf(target.proxies)).toContainEqual(['conv2d', 'a-conv-old'])
    expect(idsOf(target.proxies)).toContainEqual(['matmul', 'a-matmul'])
    expect([target.measured, needs.asked]).toEqual([null, []])
  })

  it('ignores a proxy of another board', async () => {
    const target = await costTarget(deps(pinned), { proxyId: 'a-conv-old', boardId: 'b', modelId: null })
    expect(target).toMatchObject({ boardId: 'b', proxies: new Map() })
  })

  it('throws proxy.kernelMissing where no board can be derived', async () => {
    const request = { boardId: null, modelId: null }
    await expect(costTarget(deps([]), { ...request, proxyId: null })).rejects.toMatchObject({
      code: 'proxy.kernelMissing',
      message: 'No proxy of a board is pinned.'
    })
    await expect(costTarget(deps(pinned), { ...request, proxyId: 'file' })).rejects.toMatchObject({
      message: 'This proxy was not fitted on a board.'
    })
  })

  it('prices energy by proxies of energy alone, without a calibration of latency', async () => {
    const energy = { ...summary('a-conv-nj', 'conv2d', 'a', true), unit: 'nJ' as const }
    const needs = deps([...pinned, energy])
    needs.proxies.proxyFor = async (kernel, boardId, quantity) =>
      quantity === 'energy' && kernel === 'conv2d' && boardId === 'a' ? model('a-conv-nj', 'nJ') : null
    needs.proxies.proxyById = async (id) => model(id, 'nJ')
    const request = { proxyId: null, boardId: null, modelId: 'm', quantity: 'energy' as const }
    const target = await costTarget(needs, request)
    expect(target).toMatchObject({ boardId: 'a', unit: 'nJ', measured: null })
    expect(idsOf(target.proxies)).toEqual([['conv2d', 'a-conv-nj']])
    // A proxy of latency that was requested names the board, and does not price energy.
    const byLatency = await costTarget(needs, { ...request, proxyId: 'a-conv-old' })
    expect(idsOf(byLatency.proxies)).toEqual([['conv2d', 'a-conv-nj']])
    await expect(costTarget(deps(pinned), request)).rejects.toMatchObject({
      code: 'proxy.kernelMissing',
      message: "No proxy of a board's energy is pinned."
    })
  })
})
