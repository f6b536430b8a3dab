/**
 * ESLint rule: every exported function, class, interface and type alias has a doc comment before it. Constants are left
 * out: their names and values say enough.
 */
export const docCommentRule = {
  meta: {
    type: 'suggestion',
    docs: { description: 'exported functions and types have a doc comment' },
    messages: {
      missing: '{{name}} is exported without a doc comment: say in one to three lines what it is.'
    },
    schema: []
  },
  create(context) {
    const source = context.sourceCode
    const isDocumented = (node) => {
      const last = source
        .getCommentsBefore(node)
        .filter((comment) => !/^\s*eslint-/.test(comment.value))
        .at(-1)
      return last?.type === 'Block' && last.value.startsWith('*')
    }
    const kinds = new Set([
      'FunctionDeclaration',
      'TSDeclareFunction',
      'ClassDeclaration',
      'TSInterfaceDeclaration',
      'TSTypeAliasDeclaration'
    ])
    const named = new Set()
    return {
      ExportNamedDeclaration(node) {
        const { declaration } = node
        if (declaration === null || declaration === undefined || !kinds.has(declaration.type)) return
        const { name } = declaration.id
        // Overloads share the comment of the first.
        if (named.has(name)) return
        named.add(name)
        if (!isDocumented(node))
          context.report({ node: declaration.id, messageId: 'missing', data: { name } })
      }
    }
  }
}
