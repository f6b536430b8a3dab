import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../support/freePort'

/**
 * The *built* Electron bundles over a double of the electron module (double.mjs): everything but Electron's own C++ is
 * the real thing, in a real Chromium. Where Electron's binary exists, smoke.test.ts runs it too.
 */
const root = path.resolve(import.meta.dirname, '../../..')
const chromiumFile = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync
)
if (chromiumFile === undefined) console.warn('SKIPPED: Electron bundles over the double: no Chromium found')

interface Told {
  policy?: string
  permissionChecked?: boolean
  window?: { webPreferences: Record<string, unknown> }
  loaded?: string
  permissionGranted?: boolean
  openDecision?: { action: string }
  navigationPrevented?: boolean
  quit?: boolean
  recentDocument?: string
  errorBox?: { title: string; content: string }
}

describe.skipIf(chromiumFile === undefined)('built Electron main and preload over the double', () => {
  let folder: string
  let browser: Browser
  let page: Page
  let main: ChildProcess
  let endpoint: string
  const told: Told[] = []

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench-electron-'))
    const tcpPort = await freePort()
    browser = await chromium.launch({
      executablePath: chromiumFile!,
      args: [
        `--remote-debugging-port=${tcpPort}`,
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run'
      ]
    })
    endpoint = `http://127.0.0.1:${tcpPort}`
    main = startMain(endpoint, folder, told)
    await until(() => told.some((record) => record.loaded !== undefined), 180_000)
    const attached = await chromium.connectOverCDP(endpoint)
    page = attached
      .contexts()
      .flatMap((context) => context.pages())
      .find((candidate) => candidate.url().endsWith('/index.html'))!
    await page.waitForLoadState()
  }, 300_000)

  afterAll(async () => {
    main?.kill('SIGKILL')
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('opens an isolated, sandboxed window and grants nothing', () => {
    const preferences = told.find((record) => record.window !== undefined)!.window!.webPreferences
    expect(preferences).toMatchObject({ contextIsolation: true, sandbox: true, nodeIntegration: false })
    expect(told).toContainEqual({ permissionGranted: false })
    expect(told).toContainEqual({ permissionChecked: false })
    const loaded = told.find((record) => record.loaded !== undefined)
    expect(loaded?.loaded).toBe('bitbench://app/index.html')
    expect(loaded?.policy).toContain("default-src 'none'")
    expect(told).toContainEqual({ openDecision: { action: 'deny' }, navigationPrevented: true })
  })

  it('exposes exactly three functions to the page', async () => {
    const keys = await page.evaluate(() =>
      Object.keys((globalThis as unknown as { bitbench: object }).bitbench)
    )
    expect(keys.sort()).toEqual(['call', 'pathOf', 'subscribe'])
  })

  it('answers commands over IPC and validates them', async () => {
    const call = (name: string, input: unknown) =>
      page.evaluate(
        ([command, args]) =>
          (
            globalThis as unknown as { bitbench: { call(n: unknown, i: unknown): Promise<unknown> } }
          ).bitbench.call(command, args),
        [name, input] as const
      )
    expect(await call('app.info', {})).toMatchObject({ ok: true, value: { host: 'electron' } })
    expect(await call('app.saveSettings', { theme: 'mauve' })).toMatchObject({
      ok: false,
      error: { code: 'input.invalid' }
    })
    await call('file.remember', { path: '/nets/lenet5.onnx', kind: 'network' })
    // The reply comes through Chromium, the record through a pipe of its own.
    await until(() => told.some((record) => record.recentDocument === '/nets/lenet5.onnx'), 60_000)
    expect(await call('no.such', {})).toMatchObject({ ok: false, error: { code: 'host.unknownCommand' } })
  })

  it('delivers events of the services to the page', async () => {
    const theme = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const { bitbench } = globalThis as unknown as {
            bitbench: {
              call(n: string, i: unknown): Promise<unknown>
              subscribe(l: (m: { event: string; payload: { theme: string } }) => void): () => void
            }
          }
          const stop = bitbench.subscribe((message) => {
            if (message.event !== 'app.settingsChanged') return
            stop()
            resolve(message.payload.theme)
          })
          void bitbench.call('app.saveSettings', { theme: 'light' })
        })
    )
    expect(theme).toBe('light')
  })

  it('renders the window: the boards page with its navigation', async () => {
    await page.getByRole('navigation').first().waitFor()
    expect(await page.title()).toContain('Bitbench')
    expect(await page.getByText('Boards').count()).toBeGreaterThan(0)
  })

  it('a second instance leaves at once and touches nothing', async () => {
    const records: Told[] = []
    const second = startMain(endpoint, folder, records, { BITBENCH_SECOND_INSTANCE: '1' })
    await new Promise((resolve) => second.once('close', resolve))
    expect(records).toContainEqual({ quit: true })
    expect(records.some((record) => record.window !== undefined)).toBe(false)
  })

  it('says in a dialog why it cannot start, and ends', async () => {
    const records: Told[] = []
    const locked = startMain(endpoint, folder, records)
    expect(await new Promise((resolve) => locked.once('close', resolve))).toBe(1)
    const box = records.find((record) => record.errorBox !== undefined)?.errorBox
    expect(box?.title).toBe('Bitbench cannot start')
    // What happened, and what to do.
    expect(box?.content).toMatch(/in use|already open|owned|another/i)
    expect(box?.content.split('\n\n')).toHaveLength(2)
    expect(records.some((record) => record.window !== undefined)).toBe(false)
  })

  it('closes the services before it quits', async () => {
    // 'close' comes when all that it wrote is read; 'exit' may come before.
    const exited = new Promise<number | null>((resolve) => main.once('close', resolve))
    main.kill('SIGTERM')
    expect(await exited).toBe(0)
    expect(told).toContainEqual({ quit: true })
    // The data file is free again: nothing holds its lock.
    expect(existsSync(path.join(folder, 'userData', 'data', 'owner.json'))).toBe(false)
  })
})

function startMain(
  endpoint: string,
  folder: string,
  told: Told[],
  extra: Record<string, string> = {}
): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--import', path.join(import.meta.dirname, 'register.mjs'), path.join(root, 'out/main/index.js')],
    {
      env: { ...process.env, BITBENCH_CDP: endpoint, BITBENCH_USER_DATA: folder, ...extra },
      stdio: ['ignore', 'pipe', 'inherit']
    }
  )
  let rest = ''
  child.stdout!.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line.startsWith('{')) told.push(JSON.parse(line) as Told)
  })
  return child
}

async function until(isTrue: () => boolean, timeoutMs: number): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs
  while (!isTrue()) {
    if (Date.now() > deadlineMs) throw new Error(`nothing came within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
