import { expect } from 'vitest'
import { settle, wordsOf, type Mounted } from './mountView'

/** The only label that begins with these words, or the field that it names from outside. */
function labelled(view: Mounted<Record<string, unknown>>, words: string): HTMLElement {
  const found = [...view.root.querySelectorAll<HTMLElement>('label')].filter((one) =>
    wordsOf(one).startsWith(words)
  )
  expect(found, words).toHaveLength(1)
  return found[0]!.hasAttribute('for') ? found[0]!.closest<HTMLElement>('.field')! : found[0]!
}

/** Types a text into the field of this label, as a user would. */
export async function type(view: Mounted<Record<string, unknown>>, label: string, text: string) {
  const input = labelled(view, label).querySelector<HTMLInputElement>('input, textarea')!
  input.value = text
  input.dispatchEvent(new Event('input', { bubbles: true }))
  input.dispatchEvent(new Event('change', { bubbles: true }))
  await settle()
}

/** Chooses the option with this text from the list of this label. */
export async function choose(view: Mounted<Record<string, unknown>>, label: string, text: string) {
  const list = labelled(view, label).querySelector('select')!
  const at = optionsOf(view, label).indexOf(text)
  expect(at, `${label}: ${text}`).toBeGreaterThanOrEqual(0)
  list.selectedIndex = at
  list.dispatchEvent(new Event('change', { bubbles: true }))
  await settle()
}

/** Texts that the list of this label offers. */
export const optionsOf = (view: Mounted<Record<string, unknown>>, label: string): string[] =>
  [...labelled(view, label).querySelectorAll('option')].map((one) => one.textContent?.trim() ?? '')

/** Sets the box of this label. */
export async function tick(view: Mounted<Record<string, unknown>>, label: string, on = true) {
  const box = labelled(view, label).querySelector<HTMLInputElement>('[type=checkbox]')!
  box.checked = on
  box.dispatchEvent(new Event('change', { bubbles: true }))
  await settle()
}

/** Chooses a file of this computer for the field of this label. */
export async function giveFile(view: Mounted<Record<string, unknown>>, label: string, file: File) {
  const input = labelled(view, label).querySelector<HTMLInputElement>('[type=file]')!
  Object.defineProperty(input, 'files', { value: [file], configurable: true })
  input.dispatchEvent(new Event('change', { bubbles: true }))
  await settle()
}

/** Submits the form around this element, or the only one. */
export async function submit(view: Mounted<Record<string, unknown>>, selector = 'form') {
  view.the(selector).dispatchEvent(new Event('submit', { cancelable: true, bubbles: true }))
  await settle()
}

/** Texts of the buttons, in order, without those that are disabled. */
export const enabledButtons = (view: Mounted<Record<string, unknown>>): string[] =>
  [...view.root.querySelectorAll('button')]
    .filter((one) => !one.disabled)
    .map((one) => one.textContent?.trim() ?? '')

/** Texts of the heads of a table's columns, and of its rows where those have one. */
export const headsOf = (root: Element): string[] =>
  [...root.querySelectorAll('th')].map((one) => one.textContent?.trim() ?? '')

/** The tile of this label: its value and its note. */
export const tileOf = (view: Mounted<Record<string, unknown>>, label: string): string | undefined =>
  [...view.root.querySelectorAll('.tile')].map(wordsOf).find((text) => text.startsWith(label))

/** Texts of the cells of a table, row by row. */
export const cellsOf = (root: Element): string[][] =>
  [...root.querySelectorAll('tbody tr')].map((row) =>
    [...row.querySelectorAll('td')].map((cell) => wordsOf(cell))
  )
