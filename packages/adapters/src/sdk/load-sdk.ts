import { ChartferryError } from "@chartferry/core";

/** A vendor's library, which is only there where somebody uses that vendor. @throws credentials-unavailable, naming the package that is missing */
export async function loadSdk<Sdk>(name: string, load: () => Promise<Sdk>): Promise<Sdk> {
  try {
    return await load();
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || cause.code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new ChartferryError(`the package ${name}, which this registry needs, is not installed`, {
      code: "credentials-unavailable",
      operation: `load ${name}`,
      hint: `npm install ${name} beside chartferry (with npx: npx --package=chartferry --package=${name} chartferry …), or log in with helm registry login`,
      cause,
    });
  }
}
