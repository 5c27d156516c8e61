/** What is wrong with a configuration: where, what, and what would be right. */

/** The parts of one finding. */
export interface ConfigErrorFields {
  /** File or other source the text came from. */
  readonly file: string
  /** Line from 1, or 0 when the whole file is meant. */
  readonly line: number
  /** Column from 1, or 0 when the whole file is meant. */
  readonly column: number
  /** Path of the element below the root, e.g. `EdgeListeners/EdgeListener/port`; empty for the file. */
  readonly element: string
  /** What is wrong, as a phrase. */
  readonly problem: string
  /** What would be right, as a phrase; empty when the problem says it. */
  readonly expected: string
}

/** One finding in a configuration, an error or a warning. */
export class ConfigError implements ConfigErrorFields {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly element: string
  readonly problem: string
  readonly expected: string

  constructor(fields: ConfigErrorFields) {
    this.file = fields.file
    this.line = fields.line
    this.column = fields.column
    this.element = fields.element
    this.problem = fields.problem
    this.expected = fields.expected
  }

  /** Returns the finding on one line, in the form editors can jump to. */
  toString(): string {
    const place = this.line > 0 ? `${this.file}:${this.line}:${this.column}` : this.file
    const element = this.element === '' ? '' : ` <${this.element}>`
    const expected = this.expected === '' ? '' : `; expected ${this.expected}`
    return `${place}:${element} ${this.problem}${expected}`
  }
}

/** A configuration that cannot be used; carries every error found in it. */
export class ConfigErrors extends Error {
  override readonly name = 'ConfigErrors'
  /** Stable code for programs. */
  readonly code = 'CONFIG_INVALID'
  /** Every error, in the order of the file. */
  readonly errors: readonly ConfigError[]
  /** Findings that would not have stopped the start. */
  readonly warnings: readonly ConfigError[]

  constructor(errors: readonly ConfigError[], warnings: readonly ConfigError[] = []) {
    super(errors.map(String).join('\n'))
    this.errors = errors
    this.warnings = warnings
  }
}

/** Returns the error of a file as a whole: it cannot be read, written or trusted. */
export function fileError(file: string, problem: string, expected: string): ConfigErrors {
  return new ConfigErrors([
    new ConfigError({ file, line: 0, column: 0, element: '', problem, expected }),
  ])
}

/** Returns the system's code of a failed file operation, e.g. ENOENT. */
export function systemCode(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) {
    if (typeof error.code === 'string') return error.code
  }
  return String(error)
}
