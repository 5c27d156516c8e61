/** How the executables end, and what they say when something is wrong. */
import { codeOf, messageOf } from '../errors.ts'

/** Everything went well. */
export const EXIT_OK = 0

/** Something failed while running. */
export const EXIT_FAILED = 1

/** The command line or a configuration has to be changed first. */
export const EXIT_USAGE = 2

/** Codes that mean that the user has to change something. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'CONFIG_INVALID',
  'NODE_ALREADY_RUNNING',
  'NODE_KEY_BROKEN',
  'NODE_ADDRESS_MISMATCH',
  'NODE_CONFIG_CONFLICT',
])

/** Returns the exit code that belongs to an error. */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error)
  // The text of commander's own codes; asking for help is not an error.
  if (code.startsWith('commander.')) return isRequestForHelp(code) ? EXIT_OK : EXIT_USAGE
  return USAGE_CODES.has(code) ? EXIT_USAGE : EXIT_FAILED
}

function isRequestForHelp(code: string): boolean {
  return ['commander.helpDisplayed', 'commander.help', 'commander.version'].includes(code)
}

/** Runs a command, prints its error, if any, to standard error, and sets the exit code. */
export async function runCommand(name: string, command: () => Promise<unknown>): Promise<void> {
  try {
    await command()
  } catch (error) {
    // Commander has printed its own message.
    if (!codeOf(error).startsWith('commander.')) {
      for (const line of messageOf(error).split('\n')) process.stderr.write(`${name}: ${line}\n`)
    }
    process.exitCode = exitCodeOf(error)
  }
}
