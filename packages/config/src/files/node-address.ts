/** Writes a node's address into its NodeConfig and leaves every other byte as it is. */
import { realpathSync, statSync } from 'node:fs'
import { ConfigErrors, fileError, systemCode } from '../errors.ts'
import { parseDocument, type XmlDocument, type XmlElement } from '../xml/document.ts'
import { replaceFile } from './atomic.ts'
import { readBytes } from './read.ts'

/** Sets the NodeAddress of a file, atomically; mode and owner stay. Throws ConfigErrors when it cannot. */
export function writeNodeAddress(file: string, address: string): void {
  try {
    const target = realpathSync(file)
    const bytes = readBytes(target)
    const changed = withNodeAddress(bytes, file, address)
    if (changed.length === bytes.length && changed.every((byte, index) => byte === bytes[index]))
      return
    const { mode, uid, gid } = statSync(target)
    replaceFile(target, changed, { mode, uid, gid })
  } catch (error) {
    if (error instanceof ConfigErrors) throw error
    const expected = 'a file and folder this user may write to, so that the address can be kept'
    throw fileError(file, `the NodeAddress cannot be written (${systemCode(error)})`, expected)
  }
}

/** Returns the bytes of a NodeConfig with its NodeAddress set to `address`. */
export function withNodeAddress(bytes: Uint8Array, file: string, address: string): Uint8Array {
  const document = parseDocument(bytes, file)
  const element = document.root.children.find((child) => child.name === 'NodeAddress')
  const edit =
    element === undefined ? insertion(document, address) : replacement(document, element, address)
  const { text } = document.report
  const changed = text.slice(0, edit.start) + edit.text + text.slice(edit.end)
  const encoded = new TextEncoder().encode(changed)
  const result = new Uint8Array(document.markBytes + encoded.length)
  result.set(bytes.subarray(0, document.markBytes))
  result.set(encoded, document.markBytes)
  return result
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

function replacement({ report }: XmlDocument, element: XmlElement, address: string): Edit {
  const source = report.text.slice(element.start, element.end)
  const open = /^<[^\s/>]+(?:\s+[^\s=>]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(\/?)>/.exec(source)
  if (open === null) throw fileError(report.file, 'the NodeAddress element cannot be edited', '')
  if (open[1] === '/') {
    const start = open[0].slice(0, -2).trimEnd()
    return { start: element.start, end: element.end, text: `${start}>${address}</NodeAddress>` }
  }
  const close = source.lastIndexOf('</')
  return { start: element.start + open[0].length, end: element.start + close, text: address }
}

/** Places the new element after the last one, indented like it. */
function insertion({ root, report }: XmlDocument, address: string): Edit {
  const last = root.children.at(-1)
  const at = last?.end ?? root.start + report.text.slice(root.start).indexOf('>') + 1
  const newline = /\r\n|\n|\r/.exec(report.text)?.[0] ?? ''
  const lineStart =
    Math.max(
      report.text.lastIndexOf('\n', last?.start),
      report.text.lastIndexOf('\r', last?.start),
    ) + 1
  const before = report.text.slice(lineStart, last?.start)
  const isOnOwnLine = last !== undefined && /^[ \t]*$/.test(before)
  const lead = isOnOwnLine ? newline + before : ''
  return { start: at, end: at, text: `${lead}<NodeAddress>${address}</NodeAddress>` }
}
