/** A node as far as its place is concerned; inputs are names, those of no node are the network's inputs. */
export interface LaidNode {
  readonly name: string
  readonly inputs: readonly string[]
}

/** The place of a node: its column is the longest way from an input, its lane its place in the column. */
export interface NodePlace {
  readonly name: string
  readonly column: number
  readonly lane: number
}

/** A picture of a network: places in the order of the nodes, and from where to where its edges go (indices of nodes). */
export interface GraphLayout {
  readonly places: readonly NodePlace[]
  readonly edges: readonly (readonly [from: number, to: number])[]
  readonly columns: number
  readonly lanes: number
}

/**
 * Places the nodes of a network from left to right. Nodes come in the order of execution, as the importer gives them; an
 * input that comes later is left out. In a column a node takes the free lane nearest to those of its inputs, so that a
 * chain is a straight line and a branch leaves it. Time: nodes + edges + nodes x lanes.
 */
export function layoutGraph(nodes: readonly LaidNode[]): GraphLayout {
  const indexOf = new Map<string, number>()
  const places: NodePlace[] = []
  const edges: (readonly [number, number])[] = []
  const taken: Set<number>[] = []
  nodes.forEach((node, at) => {
    const sources = [...new Set(node.inputs)].flatMap((name) => indexOf.get(name) ?? [])
    const column = sources.reduce((most, from) => Math.max(most, places[from].column + 1), 0)
    const wanted =
      sources.length === 0 ? 0 : sources.reduce((sum, from) => sum + places[from].lane, 0) / sources.length
    const lanes = (taken[column] ??= new Set())
    const lane = nearestFree(Math.floor(wanted), lanes)
    lanes.add(lane)
    places.push({ name: node.name, column, lane })
    for (const from of sources) edges.push([from, at])
    indexOf.set(node.name, at)
  })
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -1) + 1
  return {
    places,
    edges,
    columns: most(places.map(({ column }) => column)),
    lanes: most(places.map(({ lane }) => lane))
  }
}

function nearestFree(wanted: number, taken: ReadonlySet<number>): number {
  for (let step = 0; ; step++) {
    if (!taken.has(wanted + step)) return wanted + step
    if (wanted - step >= 0 && !taken.has(wanted - step)) return wanted - step
  }
}
