export type ImportGraph = Map<string, string[]>
export function importGraph(root: string, folder?: string): ImportGraph
export function folderGraph(files: ImportGraph): ImportGraph
export function circles(graph: ImportGraph): string[][]
