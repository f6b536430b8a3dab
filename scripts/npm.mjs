// Runs npm with a list of arguments; on Windows npm is a batch file, which only a shell starts.
import { spawnSync } from 'node:child_process'

/**
 * Runs npm and waits for its end.
 *
 * @param options of spawnSync; text is UTF-8
 * @returns what spawnSync returns: status (null when it was ended), stdout and stderr
 */
export const npm = (args, options = {}) =>
  spawnSync('npm', args, { encoding: 'utf8', ...options, shell: process.platform === 'win32' })

/** package.json of a folder that does nothing but hold installed packages. */
export const privateManifest = '{ "private": true }\n'
