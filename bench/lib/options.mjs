/** What a benchmark is told on its command line behind its name. */
import { readOptions, refuse } from '../../tools/lab/options.mjs'

/**
 * Returns the values of `--NAME VALUE` for each name in `defaults` and of `--json FILE`. Numbers must be positive. Anything
 * wrong ends the program with one line and exit code 2.
 */
export function benchOptions(defaults) {
  const values = readOptions({ json: undefined, ...defaults })
  for (const [name, value] of Object.entries(values))
    if (typeof value === 'number' && value <= 0) refuse(`--${name} takes a positive number`)
  return values
}
