import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { _electron as electron } from 'playwright-core'
import { describe, expect, it } from 'vitest'

/** Electron itself, where its binary and a display are there; electron.test.ts covers the bundles everywhere else. */
const root = path.resolve(import.meta.dirname, '../../..')
const names: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'Electron.app/Contents/MacOS/Electron',
  win32: 'electron.exe'
}
const dist = path.join(path.dirname(createRequire(import.meta.url).resolve('electron/package.json')), 'dist')
const binary = path.join(dist, names[process.platform] ?? 'electron')
const hasDisplay = process.platform !== 'linux' || process.env['DISPLAY'] !== undefined
const canRun = existsSync(binary) && hasDisplay
if (!canRun)
  console.warn(`SKIPPED: Electron itself: no ${existsSync(binary) ? 'display' : `binary at ${binary}`}`)

describe.skipIf(!canRun)('Electron', () => {
  it('opens the window and answers a command', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bitbench-smoke-'))
    const app = await electron.launch({
      executablePath: binary,
      args: [root, '--no-sandbox'],
      env: { ...(process.env as Record<string, string>), BITBENCH_DATA: folder }
    })
    try {
      const page = await app.firstWindow()
      await page.getByRole('navigation').first().waitFor()
      const reply = await page.evaluate(() =>
        (
          globalThis as unknown as { bitbench: { call(name: string, input: object): Promise<unknown> } }
        ).bitbench.call('app.info', {})
      )
      expect(reply).toMatchObject({ ok: true, value: { host: 'electron' } })
    } finally {
      await app.close()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
