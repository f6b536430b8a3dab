import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  addCampaign,
  addProxy,
  addRecording,
  addSearch,
  modelId,
  openSessionBench,
  type SessionBench
} from '../../../support/sessionBench'

let folder: string
let here: SessionBench
let there: SessionBench
let file: string
const network = Buffer.from('bytes of a network')

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-session-'))
  file = path.join(folder, 'one.bbsession')
  here = await openSessionBench(folder, 'here')
  there = await openSessionBench(folder, 'there')
  writeFileSync(path.join(folder, 'net.onnx'), network)
  here.models.set(modelId(network), { name: 'net', file: path.join(folder, 'net.onnx'), shipped: false })
  await addProxy(here.store, 'proxy-1', 'port:/dev/ttyUSB0')
  await addSearch(here.store, 'search-1', {
    modelId: modelId(network),
    proxyId: 'proxy-1',
    boardId: 'virtual:small'
  })
  await addCampaign(here.store, 'camp-1', 'port:/dev/ttyUSB0')
  await addCampaign(here.store, 'camp-2', 'virtual:small')
  await addRecording(here.store, 'rec-1', [50, 60, 70])
})
afterEach(async () => {
  await here.close()
  await there.close()
  rmSync(folder, { recursive: true, force: true })
})

const statesOf = async (bench: SessionBench): Promise<[string, string][]> =>
  (await bench.call('session.import', { file })).runs
    .map(({ id, state }): [string, string] => [id, state])
    .sort()

describe('a session file', () => {
  it('carries a search with the proxy and the network it names, and nothing else', async () => {
    const info = await here.call('session.export', { file, runIds: ['search-1'], title: 'Paper' })
    expect(info.runs.map(({ id }) => id)).toEqual(['search-1', 'proxy-1'])
    expect(info.models).toEqual([{ id: modelId(network), name: 'net', included: true }])
    expect(await there.call('session.info', { file })).toEqual(info)
    expect(await statesOf(there)).toEqual([
      ['proxy-1', 'added'],
      ['search-1', 'added']
    ])
    const [kept] = there.models.values()
    expect(await readFile(kept!.file)).toEqual(network)
    expect(kept!.file.startsWith(path.join(folder, 'there', 'models'))).toBe(true)
    // A proxy prices nothing here until it is pinned here.
    expect(await there.store.all('SELECT id, pinned FROM proxy_model')).toEqual([
      { id: 'proxy-1', pinned: false }
    ])
  })

  it('brings every row to another data folder, and a real board under another id than boards there', async () => {
    await here.runs.handlers['run.rename'](
      { id: 'camp-1', name: 'Night run' },
      { signal: new AbortController().signal }
    )
    await here.runs.handlers['run.annotate'](
      { id: 'rec-1', notes: 'warm room', tags: ['paper'] },
      { signal: new AbortController().signal }
    )
    const markers = [{ atMs: 120.5, text: 'fan starts' }]
    await here.runs.handlers['run.mark']({ id: 'rec-1', markers }, { signal: new AbortController().signal })
    await here.call('session.export', { file, runIds: [], title: '' })
    const imported = await there.call('session.import', { file })
    expect(imported.runs).toHaveLength(5)
    const mark = (await here.store.all<{ name: string }>('SELECT name FROM session_origin'))[0]!.name.slice(
      0,
      8
    )
    expect(
      await there.store.all('SELECT board_id, count(*) AS rows FROM profile_sample GROUP BY 1 ORDER BY 1')
    ).toEqual([
      { board_id: `port:/dev/ttyUSB0@${mark}`, rows: 2 },
      { board_id: 'virtual:small', rows: 2 }
    ])
    expect(await there.store.all('SELECT sum(time) AS sum FROM profile_sample')).toEqual([{ sum: 6000 }])
    expect(await there.store.all('SELECT t_ms, power_w FROM gpu_sample ORDER BY t_ms')).toEqual([
      { t_ms: 0, power_w: 50 },
      { t_ms: 100, power_w: 60 },
      { t_ms: 200, power_w: 70 }
    ])
    expect(await there.store.all('SELECT name, to_ms FROM gpu_phase')).toEqual([
      { name: 'train', to_ms: 200 }
    ])
    const runs = await there.runs.list()
    expect(runs.find(({ id }) => id === 'camp-1')).toMatchObject({
      name: 'Night run',
      imported: { file: 'one.bbsession', example: false, atMs: 1234 }
    })
    expect(runs.find(({ id }) => id === 'rec-1')).toMatchObject({ notes: 'warm room', tags: ['paper'] })
    expect(
      await there.runs.handlers['run.markers']({ id: 'rec-1' }, { signal: new AbortController().signal })
    ).toEqual({ markers })
    const [campaign] = await there.store.all<{ request: string }>(
      "SELECT request FROM profile_campaign WHERE id = 'camp-1'"
    )
    expect(JSON.parse(campaign!.request).boardId).toBe(`port:/dev/ttyUSB0@${mark}`)
  })

  it('changes nothing where its runs are already, however often it is opened', async () => {
    await here.call('session.export', { file, runIds: [], title: '' })
    const before = await here.content()
    expect((await statesOf(here)).map(([, state]) => state)).toEqual(Array(5).fill('alreadyHere'))
    expect(await here.content()).toBe(before)
    await there.call('session.import', { file })
    const after = await there.content()
    expect((await statesOf(there)).map(([, state]) => state)).toEqual(Array(5).fill('alreadyHere'))
    expect(await there.content()).toBe(after)
  })

  it('gives a run a new id where its own is taken, renames what points at it, and knows it the next time', async () => {
    await here.call('session.export', { file, runIds: ['search-1', 'camp-2'], title: '' })
    await addProxy(there.store, 'proxy-1', 'virtual:other')
    await addCampaign(there.store, 'camp-2', 'virtual:small', { times: [5, 6] })
    const before = {
      proxy: await there.store.all("SELECT * FROM proxy_model WHERE id = 'proxy-1'"),
      samples: await there.store.all('SELECT * FROM profile_sample ORDER BY id')
    }
    const states = await statesOf(there)
    expect(states.map(([, state]) => state).sort()).toEqual(['added', 'addedUnderNewId', 'addedUnderNewId'])
    expect(await there.store.all("SELECT * FROM proxy_model WHERE id = 'proxy-1'")).toEqual(before.proxy)
    const proxy = states.find(([id]) => id !== 'search-1' && id !== 'camp-2')![0]
    const [search] = await there.store.all<{ record: string }>('SELECT record FROM search')
    const proxies = (await there.store.all<{ id: string }>('SELECT id FROM proxy_model')).map(({ id }) => id)
    expect(proxies).toContain(JSON.parse(search!.record).request.proxyId)
    expect(JSON.parse(search!.record).request.proxyId).not.toBe('proxy-1')
    expect(proxy).not.toBe('proxy-1')
    // Two Samples of the same ids with other times: those here stay, the new ones belong to the new campaign.
    const samples = await there.store.all('SELECT * FROM profile_sample ORDER BY id')
    expect(samples).toEqual(expect.arrayContaining(before.samples))
    expect(
      await there.store.all(
        `SELECT count(*) AS rows, sum(s.time) AS sum FROM profile_sample s JOIN profile_campaign c ON c.id = s.campaign_id
         GROUP BY c.id ORDER BY sum`
      )
    ).toEqual([
      { rows: 2, sum: 11 },
      { rows: 2, sum: 3000 }
    ])
    const after = await there.content()
    expect((await statesOf(there)).every(([, state]) => state === 'alreadyHere')).toBe(true)
    expect(await there.content()).toBe(after)
  })

  it('lets a run adopt the Samples that it shares with one here under its id', async () => {
    await here.call('session.export', { file, runIds: ['camp-2'], title: '' })
    // The same Samples, but a campaign that was named otherwise there.
    await addCampaign(there.store, 'camp-2', 'virtual:small')
    await there.store.run("UPDATE profile_campaign SET board_name = 'Other'")
    const id = (await there.call('session.import', { file })).runs[0]!.id
    expect(id).not.toBe('camp-2')
    expect(await there.store.all('SELECT * FROM profile_adopted ORDER BY sample_id')).toEqual([
      { campaign_id: id, sample_id: 'camp-2-s1' },
      { campaign_id: id, sample_id: 'camp-2-s2' }
    ])
    expect(await there.store.all('SELECT DISTINCT campaign_id FROM profile_sample')).toEqual([
      { campaign_id: 'camp-2' }
    ])
  })

  it('restores a deleted run that is opened again', async () => {
    const context = { signal: new AbortController().signal }
    await here.call('session.export', { file, runIds: ['rec-1'], title: '' })
    await here.runs.handlers['run.forget']({ id: 'rec-1' }, context)
    expect((await here.runs.list()).map(({ id }) => id)).not.toContain('rec-1')
    await here.call('session.import', { file })
    expect((await here.runs.list()).map(({ id }) => id)).toContain('rec-1')
  })

  it('keeps the boards of an example apart, and its runs say that they are one', async () => {
    await here.sessions.export({ file, runIds: ['camp-2', 'search-1'], title: 'Try it', example: true })
    const { models, notes } = await there.call('session.import', { file })
    expect(models).toEqual([{ id: modelId(network), name: 'net', included: true }])
    expect(notes[0]).toContain('virtual:small@example')
    expect(await there.store.all('SELECT DISTINCT board_id FROM profile_sample')).toEqual([
      { board_id: 'virtual:small@example' }
    ])
    expect((await there.runs.list()).map(({ imported }) => imported?.example)).toEqual([true, true, true])
  })

  it('shares Samples that two campaigns count, and leaves no file behind', async () => {
    await here.store.append('profile_adopted', [{ campaign_id: 'camp-1', sample_id: 'camp-2-s1' }])
    await here.call('session.export', { file, runIds: ['camp-1'], title: '' })
    await there.call('session.import', { file })
    // Its maker is not in the session, so no run here owns it.
    expect(await there.store.all('SELECT id, campaign_id FROM profile_sample ORDER BY id')).toEqual([
      { id: 'camp-1-s1', campaign_id: 'camp-1' },
      { id: 'camp-1-s2', campaign_id: 'camp-1' },
      { id: 'camp-2-s1', campaign_id: null }
    ])
    expect(readdirSync(path.join(folder, 'there', 'sessions'))).toEqual([])
    expect(readdirSync(path.join(folder, 'here', 'sessions'))).toEqual([])
  })

  it('goes through a browser as bytes, and is the same session', async () => {
    const { info, base64 } = await here.call('session.pack', { runIds: ['camp-2'], title: 'Of a page' })
    expect(info).toMatchObject({
      file: 'bitbench.bbsession',
      title: 'Of a page',
      sizeBytes: atob(base64).length
    })
    const name = '../my runs.bbsession'
    expect((await there.call('session.receive', { name, base64 })).runs).toMatchObject([
      { id: 'camp-2', state: 'added' }
    ])
    expect((await there.runs.list())[0]!.imported?.file).toBe('my_runs.bbsession')
    await expect(there.call('session.receive', { name: '', base64: '????' })).rejects.toMatchObject({
      code: 'session.invalid'
    })
    expect(readdirSync(path.join(folder, 'there', 'sessions'))).toEqual([])
  })

  it('leaves out what no import would accept, says so, and refuses a run of that kind that was chosen', async () => {
    await here.store.run(`UPDATE proxy_model SET fitted = '{"proxy":{"format":"older"}}'`)
    await here.store.run(`UPDATE profile_campaign SET items = '[{"kernel":"gone"}]' WHERE id = 'camp-1'`)
    await here.store.run("INSERT INTO proxy_calibration VALUES ('virtual:small', $1, 1, '{}')", [
      modelId(network)
    ])
    const chosen = here.call('session.export', { file, runIds: ['camp-1'], title: '' })
    await expect(chosen).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringMatching(/camp-1.*items/)
    })
    expect(readdirSync(folder)).not.toContain('one.bbsession')
    // The proxy is only named by the search: the search is carried without it.
    const one = await here.call('session.export', { file, runIds: ['search-1'], title: '' })
    expect(one.runs.map(({ id }) => id)).toEqual(['search-1'])
    expect(one.notes).toEqual([
      '1 run of a stored form that cannot be read: not included (proxy-1).',
      `What was measured for virtual:small, ${modelId(network)} cannot be read: not included.`
    ])
    const all = await here.call('session.export', { file, runIds: [], title: '' })
    expect(all.runs.map(({ id }) => id).sort()).toEqual(['camp-2', 'rec-1', 'search-1'])
    expect(all.notes[0]).toContain('2 runs')
    expect((await statesOf(there)).map(([, state]) => state)).toEqual(['added', 'added', 'added'])
    expect(await there.store.all('SELECT * FROM proxy_calibration')).toEqual([])
  })

  it('holds the other runs where an estimator cannot be read, which is listed and can be deleted', async () => {
    const context = { signal: new AbortController().signal }
    await here.store.run("INSERT INTO latency_estimator VALUES ('est-1', 7, '{\"id\":\"est-1\"}', '{}')")
    const found = (await here.runs.list()).find(({ id }) => id === 'est-1')
    expect(found).toMatchObject({ kind: 'estimator', state: 'unreadable', startedAtMs: 7 })
    expect(found!.problem).toContain('title')
    const { runs, notes } = await here.call('session.export', { file, runIds: [], title: '' })
    expect(runs).toHaveLength(5)
    expect(notes).toEqual(['1 run of a stored form that cannot be read: not included (est-1).'])
    await here.runs.handlers['run.forget']({ id: 'est-1' }, context)
    await here.runs.handlers['run.remove']({ id: 'est-1' }, context)
    expect(await here.store.all('SELECT id FROM latency_estimator')).toEqual([])
  })

  it('is refused where a network has a file name that other systems do not take', async () => {
    here.models.get(modelId(network))!.name = 'net:2'
    await expect(
      here.call('session.export', { file, runIds: ['search-1'], title: '' })
    ).rejects.toMatchObject({ code: 'store.exportFailed', message: expect.stringContaining('"net:2"') })
    expect(readdirSync(folder)).not.toContain('one.bbsession')
  })

  it('is refused for runs that are not there or still run, and what stood there stays', async () => {
    writeFileSync(file, 'older')
    await expect(here.call('session.export', { file, runIds: ['nope'], title: '' })).rejects.toMatchObject({
      code: 'input.notFound'
    })
    await here.store.run(
      `UPDATE gpu_recording SET details = json_merge_patch(details, '{"state":"running"}')`
    )
    await expect(here.call('session.export', { file, runIds: ['rec-1'], title: '' })).rejects.toMatchObject({
      code: 'run.busy'
    })
    expect(await readFile(file, 'utf8')).toBe('older')
    // All runs are all that have ended.
    const all = await here.call('session.export', { file, runIds: [], title: '' })
    expect(all.runs.map(({ id }) => id).sort()).toEqual(['camp-1', 'camp-2', 'proxy-1', 'search-1'])
    await expect(there.call('session.export', { file, runIds: [], title: '' })).rejects.toMatchObject({
      code: 'input.notFound'
    })
  })
})
