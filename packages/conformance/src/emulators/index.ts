export { emulateEcr, type EcrEmulator } from "./ecr/ecr-emulator.ts";
export type { EcrIdentity, EcrOptions, EcrState } from "./ecr/ecr-state.ts";
export { type Emulator, emulator, type LoggedRequest } from "./world/emulator.ts";
export { type EmulatorClock, emulatorClock } from "./world/emulator-clock.ts";
export { type Fault, tooManyRequests, unavailable } from "./world/play-fault.ts";
export { startWorld, type World } from "./world/start-world.ts";
export type { Identity, Setup } from "./setup.ts";
export { setups } from "./setups.ts";
