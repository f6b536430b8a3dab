import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openJobHistory } from '@main/jobs/jobHistory'
import { createJobService } from '@main/jobs/jobService'
import { AppError } from '@shared/errors'

let folder: string
let nowMs = 1000
const logged: string[] = []
beforeEach(async () => {
  nowMs = 1000
  logged.length = 0
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench-jobs-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = (write: (file: string, text: string) => Promise<void> = writeFile) =>
  openJobHistory({
    ...{ file: path.join(folder, 'jobs.json'), write, nowMs: () => (nowMs += 1000) },
    log: (line) => logged.push(line)
  })
const context = { signal: new AbortController().signal }

async function start(write?: (file: string, text: string) => Promise<void>) {
  const history = await open(write)
  let next = 0
  const prefix = history.list().length
  const service = createJobService({
    ...{ history, emit: () => undefined, newId: () => `j${prefix}-${next++}` },
    nowMs: () => (nowMs += 1000)
  })
  return { history, service }
}

describe('history of jobs', () => {
  it('keeps what a job reported and how it ended, beyond its process', async () => {
    const { history, service } = await start()
    const good = service.start({
      ...{ kind: 'test.run', title: 'Good', unit: 'items' },
      run: async ({ progress }) => {
        progress(1, 2, 'first half')
        progress(2, 2, 'second half')
        progress(2, 2, 'second half')
      }
    })
    await good.result
    const bad = service.start({
      ...{ kind: 'test.run', title: 'Bad', unit: 'items' },
      run: async () => {
        throw new AppError('tool.failed', 'The tool failed.', 'Look at it.')
      }
    })
    await bad.result.catch(() => undefined)
    await history.flush()

    const again = await start()
    const { jobs } = await again.service.handlers['job.list']({}, context)
    expect(jobs.map(({ title, state, resumable }) => [title, state, resumable])).toEqual([
      ['Good', 'done', false],
      ['Bad', 'failed', false]
    ])
    const log = async (id: string) =>
      (await again.service.handlers['job.log']({ id }, context)).lines.map(({ text }) => text)
    expect(await log(good.jobId)).toEqual(['started', 'first half', 'second half', 'done'])
    expect(await log(bad.jobId)).toEqual(['started', 'failed: The tool failed. Look at it.'])
    await expect(log('none')).rejects.toMatchObject({ code: 'job.notFound' })
    await again.service.handlers['job.clear']({}, context)
    await again.history.flush()
    expect(JSON.parse(await readFile(path.join(folder, 'jobs.json'), 'utf8'))).toEqual([])
  })

  it('a job whose process was killed is interrupted', async () => {
    const { history, service } = await start()
    service.start({
      ...{ kind: 'test.run', title: 'Long', unit: 'items' },
      run: () => new Promise(() => undefined)
    })
    await history.flush()
    const [job] = (await open()).list()
    expect(job).toMatchObject({ state: 'interrupted', finishedAtMs: expect.any(Number) })
  })

  it('is bounded: 200 jobs, 200 lines of each, 1,000 letters of a line', async () => {
    const { history, service } = await start()
    for (let at = 0; at < 205; at++) {
      await service.start({ kind: 'a.b', title: String(at), unit: 'x', run: async () => undefined }).result
    }
    const { jobId, result } = service.start({
      ...{ kind: 'a.b', title: 'wordy', unit: 'x' },
      async run({ progress }) {
        for (let at = 0; at < 500; at++) progress(at, 500, `${at} ${'x'.repeat(2000)}`)
      }
    })
    await result
    expect(history.list()).toHaveLength(200)
    expect(history.list().at(0)?.title).toBe('6')
    const lines = history.log(jobId)!
    expect(lines).toHaveLength(200)
    expect(Math.max(...lines.map(({ text }) => text.length))).toBe(1000)
    expect(lines.at(-1)?.text).toBe('done')
  })

  it('a job of another version costs only itself, and what is written is the whole list', async () => {
    const { history, service } = await start()
    const begin = (title: string) =>
      service.start({ kind: 'a.b', title, unit: 'x', run: async ({ progress }) => progress(1, 1, 'half') })
        .result
    for (const title of ['one', 'two']) await begin(title)
    await history.flush()
    const file = path.join(folder, 'jobs.json')
    const [one, two] = JSON.parse(await readFile(file, 'utf8')) as { job: { title: string }; log: object[] }[]
    expect([one!.job.title, two!.job.title]).toEqual(['one', 'two'])
    expect([one!.log.length, two!.log.length]).toEqual([3, 3])
    await writeFile(file, JSON.stringify([{ job: { ...one!.job, state: 'unheard' }, log: [] }, two]))
    const again = await open()
    expect(again.list().map(({ title }) => title)).toEqual(['two'])
    expect(logged.join()).toContain('1 jobs of')
  })

  it('a damaged file is empty; one that cannot be written is logged and costs nothing else', async () => {
    await writeFile(path.join(folder, 'jobs.json'), '[{"job":')
    const { history, service } = await start(async () => {
      throw new Error('disk full')
    })
    expect(history.list()).toEqual([])
    await service.start({ kind: 'a.b', title: 't', unit: 'x', run: async () => undefined }).result
    await history.flush()
    expect(logged[0]).toContain('disk full')
    expect(history.list()).toHaveLength(1)
  })
})
