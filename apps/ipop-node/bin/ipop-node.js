#!/usr/bin/env node
import '../dist/ipop-node.js'
