/** What is written to disk: the node's address and the key file. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  parseNodeConfig,
  readKeyFile,
  readOrCreateKeyFile,
  withNodeAddress,
  writeNodeAddress,
} from '../../src/index.ts'

const ADDRESS = 'brunet:node:ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipop-config-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const edits: { name: string; before: string; after: string }[] = [
  {
    name: 'inserts after the last element with its indentation',
    before:
      "<NodeConfig>\n  <!-- keep -->\n  <A>1</A>\n  <B x='y'/> <!-- tail -->\n</NodeConfig>\n",
    after: `<NodeConfig>\n  <!-- keep -->\n  <A>1</A>\n  <B x='y'/>\n  <NodeAddress>${ADDRESS}</NodeAddress> <!-- tail -->\n</NodeConfig>\n`,
  },
  {
    name: 'keeps CRLF, tabs and the byte order mark',
    before: '\uFEFF<?xml version="1.0"?>\r\n<NodeConfig>\r\n\t<A>ü</A>\r\n</NodeConfig>',
    after: `\uFEFF<?xml version="1.0"?>\r\n<NodeConfig>\r\n\t<A>ü</A>\r\n\t<NodeAddress>${ADDRESS}</NodeAddress>\r\n</NodeConfig>`,
  },
  {
    name: 'writes a file of one line in one line',
    before: '<NodeConfig><A>1</A><B/></NodeConfig>',
    after: `<NodeConfig><A>1</A><B/><NodeAddress>${ADDRESS}</NodeAddress></NodeConfig>`,
  },
  {
    name: 'indents after an element of several lines',
    before: '<NodeConfig>\n    <A>\n      <B/>\n    </A>\n</NodeConfig>',
    after: `<NodeConfig>\n    <A>\n      <B/>\n    </A>\n    <NodeAddress>${ADDRESS}</NodeAddress>\n</NodeConfig>`,
  },
  {
    name: 'replaces only the text of an existing element',
    before: '<NodeConfig>\n <NodeAddress > old </NodeAddress >\n <A/>\n</NodeConfig>',
    after: `<NodeConfig>\n <NodeAddress >${ADDRESS}</NodeAddress >\n <A/>\n</NodeConfig>`,
  },
  {
    name: 'opens an empty element',
    before: '<NodeConfig><NodeAddress note="a>b" /><A/></NodeConfig>',
    after: `<NodeConfig><NodeAddress note="a>b">${ADDRESS}</NodeAddress><A/></NodeConfig>`,
  },
  {
    name: 'is not misled by comments',
    before: '<NodeConfig>\n  <!-- <NodeAddress>old</NodeAddress> -->\n  <A/>\n</NodeConfig>',
    after: `<NodeConfig>\n  <!-- <NodeAddress>old</NodeAddress> -->\n  <A/>\n  <NodeAddress>${ADDRESS}</NodeAddress>\n</NodeConfig>`,
  },
  {
    name: 'leaves a file alone that has the address',
    before: `<NodeConfig><NodeAddress>${ADDRESS}</NodeAddress></NodeConfig>`,
    after: `<NodeConfig><NodeAddress>${ADDRESS}</NodeAddress></NodeConfig>`,
  },
]

describe('withNodeAddress', () => {
  it.each(edits)('$name', ({ before, after }) => {
    const result = withNodeAddress(new TextEncoder().encode(before), 'n', ADDRESS)
    expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(result)).toBe(after)
  })
})

describe('writeNodeAddress', () => {
  it('keeps the mode, follows links and leaves no other file behind', () => {
    const file = join(folder, 'node.config')
    const link = join(folder, 'link.config')
    writeFileSync(
      file,
      '<NodeConfig>\n  <BrunetNamespace>n</BrunetNamespace>\n  <EdgeListeners/>\n</NodeConfig>\n',
    )
    chmodSync(file, 0o640)
    symlinkSync(file, link)
    writeNodeAddress(link, ADDRESS)
    expect(parseNodeConfig(readFileSync(file), file).nodeAddress).toBe(ADDRESS)
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(readdirSync(folder).toSorted()).toEqual(['link.config', 'node.config'])
  })

  it('says why a file cannot be written', () => {
    expect(() => writeNodeAddress(join(folder, 'none'), ADDRESS)).toThrow(
      'cannot be written (ENOENT)',
    )
  })
})

describe('the key file', () => {
  it('is made once, private to its owner', () => {
    const file = join(folder, 'node.key')
    expect(readKeyFile(file)).toBeUndefined()
    expect(readOrCreateKeyFile(file, () => 'one')).toEqual({ content: 'one', isNew: true })
    expect(readOrCreateKeyFile(file, () => 'two')).toEqual({ content: 'one', isNew: false })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['node.key'])
  })

  it('is refused when others can read it, with the way to mend it', () => {
    const file = join(folder, 'node.key')
    writeFileSync(file, 'secret', { mode: 0o600 })
    chmodSync(file, 0o644)
    expect(() => readKeyFile(file)).toThrow(
      `${file}: the key file is open to other users (mode 0644); expected mode 0600; run: chmod 600 '${file}'`,
    )
  })

  it('is refused when it is not a key file at all', () => {
    expect(() => readKeyFile(folder)).toThrow('is not a regular file')
    const file = join(folder, 'long.key')
    writeFileSync(file, 'x'.repeat(5_000), { mode: 0o600 })
    expect(() => readKeyFile(file)).toThrow('is too long for a key file')
  })

  it('says where it could not be created', () => {
    expect(() => readOrCreateKeyFile(join(folder, 'no', 'node.key'), () => 'x')).toThrow('ENOENT')
  })
})
