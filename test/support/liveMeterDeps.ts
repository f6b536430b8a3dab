/** What live meters are announced with, where no client watches. */
export const unwatched = { emit: () => undefined, unixMs: () => 0, newId: () => 'meter' }

/** What a meter reads beside work, where nothing stores it. */
export const keptNowhere = async () => ({
  recordingId: 'none',
  mark: () => undefined,
  ended: new AbortController().signal,
  finish: async () => undefined
})
