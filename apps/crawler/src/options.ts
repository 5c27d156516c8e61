/** What the tools have in common. */
import { InvalidArgumentError, type Command } from 'commander'

/** The port that the original's tools talk to. */
const MANAGER_PORT = 10_000

/** Adds `--port` and `--json`, and makes a wrong command line an error that ends with code 2. */
export function withManager(command: Command): Command {
  return command
    .option('--port <number>', 'port of the XML-RPC manager', parsePort, MANAGER_PORT)
    .option('--json', 'print JSON', false)
    .exitOverride()
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new InvalidArgumentError('Give a port from 1 to 65535.')
}

/** Returns a parser of whole numbers from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`)
  }
}
