import type { Board } from '@shared/contract/board'

/** A board's state as a person says it. */
export const stateText: Readonly<Record<Board['state'], string>> = {
  available: 'not connected',
  unavailable: 'unavailable',
  connecting: 'connecting',
  connected: 'connected',
  reconnecting: 'reconnecting'
}

/** "5 boards: 1 connected, 1 in use, 1 unavailable" */
export function farmSummary(boards: readonly Board[]): string {
  const count = (is: (board: Board) => boolean): number => boards.filter(is).length
  const parts = [
    [count(({ state }) => state === 'connected'), 'connected'],
    [count(({ leasedBy }) => leasedBy !== null), 'in use'],
    [count(({ state }) => state === 'reconnecting'), 'reconnecting'],
    [count(({ state }) => state === 'unavailable'), 'unavailable']
  ] as const
  const counted = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`)
  return `${boards.length} ${boards.length === 1 ? 'board' : 'boards'}${counted.length === 0 ? '' : `: ${counted.join(', ')}`}`
}

/** Whether a typed text names this board: its name, port, id, serial number, core or ISA. */
export function matchesText(
  { id, name, port, serialNumber, description, info }: Board,
  text: string
): boolean {
  const wanted = text.trim().toLowerCase()
  return [id, name, port, serialNumber, description, info?.coreName, info?.isa].some(
    (field) => field?.toLowerCase().includes(wanted) ?? false
  )
}
