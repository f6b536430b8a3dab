/** What live meters are announced with, where nobody looks. */
export const unwatched = { emit: () => undefined, unixMs: () => 0, newId: () => 'meter' }
