import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** Runs `work` while no other process does so under the same lock file; a lock of a process that ended is taken over. */
export async function withFileLock(file, work, { pollMs = 200, onWait = () => undefined } = {}) {
  let hasWaited = false
  while (!take(file)) {
    if (!hasWaited) onWait()
    hasWaited = true
    await wait(pollMs)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** Makes the lock, with our process id in it from the first moment on; false while a running process holds it. */
function take(file) {
  const own = `${file}.${randomUUID()}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (!isHeld(file)) rmSync(file, { force: true })
    return false
  } finally {
    rmSync(own, { force: true })
  }
}

function isHeld(file) {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return true
  } catch (error) {
    // EPERM: the process runs under another user. ENOENT: the lock was released meanwhile.
    return error.code === 'EPERM'
  }
}
