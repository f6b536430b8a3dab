import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeProgram, promisedNodes } from '../../scripts/nodeVersions.mjs'
import { buildPackage } from '../../scripts/package.mjs'
import { installedEntry, installOffline, serveOnce } from '../../scripts/package/tryPackage.mjs'

/**
 * The packed product as a user gets it: installed without a registry in an empty folder whose path has a space, then
 * run by each Node version it promises.
 */
const run = promisify(execFile)
const npx = (folder: string, ...args: string[]) =>
  run('npx', ['--offline', 'bitbench', ...args], {
    cwd: folder,
    env: { ...process.env, BITBENCH_DATA: path.join(folder, 'own data') },
    maxBuffer: 32_000_000
  })

describe.skipIf(process.platform === 'win32')('the packed command line and web host', () => {
  let folder: string
  let installed: string

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench empty folder '))
    installOffline((await buildPackage()).file, folder)
    installed = path.join(folder, 'node_modules', 'bitbench')
  }, 900_000)

  afterAll(async () => await rm(folder, { recursive: true, force: true }))

  it('says its version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    expect((await npx(folder, '--version')).stdout).toBe(`bitbench ${version}\n`)
  })

  it('carries no Electron, no development tool, no source map and no install script', async () => {
    const top = await readdir(path.join(installed, 'node_modules'))
    for (const name of ['electron', 'vite', 'vitest', 'typescript', 'vue', 'playwright-core', 'echarts'])
      expect(top).not.toContain(name)
    const manifest = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8')) as object
    expect(manifest).not.toHaveProperty('scripts')
    expect(manifest).not.toHaveProperty('devDependencies')
    const entries = await readdir(installed, { recursive: true })
    expect(entries.filter((entry) => entry.startsWith('out') && entry.endsWith('.map'))).toEqual([])
    const manifests = entries.filter((entry) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(entry))
    expect(manifests.length).toBeGreaterThan(30)
    for (const file of manifests) {
      const { scripts } = JSON.parse(await readFile(path.join(installed, file), 'utf8')) as {
        scripts?: object
      }
      expect(scripts, file).toBeUndefined()
    }
  })

  it('states the licence of everything it carries, bundled pages included', async () => {
    const list = await readFile(path.join(installed, 'THIRD_PARTY_LICENCES.txt'), 'utf8')
    for (const line of ['onnxruntime-node 1.30.0: MIT', 'echarts 6.1.0: Apache-2.0', 'pinia 4.1.0: MIT'])
      expect(list).toContain(`\n${line}\n`)
    for (const name of await readdir(path.join(installed, 'node_modules'))) {
      if (!name.startsWith('.') && !name.startsWith('@')) expect(list).toContain(`\n${name} `)
    }
  })

  it('runs the whole loop: virtual board, fit, search, deployment, every output equal', async () => {
    const { stdout } = await npx(folder, 'demo', '--images', '8', '--evaluations', '4', '--json')
    const result = JSON.parse(stdout) as { deploy: { bitExact: boolean; images: number } }
    expect(result.deploy).toMatchObject({ bitExact: true, images: 8 })
    expect(existsSync(path.join(folder, 'own data'))).toBe(true)
  }, 400_000)

  for (const version of ['this', ...promisedNodes]) {
    it(`serves the window and loads every native module on Node ${version}`, async (context) => {
      const node = version === 'this' ? process.execPath : nodeProgram(version)
      if (node === null) {
        console.warn(`SKIPPED: Node ${version}: the registry did not give it`)
        return context.skip()
      }
      if (version !== 'this') expect((await run(node, ['--version'])).stdout.trim()).toBe(`v${version}`)
      const served = await serveOnce({
        node,
        entry: installedEntry(folder),
        dataFolder: path.join(folder, `data of ${version}`)
      })
      expect(served).toMatchObject({ status: 200, exitCode: 143 })
      expect(served.html).toContain('<title>Bitbench</title>')
      const natives = [
        '@duckdb/node-api',
        'onnxruntime-node',
        'sharp',
        '@resvg/resvg-js',
        'koffi',
        'serialport'
      ]
      const load = natives.map((name) => `await import(${JSON.stringify(name)})`).join(';')
      const script = `${load}; console.log('loaded')`
      const { stdout } = await run(node, ['--input-type=module', '--eval', script], { cwd: installed })
      expect(stdout).toBe('loaded\n')
    }, 300_000)
  }
})
