import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFuses, writeElectronDist } from '../../support/electronDist'
import { chromiumFile } from '../support/browser'
import { freePort } from '../../support/freePort'

/** What of @electron/asar is used; it comes with electron-builder. */
interface AsarLibrary {
  listPackage(archive: string, options: { isPack: boolean }): string[]
}

/**
 * `npm run dist -- --dir` with a stand-in for Electron's own files: electron-builder itself packs, sets the fuses and
 * lays out the archive; the packed main entry then opens its window over the double. Needs electron-builder, which only
 * a release installs: `npm run dist` once, or BITBENCH_ELECTRON_BUILDER=FOLDER.
 */
const root = path.resolve(import.meta.dirname, '../../..')
const builderFolder = process.env['BITBENCH_ELECTRON_BUILDER'] ?? path.join(root, 'build', 'electron-builder')
const asarPackage = path.join(builderFolder, 'node_modules', '@electron', 'asar')
const canRun = process.platform === 'linux' && chromiumFile !== null && existsSync(asarPackage)
if (!canRun) console.warn(`SKIPPED: packed window: no Chromium, or no electron-builder in ${builderFolder}`)

describe.skipIf(!canRun)('the packed window', () => {
  let folder: string
  let packed: string
  let browser: Browser
  let main: ChildProcess | undefined

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench dist '))
    const { version } = createRequire(import.meta.url)('electron/package.json') as { version: string }
    const dist = path.join(folder, 'electron')
    await writeElectronDist(dist, version, path.join(import.meta.dirname, 'packedRunner.mjs'))
    await promisify(execFile)(process.execPath, [path.join(root, 'scripts/dist.mjs'), '--dir'], {
      cwd: root,
      env: {
        ...process.env,
        ELECTRON_OVERRIDE_DIST_PATH: dist,
        BITBENCH_ELECTRON_BUILDER: builderFolder,
        BITBENCH_DIST_FOLDER: path.join(folder, 'packed'),
        BITBENCH_UPDATE_FEED: ''
      }
    })
    packed = path.join(folder, 'packed', 'linux-unpacked')
  }, 900_000)

  afterAll(async () => {
    main?.kill('SIGKILL')
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('has its fuses set: run as Node for the workload runner, no options, no inspector, only its own archive', async () => {
    const fuses = readFuses(await readFile(path.join(packed, 'bitbench-window')))
    // runAsNode, cookie encryption, NODE_OPTIONS, --inspect, archive integrity, only the archive, snapshot, file: rights
    expect(fuses.slice(0, 8)).toEqual([true, true, false, false, true, true, false, false])
  })

  it('keeps what other programs read beside the archive, and everything else in it', () => {
    const asar = createRequire(import.meta.url)(asarPackage) as AsarLibrary
    const archive = path.join(packed, 'resources', 'app.asar')
    const inside = asar.listPackage(archive, { isPack: false })
    const isFile = (name: string): boolean => existsSync(path.join(`${archive}.unpacked`, name))
    const native = inside.filter((name) => /\.(?:node|so|so\.\d+)$/.test(name))
    expect(native.length).toBeGreaterThanOrEqual(8)
    expect(native.filter((name) => !isFile(name))).toEqual([])
    expect(isFile('resources/firmware/build/monitor.elf')).toBe(true)
    expect(isFile('resources/runners/torch_runner.py')).toBe(true)
    expect(isFile('node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf')).toBe(true)
    expect(isFile('out/main/index.js')).toBe(false)
    expect(inside).toContain('/out/main/workloadRunner.js')
    expect(inside.filter((name) => /^\/(?:src|test|bench)\//.test(name))).toEqual([])
    expect(existsSync(path.join(packed, 'THIRD_PARTY_LICENCES.txt'))).toBe(true)
    expect(existsSync(path.join(packed, 'resources', 'app-update.yml'))).toBe(false)
  })

  it('opens its window and reaches its services', async () => {
    const tcpPort = await freePort()
    browser = await chromium.launch({
      executablePath: chromiumFile!,
      args: [
        `--remote-debugging-port=${tcpPort}`,
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking'
      ]
    })
    const endpoint = `http://127.0.0.1:${tcpPort}`
    const loaded = await openPacked(endpoint)
    expect(loaded).toBe('bitbench://app/index.html')
    const attached = await chromium.connectOverCDP(endpoint)
    const page = attached
      .contexts()
      .flatMap((context) => context.pages())
      .find((candidate) => candidate.url().endsWith('/index.html'))!
    const info = await page.evaluate(() =>
      (
        globalThis as unknown as { bitbench: { call(name: string, input: object): Promise<unknown> } }
      ).bitbench.call('app.info', {})
    )
    expect(info).toMatchObject({ ok: true, value: { host: 'electron' } })
    const exited = new Promise<number | null>((resolve) => main!.once('exit', resolve))
    main!.kill('SIGTERM')
    expect(await exited).toBe(0)
  }, 300_000)

  async function openPacked(endpoint: string): Promise<string> {
    const child = spawn(path.join(packed, 'bitbench-window'), [], {
      env: {
        ...process.env,
        BITBENCH_CDP: endpoint,
        BITBENCH_USER_DATA: path.join(folder, 'user'),
        BITBENCH_ASAR: asarPackage
      },
      stdio: ['ignore', 'pipe', 'inherit']
    })
    main = child
    return await new Promise((resolve, reject) => {
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        const found = /"loaded":"([^"]+)"/.exec(text)?.[1]
        if (found !== undefined) resolve(found)
      })
      child.once('exit', (code) => reject(new Error(`the packed window ended with ${code}:\n${text}`)))
    })
  }
})
