import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { callReplySchema, webSocketProtocol, type EventMessage } from '@shared/contract/framework/transport'
import { createUploads } from '@main/file/uploads'
import { serveWeb, type WebHost } from '@main/hosts/webHost'
import { createTestServices, describeHost } from './hostSuite'

async function openSocket(
  host: WebHost,
  protocol = webSocketProtocol(host.token),
  origin?: string
): Promise<WebSocket> {
  const socket = new WebSocket(
    `ws://127.0.0.1:${host.tcpPort}/api/events`,
    [protocol],
    origin === undefined ? {} : { origin }
  )
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return socket
}

describeHost('web', async ({ dispatch, events }) => {
  const host = await serveWeb({ dispatch, events, pageFolder: tmpdir(), tcpPort: 0 })
  const sockets: WebSocket[] = []
  return {
    async call(name, input) {
      const response = await fetch(`http://127.0.0.1:${host.tcpPort}/api/call`, {
        method: 'POST',
        headers: { authorization: `Bearer ${host.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name, input })
      })
      return callReplySchema.parse(await response.json())
    },
    async subscribe(listener) {
      const socket = await openSocket(host)
      sockets.push(socket)
      socket.on('message', (data: Buffer) => listener(JSON.parse(data.toString('utf8')) as EventMessage))
      return () => socket.close()
    },
    async close() {
      for (const socket of sockets) socket.terminate()
      await host.close()
    }
  }
})

describe('web host: who may come in', () => {
  let host: WebHost
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench-pages-'))
    await writeFile(path.join(folder, 'index.html'), '<!doctype html><title>Bitbench</title>')
    const { dispatch, events } = createTestServices()
    host = await serveWeb({ dispatch, events, pageFolder: folder, tcpPort: 0 })
  })
  afterAll(async () => {
    await host.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** node:http, because fetch does not let a test lie about Host and Origin. */
  const send = (options: {
    path: string
    method?: string
    headers?: Record<string, string>
    body?: string
  }): Promise<{ status: number; headers: Record<string, unknown>; text: string }> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port: host.tcpPort, method: 'GET', ...options },
        (incoming) => {
          let text = ''
          incoming.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text })
          )
        }
      )
      outgoing.on('error', reject)
      outgoing.end(options.body)
    })
  const post = (headers: Record<string, string>, body = '{"name":"test.double","input":{"value":1}}') =>
    send({ path: '/api/call', method: 'POST', headers, body })

  it('gives a one-time address away once, and leads it to the page with its token', async () => {
    const address = new URL(host.oneTimeAddress())
    expect(address.pathname).toMatch(/^\/open\/[\w-]{32}$/)
    expect((await send({ path: address.pathname, method: 'HEAD' })).status).toBe(404)
    const first = await send({ path: address.pathname })
    expect(first.status).toBe(303)
    expect(first.headers).toMatchObject({ location: `/#token=${host.token}`, 'cache-control': 'no-store' })
    expect((await send({ path: address.pathname })).status).toBe(401)
    expect((await send({ path: '/open/' })).status).toBe(401)
    expect(
      (await send({ path: new URL(host.oneTimeAddress()).pathname, headers: { host: 'evil.example' } }))
        .status
    ).toBe(403)
  })

  it('takes a call with the token and refuses one without', async () => {
    expect((await post({ authorization: `Bearer ${host.token}` })).status).toBe(200)
    expect((await post({})).status).toBe(401)
    expect((await post({ authorization: 'Bearer guess' })).status).toBe(401)
  })

  it('refuses foreign Host and Origin headers even with the token', async () => {
    const authorization = `Bearer ${host.token}`
    expect((await post({ authorization, host: 'evil.example' })).status).toBe(403)
    expect((await post({ authorization, origin: 'http://evil.example' })).status).toBe(403)
    expect((await post({ authorization, origin: `http://127.0.0.1:${host.tcpPort}` })).status).toBe(200)
  })

  it('refuses event sockets without the token or from another origin', async () => {
    await expect(openSocket(host, 'bitbench.guess')).rejects.toThrow(/401/)
    await expect(openSocket(host, undefined, 'http://evil.example')).rejects.toThrow(/401/)
  })

  it('serves the page with a strict policy and nothing outside its folder', async () => {
    const page = await send({ path: '/' })
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain("script-src 'self'")
    expect(page.headers['x-frame-options']).toBe('DENY')
    for (const outside of [
      '/../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/..%2f..%2fetc/passwd',
      '/%00',
      '/missing.js'
    ]) {
      expect((await send({ path: outside })).status).toBe(404)
    }
  })

  it('refuses a body that is no command with a clear error', async () => {
    const authorization = `Bearer ${host.token}`
    for (const body of ['', 'not json', '[]', '{"name":5}']) {
      const reply = await post({ authorization }, body)
      expect(reply.status).toBe(400)
      expect(JSON.parse(reply.text)).toMatchObject({ ok: false, error: { code: 'input.invalid' } })
    }
  })

  it('says which port is taken', async () => {
    const { dispatch, events } = createTestServices()
    await expect(
      serveWeb({ dispatch, events, pageFolder: folder, tcpPort: host.tcpPort })
    ).rejects.toMatchObject({ code: 'input.invalid', message: expect.stringContaining(String(host.tcpPort)) })
  })
})

describe('web host: hostile connections', () => {
  let host: WebHost
  let folder: string
  const logged: string[] = []
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench-pages-'))
    await writeFile(path.join(folder, 'index.html'), '<!doctype html><title>Bitbench</title>')
    await writeFile(path.join(folder, 'large.js'), `// ${'x'.repeat(4_000_000)}`)
    const { dispatch, events } = createTestServices()
    host = await serveWeb({
      dispatch,
      events,
      pageFolder: folder,
      tcpPort: 0,
      log: (line) => logged.push(line)
    })
  })
  afterAll(async () => {
    await host.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Sends raw bytes, then waits for the end of the connection or resets it after `resetAfterMs`. */
  const sendRaw = (bytes: string, resetAfterMs?: number): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(host.tcpPort, '127.0.0.1', () => socket.write(bytes))
      let text = ''
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(text))
      if (resetAfterMs !== undefined) setTimeout(() => socket.resetAndDestroy(), resetAfterMs)
    })
  const upgrade = (target: string, origin = ''): string =>
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${host.tcpPort}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${origin}\r\n`
  const isServing = async (): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${host.tcpPort}/`)).status === 200

  it.each(['//', '//?', '///', 'http://[', '/%', '*', '/api/events', '\u00ff'])(
    'an upgrade to %j without a token is refused and nothing else happens',
    async (target) => {
      expect(await sendRaw(upgrade(target))).toMatch(/^HTTP\/1\.1 40[01]|^$/)
      expect(await isServing()).toBe(true)
    }
  )

  it.each(['//', 'http://[', '/%zz', '/..%2f..%2fetc/passwd'])(
    'a request for %j is no page',
    async (target) => {
      const text = await sendRaw(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
      expect(text).toMatch(/^HTTP\/1\.1 (404|400|200)/)
      expect(text).not.toContain('root:')
      expect(await isServing()).toBe(true)
    }
  )

  it('survives refused upgrades and requests that are reset by the peer', async () => {
    for (let round = 0; round < 30; round++) {
      await Promise.all([
        sendRaw(upgrade('/api/events'), round % 3),
        sendRaw(upgrade('//'), 0),
        sendRaw('POST /api/call HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{', round % 5),
        sendRaw('\u0016\u0003\u0001 no HTTP', 1)
      ])
    }
    expect(await isServing()).toBe(true)
  })

  it('survives bad frames on an accepted WebSocket', async () => {
    const accepted = upgrade('/api/events', `Sec-WebSocket-Protocol: ${webSocketProtocol(host.token)}\r\n`)
    const text = await sendRaw(`${accepted}\u00ff\u00ff\u00ff\u00ff garbage`)
    expect(text).toMatch(/^HTTP\/1\.1 101/)
    expect(await isServing()).toBe(true)
  })

  it('closes the file of a download that was aborted', async () => {
    const { readdir } = await import('node:fs/promises')
    const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length
    const before = await openFiles()
    for (let round = 0; round < 40; round++) {
      await sendRaw('GET /large.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 2)
    }
    await expect.poll(openFiles).toBeLessThan(before + 10)
  })

  it('compresses what shrinks, to the same bytes', async () => {
    const { text, headers } = await new Promise<{ text: string; headers: Record<string, unknown> }>(
      (resolve, reject) => {
        request(
          {
            host: '127.0.0.1',
            port: host.tcpPort,
            path: '/large.js',
            headers: { 'accept-encoding': 'gzip' }
          },
          (incoming) => {
            const chunks: Buffer[] = []
            incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
            incoming.on('end', () =>
              resolve({ text: gunzipSync(Buffer.concat(chunks)).toString(), headers: incoming.headers })
            )
          }
        )
          .on('error', reject)
          .end()
      }
    )
    expect(headers['content-encoding']).toBe('gzip')
    expect(Number(headers['content-length'])).toBeLessThan(100_000)
    expect(text).toHaveLength(4_000_003)
  })
})

describe('web host: files that a browser sends', () => {
  let host: WebHost
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench-uploads-'))
    const { dispatch, events } = createTestServices()
    const uploads = createUploads(path.join(folder, 'uploads'), { fileBytes: 100_000 })
    host = await serveWeb({ dispatch, events, pageFolder: folder, tcpPort: 0, uploads })
  })
  afterAll(async () => {
    await host.close()
    await rm(folder, { recursive: true, force: true })
  })
  const send = async (name: string, body: BodyInit, headers: Record<string, string> = {}) =>
    await fetch(`http://127.0.0.1:${host.tcpPort}/api/upload`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${host.token}`,
        'x-bitbench-group': 'group-0001',
        'x-bitbench-name': encodeURIComponent(name),
        ...headers
      },
      body
    })

  it('are stored byte for byte, and their place is returned', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) & 0xff)
    const response = await send('Ordner/größe x.bin', bytes)
    const reply = callReplySchema.parse(await response.json())
    expect(reply).toMatchObject({ ok: true, value: { sizeBytes: 70_000 } })
    const stored = path.join(folder, 'uploads', 'group-0001', 'Ordner', 'größe x.bin')
    expect(new Uint8Array(await readFile(stored))).toEqual(bytes)
  })

  it('are refused without the token, from another site, outside their folder, and beyond the limit', async () => {
    expect((await send('a', 'x', { authorization: 'Bearer no' })).status).toBe(401)
    expect((await send('a', 'x', { origin: 'https://evil.example' })).status).toBe(403)
    for (const name of ['../x', '/x', '', 'a/../../../x'])
      expect(await (await send(name, 'x')).json()).toMatchObject({
        ok: false,
        error: { code: 'input.invalid' }
      })
    const large = await send('large', new Uint8Array(100_001))
    expect(await large.json()).toMatchObject({ ok: false, error: { code: 'input.invalid' } })
    expect(await (await send('a', 'x', { 'x-bitbench-name': '%E0%A4%A' })).json()).toMatchObject({
      ok: false
    })
  })

  it('get a reply that says why also when they turn out too large on their way', async () => {
    const socket = connect(host.tcpPort, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    let reply = ''
    socket.on('data', (part) => (reply += part.toString()))
    socket.on('error', () => undefined)
    // Without a length; 2 x 60,000 bytes are beyond the limit, the rest follows after that was seen.
    const chunk = `ea60\r\n${'x'.repeat(60_000)}\r\n`
    socket.write(
      `POST /api/upload HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${host.token}\r\n` +
        'x-bitbench-group: group-0003\r\nx-bitbench-name: large\r\ntransfer-encoding: chunked\r\n\r\n'
    )
    socket.write(chunk + chunk)
    await expect.poll(() => reply).toContain('is larger than')
    socket.write(`${chunk}0\r\n\r\n`)
    expect(reply).toContain('"code":"input.invalid"')
    expect(await readdir(path.join(folder, 'uploads', 'group-0003'))).toEqual([])
    socket.destroy()
  })

  it('leave nothing when the browser goes away in the middle', async () => {
    const socket = connect(host.tcpPort, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write(
      `POST /api/upload HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${host.token}\r\n` +
        'x-bitbench-group: group-0002\r\nx-bitbench-name: half\r\ncontent-length: 1000\r\n\r\nsome'
    )
    const group = path.join(folder, 'uploads', 'group-0002')
    await expect.poll(() => readdir(group).catch(() => [])).toHaveLength(1)
    socket.destroy()
    await expect.poll(() => readdir(group)).toEqual([])
  })
})
