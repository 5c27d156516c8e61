#!/usr/bin/env node
import '../dist/bget.js'
