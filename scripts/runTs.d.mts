/** Bundles one TypeScript entry; returns the path of the module to import. @throws when an import does not resolve */
export function bundleTs(entry: string): Promise<string>
