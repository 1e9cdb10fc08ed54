#!/usr/bin/env node
import { text } from "node:stream/consumers";

import { ownVersion } from "../own-version.ts";
import { answerDocker } from "./answer-docker.ts";

const verb = process.argv[2];
const { exitCode, stdout } = await answerDocker({
  verb,
  // Only these say anything there; a terminal would wait for ever.
  input: verb === "get" || verb === "store" || verb === "erase" ? await text(process.stdin) : "",
  environment: process.env,
  version: ownVersion(),
});
process.stdout.write(stdout);
process.exitCode = exitCode;
