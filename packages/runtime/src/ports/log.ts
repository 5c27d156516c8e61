/** Logging as protocol code sees it: an event name and its fields. */

/** How important a log event is. Per packet = trace, branch taken = debug, state = info, look here = warn. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** The data of one log event. */
export type LogFields = Readonly<Record<string, unknown>>

/** Records events. */
export interface Log {
  /** Records `event` with its `fields` at `level`. */
  write(level: LogLevel, event: string, fields?: LogFields): void
  /** Returns whether events of `level` are kept, so that costly fields need not be computed. */
  isEnabled(level: LogLevel): boolean
  /** Returns a log whose events all carry `fields` too. */
  child(fields: LogFields): Log
}

/** A log that keeps nothing. */
export const silentLog: Log = {
  write: () => undefined,
  isEnabled: () => false,
  child: () => silentLog,
}
