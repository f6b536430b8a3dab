import type { z } from 'zod'

/**
 * The entries of a JSON list that fit `schema`, and how many do not: one entry that another version wrote must not cost
 * the others. Empty for text that is no JSON list; never throws.
 */
export function parseJsonList<T>(text: string, schema: z.ZodType<T>): { entries: T[]; leftOut: number } {
  try {
    const list: unknown = JSON.parse(text)
    if (!Array.isArray(list)) return { entries: [], leftOut: 0 }
    const entries = list.flatMap((entry: unknown) => {
      const found = schema.safeParse(entry)
      return found.success ? [found.data] : []
    })
    return { entries, leftOut: list.length - entries.length }
  } catch {
    return { entries: [], leftOut: 0 }
  }
}
