import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { callReplySchema, webSocketProtocol, type EventMessage } from '@shared/contract/transport'
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
