import { AppError } from '../../shared/errors'

/** A board by its place at a lab's coordinator, and which of its serial lines; null: its only one. */
export interface LabBoard {
  readonly place: string
  readonly resource: string | null
}

const scheme = /^labgrid:\/\//i

/**
 * Reads `labgrid://PLACE` or `labgrid://PLACE/RESOURCE`; null for what is no such address.
 * @throws AppError input.invalid for a damaged one
 */
export function readLabBoard(text: string): LabBoard | null {
  if (!scheme.test(text)) return null
  const parts = /^([^\s/?#]{1,200})(?:\/([^\s/?#]{1,200}))?\/?$/.exec(text.replace(scheme, ''))
  if (parts === null)
    throw new AppError(
      'input.invalid',
      `"${text}" is no place of a labgrid.`,
      'Write it as labgrid://PLACE; "bitbench lab places" lists them.'
    )
  return { place: parts[1], resource: parts[2] ?? null }
}

/** The address of a place, which is also the id of the board there. */
export const labBoardText = ({ place, resource }: LabBoard): string =>
  `labgrid://${place}${resource === null ? '' : `/${resource}`}`

/** Where the coordinator listens unless its address says otherwise. */
export const labTcpPort = 20_408

/**
 * Reads HOST or HOST:PORT of a coordinator; IPv6 addresses are written in brackets. Returns HOST:PORT.
 * @throws AppError input.invalid
 */
export function readCoordinator(text: string): string {
  const parts = /^(\[[0-9a-f:.]+\]|[A-Za-z0-9_.-]{1,253})(?::(\d{1,5}))?$/i.exec(text.trim())
  const tcpPort = parts?.[2] === undefined ? labTcpPort : Number(parts[2])
  if (parts === null || tcpPort < 1 || tcpPort > 65_535)
    throw new AppError(
      'input.invalid',
      'The address of the coordinator cannot be read.',
      `Write HOST or HOST:PORT; without a port it is ${labTcpPort}.`
    )
  return `${parts[1]}:${tcpPort}`
}
