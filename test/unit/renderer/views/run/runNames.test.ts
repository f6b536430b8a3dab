// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { campaignRequestSchema } from '@shared/contract/profile'
import type { Run, RunKindName } from '@shared/contract/run'
import type { MemoryClient } from '@renderer/client/memoryClient'
import { useGpu } from '@renderer/stores/gpu'
import { useProfile } from '@renderer/stores/profile'
import { useProxies } from '@renderer/stores/proxy'
import RecordingList from '@renderer/views/gpu/RecordingList.vue'
import CampaignList from '@renderer/views/profile/CampaignList.vue'
import ProxyList from '@renderer/views/proxy/ProxyList.vue'
import { noteOf } from '@renderer/views/run/runTexts'
import { sampleGpuList, sampleRecording } from '../../../../e2e/support/sampleGpu'
import { sampleProxyDetail } from '../../../../e2e/support/sampleProxies'
import { sampleRuns } from '../../../../e2e/support/sampleRuns'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => {
  view?.unmount()
  view = undefined
})

const runOf = (kind: RunKindName, id: string, name: string | null): Run => ({
  ...sampleRuns[0]!,
  ...{ id, kind, name, title: 'as it began', tags: [] }
})
const clientWith = (run: Run): MemoryClient =>
  withClient({ 'run.list': ({ kinds }) => ({ runs: kinds?.includes(run.kind) ? [run] : [] }) })
const row = (): string => wordsOf(view!.the('tbody tr'))

describe('the name that a run was given on Runs', () => {
  it('stands in the list of recordings, and follows a change; without one the title does', async () => {
    const run = runOf('recording', sampleRecording.id, 'Warm room')
    const client = clientWith(run)
    view = mountView(RecordingList, {})
    useGpu().recordings = [sampleRecording]
    await settle()
    expect(row()).toContain('Warm room')
    client.emit('run.changed', { ...run, name: 'Cold room' })
    await settle()
    expect(row()).toContain('Cold room')
    client.emit('run.changed', { ...run, name: null })
    await settle()
    expect(row()).toContain(sampleRecording.title)
  })

  it('stands in the list of proxies', async () => {
    const { proxy } = sampleProxyDetail
    clientWith(runOf('proxy', proxy.id, 'For the paper'))
    view = mountView(ProxyList, {})
    useProxies().proxies = [proxy]
    await settle()
    expect(row()).toContain('For the paper')
    expect(row()).not.toContain(proxy.title)
  })

  it('stands beside the board in the list of campaigns, before the error', async () => {
    clientWith(runOf('campaign', 'c7', 'Second rig'))
    view = mountView(CampaignList, {})
    useProfile().campaigns = [
      {
        ...{ id: 'c7', boardId: 'b', boardName: 'Virtual board, small', state: 'failed', done: 1, total: 2 },
        ...{ startedAtMs: 0, finishedAtMs: null, jobId: null, error: 'The cable is out.' },
        request: campaignRequestSchema.parse({ boardId: 'b' })
      }
    ]
    await settle()
    expect(row()).toMatch(/Virtual board, small.*Second rig, The cable is out\./)
  })

  it('is joined with other notes without empty ones', () => {
    expect([noteOf('a', null, '', 'b'), noteOf('', null)]).toEqual(['a, b', null])
  })
})

describe('a run that is deleted on Runs', () => {
  it('is no longer open on GPU & energy, and is listed again when it is brought back', async () => {
    const run = runOf('recording', sampleRecording.id, null)
    const recordings = [sampleRecording]
    const client = withClient({
      'gpu.list': () => sampleGpuList,
      'gpu.samplingState': () => ({
        ...{ state: 'stopped', intervalMs: 100, achievedHz: null, samples: 0, restarts: 0, gaps: 0 },
        ...{ malformedLines: 0, dropped: 0, recordingId: null, message: null, hint: null }
      }),
      'gpu.recordings': () => ({ recordings, unreadable: [] })
    })
    const gpu = useGpu()
    gpu.recordings = [sampleRecording]
    gpu.detail = { recording: sampleRecording } as never
    recordings.length = 0
    client.emit('run.changed', { ...run, forgotten: true })
    await settle()
    expect(gpu.load.error).toBeNull()
    expect([gpu.detail, gpu.recordings]).toEqual([null, []])
    recordings.push(sampleRecording)
    client.emit('run.changed', run)
    await settle()
    expect(gpu.recordings).toEqual([sampleRecording])
  })

  it('is no longer open on Proxy; another that is open stays', async () => {
    const client = withClient({
      'proxy.list': () => ({ proxies: [], unreadable: [] }),
      'proxy.samples': () => ({ sets: [] }),
      'proxy.comparison': () => ({ title: '', rows: [] })
    })
    const proxies = useProxies()
    proxies.proxies = [sampleProxyDetail.proxy]
    proxies.detail = sampleProxyDetail
    client.emit('run.changed', { ...runOf('proxy', 'another', null), forgotten: true })
    await settle()
    expect(proxies.detail).toEqual(sampleProxyDetail)
    client.emit('run.changed', { ...runOf('proxy', sampleProxyDetail.proxy.id, null), forgotten: true })
    await settle()
    expect([proxies.detail, proxies.proxies]).toEqual([null, []])
  })
})
