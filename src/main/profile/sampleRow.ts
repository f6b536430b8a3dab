import { itemKey } from '../../core/kernel/shape'
import type { Sample } from '../../shared/contract/profile'
import type { SqlRow, SqlValue } from '../store/store'

/** A Sample as a row of profile_sample, and back. */

export const sampleColumns = `s.id, s.campaign_id, s.kernel, to_json(s.dims) AS dims, s.activation_bits, s.weight_bits, s.time, s.time_min, s.time_max,
  s.unit, s.cycles, s.instructions, s.macs, s.repetitions, s.seed, s.checksum, s.verified, s.origin, s.method, s.board_id, s.board_kind,
  s.board_name, s.isa, s.core_name, s.build_id, s.clock_hz, s.measured_at_ms`

export const insertSample = `INSERT INTO profile_sample VALUES ($1, $2, $3, $4, from_json($5, '["INTEGER"]'), $6, $7, $8, $9, $10, $11, $12, $13, $14,
  $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)`

export function sampleParameters(sample: Sample, tookMs: number | null): SqlValue[] {
  return [
    sample.id,
    sample.campaignId,
    itemKey(sample),
    sample.kernel,
    JSON.stringify(sample.dims),
    sample.activationBits,
    sample.weightBits,
    sample.time,
    sample.timeMin,
    sample.timeMax,
    sample.unit,
    sample.cycles,
    sample.instructions,
    sample.macs,
    sample.repetitions,
    sample.seed,
    sample.checksum,
    sample.verified,
    sample.origin,
    sample.method,
    sample.boardId,
    sample.boardKind,
    sample.boardName,
    sample.isa,
    sample.coreName,
    sample.buildId,
    sample.clockHz,
    sample.measuredAtMs,
    tookMs
  ]
}

export function readSample(row: SqlRow): Sample {
  return {
    id: row['id'] as string,
    campaignId: row['campaign_id'] as string | null,
    kernel: row['kernel'] as Sample['kernel'],
    dims: JSON.parse(row['dims'] as string) as number[],
    activationBits: row['activation_bits'] as number,
    weightBits: row['weight_bits'] as number,
    time: row['time'] as number,
    timeMin: row['time_min'] as number,
    timeMax: row['time_max'] as number,
    unit: row['unit'] as Sample['unit'],
    cycles: row['cycles'] as number | null,
    instructions: row['instructions'] as number | null,
    macs: row['macs'] as number,
    repetitions: row['repetitions'] as number,
    seed: row['seed'] as number,
    checksum: row['checksum'] as number | null,
    verified: row['verified'] as boolean,
    origin: row['origin'] as Sample['origin'],
    method: row['method'] as string,
    boardId: row['board_id'] as string,
    boardKind: row['board_kind'] as string,
    boardName: row['board_name'] as string,
    isa: row['isa'] as string,
    coreName: row['core_name'] as string,
    buildId: row['build_id'] as number | null,
    clockHz: row['clock_hz'] as number | null,
    measuredAtMs: row['measured_at_ms'] as number
  }
}
