/** Everything protocol code may ask of a real machine, in one object. */
import type { Log, LogLevel } from '../ports/log.ts'
import type { Runtime } from '../ports/runtime.ts'
import { createNodeClock } from './clock.ts'
import { createConsoleLog } from './console-log.ts'
import { createNodeDatagrams } from './datagrams.ts'
import { httpRequest } from './http/http-client.ts'
import { createNodeInterfaces } from './interfaces.ts'
import { createNodeNames } from './names.ts'
import { createNodeRandom } from './random.ts'
import { createNodeStreams } from './streams.ts'
import { createNodeTimers } from './timers.ts'

/** Choices for the runtime of a real machine. */
export interface NodeRuntimeOptions {
  /** Where events go; standard error by default. */
  readonly log?: Log
  /** Lowest level that the default log keeps; `info` unless given. */
  readonly logLevel?: LogLevel
  /** Whether armed timers let the process end; off by default. */
  readonly unrefTimers?: boolean
}

/** Returns the runtime of this machine. */
export function createNodeRuntime(options: NodeRuntimeOptions = {}): Runtime {
  const clock = createNodeClock()
  return {
    clock,
    timers: createNodeTimers(clock, { unref: options.unrefTimers ?? false }),
    random: createNodeRandom(),
    log: options.log ?? createConsoleLog(options.logLevel ?? 'info', process.stderr),
    datagrams: createNodeDatagrams(),
    streams: createNodeStreams(),
    names: createNodeNames(),
    interfaces: createNodeInterfaces(),
    http: { request: httpRequest },
  }
}
