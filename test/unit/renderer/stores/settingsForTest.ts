import { settingsSchema, type Settings } from '@shared/contract/app'

/** Settings as they are on the first day. */
export const settings: Settings = settingsSchema.parse({})
