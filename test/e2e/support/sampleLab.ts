import type { LabPlaceInfo, LabStatus } from '@shared/contract/lab'

const place = (name: string, changes: Partial<LabPlaceInfo>): LabPlaceInfo => ({
  ...{ name, comment: '', tags: {}, holder: null, heldMs: null, state: 'free', reserved: false },
  lines: [{ name: 'uart', port: `labgrid://${name}`, address: null, baudRate: 115_200, isAvailable: true }],
  ...changes
})

const server = (tcpPort: number): string => `rfc2217://bench-a:${tcpPort}`
const opened = (name: string, tcpPort: number): LabPlaceInfo['lines'] => [
  { ...place(name, {}).lines[0]!, address: server(tcpPort) }
]

/** A coordinator with a free place, one that is used here, one of another user, and one that was left behind. */
export const sampleLabStatus: LabStatus = {
  ...{ coordinator: 'bench-a:20408', kept: true, problem: null, self: 'desk/ada' },
  places: [
    place('arty-1', { tags: { board: 'arty', soc: 'litex' } }),
    place('arty-2', {
      ...{ holder: 'desk/ada', heldMs: 12 * 60_000, state: 'here', lines: opened('arty-2', 40_001) }
    }),
    place('icebreaker', {
      ...{
        holder: 'bench-b/grace',
        heldMs: 3 * 3_600_000,
        state: 'held',
        lines: opened('icebreaker', 40_002)
      }
    }),
    place('kria', {
      holder: 'desk/ada',
      heldMs: 26 * 3_600_000,
      state: 'left',
      lines: opened('kria', 40_003)
    }),
    place('spare', { lines: [], reserved: true })
  ]
}
