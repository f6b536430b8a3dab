/** One budget with the costs around it, in the cost's unit. */
export interface Limit {
  /** All-8-bit, whatever the layers are allowed to have. */
  readonly baselineCost: number
  /** The cheapest scheme under this budget alone. */
  readonly minimumCost: number
  /** Infinity: no limit. */
  readonly budget: number
}
