/** A shorter beginning of an id would soon mean something else. */
export const minPrefix = 4

/** Whether a person named something by its name: capitals and blanks around it do not matter. */
export function isNamed(name: string, given: string): boolean {
  return name.trim().toLowerCase() === given.trim().toLowerCase()
}

/** Whether a person named something by the beginning of its id, of `minPrefix` characters or more; capitals do not matter. */
export function isBegun(id: string, given: string): boolean {
  const wanted = given.trim().toLowerCase()
  return wanted.length >= minPrefix && id.toLowerCase().startsWith(wanted)
}
