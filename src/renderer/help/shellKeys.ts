/** What a key does to the window as a whole. */
export type ShellKey = 'palette' | 'guide' | { readonly page: number }

/**
 * The window's meaning of a key: Ctrl or Cmd with K opens the commands, `?` the guide (not where text is typed), Alt with
 * a digit a page (from 0). Null for every other key.
 */
export function shellKeyOf(
  event: Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey'>,
  target: EventTarget | null
): ShellKey | null {
  const { key, altKey, ctrlKey, metaKey } = event
  if ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === 'k') return 'palette'
  if (ctrlKey || metaKey) return null
  if (altKey) return /^[1-9]$/.test(key) ? { page: Number(key) - 1 } : null
  return key === '?' && !takesText(target) ? 'guide' : null
}

/** Whether an element takes typed text: fields, and the console of a board. */
function takesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest('input, textarea, select, [data-takes-keys]') !== null)
  )
}
