import type { Token, Tokens } from 'marked'
import { h, type VNodeChild } from 'vue'

/** What a rendered page may do: open another page of the guide. */
export interface GuideLinks {
  /** Ids of the pages there are. */
  readonly known: ReadonlySet<string>
  open(pageId: string): void
}

/**
 * Elements for the tokens of a guide page. Only the kinds below become elements; HTML in the text is shown as the text
 * it is, and a link leads to another page of the guide or is no link: nothing of a file can reach the page as markup.
 */
export function guideNodes(tokens: readonly Token[], links: GuideLinks): VNodeChild[] {
  let heading = 0
  const inline = (inner: readonly Token[] | undefined): VNodeChild[] =>
    (inner ?? []).map((token) => node(token))
  const node = (token: Token): VNodeChild => {
    switch (token.type) {
      case 'heading':
        return h(
          `h${Math.min(4, (token as Tokens.Heading).depth + 1)}`,
          { 'data-heading': heading++ },
          inline(token.tokens)
        )
      case 'paragraph':
        return h('p', inline(token.tokens))
      case 'code':
        return h('pre', { tabindex: 0 }, (token as Tokens.Code).text.trimEnd())
      case 'codespan':
        return h('code', (token as Tokens.Codespan).text)
      case 'strong':
        return h('strong', inline(token.tokens))
      case 'em':
        return h('em', inline(token.tokens))
      case 'list':
        return h(
          (token as Tokens.List).ordered ? 'ol' : 'ul',
          (token as Tokens.List).items.map((item) => h('li', inline(item.tokens)))
        )
      case 'table':
        return table(token as Tokens.Table, inline)
      case 'link':
        return link(token as Tokens.Link, inline(token.tokens), links)
      case 'text':
        return (token as Tokens.Text).tokens === undefined
          ? (token as Tokens.Text).text
          : inline(token.tokens)
      case 'br':
        return h('br')
      case 'space':
        return null
      default:
        return (token as { text?: string }).text ?? token.raw
    }
  }
  return tokens.map((token) => node(token))
}

function table({ header, rows }: Tokens.Table, inline: (inner: Token[]) => VNodeChild[]): VNodeChild {
  const head = h(
    'tr',
    header.map((cell) => h('th', { scope: 'col' }, inline(cell.tokens)))
  )
  const body = rows.map((row) =>
    h(
      'tr',
      row.map((cell) => h('td', inline(cell.tokens)))
    )
  )
  return h('div', { class: 'scroll', tabindex: 0 }, h('table', [h('thead', head), h('tbody', body)]))
}

/** A link to a page of the guide opens it here; any other address is shown behind its text. */
function link({ href }: Tokens.Link, inner: VNodeChild[], { known, open }: GuideLinks): VNodeChild {
  const pageId = /^(?:\.\/|docs\/guide\/)?([\w-]+)\.md(?:#.*)?$/.exec(href)?.[1]
  if (pageId === undefined || !known.has(pageId)) return h('span', [inner, ` (${href})`])
  return h(
    'a',
    { href: `#help-${pageId}`, onClick: (event: Event) => (event.preventDefault(), open(pageId)) },
    inner
  )
}
