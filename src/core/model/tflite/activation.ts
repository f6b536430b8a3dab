import type { Conversion } from './conversion'

/** Numbers of the schema's enum ActivationFunctionType that are read. */
const limits: Readonly<Record<number, readonly [low: number, high: number]>> = { 2: [-1, 1], 3: [0, 6] }

/** The values behind an operator's fused activation; null for one that is not read (SIGN_BIT). */
export function activated(conversion: Conversion, name: string, activation: unknown): string | null {
  const number = Number(activation ?? 0)
  if (number === 0) return name
  if (number === 1) return conversion.add('Relu', [name])
  if (number === 4) return conversion.add('Tanh', [name])
  const pair = limits[number]
  return pair === undefined
    ? null
    : conversion.add('Clip', [name, ...pair.map((limit) => conversion.scalar(limit))])
}
