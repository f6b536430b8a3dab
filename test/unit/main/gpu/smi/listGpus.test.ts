import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { listGpus, requireGpus } from '@main/gpu/smi/listGpus'
import { scriptedSmi, smiCommand, type SmiReply } from './scriptedSmi'

const help = [
  'List of valid properties to query for the switch "--query-gpu":',
  '"power.draw" or "power.draw.average"',
  '"temperature.gpu"',
  '"pci.bus_id" or "gpu_bus_id"',
  '"mig.mode.current"'
].join('\n')

/** Cells of a query of this nvidia-smi: by name, with the units of `--format=csv`. */
const cellOf = (known: Record<string, string>, name: string): string => known[name] ?? '[N/A]'
const card: Record<string, string> = {
  ...{ index: '1', uuid: 'GPU-1', driver_version: '550.1', 'memory.total': '1024 MiB' },
  ...{ 'enforced.power.limit': '300.00 W', 'pci.bus_id': '00000000:17:00.0', 'mig.mode.current': 'Disabled' },
  ...{ 'power.draw': '61.50 W', 'temperature.gpu': '40', name: 'NVIDIA A100, PCIe' }
}

const listing = (args: string, cards: Record<string, string>[]): string => {
  const names = /--query-gpu=(\S+)/.exec(args)![1]!.split(',')
  const rows = cards.map((one) => names.map((name) => cellOf(one, name)).join(', '))
  return [names.join(', '), ...rows].join('\n')
}

/** An nvidia-smi with these cards, which refuses queries that hold one of `refused`. */
const smiWith =
  (cards: Record<string, string>[], refused: string[] = [], slices = '') =>
  (args: string): SmiReply => {
    if (args === '--help-query-gpu') return { stdout: help }
    if (args === '-L') return { stdout: slices }
    const names = /--query-gpu=(\S+)/.exec(args)![1]!.split(',')
    const bad = refused.find((name) => names.includes(name))
    if (bad !== undefined) return { stdout: `Field "${bad}" is not a valid field to query.`, exitCode: 2 }
    return { stdout: listing(args, cards) }
  }

const list = (reply: (args: string) => SmiReply, hasDriver = true) => {
  const smi = scriptedSmi(reply)
  return {
    calls: smi.calls,
    list: listGpus(
      smi.spawn,
      () => smiCommand,
      () => hasDriver
    )
  }
}

describe('the GPUs of a machine', () => {
  it('are those of the listing, with the field that power is read from and its sensor', async () => {
    const { list: found, calls } = list(smiWith([card]))
    const { gpus, ...rest } = await found
    expect(rest).toEqual({
      ...{ state: 'ready', nvidiaSmiPath: '/opt/nvidia-smi', origin: 'measured', driverVersion: '550.1' },
      ...{ message: null, hint: null }
    })
    expect(gpus).toHaveLength(1)
    expect(gpus[0]).toMatchObject({
      ...{ index: 1, uuid: 'GPU-1', name: 'NVIDIA A100, PCIe', pciBusId: '00000000:17:00.0' },
      ...{ memoryTotalBytes: 2 ** 30, powerLimitW: 300, migEnabled: false, migDevices: [] },
      powerField: 'power.draw'
    })
    expect(gpus[0]!.fields.find(({ field }) => field === 'power.draw')).toMatchObject({ value: 61.5 })
    // No card is cut into slices, which are not asked for then.
    expect(calls).not.toContain('-L')
  })

  it('are simulated where no driver is loaded', async () => {
    expect((await list(smiWith([card]), false).list).origin).toBe('simulated')
  })

  it('have their slices where MIG is on', async () => {
    const slices = 'GPU 1: NVIDIA A100 (UUID: GPU-1)\n  MIG 3g.20gb     Device  0: (UUID: MIG-a)\n'
    const { list: found } = list(smiWith([{ ...card, 'mig.mode.current': 'Enabled' }], [], slices))
    expect((await found).gpus[0]!.migDevices).toEqual([{ profile: '3g.20gb', device: 0, uuid: 'MIG-a' }])
  })

  it('are asked again without a column that the driver rejects, or under the other name of a reading', async () => {
    const { list: found, calls } = list(smiWith([card], ['pci.bus_id', 'power.draw']))
    const { gpus, state } = await found
    expect(state).toBe('ready')
    expect(gpus[0]).toMatchObject({ pciBusId: null, migEnabled: false })
    const queries = calls.filter((line) => line.startsWith('--query-gpu'))
    expect(queries.at(-1)).not.toMatch(/pci\.bus_id|power\.draw[, ]/)
    // One round for each refusal, and a name is tried once.
    expect(new Set(queries).size).toBe(queries.length)
    const power = gpus[0]!.fields.find(({ metric }) => metric === 'powerW')
    expect(power).toMatchObject({ supported: false })
  })

  it('are absent with the reason, and no error, where there is no nvidia-smi', async () => {
    const { spawn } = scriptedSmi(() => ({}))
    expect(await listGpus(spawn, () => null)).toMatchObject({
      ...{ state: 'noDriver', gpus: [], nvidiaSmiPath: null, driverVersion: null },
      message: expect.stringContaining('nvidia-smi was not found'),
      hint: expect.stringContaining('set the path of nvidia-smi')
    })
    const missing = (): never => {
      throw new AppError('gpu.noDriver', 'There is no file /x.', 'Correct the path.')
    }
    expect(await listGpus(spawn, missing)).toMatchObject({
      ...{
        state: 'noDriver',
        nvidiaSmiPath: null,
        message: 'There is no file /x.',
        hint: 'Correct the path.'
      }
    })
  })

  it.each([
    [{ stderr: 'No devices were found', exitCode: 6 }, 'noGpu', 'finds no GPU'],
    [
      { stdout: "NVIDIA-SMI couldn't communicate with the NVIDIA driver.", exitCode: 9 },
      'noDriver',
      'cannot reach'
    ],
    [
      { stdout: 'Unable to determine the device handle: GPU is lost.', exitCode: 15 },
      'failed',
      'fell off the bus'
    ],
    [new Error('EACCES'), 'failed', '/opt/nvidia-smi could not be started: EACCES.']
  ] as const)('cannot be read after %j: %s', async (reply, state, words) => {
    const { list: found } = list((args) =>
      args.startsWith('--help') && !(reply instanceof Error) ? {} : reply
    )
    expect(await found).toMatchObject({
      ...{ state, nvidiaSmiPath: '/opt/nvidia-smi', gpus: [] },
      message: expect.stringContaining(words)
    })
  })

  it('are required with the words that say why there is none', async () => {
    const ready = await list(smiWith([card])).list
    expect(requireGpus(ready)).toBe(ready)
    const none = await list(() => ({ stderr: 'No devices were found', exitCode: 6 })).list
    expect(() => requireGpus(none)).toThrow(
      expect.objectContaining({
        code: 'gpu.noDriver',
        message: none.message,
        hint: none.hint,
        details: { state: 'noGpu' }
      })
    )
  })
})
