import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { monitorImages } from '@core/board/description/monitorImages'
import { readDescription } from '@core/board/description/readDescription'
import { fillInLitexMonitor } from '@core/board/litexMonitor'
import { detectBootLoader } from '@core/board/loaders/detect'
import { sflLoad } from '@core/board/loaders/sfl'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { litexBoard, litexBoardCsv } from '@core/sim/boards/litexBoard'
import type { MachineConfig } from '@core/sim/boards/presets'
import { createMachine } from '@core/sim/createMachine'
import { type OpenSession, openBoardSession } from '@main/board/boardSession'
import { bootCommitted } from '../../../../support/romBoard'
import { createSimulatorLink } from '../../../../support/simulatorLink'
import { VirtualClock } from '../../../../support/virtualClock'

const litexMonitorBase = monitorImages.litex.base
const described = (csv: string) => readDescription(new TextEncoder().encode(csv))
const image = new Uint8Array(readFileSync(path.resolve('resources/firmware/build/monitor-litex.bin')))

function powerOn(board: MachineConfig = litexBoard): {
  session: OpenSession
  clock: VirtualClock
  said: () => string
} {
  const clock = new VirtualClock()
  const machine = createMachine({ board })
  let text = ''
  const session = openBoardSession({
    link: createSimulatorLink(machine, clock),
    onText: (bytes) => (text += Buffer.from(bytes).toString('latin1')),
    nonce: () => 77,
    clock
  })
  return { session, clock, said: () => text }
}

const boot = (session: OpenSession, clock: VirtualClock, description: BoardDescription) =>
  bootCommitted(session, clock, { loader: 'auto', description })

describe('the virtual LiteX SoC', () => {
  it('comes up in its BIOS, which falls back to its console', async () => {
    const { session, clock, said } = powerOn()
    await clock.pass(1_000)
    expect(said()).toMatch(
      /Booting from serial[\s\S]*sL5DdSMmkekro\n[\s\S]*Timeout\n\n\x1b\[92;1mlitex\x1b\[0m> $/
    )
    expect(await clock.run(session.converse(detectBootLoader()))).toEqual({ kind: 'litex' })
  })

  it('becomes a Bitbench board: SFL, jump, hello, and a kernel with the right outputs', async () => {
    const { session, clock } = powerOn()
    const filled = fillInLitexMonitor(image, described(litexBoardCsv()))
    const segments = [{ address: litexMonitorBase, bytes: filled }]
    await clock.pass(500)
    const loaded = await clock.run(session.converse(sflLoad({ segments, jumpAddress: litexMonitorBase })))
    expect(loaded).toMatchObject({ loadedBytes: image.length, repeatedFrames: 0, jumped: true })
    const info = await clock.run(session.hello())
    expect(info).toMatchObject({ coreName: 'virtual-litex', clockHz: litexBoard.clockHz, xlen: 32 })
    expect(info.ram.high).toBe(litexMonitorBase + litexBoard.ramBytes)
    expect(info.ram.low).toBeGreaterThan(litexMonitorBase + image.length)
    for (const [activationBits, weightBits] of [
      [8, 8],
      [4, 2],
      [1, 1]
    ] as const) {
      const item = { kernel: 'matmul', activationBits, weightBits, dims: [4, 8, 64] } as const
      const order = { ...item, dims: [...item.dims], repetitions: 2, seed: 5 }
      const result = await clock.run(session.bench(order))
      expect(result.checksum).toBe(expectedChecksum({ ...item, dims: [...item.dims] }, 5))
      expect(result.cycles[0]).toBeGreaterThan(result.instructions[0]!)
    }
    // The BIOS is gone: the monitor restarts in its place.
    expect((await clock.run(session.reset())).coreName).toBe('virtual-litex')
  })

  const forUnit = { ...described(litexBoardCsv()), isa: 'rv32im_xbbcfu' }

  it('with the unit on its function unit bus takes the monitor for that, which names it', async () => {
    const { session, clock } = powerOn({ ...litexBoard, xbb: 'cfu' })
    const { info, image: sent } = await clock.run(boot(session, clock, forUnit))
    expect(sent.name).toBe('monitor-litex-cfu.bin')
    expect(info.isa).toMatch(/_xbbcfu$/)
    for (const item of [
      { kernel: 'matmul', activationBits: 4, weightBits: 2, dims: [4, 8, 64] },
      { kernel: 'conv2d', activationBits: 1, weightBits: 1, dims: [6, 6, 5, 8, 3, 1, 1] }
    ] as const) {
      const order = { ...item, dims: [...item.dims] }
      const { checksum } = await clock.run(session.bench({ ...order, repetitions: 1, seed: 5 }))
      expect(checksum).toBe(expectedChecksum(order, 5))
    }
  })

  it.each([false, true])(
    'is refused where its unit is described and not there (in the core: %s)',
    async (xbb) => {
      const { session, clock } = powerOn({ ...litexBoard, xbb })
      session.describe({ isa: 'rv32im_xbbcfu' })
      const failure = await clock.run(boot(session, clock, forUnit)).catch((error: unknown) => error)
      expect(failure).toMatchObject({
        code: 'board.refused',
        message: expect.stringContaining('found no unit')
      })
      // What an earlier description said is over too: it would hide what this monitor found.
      expect(session.described).toEqual({})
    }
  )

  it.each([0x8000_0000, 0x2000_0000])('takes the monitor where its RAM begins at 0x%s', async (ramBase) => {
    const moved: MachineConfig = {
      ...litexBoard,
      hasIdentity: false,
      litex: { ...litexBoard.litex!, ramBase }
    }
    const { session, clock } = powerOn(moved)
    const elsewhere = litexBoardCsv().replace('0x40000000', `0x${ramBase.toString(16)}`)
    const named = `${elsewhere}constant,config_cpu_human_name,VexRiscv_Standard,,\nconstant,config_cpu_isa,rv32i2p0_m,,\n`
    const { info, result } = await clock.run(boot(session, clock, described(named)))
    expect(info.ram.low).toBeGreaterThan(ramBase)
    expect(info.ram.high).toBe(ramBase + litexBoard.ramBytes)
    // A core without an identity is called what the description calls it, also when it is asked again.
    expect(info).toMatchObject({ coreName: 'VexRiscv_Standard', isa: 'rv32im' })
    expect(result).toContain('VexRiscv_Standard')
    expect((await clock.run(session.reset())).coreName).toBe('VexRiscv_Standard')
    const item = { kernel: 'matmul', activationBits: 4, weightBits: 2, dims: [4, 8, 64] } as const
    const { checksum } = await clock.run(
      session.bench({ ...item, dims: [...item.dims], repetitions: 1, seed: 5 })
    )
    expect(checksum).toBe(expectedChecksum({ ...item, dims: [...item.dims] }, 5))
  })

  describe('with a core that has no CSRs of machine mode (PicoRV32)', () => {
    const pico: MachineConfig = {
      ...litexBoard,
      plain: true,
      hasIdentity: false,
      counters: 'cycle',
      machineCsrs: false
    }
    const csv = `${litexBoardCsv(pico)}constant,config_cpu_type_picorv32,None,,\nconstant,config_cpu_human_name,PicoRV32,,\n`

    it('the monitor leaves them alone: hello, counters, kernels, a program, a restart', async () => {
      const { session, clock } = powerOn(pico)
      const { info } = await clock.run(boot(session, clock, described(csv)))
      expect(info).toMatchObject({ coreName: 'PicoRV32', isa: 'rv32im', counters: { cycles: true } })
      const item = {
        kernel: 'conv2d',
        activationBits: 4,
        weightBits: 2,
        dims: [6, 6, 8, 8, 3, 3, 1]
      } as const
      const result = await clock.run(
        session.bench({ ...item, dims: [...item.dims], repetitions: 2, seed: 5 })
      )
      expect(result.checksum).toBe(expectedChecksum({ ...item, dims: [...item.dims] }, 5))
      expect(result.instructions[0]).toBeGreaterThan(1_000)
      expect(result.cycles[0]).toBeGreaterThan(result.instructions[0]!)
      // add a0, a0, a1; ret
      const entry = info.ram.low
      await clock.run(session.upload(entry, Uint8Array.of(0x33, 0x05, 0xb5, 0x00, 0x67, 0x80, 0x00, 0x00)))
      expect((await clock.run(session.call(entry, 40, 2))).returned).toBe(42)
      expect((await clock.run(session.reset())).isa).toBe('rv32im')
    })

    it('is silent where the description does not say so', async () => {
      const { session, clock } = powerOn(pico)
      const wrong = { ...described(csv), machineCsrs: true }
      await expect(clock.run(boot(session, clock, wrong))).rejects.toMatchObject({
        code: 'board.notMonitor'
      })
    })
  })

  it('does not start an image that nobody filled in', async () => {
    const { session, clock } = powerOn()
    const segments = [{ address: litexMonitorBase, bytes: image }]
    const loaded = await clock.run(session.converse(sflLoad({ segments, jumpAddress: litexMonitorBase })))
    expect(loaded.jumped).toBe(true)
    await expect(clock.run(session.hello())).rejects.toMatchObject({ code: 'board.notMonitor' })
  })
})
