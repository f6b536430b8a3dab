import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

/** `bitbench serve` on a data folder, in a process of its own, as a page sees it. */
export interface HostProcess {
  call<T>(name: string, input: unknown): Promise<T>
  /** Highest resident memory since the last call, bytes; null where /proc does not tell. */
  peakBytes(): number | null
  stop(): Promise<void>
}

/** A call that takes longer ends the benchmark. */
const maxCallMs = 60_000

export async function startHost(dataFolder: string): Promise<HostProcess> {
  const child = spawn(process.execPath, ['bin/bitbench.mjs', 'serve', '--data', dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const address = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = /http:\/\/\S+#token=\S+/.exec(text)
      if (found !== null) resolve(found[0])
    })
    child.once('exit', () => reject(new Error(`serve ended: ${text}`)))
  })
  const { origin, hash } = new URL(address)
  return {
    async call<T>(name: string, input: unknown): Promise<T> {
      const response = await fetch(`${origin}/api/call`, {
        method: 'POST',
        signal: AbortSignal.timeout(maxCallMs),
        headers: { authorization: `Bearer ${hash.slice('#token='.length)}` },
        body: JSON.stringify({ name, input })
      })
      const reply = (await response.json()) as { ok: boolean; value: T; error: { message: string } }
      if (!reply.ok) throw new Error(`${name}: ${reply.error.message}`)
      return reply.value
    },
    peakBytes: () => readPeak(child.pid!),
    async stop() {
      child.kill('SIGTERM')
      await ended
    }
  }
}

/** VmHWM of a process, which is then set back to its present size. */
function readPeak(pid: number): number | null {
  try {
    const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    return kib === undefined ? null : Number(kib) * 1024
  } catch {
    return null
  }
}
