/** A scenario, its number of nodes and its length in seconds. */
export interface Seek {
  readonly scenario: string
  readonly nodes: number
  readonly duration: number
}

/** A bug to plant: a change of one place. */
export interface Plant {
  readonly name: string
  readonly says: string
  /** Where it is looked for, unless in the default place. */
  readonly seek?: Seek
  readonly file: string
  readonly find: string
  readonly replace: string
}

export const SEEK_DEFAULT: Seek
export const PLANTS: readonly Plant[]
