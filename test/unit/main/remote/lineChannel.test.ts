import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { grownText } from '@main/remote/lineChannel'
import { serveRemote, type AgentWork } from '@main/remote/remoteAgent'
import { lineOf, readLine, reportSchema } from '@main/remote/remoteProtocol'

/** Files of a shared folder, as the far side reads them. */
let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-channel-'))
  file = path.join(folder, 'orders')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A steady clock that goes a second further with every look. */
function secondsClock(): () => number {
  let nowMs = 0
  return () => (nowMs += 1_000)
}

const run = lineOf({
  type: 'run',
  task: { kind: 'record', request: { command: ['make'] } },
  folder: null
} as never)

describe('a file of a shared folder', () => {
  it('ends where its writer has sent nothing for the limit, after what it had sent', async () => {
    writeFileSync(file, `one\n\ntwo\n`)
    let text = ''
    for await (const chunk of grownText(file, () => false, { limitMs: 3_000, steadyMs: secondsClock() })) {
      text += chunk
    }
    expect(text).toBe('one\n\ntwo\n')
  })

  it('is waited for where its writer never sent a line without words, as an older one', async () => {
    writeFileSync(file, 'one\n')
    let isOver = false
    const steadyMs = secondsClock()
    let looks = 0
    const chunks: string[] = []
    const ended = (async () => {
      for await (const chunk of grownText(file, () => (looks++, isOver), { limitMs: 10, steadyMs }))
        chunks.push(chunk)
    })()
    while (looks < 4) await new Promise((resolve) => setTimeout(resolve, 5))
    appendFileSync(file, 'two\n')
    while (chunks.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    isOver = true
    await ended
    expect(chunks.join('')).toBe('one\ntwo\n')
  })

  it('that falls silent ends the work on the far side, whose result stays in the folder', async () => {
    writeFileSync(file, `${run}\n`)
    let wasAborted = false
    const work: AgentWork = {
      ...{ version: '9.9', machine: 'far', nowMs: () => 0 },
      gpus: async () => ({ driver: null, names: [], problem: 'none' }),
      perform: (_task, { signal }) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            wasAborted = true
            resolve({ file: null, error: null })
          })
        )
    }
    const sent: string[] = []
    const orders = grownText(file, () => false, { limitMs: 5_000, steadyMs: secondsClock() })
    await serveRemote(work, orders, async (text) => void sent.push(text), new AbortController().signal)
    expect(wasAborted).toBe(true)
    expect(sent.map((text) => readLine(text.trimEnd(), reportSchema)?.type)).toEqual([
      'hello',
      'gpus',
      'done'
    ])
  })
})
