/** Opens a document and checks that its root element is the one the caller reads. */
import { ConfigErrors } from '../errors.ts'
import { parseDocument } from '../xml/document.ts'
import { Section } from './section.ts'

/** Command-line options by the root element of the file they take. */
const ROOT_OPTIONS: Readonly<Record<string, string>> = {
  NodeConfig: '-n',
  IpopConfig: '-i',
  DHCPConfig: '-d',
}

/** Returns the root section of a document; throws ConfigErrors when it is another kind of document. */
export function openRoot(content: Uint8Array | string, file: string, name: string): Section {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const { root, report } = parseDocument(bytes, file)
  if (root.name !== name) {
    const option = ROOT_OPTIONS[root.name]
    report.error({
      at: root.start,
      element: '',
      problem: `the root element is <${root.name}>${option === undefined ? '' : `, which belongs to the option ${option}`}`,
      expected: `<${name}>`,
    })
    throw new ConfigErrors(report.errors, report.warnings)
  }
  return new Section(report, root)
}
