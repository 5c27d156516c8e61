/** Collects the log events of every host of a world. */
import type { Log, LogFields, LogLevel } from '@ipop/runtime'
import { LOG_RECORDS_MAX } from '../limits.ts'
import { RingBuffer } from './ring-buffer.ts'

/** One log event. */
export interface LogRecord {
  readonly atMs: number
  readonly host: string
  readonly level: LogLevel
  readonly event: string
  readonly fields: LogFields
}

/** How a world's log behaves. */
export interface LogBookOptions {
  /** Least important level that is kept. */
  readonly level: LogLevel
  /** Receives each kept record as a line of text, e.g. `console.error`. */
  readonly print?: ((line: string) => void) | undefined
}

const RANK: Record<LogLevel, number> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 }

/** The newest log records of a world. */
export class LogBook {
  readonly #records = new RingBuffer<LogRecord>(LOG_RECORDS_MAX)
  readonly #options: LogBookOptions

  constructor(options: LogBookOptions) {
    this.#options = options
  }

  /** Returns whether records of `level` are kept. */
  isEnabled(level: LogLevel): boolean {
    return RANK[level] >= RANK[this.#options.level]
  }

  /** Keeps a record. */
  add(record: LogRecord): void {
    this.#records.push(record)
    this.#options.print?.(formatLogRecord(record))
  }

  /** Returns the kept records, oldest first. */
  records(): LogRecord[] {
    return this.#records.toArray()
  }
}

/** The log port of one host. */
export class HostLog implements Log {
  readonly #book: LogBook
  readonly #host: string
  readonly #now: () => number
  readonly #fields: LogFields

  constructor(book: LogBook, host: string, now: () => number, fields: LogFields = {}) {
    this.#book = book
    this.#host = host
    this.#now = now
    this.#fields = fields
  }

  write(level: LogLevel, event: string, fields?: LogFields): void {
    if (!this.#book.isEnabled(level)) return
    const all = fields === undefined ? this.#fields : { ...this.#fields, ...fields }
    this.#book.add({ atMs: this.#now(), host: this.#host, level, event, fields: all })
  }

  isEnabled(level: LogLevel): boolean {
    return this.#book.isEnabled(level)
  }

  child(fields: LogFields): Log {
    return new HostLog(this.#book, this.#host, this.#now, { ...this.#fields, ...fields })
  }
}

/** Returns a record as one line of text. */
export function formatLogRecord(record: LogRecord): string {
  const fields = Object.entries(record.fields).map(([key, value]) => `${key}=${String(value)}`)
  const time = record.atMs.toFixed(1).padStart(10)
  return [time, record.level.padEnd(5), record.host, record.event, ...fields].join(' ')
}
