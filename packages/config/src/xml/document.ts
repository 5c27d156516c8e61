/** Reads a small XML document into elements that know where they stand. */
import { EntityDecoder } from '@nodable/entities'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { ConfigError, ConfigErrors } from '../errors.ts'
import { QUOTED_CHARS_MAX, XML_DEPTH_MAX } from '../limits.ts'
import { decodeText, guardText } from './guard.ts'
import { offsetOf, Report } from './report.ts'

/** One element. */
export interface XmlElement {
  readonly name: string
  /** Whether this is the root. */
  readonly isRoot: boolean
  /** Path below the root, e.g. `EdgeListeners/EdgeListener`; the root's own name for the root. */
  readonly path: string
  /** Character data directly inside, joined, entities resolved, trimmed. */
  readonly text: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** Offset of `<`. */
  readonly start: number
  /** Offset after the closing `>`. */
  readonly end: number
}

/** A document that is well formed. */
export interface XmlDocument {
  readonly root: XmlElement
  readonly report: Report
  /** Length of the byte order mark. */
  readonly markBytes: number
}

/** Parses `bytes`; throws ConfigErrors when they are not one well-formed, harmless document. */
export function parseDocument(bytes: Uint8Array, file: string): XmlDocument {
  const decoded = decodeText(bytes)
  if ('problem' in decoded) {
    throw new ConfigErrors([new ConfigError({ file, line: 0, column: 0, element: '', ...decoded })])
  }
  const report = new Report(file, decoded.text)
  if (guardText(report)) checkWellFormed(report)
  report.throwIfBroken()
  const nodes = parseNodes(report)
  const root = nodes === undefined ? undefined : singleRoot(nodes, report)
  report.throwIfBroken()
  if (root === undefined) throw new ConfigErrors(report.errors)
  return { root, report, markBytes: decoded.markBytes }
}

function checkWellFormed(report: Report): void {
  const result = XMLValidator.validate(report.text)
  if (result === true) return
  const unclosed = [...result.err.msg.matchAll(/"([^"]+)"/g)].map((hit) => `<${hit[1] ?? ''}>`)
  if (/^(Invalid '\[|Unclosed tag)/.test(result.err.msg) && unclosed.length > 0) {
    const problem = `the text ends before ${unclosed.slice(0, 4).join(' and ')} is closed`
    report.error({
      at: report.text.trimEnd().length,
      element: '',
      problem,
      expected: 'the whole document',
    })
    return
  }
  const { msg, line, col } = result.err as { msg: string; line: number; col: number | undefined }
  report.error({
    at: offsetOf(report.text, line, col ?? 1),
    element: '',
    problem: `not well-formed XML: ${msg.replace(/\.$/, '')}`,
    expected: '',
  })
}

type RawNode = Record<string | symbol, unknown>

const META = XMLParser.getMetaDataSymbol() as symbol
const ATTRIBUTES = ':@'

function parseNodes(report: Report): RawNode[] | undefined {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    commentPropName: '#comment',
    cdataPropName: '#cdata',
    captureMetaData: true,
    // Without a decoder of its own the parser leaves numeric references as they stand.
    entityDecoder: new EntityDecoder({}),
  })
  try {
    return parser.parse(report.text) as RawNode[]
  } catch (error) {
    const problem = `refused by the XML parser: ${error instanceof Error ? error.message : String(error)}`
    report.error({ at: 0, element: '', problem, expected: '' })
    return undefined
  }
}

function singleRoot(nodes: readonly RawNode[], report: Report): XmlElement | undefined {
  let root: XmlElement | undefined
  for (const node of nodes) {
    const name = nameOf(node)
    if (name === '#comment' || name.startsWith('?')) continue
    if (name.startsWith('#')) {
      if (textOf(node[name]).trim() !== '') {
        report.error({
          at: Math.max(0, report.text.indexOf(textOf(node[name]).trim())),
          element: '',
          problem: `text '${shorten(textOf(node[name]).trim())}' outside the root element`,
          expected: '',
        })
      }
      continue
    }
    const element = readElement(node, name, '', 0, report)
    if (root === undefined) root = element
    else {
      const problem = `second root element <${name}>`
      report.error({ at: element.start, element: '', problem, expected: 'one root element' })
    }
  }
  if (root === undefined && report.errors.length === 0) {
    report.error({ at: 0, element: '', problem: 'no root element', expected: 'an XML document' })
  }
  return root
}

function readElement(
  node: RawNode,
  name: string,
  parent: string,
  depth: number,
  report: Report,
): XmlElement {
  const isRoot = depth === 0
  const path = depth <= 1 ? name : `${parent}/${name}`
  const { startIndex: start, endIndex: end } = node[META] as {
    startIndex: number
    endIndex: number
  }
  const attributes = new Map(Object.entries((node[ATTRIBUTES] ?? {}) as Record<string, string>))
  const children: XmlElement[] = []
  let text = ''
  if (depth >= XML_DEPTH_MAX) {
    const expected = `at most ${XML_DEPTH_MAX} levels`
    report.error({ at: start, element: '', problem: 'elements are nested too deeply', expected })
    return { name, isRoot, path, text, attributes, children, start, end }
  }
  for (const child of node[name] as RawNode[]) {
    const childName = nameOf(child)
    if (childName === '#text') text += textOf(child[childName])
    else if (childName === '#cdata') text += cdataText(child[childName])
    else if (childName === '#comment' || childName.startsWith('?')) continue
    else children.push(readElement(child, childName, path, depth + 1, report))
  }
  return { name, isRoot, path, text: text.trim(), attributes, children, start, end }
}

function nameOf(node: RawNode): string {
  return Object.keys(node).find((key) => key !== ATTRIBUTES) ?? '#text'
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function cdataText(value: unknown): string {
  return (value as RawNode[]).map((node) => textOf(node['#text'])).join('')
}

/** Returns `text` cut to a length that fits a message. */
export function shorten(text: string): string {
  return text.length <= QUOTED_CHARS_MAX ? text : `${text.slice(0, QUOTED_CHARS_MAX)}...`
}
