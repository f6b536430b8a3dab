import type { ServiceClientConstructor } from '@grpc/grpc-js'
import { z } from 'zod'
import type { LabPlace, LabResource, LabValue } from '../../core/lab/places'
import { resourcePath } from '../paths'

/** One constructor of the coordinator's client, read from resources/lab/coordinator.proto. gRPC is loaded only here. */
export async function coordinatorClient(): Promise<{
  grpc: typeof import('@grpc/grpc-js')
  Client: ServiceClientConstructor
}> {
  const [grpc, loader] = await Promise.all([import('@grpc/grpc-js'), import('@grpc/proto-loader')])
  const file = resourcePath('lab', 'coordinator.proto')
  const definition = await loader.load(file, { longs: Number, defaults: true, oneofs: true })
  const loaded = grpc.loadPackageDefinition(definition)
  const { Coordinator } = loaded['labgrid'] as unknown as { Coordinator: ServiceClientConstructor }
  return { grpc, Client: Coordinator }
}

const text = z.string().max(10_000)
const texts = z.record(text, text)
const optionalText = text.nullish().transform((value) => (value === undefined || value === '' ? null : value))

const pathSchema = z.object({
  exporterName: z.string().default(''),
  groupName: z.string(),
  resourceName: z.string()
})

/** Values without a kind are None there. */
const valuesSchema = z
  .record(text, z.object({ kind: z.string().optional() }).catchall(z.unknown()))
  .transform((values): Record<string, LabValue> => {
    const found: Record<string, LabValue> = {}
    for (const [name, value] of Object.entries(values)) {
      const read = value.kind === undefined ? undefined : value[value.kind]
      if (typeof read === 'boolean' || typeof read === 'number' || typeof read === 'string')
        found[name] = read
    }
    return found
  })

const resourceSchema = z
  .object({ path: pathSchema, cls: text, params: valuesSchema, extra: valuesSchema, avail: z.boolean() })
  .transform(({ path, cls, params, extra, avail }): LabResource => ({
    exporter: path.exporterName,
    group: path.groupName,
    name: path.resourceName,
    ...{ cls, params, extra, isAvailable: avail }
  }))

const placeSchema = z
  .object({
    name: text,
    aliases: z.array(text),
    comment: text,
    tags: texts,
    matches: z.array(
      z.object({ exporter: text, group: text, cls: text, name: optionalText, rename: optionalText })
    ),
    acquired: optionalText,
    changed: z.number(),
    reservation: optionalText
  })
  .transform(({ changed, ...place }): LabPlace => ({ ...place, changedMs: changed * 1000 }))

const updateSchema = z.union([
  z.object({ kind: z.literal('place'), place: placeSchema }),
  z.object({ kind: z.literal('delPlace'), delPlace: text }),
  z.object({ kind: z.literal('resource'), resource: resourceSchema }),
  z.object({ kind: z.literal('delResource'), delResource: pathSchema }),
  // A kind of a later labgrid.
  z.object({ kind: z.undefined().optional() })
])

/** What the coordinator sends on the stream; an update of a later labgrid that does not fit is passed over alone. */
export const clientOutSchema = z.object({
  sync: z.object({ id: z.number() }).nullish(),
  updates: z.array(z.unknown()).transform((updates) =>
    updates.flatMap((update) => {
      const read = updateSchema.safeParse(update)
      return read.success ? [read.data] : []
    })
  )
})

/** One change of a place or a resource. */
export type LabUpdate = z.output<typeof updateSchema>
