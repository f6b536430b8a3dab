import { marked, type Token, type Tokens } from 'marked'
import type { PageId } from '../stores/window/navigation'

/** A page of docs/guide as it is shown in the window. */
export interface GuidePage {
  /** File name without ending. */
  readonly id: string
  /** Its first heading. */
  readonly title: string
  readonly tokens: readonly Token[]
  /** Headings with the text under them, for the search. */
  readonly sections: readonly GuideSection[]
}

/** A heading and the text up to the next one. */
export interface GuideSection {
  readonly pageId: string
  readonly heading: string
  /** Number of its heading within the page, from 0; headings carry it as their anchor. */
  readonly index: number
  readonly text: string
}

/** Reads one Markdown file of the guide. */
export function readGuidePage(id: string, markdown: string): GuidePage {
  const tokens = marked.lexer(markdown)
  const sections: { pageId: string; heading: string; index: number; text: string }[] = []
  for (const token of tokens) {
    if (token.type === 'heading') {
      sections.push({ pageId: id, heading: plainText([token]), index: sections.length, text: '' })
    } else if (sections.length > 0) {
      const section = sections.at(-1)!
      section.text = `${section.text} ${plainText([token])}`.trim()
    }
  }
  return { id, title: sections[0]?.heading ?? id, tokens, sections }
}

/** The words of tokens without their marks. */
export function plainText(tokens: readonly Token[]): string {
  const blocks = new Set([
    'paragraph',
    'list',
    'list_item',
    'table',
    'heading',
    'code',
    'space',
    'blockquote'
  ])
  return tokens
    .map((token) => (blocks.has(token.type) ? ` ${wordsOf(token)} ` : wordsOf(token)))
    .join('')
    .replace(/\s+/g, ' ')
    .trim()
}

function wordsOf(token: Token): string {
  if (token.type === 'table') {
    const { header, rows } = token as Tokens.Table
    return [...header, ...rows.flat()].map((cell) => plainText(cell.tokens)).join(' ')
  }
  const { tokens, items, text = '' } = token as { tokens?: Token[]; items?: Token[]; text?: string }
  const inner = tokens ?? items
  return inner === undefined ? text : plainTextOf(inner, text)
}

/** Words of inner tokens; spaces at their ends belong to the sentence around them. */
function plainTextOf(inner: readonly Token[], text: string): string {
  const words = plainText(inner)
  return `${/^\s/.test(text) ? ' ' : ''}${words}${/\s$/.test(text) ? ' ' : ''}`
}

/** At most this many places are listed for a search. */
const maxHits = 20

/** Without what one writes and another does not: "pre-trigger" and "pretrigger" are the same. */
const plain = (text: string): string => text.toLowerCase().replace(/(?<=\p{L})[-\u2010\u2011](?=\p{L})/gu, '')
const queryWords = (query: string): string[] => plain(query).split(/\s+/).filter(Boolean)

/**
 * Sections that hold every word of the query, those with the words in their heading first; none for an empty query.
 * Case and hyphens do not matter.
 */
export function searchGuide(pages: readonly GuidePage[], query: string): GuideSection[] {
  const words = queryWords(query)
  if (words.length === 0) return []
  const rank = ({ heading, text }: GuideSection): number => {
    const head = plain(heading)
    const all = `${head} ${plain(text)}`
    if (!words.every((word) => all.includes(word))) return 0
    return 1 + words.filter((word) => head.includes(word)).length
  }
  return pages
    .flatMap(({ sections }) => sections)
    .map((section) => ({ section, rank: rank(section) }))
    .filter((found) => found.rank > 0)
    .sort((a, b) => b.rank - a.rank)
    .slice(0, maxHits)
    .map(({ section }) => section)
}

/** At most `most` characters of a section around the first word of the query in its text; its beginning where none is there. */
export function passageOf(text: string, query: string, most: number): string {
  const words = queryWords(query)
  const place = [...text.matchAll(/\S+/g)].find(([one]) => words.some((word) => plain(one).includes(word)))
  const at = place?.index ?? 0
  if (at < most / 2) return beginningOf(text, most)
  const begin = text.indexOf(' ', at - Math.round(most / 2)) + 1
  return `… ${beginningOf(text.slice(begin), most)}`
}

/** The first words of a text, at most `most` characters, with dots where it goes on. */
export function beginningOf(text: string, most: number): string {
  if (text.length <= most) return text
  const cut = text.slice(0, most)
  const end = cut.lastIndexOf(' ')
  return `${end > 0 ? cut.slice(0, end) : cut} …`
}

/** The guide page that `?` opens on a page of the window. */
export const guideOfPage: Readonly<Record<PageId, string>> = {
  start: 'start',
  boards: 'boards',
  profile: 'profile',
  proxy: 'proxies',
  dataset: 'models-and-data',
  model: 'models-and-data',
  search: 'search',
  deploy: 'deploy',
  lm: 'language-models',
  gpu: 'gpu',
  workload: 'workloads',
  estimator: 'estimator',
  workers: 'workers',
  runs: 'sessions',
  compare: 'compare',
  settings: 'start'
}
