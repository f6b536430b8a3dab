import ts from 'typescript'
import { applyMutant, type Mutant } from './mutants'

/** A mutant and the number that switches it on; 0 is the module as it is. */
export interface Numbered {
  readonly id: number
  readonly mutant: Mutant
}

/** What the switches call: whether this mutant is on. Outside a mutation run (a thread, say) none is. */
const declaration = 'globalThis.__mutant ??= () => false'

/**
 * The module's text with every mutant in it at once, each behind a switch: `a < b` becomes
 * `(globalThis.__mutant(17) ? a <= b : a < b)` (mutant schemata, Untch et al., ISSTA 1993). One mutant is on at a time, so
 * the changed side holds no switches.
 */
export function withSwitches(text: string, numbered: readonly Numbered[]): string {
  if (numbered.length === 0) return text
  const source = ts.createSourceFile('mutated.ts', text, ts.ScriptTarget.Latest, true)
  const byPlace = new Map<string, Numbered[]>()
  for (const one of numbered) {
    const place = one.mutant.expression.join()
    byPlace.set(place, [...(byPlace.get(place) ?? []), one])
  }
  const render = (node: ts.Node): string => {
    const inner = withChildren(node)
    const here = ts.isExpression(node) ? byPlace.get(`${node.getStart(source)},${node.end}`) : undefined
    // Two nodes may have the same place (a list of one): the outermost has the switch.
    if (here === undefined) return inner
    byPlace.delete(`${node.getStart(source)},${node.end}`)
    return `(${here.map(({ id, mutant }) => `globalThis.__mutant(${id}) ? ${changed(mutant)} : `).join('')}${inner})`
  }
  const changed = (mutant: Mutant): string => {
    const [from, to] = mutant.expression
    return applyMutant(text, mutant).slice(from, to + mutant.text.length - (mutant.to - mutant.from))
  }
  /** The node's text from its first token on, with its children rendered. */
  const withChildren = (node: ts.Node): string => {
    let out = ''
    let at = node.getStart(source)
    ts.forEachChild(node, (child) => {
      const start = child.getStart(source)
      out += text.slice(at, start) + render(child)
      at = child.end
    })
    out += text.slice(at, node.end)
    // A statement that begins with a bracket would be taken as a call of the line before it.
    const needsWord =
      ts.isExpressionStatement(node) && out.startsWith('(') && text[node.getStart(source)] !== '('
    return needsWord ? `void (${out})` : out
  }
  return `${declaration};${text.slice(0, source.getStart(source))}${withChildren(source)}`
}
