#!/usr/bin/env node
import '../dist/bput.js'
