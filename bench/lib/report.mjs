/** Tables of medians, and the same as data. */
import fs from 'node:fs'
import os from 'node:os'

/** Returns the median of numbers; undefined of none. */
export function median(values) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const middle = sorted.length / 2
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2
}

/** Collects samples of named figures and prints them with their goals. */
export class Report {
  #name
  #figures = new Map()

  constructor(name) {
    this.#name = name
  }

  /** Adds one sample. `goal` and `reference` (the original's figure) are printed beside the median. */
  add(figure, unit, value, { goal, reference } = {}) {
    const known = this.#figures.get(figure) ?? { unit, goal, reference, samples: [] }
    if (value !== undefined) known.samples.push(value)
    this.#figures.set(figure, known)
  }

  /** Prints the table; writes it as JSON to `file`, if there is one. */
  finish(file) {
    const rows = [...this.#figures].map(([figure, { unit, goal, reference, samples }]) => {
      const middle = median(samples)
      const ratio = middle !== undefined && reference ? middle / reference : undefined
      return {
        figure,
        unit,
        median: middle,
        min: least(samples),
        max: most(samples),
        runs: samples.length,
        goal,
        reference,
        ratio,
      }
    })
    console.log(`\n${this.#name} (${os.cpus().length} cores, load ${os.loadavg()[0].toFixed(1)})`)
    printFigures(rows)
    if (file === undefined) return
    const samples = Object.fromEntries(
      [...this.#figures].map(([figure, entry]) => [figure, entry.samples]),
    )
    fs.writeFileSync(file, `${JSON.stringify({ name: this.#name, rows, samples }, null, 2)}\n`)
  }
}

/** Prints rows of cells below a header, in columns. */
export function printTable(header, cells) {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column].length)),
  )
  for (const row of [header, ...cells])
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
}

/** Returns a number with three digits, or a dash for none. */
export function short(value) {
  if (value === undefined) return '-'
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function printFigures(rows) {
  const header = ['figure', 'unit', 'median', 'range', 'runs', 'goal', 'original', 'ours/original']
  const cells = rows.map((row) => [
    ...[row.figure, row.unit, short(row.median), `${short(row.min)}-${short(row.max)}`],
    ...[String(row.runs), short(row.goal), short(row.reference), short(row.ratio)],
  ])
  printTable(header, cells)
}

function least(values) {
  return values.length === 0 ? undefined : Math.min(...values)
}

function most(values) {
  return values.length === 0 ? undefined : Math.max(...values)
}
