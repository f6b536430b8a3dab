import { chmodSync, copyFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { listGpus, requireGpus } from '@main/gpu/smi/listGpus'
import { hasNvidiaDriver } from '@main/gpu/smi/smiOrigin'
import { askSmi, findSmi } from '@main/gpu/smi/smiProcess'
import { gpuListSchema } from '@shared/contract/gpu'
import { fakeSmiFile, spawnWith, standIn, temporaryFolder } from '../../../fixtures/smi/standIn'

const listWith = (setup: Record<string, unknown>) => listGpus(spawnWith(setup), () => standIn)

describe('listGpus', () => {
  it('lists GPUs with driver, fields and sensor, as the contract says', async () => {
    const list = await listWith({
      gpus: [
        { name: 'NVIDIA A100-SXM4-40GB', idleW: 52 },
        {
          name: 'NVIDIA GeForce GTX 1080',
          idleW: 9,
          unavailable: { 'power.draw.instant': '[N/A]', 'temperature.memory': 'N/A' }
        }
      ]
    })
    expect(gpuListSchema.parse(list)).toEqual(list)
    expect(list).toMatchObject({ state: 'ready', driverVersion: '550.54.15' })
    expect(list.gpus[0]).toMatchObject({
      powerField: 'power.draw.instant',
      sensor: { family: 'Ampere GA100' }
    })
    expect(list.gpus[1]).toMatchObject({ powerField: 'power.draw', sensor: { family: 'Pascal' } })
    const field = list.gpus[1]!.fields.find((candidate) => candidate.metric === 'memoryTemperatureC')
    expect(field).toMatchObject({ supported: false, value: null, reason: 'N/A' })
  })

  it('tells slices of a card apart, and the PCI bus id', async () => {
    const slices = [
      { profile: '1g.5gb', device: 0, uuid: 'MIG-1' },
      { profile: '2g.10gb', device: 1, uuid: 'MIG-2' }
    ]
    const list = await listWith({ gpus: [{ name: 'NVIDIA A100', mig: slices }, { name: 'NVIDIA T4' }] })
    expect(list.gpus[0]).toMatchObject({ pciBusId: '00000000:01:00.0', migEnabled: true, migDevices: slices })
    expect(list.gpus[1]).toMatchObject({ pciBusId: '00000000:02:00.0', migEnabled: null, migDevices: [] })
    const old = await listWith({ helpless: true, rejected: ['pci.bus_id'] })
    expect(old.gpus[0]).toMatchObject({ name: 'Stand-in A100', pciBusId: null, migEnabled: null })
  })

  it('falls back to older names field by field on a driver that rejects the new ones and has no help', async () => {
    const rejected = ['clocks_event_reasons.active', 'power.draw.instant', 'power.draw.average', 'clocks.mem']
    const list = await listWith({ helpless: true, rejected })
    const of = (metric: string) => list.gpus[0]!.fields.find((field) => field.metric === metric)!
    expect(of('throttleMask')).toMatchObject({ field: 'clocks_throttle_reasons.active', supported: true })
    expect(of('memoryClockMhz')).toMatchObject({ field: 'clocks.current.memory', supported: true })
    expect(of('powerInstantW')).toMatchObject({ field: null, supported: false, value: null })
  })

  it.each([
    ['noDriver', 'noDriver'],
    ['mismatch', 'noDriver'],
    ['noGpu', 'noGpu']
  ])('answers %s as a state with a reason and a hint, not as an error', async (trouble, state) => {
    const list = await listWith({ trouble })
    expect(list).toMatchObject({ state, gpus: [], nvidiaSmiPath: fakeSmiFile })
    expect(list.message).toBeTruthy()
    expect(list.hint).toBeTruthy()
    expect(() => requireGpus(list)).toThrow(expect.objectContaining({ code: 'gpu.noDriver' }))
  })

  it('explains an absent nvidia-smi, and a wrong path in the settings', async () => {
    const absent = await listGpus(spawnWith({}), () => null)
    expect(absent).toMatchObject({ state: 'noDriver', nvidiaSmiPath: null })
    const wrong = await listGpus(spawnWith({}), () => findSmi('/nowhere/nvidia-smi', {}))
    expect(wrong.message).toContain('/nowhere/nvidia-smi')
    const notRunnable = path.join(temporaryFolder(), 'nvidia-smi')
    writeFileSync(notRunnable, 'not a program')
    const failed = await listGpus(spawnWith({}), () => findSmi(notRunnable, {}))
    expect(failed).toMatchObject({ state: 'failed', nvidiaSmiPath: notRunnable })
  })

  it('gives up on a driver that hangs', async () => {
    await expect(
      askSmi(spawnWith({ trouble: 'hang' }), standIn, ['--help-query-gpu'], 300)
    ).rejects.toMatchObject({
      code: 'tool.failed',
      message: expect.stringContaining('did not reply')
    })
  })
})

describe('what stands in for nvidia-smi', () => {
  const listOnPath = (folder: string, hasDriver = true) =>
    listGpus(
      spawnWith({}),
      () => findSmi(null, { PATH: folder }, 'linux'),
      () => hasDriver
    )
  const onPath = (text: string): string => {
    const folder = temporaryFolder()
    writeFileSync(path.join(folder, 'nvidia-smi'), text)
    chmodSync(path.join(folder, 'nvidia-smi'), 0o755)
    return folder
  }
  const wrapper = (last: string): string =>
    `#!/bin/sh\nexec '${process.execPath}' '${fakeSmiFile}' "$@"${last}\n`

  it('is known by what it says, under the name of nvidia-smi first on the PATH too', async () => {
    expect(await listOnPath(onPath(wrapper('')))).toMatchObject({ state: 'ready', origin: 'simulated' })
    const copied = temporaryFolder()
    copyFileSync(fakeSmiFile, path.join(copied, 'nvidia-smi'))
    expect(await listOnPath(copied)).toMatchObject({ state: 'ready', origin: 'simulated' })
    const linked = temporaryFolder()
    symlinkSync(fakeSmiFile, path.join(linked, 'nvidia-smi'))
    expect(await listOnPath(linked)).toMatchObject({ state: 'ready', origin: 'simulated' })
  })

  it('is taken for nvidia-smi when it keeps that to itself, but not where there is no driver', async () => {
    const silent = onPath(wrapper(' | sed s/SIMULATED//'))
    expect(await listOnPath(silent)).toMatchObject({ state: 'ready', origin: 'measured' })
    expect(await listOnPath(silent, false)).toMatchObject({ state: 'ready', origin: 'simulated' })
  })

  it('finds the driver of a desktop, of WSL and of a Jetson', () => {
    for (const file of ['/dev/nvidiactl', '/proc/driver/nvidia', '/dev/dxg', '/dev/nvmap']) {
      expect(hasNvidiaDriver((name) => name === file, 'linux')).toBe(true)
    }
    expect(hasNvidiaDriver(() => false, 'linux')).toBe(false)
    expect(hasNvidiaDriver(() => false, 'win32')).toBe(true)
  })
})

describe('findSmi', () => {
  it('prefers the setting, then the environment, then the PATH', () => {
    const folder = temporaryFolder()
    const onPath = path.join(folder, 'nvidia-smi')
    writeFileSync(onPath, '')
    expect(findSmi(fakeSmiFile, { PATH: folder })).toEqual(standIn)
    expect(findSmi(null, { PATH: folder, BITBENCH_NVIDIA_SMI: fakeSmiFile })).toEqual(standIn)
    expect(findSmi(null, { PATH: folder }, 'linux')).toMatchObject({ file: onPath, leadingArguments: [] })
  })
})
