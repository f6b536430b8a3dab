import { describe, expect, it } from 'vitest'
import { listingQuery, parseListing } from '@core/gpu/gpuInventory'
import { metricSpecs, powerFieldOf } from '@core/gpu/metrics'
import { chooseFields, nextAlias, parseHelpQueryGpu, rejectedField } from '@core/gpu/queryFields'
import { explainSmi } from '@core/gpu/smiTrouble'

const help = `List of valid properties to query for the switch "--query-gpu=":

"timestamp"
The timestamp of when the query was made in format "YYYY/MM/DD HH:MM:SS.msec".

"power.draw"
The last measured power draw for the entire board, in watts. See also "power.limit".

"clocks.current.sm" or "clocks.sm"
Current frequency of SM (Streaming Multiprocessor) clock.
"clocks_throttle_reasons.active"
Bitmask of active clock event reasons.
`

describe('query fields', () => {
  it('reads names and aliases of the help, not the words quoted in its prose', () => {
    expect([...parseHelpQueryGpu(help)]).toEqual([
      'timestamp',
      'power.draw',
      'clocks.current.sm',
      'clocks.sm',
      'clocks_throttle_reasons.active'
    ])
  })

  it('chooses the name this driver knows, and none where it knows none', () => {
    const fields = chooseFields(parseHelpQueryGpu(help))
    const of = (metric: string) => fields[metricSpecs.findIndex((spec) => spec.metric === metric)]
    expect(of('powerW')).toBe('power.draw')
    expect(of('powerInstantW')).toBeNull()
    expect(of('throttleMask')).toBe('clocks_throttle_reasons.active')
  })

  it('asks for everything when the help cannot be read, and gives way field by field', () => {
    expect(chooseFields(new Set())).not.toContain(null)
    expect(rejectedField('Field "clocks_event_reasons.active" is not a valid field to query.\n')).toBe(
      'clocks_event_reasons.active'
    )
    const tried = new Set(['clocks_throttle_reasons.active'])
    expect(nextAlias('clocks_throttle_reasons.active', tried)).toBe('clocks_event_reasons.active')
    expect(nextAlias('power.draw.instant', new Set(['power.draw.instant']))).toBeNull()
  })
})

describe('parseListing', () => {
  const fields = metricSpecs.map(({ metric }) =>
    metric === 'powerW' ? 'power.draw' : metric === 'powerInstantW' ? 'power.draw.instant' : null
  )

  it('has no identity where nvidia-smi prints a word for it, in any order of the GPUs', () => {
    const rows = [
      '2, GPU-c, 535.104, 40960 MiB, 400.00 W, 00000000:48:00.0, Enabled, A100',
      '0, N/A, 535.104, [N/A], [Not Supported], [N/A], [N/A], A100',
      '1, [Unknown Error], 535.104, 24576 MiB, ERR!, ERR!, N/A, A100'
    ]
    const { gpus, stray } = parseListing(rows.join('\n'), [], ['pci.bus_id', 'mig.mode.current'])
    expect(stray).toEqual([])
    expect(
      gpus.map(({ index, uuid, pciBusId, migEnabled, powerLimitW }) => [
        index,
        uuid,
        pciBusId,
        migEnabled,
        powerLimitW
      ])
    ).toEqual([
      [2, 'GPU-c', '00000000:48:00.0', true, 400],
      [0, null, null, null, null],
      [1, null, null, null, null]
    ])
  })

  it('tells per GPU what is supported and why not; a name may hold commas', () => {
    const header =
      'index, uuid, driver_version, memory.total [MiB], enforced.power.limit [W], power.draw [W], power.draw.instant [W], name'
    const { gpus, stray } = parseListing(
      `${header}\n0, GPU-1, 550.54.15, 40960 MiB, 400.00 W, 52.10 W, 53.00 W, NVIDIA A100-SXM4-40GB\n` +
        '1, [N/A], 550.54.15, [N/A], [Not Supported], 30.00 W, [N/A], Board, the second\nWARNING: infoROM is corrupted\n',
      fields
    )
    expect(listingQuery(fields).at(-1)).toBe('name')
    expect(stray).toEqual(['WARNING: infoROM is corrupted'])
    expect(gpus.map((gpu) => gpu.name)).toEqual(['NVIDIA A100-SXM4-40GB', 'Board, the second'])
    expect(gpus[0]!.memoryTotalBytes).toBe(40960 * 1024 ** 2)
    expect(gpus[1]).toMatchObject({ uuid: null, memoryTotalBytes: null, powerLimitW: null })
    expect(gpus[1]!.fields.find((field) => field.metric === 'powerInstantW')).toEqual({
      metric: 'powerInstantW',
      field: 'power.draw.instant',
      supported: false,
      value: null,
      reason: '[N/A]'
    })
    expect(powerFieldOf(gpus[0]!.fields)?.field).toBe('power.draw.instant')
    expect(powerFieldOf(gpus[1]!.fields)?.field).toBe('power.draw')
    expect(gpus[0]!.fields.find((field) => field.metric === 'smClockMhz')!.reason).toBe(
      'unknown to this driver'
    )
  })
})

describe('explainSmi', () => {
  it.each([
    [9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", 'noDriver'],
    [18, 'Failed to initialize NVML: Driver/library version mismatch', 'noDriver'],
    [6, 'No devices were found', 'noGpu'],
    [15, 'Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.', 'gpuLost'],
    [4, 'Failed to initialize NVML: Insufficient Permissions', 'noPermission'],
    [255, '', 'failed'],
    [null, '', 'failed']
  ] as const)('code %s %j is %s, with a hint', (code, output, kind) => {
    const trouble = explainSmi(code, output)
    expect(trouble.kind).toBe(kind)
    expect(trouble.hint.length).toBeGreaterThan(10)
    if (output !== '') expect(trouble.message).toContain(output.slice(0, 20))
  })
})
