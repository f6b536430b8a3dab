import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeCheckpoint } from '@core/lm/checkpoint'
import { bytePieces, writeTokenizer } from '@core/lm/tokenizer'
import type { CliArguments, CliContext } from '@main/cli/framework/framework'
import { lmCli } from '@main/cli/lm/lm'
import { randomLm, tinyConfig } from '../../../support/randomLm'
import { simulatedSession } from '../../../unit/main/lm/simulatedSession'

let folder = ''
const file = (name: string): string => path.join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench lm cost '))
  const letters = [...' abcdefghij'].map((text, at) => ({ score: -at, bytes: Buffer.from(text) }))
  const config = { ...tinyConfig, dim: 32, hiddenDim: 48, layers: 1 }
  writeFileSync(file('tiny.bin'), writeCheckpoint(randomLm(config, 5)))
  writeFileSync(file('tokenizer.bin'), writeTokenizer([...bytePieces(), ...letters]))
  writeFileSync(file('texts.txt'), 'abc def\nhij bad\n')
  writeFileSync(file('broken.json'), '{"format": "something else"}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const session = simulatedSession(true)
const call = (verb: string, values: CliArguments['values'], ...positionals: string[]) => {
  const board = {
    connect: () => Promise.resolve({ name: 'mid', info: session.info, origin: 'simulated', unit: 'cycles' }),
    withLease: (_id: string, _what: string, use: (leased: typeof session) => unknown) => use(session),
    disconnect: () => Promise.resolve()
  }
  const context = {
    ...{ cwd: folder, json: true, log: () => undefined, signal: new AbortController().signal },
    bitbench: () => Promise.resolve({ board })
  } as unknown as CliContext
  return lmCli.verbs[verb]!.run({ positionals, values, hasCommand: false }, context)
}

describe('bitbench lm profile, predict and search', () => {
  it('measures a board into a file and predicts a decoder that the board then takes as long for', async () => {
    const { json } = await call('profile', { board: 'virtual:mid', out: 'mid.json', decoders: '18' })
    const { decoders, errors } = json as { decoders: number; errors: { samples: number; stepMape: number } }
    expect(decoders).toBe(18)
    expect(errors.samples).toBeGreaterThan(36)
    // Eighteen decoders are few; bench:lm has the figures of the default.
    expect(errors.stepMape).toBeLessThan(25)
    expect(JSON.parse(readFileSync(file('mid.json'), 'utf8'))).toMatchObject({ unit: 'cycles', version: 2 })
    const predicted = await call('predict', { proxy: 'mid.json', scheme: ['w8a8'] }, 'tiny.bin')
    const [row] = (predicted.json as { schemes: { costs: number[]; mean: number }[] }).schemes
    expect(row!.costs).toHaveLength(24)
    // Attention reads one more position each time.
    expect(row!.costs.every((cost, at) => at === 0 || cost > row!.costs[at - 1]!)).toBe(true)
    const values = { proxy: 'mid.json', calibration: 'texts.txt', evaluations: '6', documents: '1' }
    const found = await call('search', { ...values, budget: '0.95' }, 'tiny.bin')
    expect(found.json).toMatchObject({ unit: 'cycles', strategy: 'auto', objective: 'kl' })
  }, 300_000)

  it('searches within a share of the weights without a proxy', async () => {
    const values = { calibration: 'texts.txt', evaluations: '8', documents: '2', budget: '0.5', kv: '4' }
    const { json, exitCode } = await call('search', values, 'tiny.bin')
    const { best, scheme, unit } = json as { best: { cost: number }; scheme: string; unit: string }
    expect(json).toMatchObject({ documents: 2 })
    expect([unit, exitCode ?? 0]).toEqual(['bytes', 0])
    // One layer of 2 x 1024 + 2 x 512 + 3 x 1536 weights, and 270 x 32.
    expect(best.cost).toBeLessThanOrEqual((7680 + 8640) / 2)
    expect(scheme).toContain('kv=4')
  })

  it('takes no bits of the cache that there are not', async () => {
    const values = { calibration: 'texts.txt', budget: '0.5', kv: '6' }
    await expect(call('search', values, 'tiny.bin')).rejects.toThrow('--kv must be one of 8, 4, not "6"')
  })

  it('says that a proxy is of another version, and what to do', async () => {
    const predict = (version: number) => {
      writeFileSync(
        file('other.json'),
        JSON.stringify({ format: 'bitbench decoder proxy', version, costs: {} })
      )
      return call('predict', { proxy: 'other.json', scheme: ['w8a8'] }, 'tiny.bin')
    }
    await expect(predict(1)).rejects.toMatchObject({
      ...{ code: 'proxy.invalid', message: expect.stringContaining('of version 1; version 2 is read') },
      hint: expect.stringContaining('measure the board again with bitbench lm profile')
    })
    await expect(predict(3)).rejects.toMatchObject({ hint: expect.stringContaining('later version') })
    await expect(predict(2)).rejects.toMatchObject({ message: expect.stringContaining('no decoder proxy') })
  })

  it('refuses a file that holds no proxy', async () => {
    const predict = (proxy: string) => call('predict', { proxy, scheme: ['w8a8'] }, 'tiny.bin')
    await expect(predict('broken.json')).rejects.toMatchObject({ code: 'proxy.invalid' })
    await expect(predict('none.json')).rejects.toMatchObject({
      code: 'data.missing',
      hint: expect.stringContaining('lm profile')
    })
  })
})
