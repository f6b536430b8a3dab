import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { jobLogLineSchema, jobSchema, type Job, type JobLogLine } from '../../shared/contract/job'
import { AppError } from '../../shared/errors'
import { parseJsonList } from '../../shared/jsonList'
import { createTurns } from '../../shared/turns'

const recordSchema = z.object({ job: jobSchema, log: z.array(jobLogLineSchema) })
type JobRecord = z.infer<typeof recordSchema>

/** Jobs that are kept, lines of each, and letters of a line. */
const maxJobs = 200
const maxLines = 200
const maxLetters = 1000

/** Jobs of this and earlier processes with what they reported, in a small file. */
export interface JobHistory {
  /** Oldest first. What ran when its process ended is `interrupted`. */
  list(): Job[]
  /** Takes a job over as it is now; its start and its end are stored. */
  changed(job: Job): void
  /** Lines of a job, oldest first; null for an unknown one. */
  log(id: string): JobLogLine[] | null
  /** Forgets what has ended. */
  clear(): void
  /** Resolves when everything is stored. */
  flush(): Promise<void>
}

/** Opens the history; one that cannot be read is empty. `write` stores a whole file. */
export async function openJobHistory(options: {
  file: string
  write: (file: string, text: string) => Promise<void>
  log: (line: string) => void
  nowMs: () => number
}): Promise<JobHistory> {
  const { file, write, log, nowMs } = options
  const { entries, leftOut } = parseJsonList(await readFile(file, 'utf8').catch(() => '[]'), recordSchema)
  if (leftOut > 0) log(`${leftOut} jobs of ${file} are from another version and are not shown.`)
  const records = new Map(entries.map(asEnded).map((record) => [record.job.id, record]))
  /** What was written of records that are unchanged since: a list with full logs is too much text to make at once. */
  const texts = new Map<string, string>()
  const textOf = (id: string, record: JobRecord): string => {
    const text = texts.get(id) ?? JSON.stringify(record)
    texts.set(id, text)
    return text
  }
  const turns = createTurns()
  let isWaiting = false
  const store = (): void => {
    if (isWaiting) return
    isWaiting = true
    void turns.take(async () => {
      isWaiting = false
      const list = [...records].map(([id, record]) => textOf(id, record))
      await write(file, `[${list.join(',')}]`).catch((reason: unknown) =>
        log(`The list of jobs could not be stored: ${AppError.from(reason).message}`)
      )
    })
  }
  const remove = (id: string): void => {
    records.delete(id)
    texts.delete(id)
  }
  const trim = (): void => {
    for (const [id, { job }] of records) {
      if (records.size <= maxJobs) return
      if (job.finishedAtMs !== null) remove(id)
    }
  }
  return {
    list: () => [...records.values()].map(({ job }) => job),
    changed(job) {
      const known = records.get(job.id)
      const line = lineOf(known?.job, job)
      const lines = known?.log ?? []
      if (line !== null) lines.push({ atMs: nowMs(), text: line.slice(0, maxLetters) })
      if (lines.length > maxLines) lines.shift()
      records.set(job.id, { job, log: lines })
      texts.delete(job.id)
      trim()
      if (known === undefined || job.finishedAtMs !== null) store()
    },
    log: (id) => records.get(id)?.log.slice() ?? null,
    clear() {
      for (const [id, { job }] of records) if (job.finishedAtMs !== null) remove(id)
      store()
    },
    flush: turns.ended
  }
}

/** What a change adds to the log of a job; null: nothing new. */
function lineOf(before: Job | undefined, job: Job): string | null {
  if (job.finishedAtMs !== null)
    return job.error === null ? job.state : `${job.state}: ${job.error.message} ${job.error.hint}`
  if (before === undefined) return 'started'
  return job.note !== '' && job.note !== before.note ? job.note : null
}

/** A job of an ended process can neither run nor be resumed by its id: its page resumes the run itself. */
function asEnded({ job, log }: JobRecord): JobRecord {
  const ended: Job = { ...job, resumable: false, remainingMs: null }
  if (job.finishedAtMs !== null) return { job: ended, log }
  const finishedAtMs = log.at(-1)?.atMs ?? job.startedAtMs
  return { job: { ...ended, state: 'interrupted', finishedAtMs }, log }
}
