import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { main } from '@main/cli'
import { writeCsv } from '@core/proxy/csv/writeCsv'
import { syntheticConv } from '../../../unit/core/proxy/syntheticSamples'

/** Names and ids that a command prints are those that the next command takes. */
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench printed names '))
const data = path.join(folder, 'data')
afterEach(() => void vi.restoreAllMocks())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Rows of a CSV below its head. */
const rowsOf = (csv: string): number => csv.trimEnd().split('\n').length - 1

/** What a command line prints on stdout. */
async function printed(...argv: string[]): Promise<string> {
  let out = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk: unknown, done?: unknown) => {
    out += String(chunk)
    if (typeof done === 'function') (done as () => void)()
    return true
  })
  const code = await main([...argv, '--data', data])
  vi.restoreAllMocks()
  expect(code, out).toBe(0)
  return out
}

it('an imported campaign is printed with the id that exports it', { timeout: 600_000 }, async () => {
  const file = path.join(folder, 'conv.csv')
  const csv = writeCsv(syntheticConv({ shapes: 6, bits: [8, 4] }))
  writeFileSync(file, csv)
  const out = await printed('profile', 'import', file, '--kernel', 'conv2d', '--name', 'Their board')
  const id = /^(\d+) Samples of Their board in campaign ([\w-]+)$/m.exec(out)
  expect(Number(id?.[1])).toBe(rowsOf(csv))
  const exported = path.join(folder, 'exported.csv')
  await printed('profile', 'export', exported, '--kernel', 'conv2d', '--campaign', id![2]!)
  expect(rowsOf(readFileSync(exported, 'utf8'))).toBe(rowsOf(csv))
})

it('deploy bitfusion calls a network what model info calls it', { timeout: 600_000 }, async () => {
  const model = path.join(folder, 'my network.onnx')
  copyFileSync('resources/models/lenet5-fashion.onnx', model)
  const { name } = JSON.parse(await printed('model', 'info', model, '--json')) as { name: string }
  const compiled = await printed('deploy', 'bitfusion', '--model', model, '--json')
  expect(JSON.parse(compiled)).toMatchObject({ network: name })
})
