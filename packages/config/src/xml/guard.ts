/** Checks that must hold before a parser sees the text: size, encoding, no declarations, no control characters. */
import { CONFIG_BYTES_MAX } from '../limits.ts'
import type { Report } from './report.ts'

/** Text of a document without its byte order mark. */
export interface DecodedText {
  readonly text: string
  /** Bytes before the text: 3 with a byte order mark, otherwise 0. */
  readonly markBytes: number
}

/** Returns the text of `bytes`, or the reason why it is not XML text of an acceptable size. */
export function decodeText(
  bytes: Uint8Array,
): DecodedText | { readonly problem: string; readonly expected: string } {
  if (bytes.length > CONFIG_BYTES_MAX) {
    return { problem: `has ${bytes.length} bytes`, expected: `at most ${CONFIG_BYTES_MAX} bytes` }
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return {
      problem: 'is encoded as UTF-16',
      expected: 'UTF-8; save the file again in that encoding',
    }
  }
  const markBytes = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return { text: decoder.decode(bytes.subarray(markBytes)), markBytes }
  } catch {
    return {
      problem: 'is not valid UTF-8',
      expected: 'UTF-8; save the file again in that encoding',
    }
  }
}

/** Adds an error for everything that may not reach the parser; returns whether the text is clean. */
export function guardText(report: Report): boolean {
  const { text } = report
  const before = report.errors.length
  if (text.trim() === '') {
    report.error({ at: 0, element: '', problem: 'the file is empty', expected: 'an XML document' })
  }
  // Entities are the classic way to make a parser read files or fill memory; no configuration needs one.
  for (const hit of text.matchAll(/<!(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/gi)) {
    report.error({
      at: hit.index,
      element: '',
      problem: `${hit[0].toUpperCase()} declarations are refused`,
      expected: 'plain elements only; remove the declaration',
    })
  }
  guardCharacters(report)
  guardReferences(report)
  return report.errors.length === before
}

function guardCharacters(report: Report): void {
  // XML 1.0 §2.2: no control characters but tab, line feed and carriage return.
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/.exec(report.text)
  if (control === null) return
  const code = control[0].charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()
  report.error({
    at: control.index,
    element: '',
    problem: `control character U+${code}`,
    expected: 'printable text',
  })
}

/** A reference that the parser would leave as text is an error here, not a surprise later. */
function guardReferences(report: Report): void {
  const text = maskLiteral(report.text)
  for (const hit of text.matchAll(/&([^\s<;&]{0,32};?)/g)) {
    if (isKnownReference(hit[1] ?? '')) continue
    report.error({
      at: hit.index,
      element: '',
      problem: `'${hit[0]}' is not a known character reference`,
      expected: "'&amp;' for an ampersand, or one of &lt; &gt; &quot; &apos; &#nnn;",
    })
  }
}

function isKnownReference(body: string): boolean {
  if (/^(amp|lt|gt|quot|apos);$/.test(body)) return true
  const number = /^#(?:([0-9]{1,7})|x([0-9a-fA-F]{1,6}));$/.exec(body)
  if (number === null) return false
  const code = number[1] === undefined ? parseInt(number[2] ?? '', 16) : Number(number[1])
  const isSurrogate = code >= 0xd800 && code <= 0xdfff
  return (
    code <= 0x10ffff && !isSurrogate && (code >= 0x20 || code === 9 || code === 10 || code === 13)
  )
}

/** Returns the text with comments and CDATA sections blanked, offsets unchanged. */
function maskLiteral(text: string): string {
  return text.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g, (hit) => ' '.repeat(hit.length))
}
