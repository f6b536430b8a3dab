import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeCheckpoint } from '@core/lm/checkpoint'
import { bytePieces, writeTokenizer } from '@core/lm/tokenizer'
import { createJobService } from '@main/jobs/jobService'
import type { DecoderSession } from '@main/lm/boardDecoder'
import type { LmServiceDeps } from '@main/lm/lmNeeds'
import { createLmService } from '@main/lm/lmService'
import { createLmTasks } from '@main/lm/lmTasks'
import { handedOver } from '@main/threads/handOver'
import { onnxAccess } from '@main/model/files/onnxAccess'
import { lmContract, type LmChat, type LmLoss, type LmStep } from '@shared/contract/lm'
import { AppError } from '@shared/errors'
import { randomLm, tinyConfig } from '../../../support/randomLm'
import { simulatedSession } from '../../../unit/main/lm/simulatedSession'

let folder = ''
const file = (name: string): string => path.join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lmService-'))
  const letters = [...' abcdefghij'].map((text, at) => ({ score: -at, bytes: Buffer.from(text) }))
  writeFileSync(file('tiny.bin'), writeCheckpoint(randomLm(tinyConfig, 5)))
  writeFileSync(file('tokenizer.bin'), writeTokenizer([...bytePieces(), ...letters]))
  writeFileSync(file('texts.txt'), 'abc def\nhij bad\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const files = () => ({ model: file('tiny.bin'), calibration: file('texts.txt'), text: file('texts.txt') })
const context = { signal: new AbortController().signal }
const task = { signal: context.signal, progress: () => undefined, yieldToAbort: async () => undefined }
const onBoard = simulatedSession(false)
const lmTasks = createLmTasks(onnxAccess)

/** The service on a simulated board; events are kept, each checked against the contract. */
function service(session: DecoderSession = onBoard) {
  const events: [string, unknown][] = []
  let id = 0
  const emit = (name: string, payload: unknown): void => {
    if (name.startsWith('lm.')) lmContract.events[name as keyof typeof lmContract.events].parse(payload)
    events.push([name, structuredClone(payload)])
  }
  const jobs = createJobService({ emit, nowMs: () => 1000, newId: () => `j${++id}` })
  const boards: LmServiceDeps['boards'] = {
    identified: (board) => {
      if (board !== 'virtual:mid') throw new AppError('board.notConnected', 'Not connected.', 'Connect it.')
      return { name: 'mid', info: session.info, unit: 'cycles', origin: 'simulated' }
    },
    withLease: (_id, _owner, work) => work(session)
  }
  const tasks = {
    run: async (name: keyof typeof lmTasks, input: never) => {
      const output = await lmTasks[name](structuredClone(input) as never, task)
      // As between threads: what cannot be cloned or moved fails.
      return structuredClone(output, { transfer: handedOver(output) })
    }
  } as LmServiceDeps['tasks']
  const { handlers } = createLmService({ boards, jobs, tasks, emit, nowMs: () => 1000 })
  const of = <T>(name: string): T[] =>
    events.flatMap(([each, payload]) => (each === name ? [payload as T] : []))
  const talk = (changes = {}) => {
    const request = { scheme: 'w4a8,kv=4', boardId: 'virtual:mid', prompt: 'ab', tokens: 3, toTheEnd: true }
    return handlers['lm.chat']({ files: files(), ...request, ...changes }, context)
  }
  return { handlers, jobs, of, talk }
}

describe('the service of language models', () => {
  it('says sizes and whether texts are known', async () => {
    const { handlers } = service()
    const info = await handlers['lm.info']({ files: { model: file('tiny.bin') } }, context)
    expect(lmContract.commands['lm.info'].out.parse(info)).toMatchObject({
      ...{ parameters: 9776, cacheBytesAt8Bits: 768, hasCalibration: false, hasText: false }
    })
  })

  it('plans memory without sending anything', async () => {
    const silent = { ...onBoard, upload: () => Promise.reject(new Error('nothing may be sent')) }
    const { handlers } = service(silent)
    const plan = (scheme: string) =>
      handlers['lm.plan']({ files: files(), scheme, boardId: 'virtual:mid' }, context)
    const [eight, four] = [await plan('w8a8'), await plan('w8a8,kv=4')]
    expect([eight.memory.cacheBytes, four.memory.cacheBytes]).toEqual([768, 384])
    expect(four.memory.freeBytes).toBeGreaterThan(eight.memory.freeBytes)
  })

  it('continues a text: every step once, each equal to the host, the cache counted', async () => {
    const { handlers, jobs, of, talk } = service()
    await talk()
    await jobs.idle()
    const { chat, steps } = await handlers['lm.last']({}, context)
    expect(chat).toMatchObject({ state: 'done', scheme: 'w4a8,kv=4', prompt: 'ab', error: null })
    // Two layers, keys and values of two heads of 4 at 4 bits.
    expect(chat?.cacheBytesPerPosition).toBe(16)
    expect(chat?.memory?.cacheBytes).toBe(16 * 24)
    // Begin marker, space, a, b: three are forced.
    expect(steps.map(({ forced }) => forced)).toEqual([true, true, true, false, false, false])
    expect(steps.every(({ equal }) => equal)).toBe(true)
    expect(steps.every(({ parts }) => parts.length === 24)).toBe(true)
    expect(of<{ steps: LmStep[] }>('lm.steps').flatMap((each) => each.steps)).toEqual(steps)
    expect(of<LmChat>('lm.chatChanged').map(({ state }) => state)).toEqual(['running', 'running', 'done'])
  })

  it('ends as failed where the board fails, and can start again', async () => {
    let fails = true
    const { handlers, jobs, talk } = service({
      ...onBoard,
      call: (...args) =>
        fails
          ? Promise.reject(new AppError('board.disconnected', 'The board is gone.', 'Plug it in.'))
          : onBoard.call(...args)
    })
    await talk()
    await jobs.idle()
    expect((await handlers['lm.last']({}, context)).chat).toMatchObject({
      state: 'failed',
      error: { code: 'board.disconnected' }
    })
    fails = false
    await talk()
    await jobs.idle()
    expect((await handlers['lm.last']({}, context)).chat).toMatchObject({ state: 'done', error: null })
  })

  it('stops when the job is cancelled and keeps the steps it has', async () => {
    const started = service({
      ...onBoard,
      call: async (...args) => {
        // The begin marker at position 0.
        const [job] = started.jobs.list()
        if (args[2] === 1) started.jobs.cancel(job!.id)
        return await onBoard.call(...args)
      }
    })
    await started.talk()
    await started.jobs.idle()
    const { chat, steps } = await started.handlers['lm.last']({}, context)
    expect(chat).toMatchObject({ state: 'cancelled', error: null })
    expect(steps.length).toBeLessThan(3)
  })

  it('refuses what cannot be, before a job starts', async () => {
    const { jobs, talk, handlers } = service()
    await expect(talk({ boardId: 'other' })).rejects.toMatchObject({ code: 'board.notConnected' })
    await expect(talk({ scheme: 'w5a8' })).rejects.toMatchObject({ code: 'scheme.invalid' })
    await expect(talk({ prompt: 'ab '.repeat(20) })).rejects.toMatchObject({
      ...{ code: 'input.invalid', message: "The prompt has 62 tokens; the model's sequence has 24." }
    })
    const measure = { files: { model: file('tiny.bin') }, schemes: ['w8a8'], documents: 2, seed: 1 }
    await expect(handlers['lm.perplexity'](measure, context)).rejects.toMatchObject({ code: 'data.missing' })
    expect(jobs.list()).toEqual([])
    const [first, second] = await Promise.allSettled([talk(), talk()])
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected'])
    await jobs.idle()
  })

  it('measures perplexity by scheme beside float', async () => {
    const { handlers, jobs, of } = service()
    const request = { files: files(), schemes: ['w8a8', 'w4a8'], documents: 2, seed: 3 }
    await handlers['lm.perplexity'](request, context)
    await jobs.idle()
    const { loss } = await handlers['lm.last']({}, context)
    expect(loss).toMatchObject({ state: 'done', seed: 3 })
    expect(loss?.measured?.schemes.map(({ scheme }) => scheme)).toEqual(['w8a8', 'w4a8'])
    const { float, schemes } = loss!.measured!
    expect(schemes[0]!.overFloat.ratio).toBeCloseTo(schemes[0]!.perplexity / float.perplexity, 9)
    expect(of<LmLoss>('lm.lossChanged').map(({ state }) => state)).toEqual(['running', 'done'])
  })

  it('gives no interval of one document alone', async () => {
    const { handlers, jobs } = service()
    writeFileSync(file('one.txt'), 'abc def\n')
    const request = { files: { ...files(), text: file('one.txt') }, schemes: ['w8a8'], documents: 9, seed: 3 }
    await handlers['lm.perplexity'](request, context)
    await jobs.idle()
    const { loss } = await handlers['lm.last']({}, context)
    expect(loss).toMatchObject({ state: 'failed', measured: null, error: { code: 'data.missing' } })
  })
})
