import { metricSpecs } from './metrics'

/**
 * Names in the output of `nvidia-smi --help-query-gpu`: each field stands quoted at the start of a line, aliases
 * joined by "or" (`"clocks.current.sm" or "clocks.sm"`).
 */
export function parseHelpQueryGpu(text: string): ReadonlySet<string> {
  const names = new Set<string>()
  for (const line of text.split(/\r?\n/)) {
    if (!/^\s*"[\w.]+"/.test(line)) continue
    const head = /^\s*"[\w.]+"(?:\s*(?:or|,)\s*"[\w.]+")*/.exec(line)![0]
    for (const match of head.matchAll(/"([\w.]+)"/g)) names.add(match[1])
  }
  return names
}

/**
 * Query field per metric (metric order), or null where the driver knows none. `known` is what the driver's help
 * lists; an empty set means that the help could not be read, and then every metric is asked under its oldest name,
 * which every driver that has the field accepts, leaving it to nvidia-smi to reject.
 */
export function chooseFields(known: ReadonlySet<string>): (string | null)[] {
  return metricSpecs.map(({ fields }) =>
    known.size === 0 ? fields[fields.length - 1] : (fields.find((field) => known.has(field)) ?? null)
  )
}

/** The field that nvidia-smi rejected (`Field "x" is not a valid field to query.`), or null. */
export function rejectedField(text: string): string | null {
  return /Field "([^"]+)" is not a valid field to query/i.exec(text)?.[1] ?? null
}

/** The next name to try for a metric whose field was rejected, or null when all are used up. */
export function nextAlias(rejected: string, tried: ReadonlySet<string>): string | null {
  const spec = metricSpecs.find(({ fields }) => fields.includes(rejected))
  return spec?.fields.find((field) => !tried.has(field)) ?? null
}
