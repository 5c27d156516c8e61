/** A bug to plant: a change of one place. */
export interface Plant {
  readonly name: string
  readonly says: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

export const PLANTS: readonly Plant[]
