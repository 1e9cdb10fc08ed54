#!/usr/bin/env node
import { runProgram } from "./run-program.ts";
import { keepYoungHeapSmall } from "./small-heap.ts";
import { processTerminal } from "./terminal/terminal.ts";

keepYoungHeapSmall();
// Not process.exit: what still waits to be written to a pipe would be lost.
process.exitCode = await runProgram(process.argv.slice(2), processTerminal());
