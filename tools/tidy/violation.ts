/** What a rule found, and the list of findings that are accepted with a reason. */

/** One place that breaks one rule. */
export interface Violation {
  /** Name of the rule. */
  readonly rule: string
  /** Path below the repository. */
  readonly file: string
  readonly line: number
  /** The thing itself (an identifier, a function's name), by which an exception can name it. */
  readonly subject: string
  /** What to do about it, in a sentence. */
  readonly message: string
}

/** An accepted violation. */
export interface Exception {
  readonly rule: string
  /** A file, or a folder when it ends in `/`. */
  readonly file: string
  /** The violation's subject; every subject of the file when absent. */
  readonly subject?: string
  /** Why it is right as it is. */
  readonly reason: string
}

/** The outcome of applying the exceptions. */
export interface Verdict {
  /** Violations that no exception covers. */
  readonly remaining: Violation[]
  /** Exceptions that cover nothing any more. */
  readonly stale: Exception[]
}

/** Takes the excepted violations away and finds the exceptions that are no longer needed. */
export function applyExceptions(
  violations: readonly Violation[],
  exceptions: readonly Exception[],
): Verdict {
  const remaining = violations.filter(
    (violation) => !exceptions.some((exception) => covers(exception, violation)),
  )
  const stale = exceptions.filter(
    (exception) => !violations.some((violation) => covers(exception, violation)),
  )
  return { remaining, stale }
}

/** Returns a violation as one line that an editor can jump to. */
export function describeViolation(violation: Violation): string {
  const { file, line, rule, subject, message } = violation
  return `${file}:${line} [${rule}] ${subject}: ${message}`
}

function covers(exception: Exception, violation: Violation): boolean {
  const isFile = exception.file.endsWith('/')
    ? violation.file.startsWith(exception.file)
    : violation.file === exception.file
  const isSubject = exception.subject === undefined || exception.subject === violation.subject
  return isFile && isSubject && exception.rule === violation.rule
}
