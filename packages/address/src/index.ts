/** Ring addresses: 160-bit numbers on a circle, their text form, order and distances. */
export * from './address/address.ts'
export * from './limits.ts'
export * from './ring/between.ts'
export * from './ring/closest.ts'
export * from './ring/distance.ts'
export * from './ring/offset.ts'
