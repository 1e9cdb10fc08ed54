import { type AdapterContext, ChartferryError } from "@chartferry/core";

type Options = Pick<AdapterContext, "options" | "registry">;

/** Reads one option of an adapter's own. `undefined` = not given. @throws usage */
export function textOption<Allowed extends string>(context: Options, name: string, allowed?: readonly Allowed[]): Allowed | undefined {
  const value = context.options[name];
  if (value === undefined) return undefined;
  const isKnown = (text: unknown): text is Allowed =>
    typeof text === "string" && (allowed === undefined || allowed.some((each) => each === text));
  if (isKnown(value)) return value;
  throw wrong(context, name, allowed === undefined ? "a text" : `one of ${allowed.join(", ")}`);
}

export function flagOption(context: Options, name: string): boolean | undefined {
  const value = context.options[name];
  if (value === undefined || typeof value === "boolean") return value;
  throw wrong(context, name, "true or false");
}

/** A map of texts, such as the tags of a resource. */
export function textsOption(context: Options, name: string): Readonly<Record<string, string>> | undefined {
  const value = context.options[name];
  if (value === undefined) return undefined;
  if (isTexts(value)) return value;
  throw wrong(context, name, "a map of texts");
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((text) => typeof text === "string")
  );
}

function wrong({ registry }: Options, name: string, wanted: string): ChartferryError {
  return new ChartferryError(`the option ${name} of ${registry} must be ${wanted}`, {
    code: "usage",
    operation: "read options",
    registry,
    hint: "correct it in chartferry.yaml",
  });
}
