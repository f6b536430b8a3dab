import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeCheckpoint } from '../../../../src/core/lm/checkpoint'
import { bytePieces, writeTokenizer, type TokenPiece } from '../../../../src/core/lm/tokenizer'
import type { CliArguments, CliContext } from '../../../../src/main/cli/framework/framework'
import { lmCli } from '../../../../src/main/cli/lm/lm'
import { loadLm, readDocuments } from '../../../../src/main/lm/lmFiles'
import { onnxAccess } from '../../../../src/main/model/files/onnxAccess'
import { randomLm, tinyConfig } from '../../../support/randomLm'

let folder = ''
const file = (name: string): string => path.join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench lm '))
  const letters = [...' abcdefghij'].map((text, at): TokenPiece => ({ score: -at, bytes: Buffer.from(text) }))
  const pieces = [...bytePieces(), ...letters]
  writeFileSync(file('tiny.bin'), writeCheckpoint(randomLm(tinyConfig, 5)))
  writeFileSync(file('tokenizer.bin'), writeTokenizer(pieces))
  writeFileSync(file('short.tok'), writeTokenizer(pieces.slice(0, 260)))
  writeFileSync(file('texts.txt'), 'abc def\n\nhij bad\r\ncafe\n')
  writeFileSync(file('empty.txt'), '\n \n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const context = (signal = new AbortController().signal): CliContext =>
  ({
    cwd: folder,
    json: true,
    log: () => undefined,
    signal
  }) as unknown as CliContext
const call = (verb: string, values: CliArguments['values'], ...positionals: string[]) =>
  lmCli.verbs[verb]!.run({ positionals, values, hasCommand: false }, context())

describe('language models as files', () => {
  it('finds the tokenizer beside the checkpoint, in a folder with a space', async () => {
    const { model, tokenizer, name, textFile } = await loadLm({ model: 'tiny.bin' }, folder, onnxAccess)
    expect(model.config).toEqual(tinyConfig)
    expect([name, textFile]).toEqual(['tiny.bin', null])
    // Each letter is a piece: space, a, b.
    expect(tokenizer.encode('ab')).toEqual([1, 259, 260, 261])
  })

  it.each([
    [{ model: 'none.bin' }, 'data.missing', /checkpoint .*none\.bin cannot be read: there is no such file/],
    [{ model: 'tiny.bin', tokenizer: 'short.tok' }, 'model.invalid', /ends after 260 of 270/],
    [{ model: 'tiny.bin', tokenizer: '.' }, 'input.invalid', /tokenizer .* cannot be read/],
    [{ model: 'texts.txt' }, 'model.invalid', /24 bytes|25 bytes|checkpoint/]
  ])('refuses %o', async (files, code, message) => {
    const failed = loadLm(files, folder, onnxAccess)
    await expect(failed).rejects.toThrow(message)
    await expect(failed).rejects.toMatchObject({ code })
  })

  it('reads a document a line and asks for a text where there is none', async () => {
    const { tokenizer } = await loadLm({ model: 'tiny.bin' }, folder, onnxAccess)
    expect((await readDocuments(file('texts.txt'), tokenizer, '--text')).map((each) => each.length)).toEqual([
      9, 9, 6
    ])
    expect(await readDocuments(file('texts.txt'), tokenizer, '--text', 1)).toHaveLength(1)
    await expect(readDocuments(file('empty.txt'), tokenizer, '--text')).rejects.toThrow(/has no text/)
    await expect(readDocuments(null, tokenizer, '--text')).rejects.toMatchObject({ code: 'data.missing' })
  })
})

describe('bitbench lm', () => {
  it('shows sizes', async () => {
    const { json, text } = await call('info', {}, 'tiny.bin')
    // 270 x 16 + 2 (2 x 16 + 2 x 256 + 2 x 128 + 3 x 640) + 16
    expect(json).toMatchObject({ parameters: 9776, headSize: 4, cacheBytesAt8Bits: 2 * 2 * 24 * 8 })
    expect(text).toMatch(/9776 parameters/)
  })

  it('measures float and schemes on the same documents', async () => {
    const values = { scheme: ['w8a8', 'w1a4,kv=4'], text: 'texts.txt', calibration: 'texts.txt' }
    const { json } = await call('perplexity', values, 'tiny.bin')
    const found = json as {
      float: { tokens: number; perplexity: number }
      schemes: { scheme: string; perplexity: number; overFloat: { ratio: number } }[]
    }
    expect(found.float.tokens).toBe(8 + 8 + 5)
    expect(found.schemes.map(({ scheme }) => scheme)).toEqual(['w8a8', 'w1a4,kv=4'])
    for (const { perplexity, overFloat } of found.schemes)
      expect(overFloat.ratio).toBeCloseTo(perplexity / found.float.perplexity, 9)
    expect(Math.abs(Math.log(found.schemes[0]!.overFloat.ratio))).toBeLessThan(0.2)
    await expect(call('perplexity', { ...values, scheme: ['w5a8'] }, 'tiny.bin')).rejects.toMatchObject({
      code: 'scheme.invalid'
    })
  })

  it('stops between two documents when the command is stopped', async () => {
    const stop = new AbortController()
    const logged: string[] = []
    const log = (line: string): void => {
      logged.push(line)
      if (line.startsWith('w8a8')) stop.abort()
    }
    const values = { scheme: ['w8a8', 'w1a4'], text: 'texts.txt', calibration: 'texts.txt' }
    const args = { positionals: ['tiny.bin'], values, hasCommand: false }
    const run = lmCli.verbs['perplexity']!.run(args, { ...context(stop.signal), log })
    await expect(run).rejects.toMatchObject({ name: 'AbortError' })
    // Float was measured; the second scheme was not begun.
    expect(logged).toEqual(['float (0 of 9)', 'w8a8 (3 of 9)'])
  })
})
