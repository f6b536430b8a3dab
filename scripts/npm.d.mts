import type { SpawnSyncOptions, SpawnSyncReturns } from 'node:child_process'

export declare function npm(args: readonly string[], options?: SpawnSyncOptions): SpawnSyncReturns<string>
export declare const privateManifest: string
