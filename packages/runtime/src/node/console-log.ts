/** Logging to a terminal or a file: one line per event, readable or JSON. */
import { LOG_VALUE_CHARACTERS_MAX } from '../limits.ts'
import type { Log, LogFields, LogLevel } from '../ports/log.ts'

/** Where lines go; `process.stderr` is one. */
export interface LineSink {
  /** Takes one line, line feed included. */
  write(line: string): unknown
}

const RANK: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 }

/** Returns a log that writes events of `level` and above to `stream`, as text or (with `json`) as JSON lines. */
export function createConsoleLog(level: LogLevel, stream: LineSink, json = false): Log {
  return new ConsoleLog({ stream, format: json ? jsonLine : textLine }, { level, fields: {} })
}

/** A log bound to a sink, a line format and fields that every event carries. */
class ConsoleLog implements Log {
  readonly #output: { stream: LineSink; format: LineFormat }
  readonly #options: { level: LogLevel; fields: LogFields }

  constructor(
    output: { stream: LineSink; format: LineFormat },
    options: { level: LogLevel; fields: LogFields },
  ) {
    this.#output = output
    this.#options = options
  }

  write(level: LogLevel, event: string, fields?: LogFields): void {
    if (!this.isEnabled(level)) return
    const all = { ...this.#options.fields, ...fields }
    this.#output.stream.write(
      this.#output.format(new Date().toISOString(), level, event, all) + '\n',
    )
  }

  isEnabled(level: LogLevel): boolean {
    return RANK[level] >= RANK[this.#options.level]
  }

  child(fields: LogFields): Log {
    const options = { ...this.#options, fields: { ...this.#options.fields, ...fields } }
    return new ConsoleLog(this.#output, options)
  }
}

type LineFormat = (time: string, level: LogLevel, event: string, fields: LogFields) => string

/** Formats an event for people: `time LEVEL event key=value`. */
function textLine(time: string, level: LogLevel, event: string, fields: LogFields): string {
  let line = `${time} ${level.toUpperCase().padEnd(5)} ${quoteIfNeeded(event, /^[\x20-\x7e]*$/)}`
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${textOf(value)}`
  }
  return line
}

/** Formats an event for programs: one JSON object. */
function jsonLine(time: string, level: LogLevel, event: string, fields: LogFields): string {
  const plain = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, plainValue(value)]),
  )
  return JSON.stringify({ time, level, event, ...plain })
}

/** Returns a field's value as one word; what peers chose is quoted and escaped, so that no value can forge a line. */
function textOf(value: unknown): string {
  const plain = plainValue(value)
  const text = typeof plain === 'string' ? plain : JSON.stringify(plain)
  return typeof plain === 'string' ? quoteIfNeeded(text, /^[\w.:/@+*,<>\-[\]]+$/) : text
}

function quoteIfNeeded(text: string, harmless: RegExp): string {
  return harmless.test(text) ? text : JSON.stringify(text)
}

/** Returns a value that JSON can carry, whatever was logged. */
function plainValue(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value.slice(0, LOG_VALUE_CHARACTERS_MAX)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (value instanceof Uint8Array) {
    return Buffer.from(value.subarray(0, LOG_VALUE_CHARACTERS_MAX / 2)).toString('hex')
  }
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object') return `[${typeof value}]`
  if ('message' in value && 'stack' in value) return errorText(value)
  return plainObject(value)
}

function errorText(error: { message: unknown; code?: unknown }): string {
  const code = typeof error.code === 'string' ? ` (${error.code})` : ''
  return (String(error.message) + code).slice(0, LOG_VALUE_CHARACTERS_MAX)
}

/** Returns an object's own text form where its class has one (addresses), else its JSON, cut to the cap. */
function plainObject(value: object): unknown {
  try {
    const text = ownTextOf(value)
    if (text !== undefined) return text.slice(0, LOG_VALUE_CHARACTERS_MAX)
    const json = JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'bigint' ? String(inner) : inner,
    )
    return json.length <= LOG_VALUE_CHARACTERS_MAX
      ? JSON.parse(json)
      : json.slice(0, LOG_VALUE_CHARACTERS_MAX)
  } catch {
    return '[unprintable]'
  }
}

/** Returns what an object's class says about it, undefined when it has nothing of its own to say. */
function ownTextOf(value: object): string | undefined {
  const toText: unknown = Reflect.get(value, 'toString')
  const isOwn = typeof toText === 'function' && toText !== Object.prototype.toString
  return isOwn && !Array.isArray(value) ? String(Reflect.apply(toText, value, [])) : undefined
}
