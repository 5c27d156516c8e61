#!/usr/bin/env node
import '../dist/ipop.js'
