import { z } from 'zod'

/** An address on the bus; a core with 64 bits may have devices above 4 GiB. */
const addressSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const wordSchema = z.number().int().min(0).max(0xffff_ffff)
const csrNumberSchema = z.number().int().min(0).max(0xfff)

/**
 * UARTs that a monitor can drive. `ns16550` includes Synopsys' DW_apb_uart, `litex` is LiteX's CSR UART, `sifive` that of SiFive's SoCs,
 * `esp` and `espUsb` are UART and USB-Serial-JTAG of ESP32-C3 and C6, `usart` that of GD32VF103 and CH32V (registers as of STM32F1).
 */
export const uartKinds = ['ns16550', 'litex', 'sifive', 'esp', 'espUsb', 'usart'] as const

/** Where the monitor's line is. */
export const uartDescriptionSchema = z.strictObject({
  kind: z.enum(uartKinds),
  base: addressSchema,
  /** Bytes from one register to the next. */
  stride: z.number().int().min(1).max(64).default(1),
  /** Bytes of an access to a register. */
  widthBytes: z.union([z.literal(1), z.literal(4)]).default(1)
})

/** What counts cycles on the board. */
export const counterSourceSchema = z.discriminatedUnion('kind', [
  /** The machine mode counter, CSR 0xB00. */
  z.strictObject({ kind: z.literal('mcycle') }),
  /** The counter that `rdcycle` reads, CSR 0xC00. */
  z.strictObject({ kind: z.literal('cycle') }),
  /** A counter of 32 bits in a CSR of the core's own; `setup` is written to CSRs first, e.g. to choose the event. */
  z.strictObject({
    kind: z.literal('csr'),
    number: csrNumberSchema,
    setup: z
      .array(z.strictObject({ csr: csrNumberSchema, value: wordSchema }))
      .max(2)
      .default([])
  }),
  /** A memory-mapped timer: LiteX's timer0, the CLINT's mtime. */
  z.strictObject({
    kind: z.literal('timer'),
    /** Of the low word. */
    address: addressSchema,
    /** Of the high word; null for a timer of 32 bits. */
    highAddress: addressSchema.nullable().default(null),
    counts: z.enum(['up', 'down']).default('up'),
    /** A word that takes a 1 before each read, where the value is sampled; null where it is not. */
    latchAddress: addressSchema.nullable().default(null),
    frequencyHz: z.number().int().min(1).max(0xffff_ffff)
  }),
  /** A counter that the SBI's PMU extension gives, in supervisor mode alone. */
  z.strictObject({ kind: z.literal('sbi') }),
  /** Nothing: kernels are timed by the host's clock over many repetitions. */
  z.strictObject({ kind: z.literal('none') })
])

/** Monitors by the mode they run in and what the host fills in. */
export const monitorForms = [
  'litex',
  'supervisor',
  'machine',
  'esp32c3',
  'esp32c6',
  'flash',
  'flashSmall',
  'icebreaker',
  'virt',
  'virt64'
] as const

/** How a monitor or another program reaches the board. */
export const boardLoaders = ['sfl', 'uboot', 'esp', 'stm', 'wch', 'none'] as const

/** A board as a monitor for it needs it. */
export const boardDescriptionSchema = z.strictObject({
  /** Name of the board or its core, as shown; null: what the core's identity registers say. */
  name: z.string().min(1).max(80).nullable().default(null),
  /** e.g. "rv32im"; null where it is not known. */
  isa: z
    .string()
    .regex(/^rv(32|64)[a-z0-9_]*$/)
    .nullable()
    .default(null),
  clockHz: z.number().int().min(1).max(0xffff_ffff).nullable().default(null),
  uart: uartDescriptionSchema,
  ram: z.strictObject({ base: addressSchema, sizeBytes: z.number().int().min(1) }),
  flash: z
    .strictObject({ base: addressSchema, sizeBytes: z.number().int().min(1) })
    .nullable()
    .default(null),
  counter: counterSourceSchema.default({ kind: 'mcycle' }),
  /** What counts instructions; `none` is not even tried, for cores that hang on an unknown CSR. */
  instructions: z.enum(['minstret', 'instret', 'none']).default('minstret'),
  /** False for a core without CSRs of machine mode (PicoRV32): an access halts it, and no trap can be caught. */
  machineCsrs: z.boolean().default(true),
  /** Words written before anything else: watchdogs off, timers on. */
  startWrites: z
    .array(z.strictObject({ address: addressSchema, value: wordSchema }))
    .max(8)
    .default([]),
  loader: z.enum(boardLoaders),
  /**
   * Modem line that leads to the board's reset; for loaders that write flash the other one leads to BOOT0. dtrRts: both over two
   * transistors, as on boards with a CH340 (src/core/board/loaders/bootLines.ts).
   */
  resetLines: z.enum(['none', 'dtr', 'rts', 'dtrRts']).default('none'),
  monitor: z.enum(monitorForms)
})

/** A board as a monitor for it needs it. */
export type BoardDescription = z.infer<typeof boardDescriptionSchema>
/** What counts cycles on a board. */
export type CounterSource = BoardDescription['counter']
/** Name of a monitor's form. */
export type MonitorForm = BoardDescription['monitor']

/** Fields of a description that a form shows with where they come from. */
export const describedFieldNames = [
  'name',
  'isa',
  'clockHz',
  'uart',
  'ram',
  'counter',
  'instructions',
  'loader',
  'monitor'
] as const

/** A field that a form shows. */
export type DescribedField = (typeof describedFieldNames)[number]

/**
 * Where a field comes from: the file itself, a rule for boards of this kind, what is usual where the file leaves it out, a shipped
 * description, what was kept with the board; `unknown` where it has no value.
 */
export const fieldOriginSchema = z.enum(['file', 'rule', 'default', 'shipped', 'kept', 'unknown'])

/** Where a field of a description comes from. */
export type FieldOrigin = z.infer<typeof fieldOriginSchema>

/** The origin of every shown field. */
export const fieldOriginsSchema = z.record(z.enum(describedFieldNames), fieldOriginSchema)
