#!/usr/bin/env node
import '../dist/crawl.js'
