/** Ports to the outside world. The Node adapter is `@ipop/runtime/node`. */
export * from './ports/clock.ts'
export * from './ports/host.ts'
export * from './ports/log.ts'
export * from './ports/random.ts'
export * from './ports/runtime.ts'
export * from './ports/sockets.ts'
export * from './errors.ts'
export * from './limits.ts'
