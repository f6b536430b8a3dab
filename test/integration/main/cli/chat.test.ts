import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { writeCheckpoint } from '../../../../src/core/lm/checkpoint'
import { bytePieces, writeTokenizer } from '../../../../src/core/lm/tokenizer'
import { chatCli } from '../../../../src/main/cli/lm/chat'
import type { CliContext, CliResult } from '../../../../src/main/cli/framework/framework'
import type { DecoderSession } from '../../../../src/main/lm/boardDecoder'
import { randomLm, tinyConfig } from '../../../support/randomLm'
import { simulatedSession } from '../../../unit/main/lm/simulatedSession'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench chat '))
  const pieces = [
    ...bytePieces(),
    ...Array.from({ length: 11 }, (_, at) => ({ score: 0, bytes: Buffer.from(`${at}`) }))
  ]
  writeFileSync(path.join(folder, 'tiny.bin'), writeCheckpoint(randomLm(tinyConfig, 5)))
  writeFileSync(path.join(folder, 'tokenizer.bin'), writeTokenizer(pieces))
  writeFileSync(path.join(folder, 'texts.txt'), 'abc def\nhij bad\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const onBoard = simulatedSession(false)

interface Talked {
  differing: number
  texts: { prompt: string; steps: { position: number; cycles: number; equal: boolean }[] }[]
}

/** Runs `bitbench chat` on a simulated board with lines of standard input; with `stop`, the input stays open after them. */
async function chat(
  lines: string[],
  session: DecoderSession = onBoard,
  json = true,
  stop?: AbortController
): Promise<CliResult> {
  let disconnected = 0
  const board = {
    connect: () => Promise.resolve({ name: 'mid', info: session.info, origin: 'simulated', unit: 'cycles' }),
    withLease: (_id: string, _what: string, use: (session: DecoderSession) => unknown) => use(session),
    disconnect: () => Promise.resolve(void disconnected++)
  }
  const context = {
    cwd: folder,
    json,
    log: () => undefined,
    signal: (stop ?? new AbortController()).signal,
    bitbench: () => Promise.resolve({ board })
  } as unknown as CliContext
  const input = vi.spyOn(process, 'stdin', 'get')
  const stream = new Readable({ read: () => undefined })
  for (const line of lines) stream.push(`${line}\n`)
  if (stop === undefined) stream.push(null)
  input.mockReturnValue(stream as unknown as typeof process.stdin)
  const output = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    // The end of a text: the next line is waited for.
    if (text === '\n') stop?.abort()
    return true
  })
  const values = { board: 'virtual:mid', scheme: 'w4a8,kv=4', tokens: '2', calibration: 'texts.txt' }
  try {
    const args = { positionals: ['tiny.bin'], values: { ...values, 'to-the-end': true }, hasCommand: false }
    return await chatCli.verbs['chat']!.run(args, context)
  } finally {
    input.mockRestore()
    output.mockRestore()
    expect(disconnected).toBe(1)
  }
}

describe('bitbench chat', () => {
  it('continues each line of standard input, and sums the steps of all', async () => {
    const result = await chat(['a', 'bc'])
    const { differing, texts } = result.json as Talked
    expect(texts.map(({ prompt }) => prompt)).toEqual(['a', 'bc'])
    // Begin marker, space and letters are fed; the first new token comes of the last of them.
    expect(texts.map(({ steps }) => steps.length)).toEqual([4, 5])
    expect([differing, result.exitCode]).toEqual([0, 0])
    const steps = texts.flatMap((each) => each.steps)
    const mean = Math.round(steps.reduce((sum, { cycles }) => sum + cycles, 0) / 9)
    expect(result.text).toContain(`9 steps (simulated): ${mean} cycles each`)
    expect(result.text).toContain(`position 0: ${steps[0]!.cycles}, position 4: ${steps[8]!.cycles}`)
    expect(result.text).toContain('all 9')
  })

  it('keeps no steps without --json, and sums them all the same', async () => {
    const result = await chat(['a', 'bc'], undefined, false)
    expect((result.json as Talked).texts).toEqual([])
    expect(result.text).toContain('all 9')
  })

  it('fails when standard input holds no text', async () => {
    await expect(chat([])).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('No text was given'),
      hint: expect.stringContaining('--prompt')
    })
  })

  it('fails when the board makes another token than the host', async () => {
    let steps = 0
    const wrong: DecoderSession = {
      ...onBoard,
      call: async (...args) => {
        const done = await onBoard.call(...args)
        // The first call checks the image; the third step is changed.
        return steps++ === 3 ? { ...done, returned: (done.returned + 1) % 270 } : done
      }
    }
    const result = await chat(['ab'], wrong)
    expect(result.exitCode).toBe(1)
    expect((result.json as Talked).differing).toBe(1)
    expect(result.text).toContain('1 of 5 tokens DIFFER')
  })

  it('refuses a token that the model does not have', async () => {
    let steps = 0
    const broken: DecoderSession = {
      ...onBoard,
      call: async (...args) => {
        const done = await onBoard.call(...args)
        return steps++ === 2 ? { ...done, returned: 270 } : done
      }
    }
    await expect(chat(['a'], broken)).rejects.toMatchObject({ code: 'board.protocol' })
  })

  it('ends while it waits for a line when the command is stopped', async () => {
    const result = await chat(['a'], onBoard, false, new AbortController())
    expect(result.text).toContain('all 4')
  })
})
