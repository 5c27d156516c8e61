/** Builds the JavaScript of every package and app, the Rust addon, and the type declarations. */
import { buildJavaScript, ensure } from './ensure.mjs'
import { installed, run, say } from './steps.mjs'

ensure({ native: true })
say('building JavaScript')
const built = buildJavaScript()
say('writing type declarations')
const typed = run(installed('tsc'), ['-b', '--emitDeclarationOnly'])
process.exitCode = built.status || typed.status
