// Loaded into a program before it starts (`node --import`): ends it by SIGKILL at a chosen call that concerns a file of a chosen kind.
// The program knows nothing of it. Environment: KILL_FILES, a part of the paths that count; KILL_AT, `side:place` with the side
// `before`, `within` (half of what is written) or `after` and the place counted from 1, or nothing; KILL_LOG, a file that gets a line for every call.
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { KILL_FILES: files = "", KILL_AT: at = "", KILL_LOG: log = "" } = process.env;
const { appendFileSync, writeSync } = fs;
const descriptors = new Set();
let calls = 0;

function pass(side, place, name) {
  appendFileSync(log, `${side}:${place} ${name}\n`);
  if (`${side}:${place}` === at) process.kill(process.pid, "SIGKILL");
}

const concerns = (argument) =>
  (typeof argument === "string" && argument.includes(files)) || (typeof argument === "number" && descriptors.has(argument));

for (const name of ["openSync", "writeSync", "ftruncateSync", "closeSync", "rmSync", "mkdirSync"]) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (!concerns(args[0])) return real(...args);
    const place = ++calls;
    pass("before", place, name);
    if (name === "writeSync" && `within:${place}` === at) writeSync(args[0], args[1], args[2], args[3] >> 1, args[4]);
    if (name === "writeSync") pass("within", place, name);
    if (name === "closeSync") descriptors.delete(args[0]);
    const result = real(...args);
    if (name === "openSync") descriptors.add(result);
    pass("after", place, name);
    return result;
  };
}
for (const name of ["mkdir", "open", "link", "rename", "rm"]) {
  const real = promises[name];
  promises[name] = async (...args) => {
    if (!concerns(args[0])) return real(...args);
    const place = ++calls;
    pass("before", place, name);
    const result = await real(...args);
    pass("after", place, name);
    return result;
  };
}
syncBuiltinESMExports();
