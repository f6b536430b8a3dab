import type { GpuSample } from '../metrics'
import { createSmiParser } from '../parseSmi'

/** A log of `nvidia-smi --query-gpu=timestamp,…,power.draw --format=csv -lms N`, read piece by piece. */
export interface SmiLogReader {
  push(text: string): GpuSample[]
  end(): SmiLogEnd
}

/** Facts of a whole nvidia-smi log that are known at its end. */
export interface SmiLogEnd {
  /** Local wall clock of the first row as if it were UTC, ms. */
  startMs: number | null
  lastMs: number
  gpuIndexes: number[]
  /** Lines that were no rows. */
  strayLines: number
  /** Typical distance of two readings of a GPU, ms. */
  intervalMs: number
  gaps: { fromMs: number; toMs: number; reason: string }[]
}

/**
 * Rows become samples on an axis that starts with the first row. A wall clock that runs backwards (summer time, NTP) is a
 * gap of unknown length: the axis goes on by one interval. A log without an index column is of one GPU.
 */
export function createSmiLogReader(header: string): SmiLogReader {
  const parser = createSmiParser(header.split(',').map((cell) => cell.replace(/\[.*\]/, '').trim()))
  let startMs: number | null = null
  let shiftMs = 0
  let lastMs = 0
  let strayLines = 0
  const last = new Map<number, number>()
  const distances: number[] = []
  const gaps: SmiLogEnd['gaps'] = []
  const typical = (): number => {
    const sorted = distances.slice(0, 1000).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? 1000
  }
  const take = ({ rows, stray }: ReturnType<typeof parser.push>): GpuSample[] => {
    strayLines += stray.length
    return rows.flatMap(({ gpuIndex, wallMs, values }) => {
      if (wallMs === null) return []
      startMs ??= wallMs
      let tMs = wallMs - startMs + shiftMs
      if (tMs < lastMs - 1) {
        shiftMs += lastMs + typical() - tMs
        gaps.push({
          fromMs: lastMs,
          toMs: lastMs + typical(),
          reason: 'the wall clock of the log ran backwards'
        })
        tMs = wallMs - startMs + shiftMs
      }
      const before = last.get(gpuIndex)
      if (before !== undefined && distances.length < 1000) distances.push(tMs - before)
      last.set(gpuIndex, tMs)
      lastMs = Math.max(lastMs, tMs)
      return [{ gpuIndex, tMs, values }]
    })
  }
  return {
    push: (text) => take(parser.push(text)),
    end() {
      strayLines += parser.end().stray.length
      return {
        startMs,
        lastMs,
        gpuIndexes: [...last.keys()].sort((a, b) => a - b),
        strayLines,
        intervalMs: Math.max(1, Math.round(typical())),
        gaps
      }
    }
  }
}
