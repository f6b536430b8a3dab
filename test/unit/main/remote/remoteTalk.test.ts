import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectionRequestSchema } from '@shared/contract/estimator/collection'
import type { LineChannel } from '@main/remote/lineChannel'
import {
  lineOf,
  orderSchema,
  readLine,
  remoteProtocol,
  type Order,
  type RemoteTask,
  type Report
} from '@main/remote/remoteProtocol'
import { talkRemote } from '@main/remote/remoteTalk'

let folder: string
beforeEach(() => void (folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-talk-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const hello: Report = { type: 'hello', protocol: remoteProtocol, version: '9.9', machine: 'far' }
const bytes = Buffer.from('a session')
const file: Report = { type: 'file', base64: bytes.toString('base64') }
const done: Report = {
  type: 'done',
  sha256: createHash('sha256').update(bytes).digest('hex'),
  error: null,
  isStopped: false
}

/** A far side that is written in the test: `react` gets each order, sends reports and ends the channel. */
function farSide(
  react: (order: Order, say: (...reports: Report[]) => void, end: (code: number) => void) => void
) {
  const waiting: string[] = []
  let wake: () => void = () => undefined
  let over = false
  let resolveEnd: (code: number | null) => void = () => undefined
  const ended = new Promise<number | null>((resolve) => (resolveEnd = resolve))
  const end = (code: number | null): void => {
    over = true
    resolveEnd(code)
    wake()
  }
  const text = (line: string): void => {
    waiting.push(line)
    wake()
  }
  const say = (...reports: Report[]): void => reports.forEach((report) => text(lineOf(report)))
  const channel: LineChannel = {
    ended,
    async send(line) {
      react(readLine(line.trimEnd(), orderSchema)!, say, end)
    },
    chunks: (async function* () {
      for (;;) {
        const next = waiting.shift()
        if (next !== undefined) yield next
        else if (over) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    })(),
    async stop() {
      end(null)
    }
  }
  return { channel, say, text, end }
}

let nowMs = 1000
const talk = (
  channel: LineChannel,
  more: { signal?: AbortSignal; onOutput?: (text: string) => void; task?: RemoteTask } = {}
) =>
  talkRemote(channel, more.task ?? { kind: 'check' }, null, {
    nowMs: () => nowMs,
    file: path.join(folder, 'result'),
    signal: more.signal ?? new AbortController().signal,
    onOutput: (_stream, text) => more.onOutput?.(text),
    onProgress: () => undefined,
    lastErrorText: () => 'ssh: banner\nssh: broken pipe\n'
  })

/** Returns pings with a clock that is 250 ms ahead. */
const pong = (order: Order, say: (...reports: Report[]) => void): void => {
  if (order.type !== 'ping') return
  nowMs += 4
  say({ type: 'pong', id: order.id, atMs: nowMs - 2 + 250 })
}

describe('a conversation with a GPU host', () => {
  it('compares the clocks, gives the task and takes the file', async () => {
    const orders: string[] = []
    const far = farSide((order, say) => {
      orders.push(order.type)
      pong(order, say)
      if (order.type === 'run') say({ type: 'gpus', driver: '1.2', names: ['A'], problem: null }, file, done)
    })
    const heard: string[] = []
    far.text('Welcome to the lab\n')
    far.say(hello)
    const outcome = await talk(far.channel, { onOutput: (text) => heard.push(text) })
    expect(orders).toEqual([...Array<string>(8).fill('ping'), 'run'])
    expect(outcome).toEqual({
      // (4 + 1) / 2 + 1
      origin: {
        machine: 'far',
        version: '9.9',
        driver: '1.2',
        clock: { offsetMs: 250, uncertaintyMs: 3.5 },
        restarts: 0
      },
      ...{ gpus: ['A'], problem: null, hasFile: true, error: null }
    })
    expect(readFileSync(path.join(folder, 'result'), 'utf8')).toBe('a session')
    expect(heard).toEqual(['Welcome to the lab\n'])
  })

  it('drops what came before a far side began again, and orders the task once', async () => {
    let runs = 0
    const far = farSide((order, say) => {
      pong(order, say)
      if (order.type !== 'run') return
      runs++
      say({ type: 'file', base64: Buffer.from('half of').toString('base64') }, hello, file, done)
    })
    far.say(hello)
    const outcome = await talk(far.channel)
    expect([runs, outcome.origin.restarts]).toEqual([1, 1])
    expect(readFileSync(path.join(folder, 'result'), 'utf8')).toBe('a session')
  })

  it('waits for another beginning where the process there was stopped', async () => {
    const far = farSide((order, say) => {
      pong(order, say)
      if (order.type === 'run') say(file, { ...done, isStopped: true }, hello, file, done)
    })
    far.say(hello)
    expect(await talk(far.channel)).toMatchObject({ error: null, hasFile: true, origin: { restarts: 1 } })
  })

  it('keeps what a stopped process had sent where it does not begin again', async () => {
    const far = farSide((order, say, end) => {
      pong(order, say)
      if (order.type !== 'run') return
      say(file, { ...done, isStopped: true })
      end(143)
    })
    far.say(hello)
    expect(await talk(far.channel)).toMatchObject({ error: { code: 'remote.lost' }, hasFile: true })
  })

  it('gives no task that an older Bitbench would drop without a word', async () => {
    const request = collectionRequestSchema.parse({ runner: { kind: 'onnx', model: 'gloss-language' } })
    const task: RemoteTask = { kind: 'collect', request }
    const orders: string[] = []
    const older = farSide((order) => orders.push(order.type))
    older.say(hello)
    await expect(talk(older.channel, { task })).rejects.toMatchObject({ code: 'remote.version' })
    expect(orders).toEqual([])
    const far = farSide((order, say) => {
      pong(order, say)
      if (order.type === 'run') say(file, done)
    })
    far.say({ ...hello, tasks: ['collect'] })
    expect(await talk(far.channel, { task })).toMatchObject({ error: null, hasFile: true })
  })

  it('refuses a file with another hash and leaves none behind', async () => {
    const far = farSide((order, say) => {
      pong(order, say)
      if (order.type === 'run')
        say(file, { type: 'done', sha256: 'f'.repeat(64), error: null, isStopped: false })
    })
    far.say(hello)
    await expect(talk(far.channel)).rejects.toMatchObject({ code: 'data.invalid' })
    expect(existsSync(path.join(folder, 'result'))).toBe(false)
  })

  it('refuses a far side of another protocol', async () => {
    const far = farSide(() => undefined)
    far.say({ ...hello, protocol: remoteProtocol + 1 })
    await expect(talk(far.channel)).rejects.toMatchObject({ code: 'remote.version' })
  })

  it('reports an end before the beginning by another code than one in the middle', async () => {
    const never = farSide(() => undefined)
    never.end(255)
    await expect(talk(never.channel)).rejects.toMatchObject({
      code: 'remote.unreachable',
      message: expect.stringContaining('exit code 255: ssh: broken pipe') as string
    })
    const middle = farSide((_order, _say, end) => end(1))
    middle.say(hello)
    await expect(talk(middle.channel)).rejects.toMatchObject({ code: 'remote.lost' })
  })

  it('ends a far side that has not begun at once when cancelled', async () => {
    const far = farSide(() => undefined)
    const controller = new AbortController()
    const talking = talk(far.channel, { signal: controller.signal })
    controller.abort()
    await expect(talking).rejects.toMatchObject({ code: 'job.cancelled' })
  })
})
