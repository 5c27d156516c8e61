/** What a lab is told on its command line. Anything wrong with it ends the program with one line and exit code 2. */
import { parseArgs } from 'node:util'

/**
 * Returns the values of `--NAME VALUE` for each name in `defaults`: a number, not negative, where the default is one, a flag where
 * it is a boolean, a text otherwise.
 */
export function readOptions(defaults) {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      return [name, { type: typeof value === 'boolean' ? 'boolean' : 'string' }]
    }),
  )
  const { values } = attempt(() => parseArgs({ options }))
  const read = Object.entries(values).map(([name, text]) => {
    return [name, typeof defaults[name] === 'number' ? amount(name, text) : text]
  })
  return { ...defaults, ...Object.fromEntries(read) }
}

/** Returns the words of a list separated by commas, all of which must be in `allowed`. */
export function choices(name, text, allowed) {
  const words = text.split(',')
  const wrong = words.find((word) => !allowed.includes(word))
  if (wrong !== undefined) refuse(`--${name}: '${wrong}' is none of ${allowed.join(', ')}`)
  return words
}

/** Returns the number in `text`, which must not be negative. */
export function amount(name, text) {
  const number = text.trim() === '' ? NaN : Number(text)
  if (!(number >= 0)) refuse(`--${name}: '${text}' is no number from 0 on`)
  return number
}

/** Ends the program because of a wrong command line. */
export function refuse(message) {
  console.error(message)
  process.exit(2)
}

function attempt(act) {
  try {
    return act()
  } catch (error) {
    return refuse(error.message)
  }
}
