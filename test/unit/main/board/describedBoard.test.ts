import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { createMachine } from '@core/sim/createMachine'
import { corePresets } from '@core/sim/boards/presets'
import { createBoardConnection } from '@main/board/boardConnection'
import { createConsoleLog } from '@main/board/consoleLog'
import { resourcePath } from '@main/paths'
import { portSettingsSchema } from '@shared/contract/board'
import { createMemoryLink, type MemoryPeer } from '../../../support/memoryLink'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A connection to the shipped monitor on a core without an identity; the line can be pulled out. */
function withoutIdentity() {
  const machine = createMachine({ board: { ...corePresets.small, hasIdentity: false }, cycleModel: false })
  machine.loadElf(readFileSync(resourcePath('firmware', 'build', 'monitor.elf')))
  machine.reset()
  const runUntilIdle = (): void => {
    while (machine.run(5_000_000).reason === 'budget') continue
  }
  runUntilIdle()
  machine.uartTake()
  let peer: MemoryPeer | undefined
  const log = createConsoleLog({ nowMs: () => 0, onBatch: () => undefined })
  const connection = createBoardConnection({
    id: 'board',
    open: async () => {
      const made = createMemoryLink()
      peer = made.peer
      made.peer.onBytes = (bytes) => {
        for (let rest = bytes; rest.length > 0; runUntilIdle()) rest = rest.subarray(machine.uartPush(rest))
        const reply = machine.uartTake()
        if (reply.length > 0) queueMicrotask(() => made.peer.send(reply))
      }
      return made.link
    },
    console: log,
    nonce: () => 7,
    changed: () => undefined
  })
  cleanups.push(
    () => log.close(),
    () => connection.disconnect()
  )
  return { connection, unplug: () => peer!.unplug() }
}

describe('a core that is named by a description', () => {
  const settings = portSettingsSchema.parse({})

  it('keeps its name when its line was lost and comes back by itself', async () => {
    const { connection, unplug } = withoutIdentity()
    await connection.connect(settings, true)
    expect(connection.session!.info.coreName).toMatch(/^core-0{8}:/)
    await connection.withLease('boot', async (session) =>
      session.describe({ coreName: 'VexRiscv_Full', isa: 'rv32im' })
    )
    unplug()
    expect(connection.state).toBe('reconnecting')
    await connection.connected(10_000)
    expect(connection.session!.info).toMatchObject({ coreName: 'VexRiscv_Full', isa: 'rv32im' })
  })

  it('is asked again after a disconnect, and after another program was loaded', async () => {
    const { connection } = withoutIdentity()
    const coreName = (): string => connection.session!.info.coreName
    const name = async (): Promise<void> =>
      connection.withLease('boot', async (session) => session.describe({ coreName: 'VexRiscv_Full' }))
    await connection.connect(settings, true)
    await name()
    expect(coreName()).toBe('VexRiscv_Full')
    await connection.disconnect()
    await connection.connect(settings, true)
    expect(coreName()).toMatch(/^core-0{8}:/)
    await name()
    await connection.forgetIdentity()()
    expect(coreName()).toMatch(/^core-0{8}:/)
  })
})
