import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { readMonitorInfo } from '@main/board/monitorInfo'
import { resourcePath } from '@main/paths'
import { readMonitorHello } from '../../../support/monitorHello'

const built = (ending: string): string => resourcePath('firmware', 'build', `monitor.${ending}`)

describe('what is written down of the monitor', () => {
  it('is what the monitor beside it says itself', async () => {
    const said = await readMonitorHello(readFileSync(built('elf')))
    expect(said.kernels.length).toBeGreaterThan(64)
    expect(await readMonitorInfo(built('hello.json'))).toEqual(said)
  })

  it('is refused by name where it is missing or damaged', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-monitor-info-'))
    try {
      const file = path.join(folder, 'monitor.hello.json')
      const wrong = { code: 'internal', message: expect.stringContaining(file) as string }
      await expect(readMonitorInfo(file)).rejects.toMatchObject(wrong)
      const whole = readFileSync(built('hello.json'), 'utf8')
      for (const text of ['', whole.slice(0, 900), whole.replace('"isa"', '"arch"')]) {
        writeFileSync(file, text)
        await expect(readMonitorInfo(file)).rejects.toMatchObject(wrong)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
