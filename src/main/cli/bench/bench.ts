import { bitWidths } from '../../../core/quant/scheme'
import { lineOptions, lineSettings } from '../board/boardLine'
import { benchKernels, type MeasuredRow } from './kernelBench'
import { numberOption, requiredBoard, UsageError, type CliNoun } from '../framework/framework'

export const benchCli: CliNoun = {
  noun: 'bench',
  verbs: {
    kernels: {
      summary: 'Runs matmul and conv2d at all 16 bit pairs on a board; cost per multiply-accumulate.',
      usage: '--board ID [--baud N] [--repetitions N] [--seed S] [--reference]',
      options: {
        board: { type: 'string', help: 'board id or serial port; `bitbench board list` names them' },
        ...lineOptions,
        repetitions: { type: 'string', help: 'measured repetitions; the median counts', default: '2' },
        seed: { type: 'string', help: 'seed of the operands', default: '1' },
        reference: { type: 'boolean', help: 'the reference kernels instead of the fast ones' }
      },
      async run(args, context) {
        const boardId = requiredBoard(args)
        const repetitions = numberOption(args, 'repetitions', { min: 1, max: 64, integer: true }) ?? 2
        const seed = numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
        if (args.positionals.length > 0) throw new UsageError('bench kernels takes options only')
        const line = lineSettings(args)
        const { board } = await context.bitbench()
        const { name, info, origin, rows } = await benchKernels(board, boardId, {
          repetitions,
          seed,
          reference: args.values['reference'] === true,
          line,
          signal: context.signal,
          log: context.log
        })
        const allVerified = rows.every((row) => row.verified)
        return {
          json: {
            board: { id: boardId, name, isa: info.isa, buildId: info.buildId, clockHz: info.clockHz },
            origin,
            seed,
            repetitions,
            rows
          },
          text: table(
            rows,
            `${name}, ${origin}${methodNote(rows)}${allVerified ? '' : '; WRONG RESULTS below'}`
          ),
          exitCode: allVerified ? 0 : 1
        }
      }
    }
  }
}

/** How the figures came about where no counter of the board was read. */
function methodNote(rows: readonly MeasuredRow[]): string {
  return rows.some((row) => row.method !== undefined)
    ? ' by the host’s clock, not by a counter (--json has the interval of each)'
    : ''
}

/** One block per shape: activation bits down, weight bits across; the counter the board counts truly. */
function table(rows: readonly MeasuredRow[], title: string): string {
  const lines = [title]
  for (const key of new Set(rows.map((row) => `${row.kernel} ${row.shape}`))) {
    const block = rows.filter((row) => `${row.kernel} ${row.shape}` === key)
    const counter = block[0].cyclesPerMac === null ? 'instructions' : 'cycles'
    lines.push(
      '',
      `${key}, ${counter} per MAC`,
      `      ${bitWidths.map((bits) => `w${bits}`.padStart(7)).join('')}`
    )
    for (const activationBits of bitWidths) {
      const cells = block
        .filter((row) => row.activationBits === activationBits)
        .map((row) => {
          const value = counter === 'cycles' ? row.cyclesPerMac : row.instructionsPerMac
          return `${row.verified ? '' : '!'}${value?.toFixed(2) ?? '–'}`.padStart(7)
        })
      lines.push(`  a${activationBits}  ${cells.join('')}`)
    }
  }
  return lines.join('\n')
}
