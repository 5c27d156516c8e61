#!/usr/bin/env node
/** Starts bootstrap-multi with V8 tuned for a short start. */
import { setFlagsFromString } from 'node:v8'

// Most of what starts 16 nodes runs a few hundred times: optimizing it so early costs more than it gains.
setFlagsFromString('--interrupt-budget=600000')
await import('../dist/bootstrap-multi.js')
