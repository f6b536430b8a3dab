import { networkAddressText } from '../board/network/address'
import { matchesPattern } from './pattern'

/** Patterns over the path of a resource; a name of null stands for every name. */
export interface LabMatch {
  readonly exporter: string
  readonly group: string
  readonly cls: string
  readonly name: string | null
  /** What the place calls the resource; null: its own name. */
  readonly rename: string | null
}

/** A board's place as its coordinator describes it. */
export interface LabPlace {
  readonly name: string
  readonly aliases: readonly string[]
  readonly comment: string
  readonly tags: Readonly<Record<string, string>>
  readonly matches: readonly LabMatch[]
  /** HOST/USER of its holder; null while it is free. */
  readonly acquired: string | null
  /** Last change, by the coordinator's clock, ms since 1970. */
  readonly changedMs: number
  readonly reservation: string | null
}

/** What a parameter of a resource may be. */
export type LabValue = boolean | number | string

/** Something that an exporter offers: a serial line, a power switch, … */
export interface LabResource {
  readonly exporter: string
  readonly group: string
  readonly name: string
  readonly cls: string
  readonly params: Readonly<Record<string, LabValue>>
  readonly extra: Readonly<Record<string, LabValue>>
  readonly isAvailable: boolean
}

/** A serial line of a place. */
export interface LabLine {
  /** What the place calls it. */
  readonly name: string
  /** `rfc2217://HOST:PORT` or `tcp://HOST:PORT`; null while its exporter has not opened it: that happens when the place is acquired. */
  readonly address: string | null
  /** Bits per second; null where the exporter does not say. */
  readonly baudRate: number | null
  readonly isAvailable: boolean
  /** Host that an ssh tunnel has to go through; null: the line can be reached as it is. */
  readonly proxy: string | null
}

/** The serial lines of a place, in the order of its matches. */
export function linesOfPlace(place: LabPlace, resources: readonly LabResource[]): LabLine[] {
  const found = new Map<LabResource, LabLine>()
  for (const match of place.matches)
    for (const resource of resources)
      if (resource.cls === 'NetworkSerialPort' && !found.has(resource) && isMatch(match, resource))
        found.set(resource, lineOf(resource, match.rename ?? resource.name))
  return [...found.values()]
}

/** Place by its name or one of its aliases. */
export function findPlace(places: readonly LabPlace[], name: string): LabPlace | undefined {
  return places.find((place) => place.name === name) ?? places.find(({ aliases }) => aliases.includes(name))
}

function isMatch({ exporter, group, cls, name }: LabMatch, resource: LabResource): boolean {
  return (
    matchesPattern(resource.exporter, exporter) &&
    matchesPattern(resource.group, group) &&
    matchesPattern(resource.cls, cls) &&
    (name === null || matchesPattern(resource.name, name))
  )
}

function lineOf({ params, extra, isAvailable }: LabResource, name: string): LabLine {
  const { host, port: tcpPort, speed, protocol } = params
  const isOpen = typeof host === 'string' && host !== '' && typeof tcpPort === 'number' && tcpPort > 0
  const { proxy, proxy_required: needsProxy } = extra
  return {
    name,
    address: isOpen
      ? networkAddressText({ scheme: protocol === 'raw' ? 'tcp' : 'rfc2217', host, tcpPort })
      : null,
    baudRate: typeof speed === 'number' && speed > 0 ? speed : null,
    isAvailable,
    proxy: needsProxy === true ? String(proxy ?? host ?? '') : null
  }
}
