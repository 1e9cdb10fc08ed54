#!/usr/bin/env node
/** `npm run build`: compiles every package whose sources changed. */
import { build, ensureDependencies, requireNode } from "./steps.mjs";

requireNode();
if (!ensureDependencies() || !build()) process.exitCode = 1;
