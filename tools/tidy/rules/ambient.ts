/** Rule: time, chance and sockets are reached through `Runtime` only, so that the simulator can stand in for them. */
import { walk, type SourceFile, type SyntaxNode } from '../source-file.ts'
import type { Repository } from '../repository.ts'
import type { Violation } from '../violation.ts'

/** The one home of what this rule forbids. */
const HOME = 'packages/runtime/src/node/'

/** Modules that are sockets, timers or clocks, or that hand them out. */
const MODULES = new Set([
  ...['dgram', 'net', 'tls', 'dns', 'dns/promises', 'http', 'https', 'http2'],
  ...['timers', 'timers/promises', 'perf_hooks', 'dgram-as-promised', '@ipop/runtime/node'],
])

/** Globals that tell the time, wait, draw or connect. */
const GLOBALS = new Set([
  ...['setTimeout', 'setInterval', 'setImmediate', 'performance'],
  ...['crypto', 'fetch', 'WebSocket', 'EventSource'],
])

/** Members of globals that do the same. */
const MEMBERS = new Set([
  ...['Date.now', 'Math.random', 'process.hrtime', 'process.uptime', 'AbortSignal.timeout'],
])

/** Functions of node:crypto that draw. */
const DRAWING = new Set([
  ...['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'getRandomValues'],
  ...['webcrypto', 'generateKeyPair', 'generateKeyPairSync', 'generateKey', 'generateKeySync'],
  ...['generatePrime', 'generatePrimeSync', 'pseudoRandomBytes'],
])

/** Finds every use of the clock, of timers, of chance and of sockets outside the Node adapter. */
export function checkAmbient(repository: Repository): Violation[] {
  return repository.workspaces
    .flatMap((workspace) => workspace.sources)
    .filter((source) => !source.path.startsWith(HOME))
    .flatMap(checkAmbientFile)
}

/** Finds the uses of one file. */
export function checkAmbientFile(source: SourceFile): Violation[] {
  const found: Violation[] = []
  const report = (line: number, subject: string): void => {
    const message = 'reach it through Runtime; its Node adapter is the one home'
    found.push({ rule: 'ambient', file: source.path, line, subject, message })
  }
  for (const reference of source.references()) {
    const module = reference.specifier.replace(/^node:/, '')
    if (MODULES.has(module) && !reference.isTypeOnly) report(reference.line, module)
    if (module !== 'crypto') continue
    for (const name of reference.names) if (DRAWING.has(name)) report(reference.line, name)
  }
  walk(source.module, (node, parent, field) => {
    const subject = ambientUse(node, parent, field)
    if (subject !== undefined) report(source.lineAt(node.span.start), subject)
  })
  return found
}

/** Returns what an expression reaches for, undefined when it is harmless. */
function ambientUse(
  node: SyntaxNode,
  parent: SyntaxNode | undefined,
  field: string,
): string | undefined {
  if (node.type === 'MemberExpression') return ambientMember(node)
  if (node.type === 'NewExpression' || node.type === 'CallExpression') return ambientDate(node)
  if (node.type !== 'Identifier') return undefined
  const name = node['value'] as string
  return GLOBALS.has(name) && !isMereName(parent, field) ? name : undefined
}

function ambientMember(node: SyntaxNode): string | undefined {
  const object = node['object'] as SyntaxNode
  const property = memberName(node['property'] as SyntaxNode)
  if (property === undefined) return undefined
  if (DRAWING.has(property)) return property
  if (object.type !== 'Identifier') return undefined
  const name = object['value'] as string
  if (name === 'globalThis' && (GLOBALS.has(property) || property === 'Date')) return property
  return MEMBERS.has(`${name}.${property}`) ? `${name}.${property}` : undefined
}

function memberName(property: SyntaxNode): string | undefined {
  if (property.type === 'Identifier') return property['value'] as string
  const key = property['expression'] as SyntaxNode | undefined
  return key?.type === 'StringLiteral' ? (key['value'] as string) : undefined
}

/** `new Date()` and `Date()` read the clock; `new Date(ms)` only converts. */
function ambientDate(node: SyntaxNode): string | undefined {
  const callee = node['callee'] as SyntaxNode
  if (callee.type !== 'Identifier' || callee['value'] !== 'Date') return undefined
  const hasArguments = Array.isArray(node['arguments']) && node['arguments'].length > 0
  return node.type === 'NewExpression' && hasArguments ? undefined : 'Date'
}

/** Returns whether an identifier only names a member, a parameter's type, or what an import is called elsewhere. */
function isMereName(parent: SyntaxNode | undefined, field: string): boolean {
  if (parent === undefined) return false
  if (parent.type === 'MemberExpression') return field === 'property'
  if (field === 'key' || field === 'imported') return true
  return parent.type.startsWith('Ts')
}
