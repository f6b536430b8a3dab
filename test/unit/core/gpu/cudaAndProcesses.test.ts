import { describe, expect, it } from 'vitest'
import { parseComputeApps } from '@core/gpu/computeApps'
import { gpuAtPciBusId, gpuOfCudaIndex, normalPciBusId } from '@core/gpu/cudaOrder'
import { parseMigDevices } from '@core/gpu/migDevices'

const gpu = (index: number, pciBusId: string, name = 'A100') => ({
  index,
  pciBusId,
  name,
  uuid: `GPU-${index}${index}-x`
})

describe('PCI bus ids', () => {
  it('are one id in every spelling', () => {
    expect(normalPciBusId('0000:0B:00.0')).toBe('00000000:0b:00.0')
    expect(normalPciBusId('00000000:0B:00.0')).toBe('00000000:0b:00.0')
    expect(normalPciBusId('0b:00.0')).toBe('00000000:0b:00.0')
    expect(normalPciBusId('[N/A]')).toBeNull()
    const gpus = [gpu(0, '00000000:07:00.0'), gpu(1, '00000000:0B:00.0')]
    expect(gpuAtPciBusId(gpus, '0000:0b:00.0')?.index).toBe(1)
    expect(gpuAtPciBusId(gpus, '0000:0c:00.0')).toBeUndefined()
  })
})

describe('gpuOfCudaIndex', () => {
  const same = [gpu(0, '00000000:07:00.0'), gpu(1, '00000000:0B:00.0'), gpu(2, '00000000:48:00.0')]
  const mixed = [gpu(0, '00000000:07:00.0', 'T4'), gpu(1, '00000000:0B:00.0', 'A100')]

  it('follows CUDA_VISIBLE_DEVICES by index and by the beginning of a UUID', () => {
    expect(gpuOfCudaIndex(same, 1, {}).index).toBe(1)
    expect(gpuOfCudaIndex(same, 0, { CUDA_VISIBLE_DEVICES: '2,0' }).index).toBe(2)
    expect(gpuOfCudaIndex(mixed, 0, { CUDA_VISIBLE_DEVICES: 'GPU-11' }).index).toBe(1)
    expect(gpuOfCudaIndex(mixed, 1, { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }).index).toBe(1)
  })

  it('sees no device behind an entry that is none, as CUDA does', () => {
    const missing = expect.objectContaining({ code: 'input.notFound' })
    for (const visible of ['0,-1,1', '7,1', 'GPU-99,1', 'GPU-,1', '0,,1', 'all,1']) {
      const at = visible.split(',').length - 1
      expect(() => gpuOfCudaIndex(same, at, { CUDA_VISIBLE_DEVICES: visible }), visible).toThrow(missing)
    }
    expect(gpuOfCudaIndex(same, 0, { CUDA_VISIBLE_DEVICES: '0,-1,1' }).index).toBe(0)
    expect(gpuOfCudaIndex(same, 1, { CUDA_VISIBLE_DEVICES: ' 2 , GPU-11 ' }).index).toBe(1)
  })

  it('takes a MIG slice for the card that it lies on, in the spelling of either driver', () => {
    const slices = parseMigDevices(
      [
        'GPU 0: A100 (UUID: GPU-00-x)',
        'GPU 1: A100 (UUID: GPU-11-x)',
        '  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d)',
        '  MIG 1g.5gb      Device  1: (UUID: MIG-c7000000-0001)',
        'GPU 2: A100 (UUID: GPU-22-x)',
        '  MIG 7g.40gb     Device  0: (UUID: MIG-GPU-22-x/0/0)'
      ].join('\n')
    )
    const cards = same.map((card) => ({ ...card, migDevices: slices.get(card.index) ?? [] }))
    const first = (visible: string): number =>
      gpuOfCudaIndex(cards, 0, { CUDA_VISIBLE_DEVICES: visible }).index
    expect(first('MIG-c7384736-a75d')).toBe(1)
    expect(first('mig-c73')).toBe(1)
    expect(first('MIG-GPU-22-x/0/0')).toBe(2)
    expect(() => first('MIG-c7')).toThrow(/beginning of several/)
    expect(() => first('MIG-d')).toThrow(/No GPU has the UUID/)
  })

  it('does not guess, and says what is not visible', () => {
    expect(() => gpuOfCudaIndex(mixed, 0, {})).toThrow(expect.objectContaining({ code: 'input.invalid' }))
    const missing = expect.objectContaining({ code: 'input.notFound' })
    expect(() => gpuOfCudaIndex(same, 1, { CUDA_VISIBLE_DEVICES: '2' })).toThrow(missing)
    expect(() => gpuOfCudaIndex(same, 0, { CUDA_VISIBLE_DEVICES: '' })).toThrow(missing)
    expect(() => gpuOfCudaIndex(same, 0, { CUDA_VISIBLE_DEVICES: 'GPU-' })).toThrow(missing)
    expect(() => gpuOfCudaIndex(same, 0, { CUDA_VISIBLE_DEVICES: '7' })).toThrow(missing)
  })
})

describe('parseComputeApps', () => {
  it('reads processes; a name may hold commas and the memory be unknown', () => {
    const text =
      'GPU-1, 4211, 812 MiB, /usr/bin/python3\nGPU-2, 9, [N/A], a, b\nNo running processes found\n\n'
    expect(parseComputeApps(text)).toEqual([
      { gpuUuid: 'GPU-1', pid: 4211, usedMemoryBytes: 812 * 1024 ** 2, name: '/usr/bin/python3' },
      { gpuUuid: 'GPU-2', pid: 9, usedMemoryBytes: null, name: 'a, b' }
    ])
  })
})

describe('parseMigDevices', () => {
  it('finds the slices below their card', () => {
    const text =
      'GPU 0: NVIDIA A100 (UUID: GPU-a)\n  MIG 1g.5gb      Device  0: (UUID: MIG-1)\n' +
      '  MIG 2g.10gb     Device  1: (UUID: MIG-2)\nGPU 1: NVIDIA A100 (UUID: GPU-b)\n'
    expect([...parseMigDevices(text)]).toEqual([
      [
        0,
        [
          { profile: '1g.5gb', device: 0, uuid: 'MIG-1' },
          { profile: '2g.10gb', device: 1, uuid: 'MIG-2' }
        ]
      ]
    ])
  })
})
