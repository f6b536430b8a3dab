import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { settingsSchema, type Settings, type SettingsPatch } from '../../shared/contract/app'
import { createTurns } from '../../shared/turns'
import { writeWholeFile } from '../files/replaceFile'

/** Settings in a small JSON file beside the data file; unreadable ones fall back to defaults, never to a crash. */
export interface SettingsFile {
  get(): Settings
  /** Changes settings; `get` returns them once they are stored. @throws store.exportFailed */
  save(patch: SettingsPatch): Promise<Settings>
}

/** Reads the settings of a data folder; a file that cannot be read is logged and the defaults count. */
export async function openSettings(dataFolder: string, log: (line: string) => void): Promise<SettingsFile> {
  const file = path.join(dataFolder, 'settings.json')
  let settings = await read(file, log)
  const turns = createTurns()
  return {
    get: () => settings,
    // One after the other: each starts from what the one before it stored.
    save: (patch) =>
      turns.take(async () => {
        const changed = settingsSchema.parse({ ...settings, ...patch })
        await writeWholeFile(file, JSON.stringify(changed, null, 2))
        return (settings = changed)
      })
  }
}

async function read(file: string, log: (line: string) => void): Promise<Settings> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return settingsSchema.parse({})
  try {
    return settingsSchema.parse(JSON.parse(text))
  } catch {
    log(`${file} is not readable as settings; defaults are used. Saving settings replaces it.`)
    return settingsSchema.parse({})
  }
}
