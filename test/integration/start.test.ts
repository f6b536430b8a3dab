import { spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** `npm start` where Electron cannot be had, with a stand-in for xdg-open that notes what it was asked to open. */
const root = path.resolve(import.meta.dirname, '../..')
let folder: string
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'bitbench start '))))
afterEach(async () => await rm(folder, { recursive: true, force: true }))

/** Starts, waits until `isDone` holds of what was printed, ends by SIGTERM. */
async function start(
  env: NodeJS.ProcessEnv,
  isDone: (out: string, errors: string) => boolean | Promise<boolean>
) {
  const child = spawn(process.execPath, [path.join(root, 'scripts/start.mjs')], {
    cwd: folder,
    env: {
      ...process.env,
      BITBENCH_NO_ELECTRON: '1',
      ELECTRON_OVERRIDE_DIST_PATH: folder,
      BITBENCH_DATA: path.join(folder, 'data'),
      PATH: `${folder}${path.delimiter}${process.env['PATH']}`,
      ...env
    },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let [out, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  // 'close' comes when all that it wrote is read; 'exit' may come before.
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    const deadlineMs = Date.now() + 60_000
    while (!(await isDone(out, errors))) {
      if (child.exitCode !== null || Date.now() > deadlineMs)
        throw new Error(`nothing came:\n${out}\n${errors}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } finally {
    child.kill('SIGTERM')
  }
  return { out, errors, exitCode: await ended }
}

describe.skipIf(process.platform !== 'linux')('npm start without Electron', () => {
  it('prints one line with the address where there is no display', async () => {
    const { out, errors, exitCode } = await start({ DISPLAY: '', WAYLAND_DISPLAY: '' }, (text) =>
      text.includes('\n')
    )
    expect(out.split('\n')[0]).toMatch(
      /^Bitbench: http:\/\/127\.0\.0\.1:\d+\/#token=\S+ \(as good as a login/
    )
    expect(out.replace(/Stopped\.\n$/, '').match(/\n/g)).toHaveLength(1)
    expect(errors).toBe('')
    expect(exitCode).toBe(143)
  })

  it('opens the browser where there is a display, by an address without the token', async () => {
    const asked = path.join(folder, 'asked')
    await writeFile(
      path.join(folder, 'xdg-open'),
      `#!/bin/sh\nprintf '%s' "$*" > '${asked}.part' && mv '${asked}.part' '${asked}'\n`
    )
    await chmod(path.join(folder, 'xdg-open'), 0o755)
    let status = 0
    let location: string | null = null
    const { out } = await start({ DISPLAY: ':97', WAYLAND_DISPLAY: '' }, async () => {
      const address = await readFile(asked, 'utf8').catch(() => null)
      if (address === null) return false
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/open\/[\w-]+$/)
      const reply = await fetch(address, { redirect: 'manual' })
      status = reply.status
      location = reply.headers.get('location')
      return true
    })
    expect(status).toBe(303)
    expect(out).toContain(location)
    expect(location).toMatch(/^\/#token=/)
  })

  it('says in one line that no browser could be started, and serves on', async () => {
    await writeFile(path.join(folder, 'xdg-open'), '#!/bin/sh\nexit 3\n')
    await chmod(path.join(folder, 'xdg-open'), 0o755)
    const { errors } = await start({ DISPLAY: ':97' }, async (text, said) => {
      const address = /http:\/\/127\.0\.0\.1:\d+\//.exec(text)?.[0]
      if (address === undefined || !said.endsWith('\n')) return false
      expect((await fetch(address)).status).toBe(200)
      return true
    })
    expect(errors).toBe('xdg-open could not open a browser; open the address yourself.\n')
  })
})
