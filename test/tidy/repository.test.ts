/** The repository keeps its own rules; tools/tidy/allowed.json names the accepted exceptions with their reasons. */
import { describe, expect, it } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkRepository } from '../../tools/tidy/check.ts'
import { renderLimits } from '../../tools/tidy/limits.mjs'
import { readRepository } from '../../tools/tidy/repository.ts'
import { applyExceptions, describeViolation } from '../../tools/tidy/violation.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const RULES = ['layers', 'ambient', 'wire', 'opening', 'documentation', 'limits', 'size', 'unsafe']
const repository = readRepository(ROOT)
const violations = checkRepository(repository)
const { remaining, stale } = applyExceptions(violations, repository.exceptions)

describe('the repository', () => {
  it('is read', () => {
    expect(repository.workspaces.length).toBeGreaterThan(10)
    expect(repository.workspaces.every(({ sources }) => sources.length > 0)).toBe(true)
  })

  it.each(RULES)('keeps the rule "%s"', (rule) => {
    const found = remaining.filter((violation) => violation.rule === rule)
    expect(found.map(describeViolation)).toEqual([])
  })

  it('has no rule beyond those', () => {
    expect(violations.filter(({ rule }) => !RULES.includes(rule))).toEqual([])
  })

  it('has a reason for every exception, and no exception that covers nothing', () => {
    expect(stale).toEqual([])
    expect(repository.exceptions.filter(({ reason }) => reason.length < 20)).toEqual([])
  })

  it('has a current docs/LIMITS.md (rewrite it with: node tools/tidy/limits.mjs --write)', () => {
    const path = join(ROOT, 'docs/LIMITS.md')
    expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(renderLimits(ROOT))
  })
})
