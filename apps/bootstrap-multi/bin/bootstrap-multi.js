#!/usr/bin/env node
import '../dist/bootstrap-multi.js'
