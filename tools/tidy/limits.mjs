/** Generates docs/LIMITS.md from every limits.ts; `--write` rewrites the page, otherwise it is only compared. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PAGE = 'docs/LIMITS.md'

/** Returns the text that docs/LIMITS.md should have. */
export function renderLimits(root = ROOT) {
  const sections = ['packages', 'apps']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
    .sort((a, b) => (a < b ? -1 : 1))
    .filter((folder) => existsSync(join(root, folder, 'src/limits.ts')))
    .map((folder) => section(folder, limitsIn(join(root, folder, 'src'))))
  return `# Limits

Every cap, period and size of this project, with the reason it has. Generated from the \`limits.ts\` of each package by
\`node tools/tidy/limits.mjs --write\`; a test checks that it is current. Change the values there.

${sections.join('\n')}`
}

/** Returns the text of a package's `limits.ts`, and of those of its concepts, where they have their own. */
function limitsIn(source) {
  const folders = readdirSync(source, { withFileTypes: true }).filter((each) => each.isDirectory())
  return [source, ...folders.map(({ name }) => join(source, name))]
    .map((folder) => join(folder, 'limits.ts'))
    .filter(existsSync)
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
}

/** Returns the limits that the text of a limits.ts declares: name, value and reason. */
export function parseLimits(text) {
  const pattern =
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export const (\w+)(?:: [^=]+)? =\s*([\s\S]*?)(?=\n\n|\n\/\*\*|\nexport |\n*$)/g
  return [...text.matchAll(pattern)].map(([, comment = '', name, value = '']) => ({
    name,
    value: oneLine(value),
    reason: oneLine(comment.replace(/^\s*\*+/gm, '')),
  }))
}

function section(folder, text) {
  const rows = parseLimits(text).map(
    ({ name, value, reason }) => `| \`${name}\` | ${code(value)} | ${cell(reason)} |`,
  )
  return `## ${folder}\n\n| name | value | reason |\n| --- | --- | --- |\n${rows.join('\n')}\n`
}

function oneLine(text) {
  return text.replace(/\s+/g, ' ').trim()
}

function code(text) {
  return `\`${cell(text)}\``
}

function cell(text) {
  return text.replaceAll('|', '\\|')
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wanted = renderLimits()
  const path = join(ROOT, PAGE)
  if (process.argv.includes('--write')) writeFileSync(path, wanted)
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== wanted) {
    console.error(`${PAGE} is not current: run node tools/tidy/limits.mjs --write`)
    process.exitCode = 1
  }
}
