/** Collects the findings of one document and knows where they stand. */
import { ConfigError, ConfigErrors } from '../errors.ts'
import { CONFIG_ISSUES_MAX } from '../limits.ts'

/** A place in the text. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** What a check says about one place. */
export interface Finding {
  /** Offset in the text. */
  readonly at: number
  /** Element path; empty for the document. */
  readonly element: string
  readonly problem: string
  /** What would be right; empty when the problem says it. */
  readonly expected: string
}

/** The findings of one document. */
export class Report {
  readonly errors: ConfigError[] = []
  readonly warnings: ConfigError[] = []
  readonly file: string
  readonly text: string

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
  }

  /** Adds an error. */
  error(finding: Finding): void {
    if (this.errors.length < CONFIG_ISSUES_MAX) this.errors.push(this.#locate(finding))
  }

  /** Adds a warning. */
  warn(finding: Finding): void {
    if (this.warnings.length < CONFIG_ISSUES_MAX) this.warnings.push(this.#locate(finding))
  }

  /** Throws every error that was added, in the order of the text. */
  throwIfBroken(): void {
    if (this.errors.length === 0) return
    this.errors.sort((a, b) => a.line - b.line || a.column - b.column)
    throw new ConfigErrors(this.errors, this.warnings)
  }

  #locate({ at, element, problem, expected }: Finding): ConfigError {
    const { line, column } = positionOf(this.text, at)
    return new ConfigError({ file: this.file, line, column, element, problem, expected })
  }
}

/** Returns line and column, both from 1, of an offset. CRLF, LF and CR all end a line. */
export function positionOf(text: string, offset: number): Position {
  let line = 1
  let lineStart = 0
  const breaks = /\r\n|\n|\r/g
  for (let hit = breaks.exec(text); hit !== null; hit = breaks.exec(text)) {
    if (breaks.lastIndex > offset) break
    line += 1
    lineStart = breaks.lastIndex
  }
  return { line, column: offset - lineStart + 1 }
}

/** Returns the offset of a line and column, both from 1. */
export function offsetOf(text: string, line: number, column: number): number {
  const breaks = /\r\n|\n|\r/g
  let lineStart = 0
  for (let current = 1; current < line; current += 1) {
    if (breaks.exec(text) === null) break
    lineStart = breaks.lastIndex
  }
  return Math.min(text.length, lineStart + Math.max(0, column - 1))
}
