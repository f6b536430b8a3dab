/** Rows beyond which single ones are no longer left out in turn, but tenths of them. */
const mostSingle = 25

/** Row numbers kept and left out, in turn: every row is left out once. */
export function leaveOut(count: number): { kept: Int32Array; left: Int32Array }[] {
  const folds = count <= mostSingle ? count : 10
  const rows = Int32Array.from({ length: count }, (_, row) => row)
  return Array.from({ length: folds }, (_, fold) => ({
    kept: rows.filter((row) => row % folds !== fold),
    left: rows.filter((row) => row % folds === fold)
  }))
}

/** Share by which a rival's error must be lower. */
const margin = 0.1

/** What was chosen, and the error of each that was tried. */
export interface Chosen<Method extends string> {
  method: Method
  errors: Partial<Record<Method, number>>
}

/**
 * The first method leads: another is taken only when its error on rows left out is lower by a tenth, and by
 * `marginPerRow` / `count` more, since the error over few rows is itself uncertain.
 */
export function leaderOrRival<Method extends string>(
  methods: readonly [Method, ...Method[]],
  count: number,
  marginPerRow: number,
  errorOf: (method: Method) => number
): Chosen<Method> {
  const errors: Partial<Record<Method, number>> = {}
  let [method] = methods
  let lowest = Infinity
  for (const candidate of methods) {
    const error = errorOf(candidate)
    errors[candidate] = error
    if (error < lowest * (1 - margin - marginPerRow / count)) [lowest, method] = [error, candidate]
  }
  return { method, errors }
}
