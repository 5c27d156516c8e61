/** Reads the children of one element by name, and says what is missing, doubled, wrong or unknown. */
import { shorten, type XmlElement } from '../xml/document.ts'
import type { Report } from '../xml/report.ts'
import type { Kind } from './kinds.ts'

/** One element whose children are values and further sections; an absent element reads as an empty one. */
export class Section {
  /** The element, or undefined when the file does not have it. */
  readonly element: XmlElement | undefined
  readonly report: Report
  readonly #known = new Set<string>()
  readonly #knownAttributes = new Set<string>()
  readonly #offset: number

  constructor(report: Report, element: XmlElement | undefined, parentOffset = 0) {
    this.report = report
    this.element = element
    this.#offset = element?.start ?? parentOffset
  }

  /** Returns whether the file has this section. */
  get isPresent(): boolean {
    return this.element !== undefined
  }

  /** Returns the value of a child that must be there; reports it and returns undefined otherwise. */
  required<T>(name: string, kind: Kind<T>): T | undefined {
    const child = this.child(name)
    if (child !== undefined) return this.#read(child, kind)
    if (this.isPresent) {
      this.report.error({
        at: this.#offset,
        element: this.#pathOf(name),
        problem: `missing in <${this.element?.name ?? ''}>${this.#misspelt(name)}`,
        expected: kind.expected,
      })
    }
    return undefined
  }

  /** Returns the value of a child, or undefined when it is absent or empty. */
  optional<T>(name: string, kind: Kind<T>): T | undefined {
    const child = this.child(name)
    if (child === undefined || (child.text === '' && child.children.length === 0)) return undefined
    return this.#read(child, kind)
  }

  /** Returns the section below the child `name`. */
  section(name: string): Section {
    return new Section(this.report, this.child(name), this.#offset)
  }

  /** Returns the values of the repeated child `name`; at most `countMax`. */
  list<T>(
    name: string,
    countMax: number,
    read: (item: Section, element: XmlElement) => T | undefined,
  ): T[] {
    this.#known.add(name)
    const items = (this.element?.children ?? []).filter((child) => child.name === name)
    const beyond = items[countMax]
    if (beyond !== undefined) {
      const problem = `there are ${items.length} of them`
      this.report.error({
        at: beyond.start,
        element: beyond.path,
        problem,
        expected: `at most ${countMax}`,
      })
    }
    const values = items
      .slice(0, countMax)
      .map((item) => read(new Section(this.report, item), item))
    return values.filter((value): value is T & {} => value !== undefined)
  }

  /** Returns the value of this element's own text. */
  own<T>(kind: Kind<T>): T | undefined {
    return this.element === undefined ? undefined : this.#read(this.element, kind)
  }

  /** Returns the only child called `name`; reports a second one. */
  child(name: string): XmlElement | undefined {
    this.#known.add(name)
    const [first, second] = (this.element?.children ?? []).filter((child) => child.name === name)
    if (second !== undefined) {
      const problem = 'stands here a second time'
      this.report.error({ at: second.start, element: second.path, problem, expected: 'one' })
    }
    return first
  }

  /** Returns the text of an attribute of this element. */
  attribute(name: string): string | undefined {
    this.#knownAttributes.add(name)
    return this.element?.attributes.get(name)
  }

  /** Reports an error about this element. */
  error(problem: string, expected: string): void {
    this.report.error({ at: this.#offset, element: this.element?.path ?? '', problem, expected })
  }

  /** Reports a warning about the child `name`, or about this element. */
  warn(problem: string, name?: string): void {
    const child = this.element?.children.find((each) => each.name === name) ?? this.element
    if (child !== undefined) {
      this.report.warn({ at: child.start, element: child.path, problem, expected: '' })
    }
  }

  /** Warns about everything that was not asked for: it is kept in the file and has no effect. */
  finish(): void {
    for (const child of this.element?.children ?? []) {
      if (this.#known.has(child.name)) continue
      this.report.warn({
        at: child.start,
        element: child.path,
        problem: `is not a known element and has no effect${this.#suggest(child.name)}`,
        expected: '',
      })
    }
    for (const name of this.element?.attributes.keys() ?? []) {
      if (this.#knownAttributes.has(name) || /^xmlns(:|$)|:/.test(name)) continue
      this.warn(`has an unknown attribute '${name}', which has no effect`)
    }
  }

  #read<T>(element: XmlElement, kind: Kind<T>): T | undefined {
    const inner = element.children[0]
    const value = inner === undefined ? kind.read(element.text) : undefined
    if (value === undefined) {
      this.report.error({
        at: element.start,
        element: element.path,
        problem:
          inner !== undefined
            ? `contains the element <${inner.name}>`
            : element.text === ''
              ? 'is empty'
              : `'${shorten(element.text)}' is not valid`,
        expected: kind.expected,
      })
    }
    return value
  }

  #pathOf(name: string): string {
    return this.element === undefined || this.element.isRoot ? name : `${this.element.path}/${name}`
  }

  #misspelt(name: string): string {
    const match = this.element?.children.find(
      (child) => child.name !== name && child.name.toLowerCase() === name.toLowerCase(),
    )
    return match === undefined ? '' : ` (there is <${match.name}>: upper and lower case matter)`
  }

  #suggest(name: string): string {
    const match = [...this.#known].find((known) => known.toLowerCase() === name.toLowerCase())
    return match === undefined ? '' : `; did you mean <${match}>`
  }
}
