import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { command, nothing } from '@shared/contract/framework/define'
import type { CallReply, EventMessage } from '@shared/contract/framework/transport'
import { AppError } from '@shared/errors'
import { createDispatcher } from '@main/hosts/dispatcher'
import { createEventBus, type EventBus } from '@main/hosts/eventBus'

/** One suite for every host: what a client may expect of a transport, whatever carries it. */
export interface HostUnderTest {
  call(name: string, input: unknown): Promise<CallReply>
  subscribe(listener: (message: EventMessage) => void): Promise<() => void>
  close(): Promise<void>
}

const testCommands = {
  'test.double': command(
    z.object({ value: z.number(), times: z.number().default(2) }),
    z.object({ value: z.number() })
  ),
  'test.fail': command(nothing, nothing),
  'test.crash': command(nothing, nothing),
  'test.lie': command(nothing, z.object({ value: z.number() })),
  'test.emit': command(z.object({ count: z.number() }), nothing)
}

export function createTestServices(): {
  dispatch: ReturnType<typeof createDispatcher>
  events: EventBus
  logged: string[]
} {
  const events = createEventBus()
  const logged: string[] = []
  const handlers = {
    'test.double': async ({ value, times }: { value: number; times: number }) => ({ value: value * times }),
    'test.fail': async () => {
      throw new AppError('board.timeout', 'No answer.', 'Check the cable.', { details: { waitedMs: 2000 } })
    },
    'test.crash': async () => {
      throw new TypeError('undefined is not a function')
    },
    'test.lie': async () => ({ value: 'text' }),
    'test.emit': async ({ count }: { count: number }) => {
      for (let i = 0; i < count; i++) events.emit('test.happened', { i })
      return {}
    }
  }
  return { dispatch: createDispatcher(testCommands, handlers, (line) => logged.push(line)), events, logged }
}

export function describeHost(
  name: string,
  open: (services: ReturnType<typeof createTestServices>) => Promise<HostUnderTest>
): void {
  describe(`${name}: host suite`, () => {
    const services = createTestServices()
    let host: HostUnderTest
    beforeAll(async () => {
      host = await open(services)
    })
    afterAll(async () => {
      await host.close()
    })

    it('applies defaults and answers', async () => {
      expect(await host.call('test.double', { value: 4 })).toEqual({ ok: true, value: { value: 8 } })
    })

    it('refuses wrong input and says where', async () => {
      const reply = await host.call('test.double', { value: 'four' })
      expect(reply).toMatchObject({ ok: false, error: { code: 'input.invalid' } })
      expect(JSON.stringify(reply)).toContain('value')
    })

    it('refuses unknown commands, also names of Object.prototype', async () => {
      for (const unknown of ['test.none', 'constructor', '__proto__', 'toString']) {
        expect(await host.call(unknown, {})).toMatchObject({
          ok: false,
          error: { code: 'host.unknownCommand' }
        })
      }
    })

    it('carries an AppError whole', async () => {
      expect(await host.call('test.fail', {})).toEqual({
        ok: false,
        error: {
          code: 'board.timeout',
          message: 'No answer.',
          hint: 'Check the cable.',
          details: { waitedMs: 2000 }
        }
      })
    })

    it('turns a fault into internal, logs its stack and does not send it', async () => {
      const reply = await host.call('test.crash', {})
      expect(reply).toMatchObject({ ok: false, error: { code: 'internal' } })
      expect(JSON.stringify(reply)).not.toContain('.ts:')
      expect(services.logged.join('\n')).toContain('undefined is not a function')
    })

    it('does not let an answer outside the contract through', async () => {
      expect(await host.call('test.lie', {})).toMatchObject({ ok: false, error: { code: 'internal' } })
    })

    it('delivers events in order, and none after unsubscribing', async () => {
      const seen: number[] = []
      const stop = await host.subscribe(({ event, payload }) => {
        if (event === 'test.happened') seen.push((payload as { i: number }).i)
      })
      await host.call('test.emit', { count: 500 })
      await expect.poll(() => seen.length).toBe(500)
      expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => i))
      stop()
      await host.call('test.emit', { count: 5 })
      await new Promise((resolve) => setTimeout(resolve, 120))
      expect(seen.length).toBe(500)
    })

    it('bounds the queue of a slow client and says how much it dropped', async () => {
      let dropped = 0
      let received = 0
      const stop = await host.subscribe(({ event, payload }) => {
        if (event === 'host.dropped') dropped += (payload as { count: number }).count
        else received++
      })
      await host.call('test.emit', { count: 5_000 })
      await expect.poll(() => dropped + received).toBe(5_000)
      expect(dropped).toBe(3_000)
      stop()
    })
  })
}
