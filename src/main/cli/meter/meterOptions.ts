import {
  meterKinds,
  meterTextUnitsSchema,
  type MeterSetup,
  type MeterTextUnits
} from '../../../shared/contract/meter'
import { choiceOption, numberOption, textOption, UsageError, type CliArguments } from '../framework/framework'

/** Options of lines without a header. */
export const unitOptions = {
  voltage: { type: 'string', help: 'supply voltage in V, where the lines hold none' },
  units: {
    type: 'string',
    help: 'units of time, current and voltage, where no header names them',
    default: 'ms,a,v'
  }
} as const

/** Options that say which meter is read. */
export const meterOptions = {
  meter: {
    type: 'string',
    help: 'port of the meter: /dev/ttyACM0, a pty, tcp://HOST:PORT, or virtual:ppk2 (simulated)'
  },
  kind: {
    type: 'string',
    help: 'text: lines time,current[,voltage]; ppk2: Nordic Power Profiler Kit II',
    default: 'text'
  },
  baud: { type: 'string', help: 'speed of the line', default: '115200' },
  mode: { type: 'string', help: 'ppk2: ampere, or source to supply the board as well', default: 'ampere' },
  inputs: { type: 'string', help: 'ppk2: digital inputs whose high time is a phase, e.g. 0,1' },
  bin: { type: 'string', help: 'ppk2: readings are averaged over this many ms', default: '1' },
  ...unitOptions
} as const

const { baud, ...withoutBaud } = meterOptions

/** The same for a meter beside a board: `--baud` is the speed of the board's line. */
export const boardMeterOptions = {
  ...withoutBaud,
  'meter-baud': { ...baud, help: "speed of the meter's line" }
} as const

/** Units as `--units ms,ua,v` gives them. */
export function unitsOf(args: CliArguments): MeterTextUnits {
  const text = textOption(args, 'units') ?? 'ms,a,v'
  const [time, current, voltage = 'v', ...more] = text.toLowerCase().split(',')
  const units = meterTextUnitsSchema.safeParse({ time, current, voltage })
  if (!units.success || more.length > 0) {
    throw new UsageError(`--units takes s|ms|us,a|ma|ua|na[,v|mv|uv], e.g. us,ma, not "${text}"`)
  }
  return units.data
}

/** Supply voltage as `--voltage` gives it, V. */
export const supplyOf = (args: CliArguments): number | undefined =>
  numberOption(args, 'voltage', { min: 0.001, max: 60 })

/** The meter that the options name. */
export const setupOf = (args: CliArguments): MeterSetup => setupBy(args, 'baud')

/** The meter that boardMeterOptions name. */
export const boardMeterOf = (args: CliArguments): MeterSetup => setupBy(args, 'meter-baud')

function setupBy(args: CliArguments, baudName: 'baud' | 'meter-baud'): MeterSetup {
  const port = textOption(args, 'meter')
  if (port === undefined) throw new UsageError('name the port of the meter: --meter /dev/ttyACM0')
  const inputs = textOption(args, 'inputs')
  if (inputs !== undefined && !/^[0-7](,[0-7])*$/.test(inputs)) {
    throw new UsageError(`--inputs takes numbers from 0 to 7 joined by commas, not "${inputs}"`)
  }
  return {
    port,
    kind: choiceOption(args, 'kind', meterKinds) ?? 'text',
    baudRate: numberOption(args, baudName, { min: 50, max: 12_000_000, integer: true }) ?? 115_200,
    supplyV: supplyOf(args),
    units: unitsOf(args),
    mode: choiceOption(args, 'mode', ['ampere', 'source']) ?? 'ampere',
    inputs: inputs === undefined ? [] : inputs.split(',').map(Number),
    binMs: numberOption(args, 'bin', { min: 0.05, max: 100 }) ?? 1
  }
}
