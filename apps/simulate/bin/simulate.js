#!/usr/bin/env node
import '../dist/simulate.js'
