import ts from 'typescript'

/** A small change of one module: the characters from `from` to `to` become `text`. */
export interface Mutant {
  /** Path from the repository's root. */
  readonly file: string
  readonly from: number
  readonly to: number
  readonly text: string
  /** The expression around the change that has a value, as [from, to): what a switch chooses between. */
  readonly expression: readonly [number, number]
  /** 1-based line, and the change in words, e.g. "a < b -> a <= b". */
  readonly line: number
  readonly change: string
}

const swaps: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>'],
  '<=': ['<', '>='],
  '>': ['>=', '<'],
  '>=': ['>', '<='],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&&': ['||'],
  '||': ['&&'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '+=': ['-='],
  '-=': ['+='],
  '*=': ['/=']
}

/** Every mutant of a module's text, in order; error texts, types and imports are left alone. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const out: Mutant[] = []
  const add = (
    node: ts.Node,
    replacement: string,
    whole: ts.Node = node,
    expression: ts.Node = node
  ): void => {
    const from = node.getStart(source)
    const before = text.slice(whole.getStart(source), whole.end)
    const at = from - whole.getStart(source)
    const after = before.slice(0, at) + replacement + before.slice(at + node.end - from)
    const line = source.getLineAndCharacterOfPosition(from).line + 1
    out.push({
      file,
      from,
      to: node.end,
      text: replacement,
      expression: [expression.getStart(source), expression.end],
      line,
      change: `${oneLine(before)} -> ${oneLine(after)}`
    })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || isErrorText(node)) return
    if (ts.isBinaryExpression(node) && !isText(node)) {
      for (const other of swaps[node.operatorToken.getText(source)] ?? [])
        add(node.operatorToken, other, node, node)
    } else if (ts.isPropertyAccessExpression(node) && node.expression.getText(source) === 'Math') {
      if (node.name.text === 'min') add(node.name, 'max', node.parent, node)
      if (node.name.text === 'max') add(node.name, 'min', node.parent, node)
    } else if (ts.isNumericLiteral(node) && !isName(node)) {
      add(node, String(Number(node.text.replaceAll('_', '')) + 1), node.parent)
    } else if (ts.isPrefixUnaryExpression(node)) {
      const isSign =
        node.operator === ts.SyntaxKind.MinusToken || node.operator === ts.SyntaxKind.ExclamationToken
      if (isSign) add(node, `(${node.operand.getText(source)})`)
    } else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false', node.parent)
    else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true', node.parent)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return out
}

/** The module's text with the change made. */
export function applyMutant(text: string, { from, to, text: replacement }: Mutant): string {
  return text.slice(0, from) + replacement + text.slice(to)
}

/** Words and numbers of an error are judged by people, not by tests. */
function isErrorText(node: ts.Node): boolean {
  return ts.isNewExpression(node) && /Error$/.test(node.expression.getText())
}

/** A number before a colon names a field. */
function isName(node: ts.Node): boolean {
  return (
    (ts.isPropertyAssignment(node.parent) || ts.isBindingElement(node.parent)) &&
    node.parent.initializer !== node
  )
}

function isText({ left, right }: ts.BinaryExpression): boolean {
  return [left, right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side))
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ')
  return flat.length > 90 ? `${flat.slice(0, 87)}...` : flat
}
