import { afterEach, expect, it, vi } from 'vitest'
import { createOrderlyStop } from '@main/cli/framework/orderlyStop'

let disarm = (): void => undefined
afterEach(() => {
  disarm()
  vi.restoreAllMocks()
})

function armed(): { stop: ReturnType<typeof createOrderlyStop>; exits: unknown[]; at(ms: number): void } {
  const exits: unknown[] = []
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(code)
    return undefined as never
  })
  let nowMs = 0
  const stop = createOrderlyStop(
    () => undefined,
    () => nowMs
  )
  stop.arm()
  disarm = () => stop.disarm()
  return { stop, exits, at: (ms) => void (nowMs = ms) }
}

it('takes a signal that comes twice at once for one, as timeout sends it to the process and to its group', () => {
  const { stop, exits, at } = armed()
  process.emit('SIGTERM', 'SIGTERM')
  at(100)
  process.emit('SIGTERM', 'SIGTERM')
  expect(stop.signal.aborted).toBe(true)
  expect(exits).toEqual([])
  expect(stop.exitCode()).toBe(143)
})

it('ends at once by a later or another signal', () => {
  const { exits, at } = armed()
  process.emit('SIGTERM', 'SIGTERM')
  process.emit('SIGINT', 'SIGINT')
  expect(exits).toEqual([130])
  at(300)
  process.emit('SIGTERM', 'SIGTERM')
  expect(exits).toEqual([130, 143])
})
