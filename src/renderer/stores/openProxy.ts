import type { ProxyDetail } from '@shared/contract/proxy'
import type { LayerShape } from '@core/proxy/samples'
import type { Sample } from '@shared/contract/profile'
import { shallowRef, type ShallowRef } from 'vue'
import type { Client, CommandOutput } from '../client/client'
import { createAction, type Action } from './window/action'
import { createNewest } from './window/newest'

/** Layers of a precision sweep and what the proxy predicts for each. */
type ProxySweep = Pick<CommandOutput<'proxy.predict'>, 'predictions'> & { layers: LayerShape[] }

/** The proxy that is looked at, and what is read, predicted and written of it. */
export interface OpenProxy {
  readonly detail: ShallowRef<ProxyDetail | null>
  /** The Sample behind the point that was clicked last. */
  readonly sample: ShallowRef<Sample | null>
  readonly open: Action<[id: string], void>
  /** Reads a Sample; null where it is not in the data file. */
  readonly loadSample: Action<[id: string], void>
  /** Predicts the layers of a precision sweep; wrong sizes become its error. */
  readonly sweep: Action<[id: string, layersOf: () => LayerShape[]], ProxySweep>
  readonly report: Action<[id: string, folder: string], CommandOutput<'proxy.report'>>
}

/** No proxy at first. */
export function createOpenProxy(client: Client): OpenProxy {
  const detail = shallowRef<ProxyDetail | null>(null)
  const sample = shallowRef<Sample | null>(null)

  const loadSample = createAction(async (id: string) => {
    sample.value = (await client.call('profile.samples', { id, limit: 1 })).samples[0] ?? null
  })

  const beginOpen = createNewest()
  const open = createAction(async (id: string) => {
    const isNewest = beginOpen()
    sample.value = null
    const found = await client.call('proxy.detail', { id })
    // Another proxy was opened while this one was read.
    if (isNewest()) detail.value = found
  })

  const sweep = createAction(async (id: string, layersOf: () => LayerShape[]) => {
    const layers = layersOf()
    const { predictions } = await client.call('proxy.predict', {
      id,
      layers: layers.map(({ dims, ...bits }) => ({ dims: [...dims], ...bits }))
    })
    return { layers, predictions }
  })

  const report = createAction(async (id: string, folder: string) =>
    client.call('proxy.report', { id, folder }, { timeoutMs: 300_000 })
  )

  return { detail, sample, open, loadSample, sweep, report }
}
