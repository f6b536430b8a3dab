/** Runs `work` with NODE_ENV=production unless it is set, and takes it away again. */
export function asProduction<Result>(work: () => Promise<Result>): Promise<Result>
