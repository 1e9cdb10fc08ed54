#!/usr/bin/env node
import { runProgram } from "./run-program.ts";
import { processTerminal } from "./terminal/terminal.ts";

// Not process.exit: what still waits to be written to a pipe would be lost.
process.exitCode = await runProgram(process.argv.slice(2), processTerminal());
