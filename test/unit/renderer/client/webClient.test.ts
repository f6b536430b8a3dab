import { describe, expect, it, vi } from 'vitest'
import type { ConnectionState } from '@renderer/client/client'
import { createWebClient, takeToken } from '@renderer/client/webClient'

class FakeSocket {
  static all: FakeSocket[] = []
  onopen: (() => void) | null = null
  onmessage: ((message: { data: string }) => void) | null = null
  onclose: (() => void) | null = null
  constructor(
    readonly url: string,
    readonly protocol: string
  ) {
    FakeSocket.all.push(this)
  }
}

function create(fetchDouble: typeof fetch = vi.fn()): ReturnType<typeof createWebClient> {
  FakeSocket.all = []
  return createWebClient({
    origin: 'http://127.0.0.1:4100',
    token: 'secret',
    fetch: fetchDouble,
    createSocket: (url, protocol) => new FakeSocket(url, protocol) as unknown as WebSocket
  })
}

const respond = (status: number, body: unknown): typeof fetch =>
  vi.fn(async () => new Response(JSON.stringify(body), { status })) as unknown as typeof fetch

describe('web client', () => {
  it('sends the token in a header and never in the address', async () => {
    const request = respond(200, { ok: true, value: { ok: true } })
    await expect(create(request).call('board.forget', { id: 'hi' })).resolves.toEqual({ ok: true })
    const [url, init] = vi.mocked(request).mock.calls[0]!
    expect(String(url)).toBe('http://127.0.0.1:4100/api/call')
    expect(init?.headers).toMatchObject({ authorization: 'Bearer secret' })
    expect(FakeSocket.all[0]).toMatchObject({
      url: 'ws://127.0.0.1:4100/api/events',
      protocol: 'bitbench.secret'
    })
  })

  it('reports how much of a reply has arrived, and that it broke off', async () => {
    const bytes = new TextEncoder().encode(JSON.stringify({ ok: true, value: { ok: true } }))
    const pieces = (end: 'close' | 'error') =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(bytes.slice(0, 10))
          if (end === 'error') return controller.error(new TypeError('reset'))
          controller.enqueue(bytes.slice(10))
          controller.close()
        }
      })
    const reply = (end: 'close' | 'error', headers: Record<string, string> = {}) =>
      create((async () => new Response(pieces(end), { headers })) as unknown as typeof fetch)
    const seen: [number, number | null][] = []
    const onReceived = (received: number, total: number | null): void => void seen.push([received, total])
    const length = String(bytes.length)
    await reply('close', { 'content-length': length }).call('board.forget', { id: 'a' }, { onReceived })
    expect(seen).toEqual([
      [10, bytes.length],
      [bytes.length, bytes.length]
    ])
    seen.length = 0
    await reply('close').call('board.forget', { id: 'a' }, { onReceived })
    expect(seen.at(-1)).toEqual([bytes.length, null])
    await expect(reply('error').call('board.forget', { id: 'a' }, { onReceived })).rejects.toMatchObject({
      code: 'host.disconnected'
    })
  })

  it('says that the token is refused, and what to open instead', async () => {
    const client = create(respond(401, {}))
    await expect(client.call('board.forget', { id: 'x' })).rejects.toMatchObject({
      code: 'host.unauthorised',
      hint: expect.stringContaining('bitbench serve')
    })
  })

  it('says that the host is gone', async () => {
    const client = create((async () => Promise.reject(new TypeError('failed'))) as unknown as typeof fetch)
    await expect(client.call('board.forget', { id: 'x' })).rejects.toMatchObject({
      code: 'host.disconnected'
    })
  })

  it('comes back by itself after the socket dropped, and delivers events again', async () => {
    vi.useFakeTimers()
    const client = create()
    const states: ConnectionState[] = []
    client.onConnection((state) => states.push(state))
    const counts: number[] = []
    client.subscribe('host.dropped', ({ count }) => counts.push(count))
    FakeSocket.all[0]!.onopen!()
    FakeSocket.all[0]!.onclose!()
    await vi.advanceTimersByTimeAsync(300)
    expect(FakeSocket.all).toHaveLength(2)
    FakeSocket.all[1]!.onclose!()
    await vi.advanceTimersByTimeAsync(600)
    expect(FakeSocket.all).toHaveLength(3)
    FakeSocket.all[2]!.onopen!()
    FakeSocket.all[2]!.onmessage!({ data: JSON.stringify({ event: 'host.dropped', payload: { count: 5 } }) })
    expect(states).toEqual(['connecting', 'connected', 'lost', 'connected'])
    expect(counts).toEqual([5])
    vi.useRealTimers()
  })
})

describe('takeToken', () => {
  const storage = (): Storage => {
    const map = new Map<string, string>()
    return {
      getItem: (key: string) => map.get(key) ?? null,
      setItem: (key: string, value: string) => void map.set(key, value)
    } as unknown as Storage
  }

  it('moves the token from the address into the tab’s storage', () => {
    const history = { replaceState: vi.fn() }
    const kept = storage()
    const location = { hash: '#token=a%2Bb', pathname: '/', search: '' } as Location
    expect(takeToken(location, kept, history as unknown as History)).toBe('a+b')
    expect(history.replaceState).toHaveBeenCalledWith(null, '', '/')
    expect(takeToken({ ...location, hash: '#/boards' }, kept, history as unknown as History)).toBe('a+b')
  })

  it('returns null without one', () => {
    const location = { hash: '#/boards', pathname: '/', search: '' } as Location
    expect(takeToken(location, storage(), { replaceState: vi.fn() } as unknown as History)).toBeNull()
  })

  it('distinguishes a restarted host from a silent one, and stops trying', async () => {
    vi.useFakeTimers()
    const client = create(respond(401, {}))
    const states: ConnectionState[] = []
    client.onConnection((state) => states.push(state))
    FakeSocket.all[0]!.onopen!()
    FakeSocket.all[0]!.onclose!()
    await vi.advanceTimersByTimeAsync(300)
    FakeSocket.all[1]!.onclose!()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(states).toEqual(['connecting', 'connected', 'lost', 'refused'])
    expect(FakeSocket.all).toHaveLength(2)
    vi.useRealTimers()
  })
})
