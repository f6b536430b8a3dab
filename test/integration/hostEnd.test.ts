import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Envelope, PhaseMark, Recording } from '@shared/contract/gpu'
import type { CommandName } from '@shared/contract/index'
import { fakeSmiFile } from '../fixtures/smi/standIn'
import { callHost } from '../support/servedHost'

/** `bitbench serve` as a process of its own, ended by signals while it works. */
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench end '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let servers: ChildProcess[] = []
afterEach(() => {
  for (const server of servers) server.kill('SIGKILL')
  servers = []
})

interface Served {
  child: ChildProcess
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  call<T>(name: string, input: unknown): Promise<T>
}

async function serve(data: string): Promise<Served> {
  const child = spawn(process.execPath, ['bin/bitbench.mjs', 'serve', '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BITBENCH_NVIDIA_SMI: fakeSmiFile }
  })
  servers.push(child)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal }))
  )
  const address = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /http:\/\/\S+#token=\S+/.exec(text)
      if (found !== null) resolve(found[0])
    })
    child.once('exit', () => reject(new Error(`serve ended: ${text}`)))
  })
  const call = async <T>(name: string, input: unknown): Promise<T> =>
    (await callHost(new URL(address), name as CommandName, input as never)) as unknown as T
  return { child, ended, call }
}

/** A command that marks phases, starts a child of its own that ignores SIGTERM, and runs until it is ended. */
function commandWithGrandchild(pidFile: string): string[] {
  const grandchild = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')`
  const script = `
    const { spawn } = require('node:child_process')
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: ['ignore', 'pipe', 'ignore'] })
    require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, JSON.stringify([child.pid, process.pid]))
    const mark = (name, state) => console.log(JSON.stringify({ event: 'phase', name, state }))
    child.stdout.once('data', () => { mark('load', 'begin'); mark('load', 'end'); mark('run', 'begin') })
    setInterval(() => {}, 1000)`
  return [process.execPath, '-e', script]
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function recordUntilRun(host: Served, pidFile: string): Promise<string> {
  const { recordingId } = await host.call<{ recordingId: string }>('gpu.record', {
    command: commandWithGrandchild(pidFile),
    intervalMs: 20,
    idleMs: 200
  })
  await expect
    .poll(async () => (await phasesOf(host, recordingId).catch(() => [])).length, { timeout: 60_000 })
    .toBe(2)
  return recordingId
}
const phasesOf = async (host: Served, id: string): Promise<PhaseMark[]> =>
  (await host.call<{ phases: PhaseMark[] }>('gpu.recording', { id })).phases

describe('the end of a host', () => {
  it('ends in order on SIGTERM: recording stored, command and grandchild gone, exit code 143', async () => {
    const data = path.join(folder, 'ordered')
    const pidFile = path.join(folder, 'grandchild-1')
    const host = await serve(data)
    const id = await recordUntilRun(host, pidFile)
    const [grandchild, command] = JSON.parse(readFileSync(pidFile, 'utf8')) as [number, number]
    host.child.kill('SIGTERM')
    expect(await host.ended).toEqual({ code: 143, signal: null })
    expect([isRunning(grandchild), isRunning(command)]).toEqual([false, false])
    const again = await serve(data)
    const { recording } = await again.call<{ recording: Recording }>('gpu.recording', { id })
    expect(recording).toMatchObject({ state: 'cancelled' })
    expect(recording.message).toContain('killed')
    expect((await phasesOf(again, id)).map(({ name, ended }) => [name, ended])).toEqual([
      ['load', true],
      ['run', false]
    ])
    again.child.kill('SIGINT')
    expect(await again.ended).toEqual({ code: 130, signal: null })
  })

  it('keeps marks and idle baseline of a recording that kill -9 interrupted', async () => {
    const data = path.join(folder, 'killed')
    const pidFile = path.join(folder, 'grandchild-2')
    const host = await serve(data)
    const id = await recordUntilRun(host, pidFile)
    const before = await phasesOf(host, id)
    // A reading behind the mark is stored: without an end the trace goes to the last one that is.
    const lastMs = async (): Promise<number> => {
      const request = { id, gpuIndex: 0, metric: 'powerW', buckets: 1 }
      const { fromMs, stepMs } = await host.call<Envelope>('gpu.recordingTrace', request)
      return fromMs + stepMs
    }
    await expect.poll(lastMs).toBeGreaterThan(before[1]!.fromMs)
    host.child.kill('SIGKILL')
    await host.ended
    for (const pid of JSON.parse(readFileSync(pidFile, 'utf8')) as number[]) process.kill(pid, 'SIGKILL')
    const again = await serve(data)
    const { recording } = await again.call<{ recording: Recording }>('gpu.recording', { id })
    expect(recording.state).toBe('interrupted')
    expect(recording.idleMs).toBeGreaterThanOrEqual(195)
    expect(recording.samples).toBeGreaterThan(0)
    const after = await phasesOf(again, id)
    expect(after[0]).toEqual(before[0])
    expect(after[1]).toMatchObject({ name: 'run', fromMs: before[1]!.fromMs, ended: false })
    expect(after[1]!.toMs).toBeGreaterThan(before[1]!.fromMs)
  })

  it('keeps its folder and its files private', async () => {
    const data = path.join(folder, 'private')
    const host = await serve(data)
    const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8)
    expect(modeOf(data)).toBe('700')
    expect(modeOf(path.join(data, 'bitbench.duckdb'))).toBe('600')
    expect(modeOf(path.join(data, 'bitbench.duckdb.owner.json'))).toBe('600')
    host.child.kill('SIGHUP')
    expect(await host.ended).toEqual({ code: 129, signal: null })
  })

  it('is used by the command line on the same data folder, and left running', async () => {
    const data = path.join(folder, 'shared with a window')
    const host = await serve(data)
    const run = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
      const child = spawn(process.execPath, ['bin/bitbench.mjs', ...argv, '--data', data, '--json'])
      let out = ''
      let err = ''
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
      // 'close' comes when all that it wrote is read; 'exit' may come before.
      const code = await new Promise<number>((resolve) =>
        child.once('close', (ended) => resolve(ended ?? -1))
      )
      return { code, out, err }
    }
    // The board that the command line adds is the window's board.
    const saved = await host.call<{ board: { id: string } }>('board.save', {
      id: '/dev/ttyUSB77',
      name: 'Mine'
    })
    const listed = await run('board', 'list')
    expect(listed.code, listed.err).toBe(0)
    expect(listed.out).toContain(saved.board.id)
    expect(listed.out).toContain('Mine')
    const info = await run('board', 'info', 'virtual:small')
    expect(info.code, info.err).toBe(0)
    const { boards } = await host.call<{ boards: { id: string; state: string }[] }>('board.list', {})
    expect(boards.find(({ id }) => id === 'virtual:small')?.state).toBe('connected')
    const bench = await run('gpu', 'show')
    expect(bench.code).toBe(1)
    expect(JSON.parse(bench.out)).toMatchObject({ error: { code: 'store.locked' } })
    host.child.kill('SIGTERM')
    expect(await host.ended).toEqual({ code: 143, signal: null })
    expect((await run('board', 'list')).out).toContain('Mine')
  })

  it('is reported with its address to a process that finds the file locked', async () => {
    const data = path.join(folder, 'locked')
    const host = await serve(data)
    const second = spawn(process.execPath, ['bin/bitbench.mjs', 'serve', '--data', data, '--json'], {
      stdio: ['ignore', 'pipe', 'ignore']
    })
    let text = ''
    second.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    const code = await new Promise((resolve) => second.once('close', resolve))
    expect(code).toBe(1)
    expect(JSON.parse(text)).toMatchObject({
      error: { code: 'store.locked', details: { pid: host.child.pid, what: 'the web host' } }
    })
    expect(text).toMatch(/http:\/\/127\.0\.0\.1:\d+/)
    host.child.kill('SIGTERM')
    await host.ended
  })
})
