/** The kinds of value that an element may hold: how to read one, and how to describe it. */
import { DEVICE_NAME_CHARS_MAX, NAME_CHARS_MAX } from '../limits.ts'

/** A kind of value. */
export interface Kind<T> {
  /** What would be right, as a phrase. */
  readonly expected: string
  /** Returns the value, or undefined when the text is not of this kind. */
  read(text: string): T | undefined
}

/** true or false, as XML Schema writes them. */
export const BOOLEAN: Kind<boolean> = {
  expected: "'true' or 'false'",
  read: (text) =>
    text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : undefined,
}

/** Any text, kept as it is. */
export const TEXT: Kind<string> = {
  expected: `at most ${NAME_CHARS_MAX} characters`,
  read: (text) => (text.length <= NAME_CHARS_MAX ? text : undefined),
}

/** A name that takes part in keys: not empty, no white space. */
export const NAME: Kind<string> = {
  expected: `a name of 1 to ${NAME_CHARS_MAX} characters without white space`,
  read: (text) =>
    text !== '' && text.length <= NAME_CHARS_MAX && !/\s/.test(text) ? text : undefined,
}

/** A path in the file system. */
export const PATH: Kind<string> = {
  expected: 'a path',
  read: (text) => (text === '' || text.length > 4_096 ? undefined : text),
}

/** A port to listen on; 0 asks the system for a free one. */
export const PORT_OR_ANY: Kind<number> = integer(
  0,
  65_535,
  'a port from 0 to 65535 (0 = any free one)',
)

/** A port that others must know. */
export const PORT: Kind<number> = integer(1, 65_535, 'a port from 1 to 65535')

/** Returns the kind of whole numbers from `min` to `max`. */
export function integer(min: number, max: number, expected?: string): Kind<number> {
  return {
    expected: expected ?? `a whole number from ${min} to ${max}`,
    read: (text) => {
      if (!/^\d{1,10}$/.test(text)) return undefined
      const value = Number(text)
      return value >= min && value <= max ? value : undefined
    },
  }
}

/** An IPv4 address. */
export const IPV4: Kind<string> = {
  expected: 'an IPv4 address such as 10.250.0.1',
  read: (text) => (ipv4ToNumber(text) === undefined ? undefined : text),
}

/** An IPv4 network mask. */
export const NETMASK: Kind<string> = {
  expected: 'a network mask such as 255.255.0.0',
  read: (text) => {
    const mask = ipv4ToNumber(text)
    if (mask === undefined) return undefined
    const hosts = ~mask >>> 0
    return (hosts & (hosts + 1)) === 0 ? text : undefined
  },
}

/** The name of a network interface. */
export const DEVICE_NAME: Kind<string> = {
  expected: `an interface name of 1 to ${DEVICE_NAME_CHARS_MAX} letters, digits, '.', '_' or '-'`,
  read: (text) =>
    text.length <= DEVICE_NAME_CHARS_MAX && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text)
      ? text
      : undefined,
}

/** One label of a domain name. */
export const HOST_LABEL: Kind<string> = {
  expected: 'a host name of letters, digits and hyphens (one label, no dot)',
  read: (text) => (/^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(text) ? text : undefined),
}

/** The text form of a ring address. */
export const NODE_ADDRESS: Kind<string> = {
  expected: "'brunet:node:' followed by 32 base32 letters (A-Z, 2-7), or an empty element",
  read: (text) => (/^(urn:)?brunet:node:[A-Za-z2-7]{32}$/i.test(text) ? text : undefined),
}

/** Returns an IPv4 address as a number, or undefined when the text is none. */
export function ipv4ToNumber(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  let value = 0
  for (const part of match.slice(1)) {
    // A leading zero would be octal to some programs and decimal to others.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    value = value * 256 + Number(part)
  }
  return value
}
